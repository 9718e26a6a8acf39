//! The remembered pair: what is wrong in Azure ↔ the work item that says so. One document per (connection, work item type,
//! correlation key), changed only by compare-and-set. Its merge of notifications is commutative, so order does not matter.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::AlertState;
use crate::delivery::DeliveryId;
use crate::work_item::{Phase, WorkItem};

/// How many recent notifications are remembered to tell a redelivery from a repeat.
pub const REMEMBERED_EVENTS: usize = 128;
/// How many members (resources of one rule) are remembered at most; resolved ones are forgotten first.
pub const REMEMBERED_MEMBERS: usize = 512;

/// What one notification did to the work item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A work item was created.
    #[serde(rename = "c")]
    Created,
    /// A work item was noted, resolved or reopened.
    #[serde(rename = "u")]
    Updated,
    /// Nothing needed doing.
    #[default]
    #[serde(rename = "n")]
    Nothing,
}

/// One document of the state store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correlation {
    /// Which work item for this correlation is the current one; 0 before the first.
    pub generation: u32,
    /// Whether the ITSM tool was asked for work items that we do not remember.
    pub looked_up: bool,
    /// The current work item, once known.
    pub work_item: Option<Remembered>,
    /// What fired and what was resolved, per member. `per = "alert"` has one member.
    pub members: BTreeMap<String, Member>,
    /// Notifications already reflected, newest last.
    pub events: VecDeque<Event>,
    /// Repeats counted for the current work item.
    pub repeats: u64,
    /// How many of them the work notes speak of.
    pub repeats_noted: u64,
    /// When the last repeat was noted in the work item.
    pub repeat_noted_at: Option<Timestamp>,
    /// What is being done right now, written before it is done.
    pub intent: Option<Intent>,
    /// Who works on it, until when.
    pub lock: Option<Lock>,
    /// When it was last changed; retention counts from here.
    pub changed_at: Timestamp,
}

/// The current work item as we left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The tool's own id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// A link for people.
    pub url: String,
    /// Where it stood when last seen.
    pub phase: Phase,
    /// When we resolved it or saw it resolved.
    pub resolved_at: Option<Timestamp>,
    /// Fields as we last wrote them; one that differs now was changed by a person.
    pub written: BTreeMap<String, String>,
}

/// One thing that fires and resolves. Open when `fired` is later than `resolved`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Latest episode that fired.
    pub fired: Option<Timestamp>,
    /// Latest episode that was resolved.
    pub resolved: Option<Timestamp>,
}

impl Member {
    /// Whether the latest known episode is not over.
    #[must_use]
    pub fn open(&self) -> bool {
        self.fired > self.resolved
    }
}

/// A notification that is reflected. Short, because many are kept: (first 16 digits of its key, last 12 digits of the
/// delivery's id, what it did).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event(pub String, pub String, pub Effect);

/// A write that may be half done when the process dies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The notification it is for.
    pub event: String,
    /// The delivery that brought it.
    pub delivery: DeliveryId,
    /// Its member.
    pub member: String,
    /// What it says: state and episode.
    pub says: (AlertState, Timestamp),
    /// What is being done: `create`, `update`.
    pub action: String,
    /// The generation of the record that is written.
    pub generation: u32,
    /// What the notification will have done once this is done. `Created` with `update`: a record that was created just now is
    /// being resolved, because its alert is over already.
    pub effect: Effect,
    /// It cannot have been sent later than this.
    pub sent_by: Timestamp,
}

impl Intent {
    /// Whether it is the resolution of a record that was created a moment before.
    #[must_use]
    pub fn is_follow_up(&self) -> bool {
        self.action == "update" && self.effect == Effect::Created
    }
}

/// A lease on the correlation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who holds it.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
}

impl Correlation {
    /// What is known of a notification: the delivery that brought it and what it did.
    #[must_use]
    pub fn event(&self, key: &str) -> Option<&Event> {
        let key = short_key(key);
        self.events.iter().rev().find(|event| event.0 == key)
    }

    /// Remembers that a notification is reflected.
    pub fn reflect(&mut self, key: &str, delivery: DeliveryId, effect: Effect) {
        self.events.push_back(Event(short_key(key).to_owned(), short_id(delivery), effect));
        while self.events.len() > REMEMBERED_EVENTS {
            self.events.pop_front();
        }
    }

    /// Takes in what a notification says. Commutative and idempotent. Answers whether the member was new.
    pub fn merge(&mut self, member: &str, state: AlertState, episode: Timestamp) -> bool {
        let new = !self.members.contains_key(member);
        let known = self.members.entry(member.to_owned()).or_default();
        let latest = match state {
            AlertState::Fired => &mut known.fired,
            AlertState::Resolved => &mut known.resolved,
        };
        *latest = (*latest).max(Some(episode));
        while self.members.len() > REMEMBERED_MEMBERS {
            let oldest = self.members.iter().min_by_key(|(_, member)| (member.open(), member.fired.max(member.resolved)));
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            self.members.remove(&oldest);
        }
        new
    }

    /// A new work item starts without repeats.
    pub fn forget_repeats(&mut self) {
        (self.repeats, self.repeats_noted, self.repeat_noted_at) = (0, 0, None);
    }

    /// Whether anything of it still fires.
    #[must_use]
    pub fn open(&self) -> bool {
        self.members.values().any(Member::open)
    }

    /// Whether somebody other than `owner` works on it.
    #[must_use]
    pub fn locked_by_other(&self, owner: &str, now: Timestamp) -> Option<Timestamp> {
        self.lock.as_ref().filter(|lock| lock.owner != owner && lock.until > now).map(|lock| lock.until)
    }

    /// Remembers the work item as the tool just returned it. `sent` is what we wrote, empty when we wrote nothing.
    pub fn remember(&mut self, item: &WorkItem, sent: &BTreeMap<String, String>) {
        let mut written = match &self.work_item {
            Some(known) if known.id == item.id => known.written.clone(),
            _ => BTreeMap::new(),
        };
        for field in sent.keys() {
            // What the tool made of it counts: it may have cut or translated the value.
            if let Some(value) = item.values.get(field) {
                written.insert(field.clone(), value.clone());
            }
        }
        // A record need not tell its key: the tool may have no field for it, or a person emptied it. Then it is the one we know.
        let same = self.work_item.as_ref().is_some_and(|known| known.id == item.id);
        if item.key.generation > 0 || !same {
            self.generation = item.key.generation;
        }
        self.work_item = Some(Remembered {
            id: item.id.clone(),
            number: item.number.clone(),
            url: item.url.clone(),
            phase: item.phase,
            resolved_at: item.resolved_at,
            written,
        });
    }
}

impl Event {
    /// Whether `delivery` brought it.
    #[must_use]
    pub fn brought_by(&self, delivery: DeliveryId) -> bool {
        self.1 == short_id(delivery)
    }
}

fn short_key(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}

fn short_id(delivery: DeliveryId) -> String {
    let id = delivery.0.simple().to_string();
    id.get(20..).unwrap_or_default().to_owned()
}
