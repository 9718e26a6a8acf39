//! The remembered pair: what is wrong in Azure ↔ the work item that says so. One document per (connection, work item type,
//! correlation key), changed only by compare-and-set. Its merge of notifications is commutative, so order does not matter.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::work_item::Phase;

/// How many recent notifications are remembered to tell a redelivery from a repeat.
pub const REMEMBERED_EVENTS: usize = 256;
/// How many members (resources of one rule) are remembered at most; resolved ones are forgotten first.
pub const REMEMBERED_MEMBERS: usize = 512;

/// One document of the state store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// Which work item for this correlation is the current one; 0 before the first.
    pub generation: u32,
    /// The current work item, once known.
    pub work_item: Option<Remembered>,
    /// What fired and what was resolved, per member. `per = "alert"` has one member.
    pub members: BTreeMap<String, Member>,
    /// Notifications already reflected, newest last.
    pub events: VecDeque<String>,
    /// Repeats counted for the current work item.
    pub repeats: u64,
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

/// A write that may be half done when the process dies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The notification it is for.
    pub event: String,
    /// What is being done: `create`, `update`.
    pub action: String,
    /// When it was begun.
    pub since: Timestamp,
}

/// A lease on the correlation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who holds it.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
}
