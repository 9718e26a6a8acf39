//! The life of one part of a delivery: hold its correlation, look at the work item, decide, write, remember.
//!
//! A process may die between any two lines. Before each write to the tool the correlation holds an intent; see
//! `settle.rs` and `docs/ARCHITECTURE.md`, "Killed between any two lines".

use jiff::Timestamp;

use super::Delivery;
use super::decide::{Situation, Step, decide};
use super::engine::Engine;
use super::held::{COLLECTION, Held, HoldError};
use super::line::Line;
use crate::alert::{Alert, AlertState, Part};
use crate::clock::{between, later};
use crate::correlation::Effect;
use crate::journal::LogType;
use crate::provider::{Lifecycle, ProviderError};
use crate::route::Choices;
use crate::store::StoreError;
use crate::work_item::notes;
use crate::work_item::{Change, Transition, WorkItem, WorkItemKey};

/// What one part did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) effect: Effect,
    /// Somebody else's delivery had already brought the same notification.
    pub(super) duplicate: bool,
    /// It was reflected already; the tool was not asked.
    pub(super) remembered: bool,
    pub(super) number: Option<String>,
    /// Where people find it, if it is known.
    pub(super) url: Option<String>,
    pub(super) remarks: Vec<String>,
}

/// Why a part could not be brought about.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartError {
    /// The correlation.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// The tool.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An earlier write may still be under way; not before this instant.
    #[error("{1}")]
    Unsettled(Timestamp, String),
}

impl From<StoreError> for PartError {
    fn from(error: StoreError) -> Self {
        Self::Hold(HoldError::Store(error))
    }
}

/// One part and all it needs.
pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) line: &'a Line,
    pub(super) delivery: &'a Delivery,
    pub(super) alert: &'a Alert,
    pub(super) choices: &'a Choices,
    pub(super) part: &'a Part,
    /// Labels of parts that get no work item of their own; named in this one.
    pub(super) left_out: &'a [&'a str],
}

impl Work<'_> {
    /// Makes the work item say what this part of the alert says.
    pub(super) async fn bring_about(&self) -> Result<Done, PartError> {
        let kind = self.delivery.work_item_type;
        let Some(lifecycle) = self.line.provider.lifecycle(kind) else {
            return Err(ProviderError::Refused {
                cause: format!("connection \"{}\" has no work items of type {kind}", self.line.name),
                remedy: "post to a type that the ITSM tool has, usually `incident`".to_owned(),
            }
            .into());
        };
        // What a dry run remembers never mixes with what is real.
        let dry = if self.line.settings.dry_run { ".dry" } else { "" };
        let key = format!("{COLLECTION}/{}{dry}/{kind}/{}", self.line.name, self.part.correlation_key);
        let seen = Held::peek(&*self.engine.state, &key).await?;
        if let Some((correlation, _)) = &seen
            && let Some(event) = correlation.event(&self.part.event_key)
        {
            let mine = event.brought_by(self.delivery.id);
            let item = correlation.work_item.as_ref();
            let (number, url) = (item.map(|item| item.number.clone()), item.map(|item| item.url.clone()));
            return Ok(Done { effect: event.2, duplicate: !mine, remembered: true, number, url, remarks: Vec::new() });
        }
        let owner = self.engine.chance.id(self.engine.clock.now()).to_string();
        let (state, clock) = (self.engine.state.clone(), self.engine.clock.clone());
        let mut held = Held::take(state, clock, key, owner, self.line.lease(), seen).await?;
        let outcome = match lifecycle {
            Lifecycle::Stream => self.stream(&mut held).await,
            Lifecycle::Tracked => self.track(&mut held).await,
        };
        match outcome {
            Ok(mut done) => {
                let known = held.correlation.work_item.as_ref().filter(|item| done.number.as_ref() == Some(&item.number));
                done.url = done.url.or_else(|| known.map(|item| item.url.clone()));
                held.correlation.intent = None;
                held.correlation.reflect(&self.part.event_key, self.delivery.id, done.effect);
                held.release().await?;
                Ok(done)
            }
            Err(error) => {
                if !matches!(error, PartError::Hold(_))
                    && let Err(lost) = held.release().await
                {
                    // The lease runs out by itself; what went wrong first is what counts.
                    tracing::warn!(delivery_id = %self.delivery.id, error = %lost, "a correlation could not be given back");
                }
                Err(error)
            }
        }
    }

    /// One record per notification.
    async fn stream(&self, held: &mut Held) -> Result<Done, PartError> {
        held.correlation.merge(&self.part.member_key, self.alert.state, self.alert.episode_at);
        let draft_key = self.stream_key();
        if let Some(intent) = held.correlation.intent.clone() {
            let found = self.line.provider.find(self.delivery.work_item_type, &draft_key).await?;
            let ours = intent.event == self.part.event_key;
            if let Some(item) = found.filter(|_| ours) {
                held.correlation.intent = None;
                return Ok(Done { effect: Effect::Created, number: Some(item.number), ..Done::default() });
            }
            let safe = later(intent.sent_by, self.line.settings.ambiguous_wait.get());
            if ours && self.engine.clock.now() < safe {
                return Err(PartError::Unsettled(safe, "the event may still be on its way into the ITSM tool".to_owned()));
            }
        }
        let (draft, remarks) = self.draft(draft_key, None, None);
        self.begin(held, "create", Effect::Created, draft.key.generation).await?;
        let written = self.finish(held, self.line.provider.create(&draft)).await?;
        let mut done = self.report(&written, "create", Effect::Created);
        done.remarks.extend(remarks);
        Ok(done)
    }

    /// One record that follows the alert.
    async fn track(&self, held: &mut Held) -> Result<Done, PartError> {
        let reflected = self.settle_intent(held).await?;
        let item = self.current(held).await?;
        let new_member = held.correlation.merge(&self.part.member_key, self.alert.state, self.alert.episode_at);
        if let Some(effect) = reflected {
            let number = item.as_ref().map(|item| item.number.clone());
            self.follow_up(held, item.as_ref(), effect).await?;
            return Ok(Done { effect, number, ..Done::default() });
        }
        let situation = Situation {
            state: self.alert.state,
            episode: self.alert.episode_at,
            open: held.correlation.open(),
            item: item.as_ref(),
        };
        let step = decide(situation, &self.line.settings.policy);
        match (step, item) {
            (Step::Create, item) => {
                let (done, item) = self.create(held, item.as_ref()).await?;
                self.follow_up(held, Some(&item), done.effect).await?;
                Ok(done)
            }
            (Step::Nothing, item) => Ok(Done { number: item.map(|item| item.number), ..Done::default() }),
            (_, None) => Ok(Done::default()),
            (Step::Repeat, Some(item)) => self.repeat(held, &item, new_member).await,
            (Step::Reopen, Some(item)) => {
                held.correlation.repeats = held.correlation.repeats.saturating_add(1);
                let note = notes::note_reopened(self.alert, &self.part.label, &self.part.event_key);
                let change = Change { transition: Some(Transition::Reopen), note: Some(note), ..Change::default() };
                self.update(held, &item, change, "reopen", Effect::Updated).await
            }
            (Step::Resolve, Some(item)) => self.resolve(held, &item, Effect::Updated).await,
            (Step::NoteResolved, Some(item)) => {
                let note = notes::note_resolved(self.alert, &self.part.label, &self.part.event_key);
                self.update(held, &item, Change { note: Some(note), ..Change::default() }, "note", Effect::Updated).await
            }
        }
    }

    /// The record as it is now; when we know of none, the tool is asked whether it does.
    async fn current(&self, held: &mut Held) -> Result<Option<WorkItem>, PartError> {
        let kind = self.delivery.work_item_type;
        if let Some(known) = held.correlation.work_item.clone() {
            let item = self.line.provider.read(kind, &known.id).await?;
            if item.is_none() {
                self.say(
                    LogType::Warning,
                    "read",
                    &known.number,
                    "the work item is gone",
                    "it was deleted, or the integration user may no longer read it",
                    "restore it or its read right; the next firing makes a new work item",
                );
            }
            return Ok(item);
        }
        if held.correlation.looked_up {
            return Ok(None);
        }
        let item = self.line.provider.newest(kind, &self.part.correlation_key).await?;
        held.correlation.looked_up = true;
        if let Some(item) = &item {
            self.say(
                LogType::Info,
                "find",
                &item.number,
                "a work item of this correlation was found in the ITSM tool and is taken over",
                "the connector's own memory of it is gone (pruned, or a new database)",
                "",
            );
            held.correlation.remember(item, &std::collections::BTreeMap::new());
        }
        Ok(item)
    }

    async fn create(&self, held: &mut Held, old: Option<&WorkItem>) -> Result<(Done, WorkItem), PartError> {
        let (kind, provider) = (self.delivery.work_item_type, &self.line.provider);
        let generation = held.correlation.generation.saturating_add(1);
        let key = WorkItemKey { correlation: self.part.correlation_key.clone(), generation };
        // The first one was just looked for by `newest`; a later one may have been made by a process that died.
        if generation > 1
            && let Some(item) = provider.find(kind, &key).await?
        {
            held.correlation.remember(&item, &item.values);
            return Ok((Done { effect: Effect::Created, number: Some(item.number.clone()), ..Done::default() }, item));
        }
        let (configuration_item, account) = self.configuration_item().await?;
        let follows = old.map(|item| item.number.clone());
        let (draft, remarks) = self.draft(key, follows, configuration_item);
        self.begin(held, "create", Effect::Created, generation).await?;
        let written = self.finish(held, provider.create(&draft)).await?;
        let correlation = &mut held.correlation;
        correlation.forget_repeats();
        correlation.remember(&written.item, &written.sent);
        let mut done = self.report(&written, "create", Effect::Created);
        done.remarks.extend(remarks);
        done.remarks.extend(account);
        Ok((done, written.item))
    }

    /// A firing that was over before its record existed: the record is resolved at once.
    async fn follow_up(&self, held: &mut Held, item: Option<&WorkItem>, effect: Effect) -> Result<(), PartError> {
        let Some(item) = item.filter(|_| effect == Effect::Created && !held.correlation.open()) else { return Ok(()) };
        let situation = Situation { state: AlertState::Resolved, episode: self.alert.episode_at, open: false, item: Some(item) };
        if decide(situation, &self.line.settings.policy) == Step::Resolve {
            self.resolve(held, item, Effect::Created).await?;
        }
        Ok(())
    }

    async fn repeat(&self, held: &mut Held, item: &WorkItem, new_member: bool) -> Result<Done, PartError> {
        let now = self.engine.clock.now();
        let policy = &self.line.settings.policy;
        let repeats = held.correlation.repeats.saturating_add(1);
        let fields = self.fields_to_follow(held, item);
        let interval = policy.repeat_note_interval.get();
        let quiet = held.correlation.repeat_noted_at.is_some_and(|noted| between(noted, now) < interval);
        if quiet && fields.is_empty() && !new_member {
            held.correlation.repeats = repeats;
            return Ok(Done { effect: Effect::Nothing, number: Some(item.number.clone()), ..Done::default() });
        }
        let skipped = repeats.saturating_sub(held.correlation.repeats_noted).saturating_sub(1);
        let note = if new_member && self.choices.per == crate::route::Per::Rule {
            notes::note_member(self.alert, &self.part.event_key)
        } else {
            notes::note_repeat(self.alert, &self.part.label, repeats, skipped, &self.part.event_key)
        };
        let before = (held.correlation.repeats, held.correlation.repeats_noted, held.correlation.repeat_noted_at);
        (held.correlation.repeats, held.correlation.repeats_noted, held.correlation.repeat_noted_at) =
            (repeats, repeats, Some(now));
        let done =
            self.update(held, item, Change { note: Some(note), fields, ..Change::default() }, "update", Effect::Updated).await;
        if matches!(&done, Err(error) if !matches!(error, PartError::Provider(ProviderError::Ambiguous { .. }))) {
            (held.correlation.repeats, held.correlation.repeats_noted, held.correlation.repeat_noted_at) = before;
        }
        done
    }

    /// Fields that follow the alert: those of `policy.update_fields` that the alert changed and no person did.
    fn fields_to_follow(&self, held: &Held, item: &WorkItem) -> std::collections::BTreeMap<String, String> {
        let Some(known) = &held.correlation.work_item else { return std::collections::BTreeMap::new() };
        let (draft, _) = self.draft(item.key.clone(), None, None);
        let mut fields = self.line.provider.fields(&draft);
        let following = self.line.settings.following();
        fields.retain(|field, value| {
            let (written, current) = (known.written.get(field), item.values.get(field));
            following.contains(field) && written.is_some_and(|written| written != value) && written == current
        });
        fields
    }

    async fn resolve(&self, held: &mut Held, item: &WorkItem, effect: Effect) -> Result<Done, PartError> {
        let (close_notes, remarks) = self.line.renderer.close_notes(self.alert);
        let note = notes::note_resolved(self.alert, &self.part.label, &self.part.event_key);
        let change = Change {
            transition: Some(Transition::Resolve),
            note: Some(note),
            close_notes: Some(close_notes),
            ..Change::default()
        };
        let mut done = self.update(held, item, change, "resolve", effect).await?;
        done.remarks.extend(remarks);
        Ok(done)
    }

    async fn update(
        &self,
        held: &mut Held,
        item: &WorkItem,
        change: Change,
        operation: &'static str,
        effect: Effect,
    ) -> Result<Done, PartError> {
        self.begin(held, "update", effect, item.key.generation).await?;
        let written = self.finish(held, self.line.provider.update(item, &change)).await?;
        held.correlation.remember(&written.item, &written.sent);
        Ok(self.report(&written, operation, effect))
    }
}
