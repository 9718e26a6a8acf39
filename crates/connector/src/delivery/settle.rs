//! Writes and their traces: an intent is put down before each, and whoever finds one looks first whether that write was done.

use std::collections::BTreeMap;

use super::held::Held;
use super::part::{PartError, Work};
use crate::clock::later;
use crate::correlation::{Effect, Intent};
use crate::provider::ProviderError;
use crate::work_item::notes;
use crate::work_item::{WorkItemKey, Written};

impl Work<'_> {
    /// A write that somebody began: was it done? Answers its effect when it was done for this very notification.
    pub(super) async fn settle_intent(&self, held: &mut Held) -> Result<Option<Effect>, PartError> {
        let Some(intent) = held.correlation.intent.clone() else { return Ok(None) };
        let kind = self.delivery.work_item_type;
        let ours = intent.event == self.part.event_key;
        if intent.action == "create" {
            let key = WorkItemKey { correlation: self.part.correlation_key.clone(), generation: intent.generation };
            if let Some(item) = self.line.provider.find(kind, &key).await? {
                held.correlation.forget_repeats();
                held.correlation.remember(&item, &item.values);
                return Ok(Self::settled(held, &intent, ours));
            }
        } else if let Some(known) = held.correlation.work_item.clone()
            && let Some(item) = self.line.provider.read(kind, &known.id).await?
        {
            // When notes cannot be read, a note twice is better than none.
            if self.line.provider.has_note(&item, &notes::marker(&intent.event)).await?.unwrap_or(false) {
                held.correlation.remember(&item, &BTreeMap::new());
                return Ok(Self::settled(held, &intent, ours));
            }
        } else {
            // The record is gone, and what was being done to it with it.
            held.correlation.intent = None;
            return Ok(None);
        }
        let safe = later(intent.sent_by, self.line.settings.ambiguous_wait.get());
        if self.engine.clock.now() < safe {
            let cause = format!("an earlier {} of the same work item may still be under way in the ITSM tool", intent.action);
            return Err(PartError::Unsettled(safe, cause));
        }
        if intent.is_follow_up() {
            // The record exists, whatever became of its resolution; that is decided anew.
            return Ok(Self::settled(held, &intent, ours));
        }
        held.correlation.intent = None;
        Ok(None)
    }

    fn settled(held: &mut Held, intent: &Intent, ours: bool) -> Option<Effect> {
        let effect = intent.effect;
        if ours {
            // The intent goes when all is done: what follows may fail, and must then be settled again.
            return Some(effect);
        }
        held.correlation.intent = None;
        // The other notification is reflected; its own delivery will find that when it comes back.
        held.correlation.reflect(&intent.event, intent.delivery, effect);
        let (state, episode) = intent.says;
        held.correlation.merge(&intent.member, state, episode);
        None
    }

    /// Puts down what is about to be written, with a lease that outlasts the call.
    pub(super) async fn begin(&self, held: &mut Held, action: &str, effect: Effect, generation: u32) -> Result<(), PartError> {
        held.correlation.intent = Some(Intent {
            event: self.part.event_key.clone(),
            delivery: self.delivery.id,
            member: self.part.member_key.clone(),
            says: (self.alert.state, self.alert.episode_at),
            action: action.to_owned(),
            generation,
            effect,
            sent_by: later(self.engine.clock.now(), self.line.longest_call()),
        });
        held.save().await?;
        Ok(())
    }

    /// Does the write that [`Work::begin`] announced, within its lease: nothing of it is sent later. Only when its outcome is
    /// known does the intent go; that of a follow-up stays until the record is resolved.
    pub(super) async fn finish(
        &self,
        held: &mut Held,
        write: impl Future<Output = Result<Written, ProviderError>>,
    ) -> Result<Written, ProviderError> {
        let budget = self.line.longest_call();
        let outcome = tokio::time::timeout(budget, write).await.unwrap_or_else(|_| {
            let cause = format!("writing took longer than {} s and was given up", budget.as_secs());
            Err(ProviderError::Ambiguous { cause })
        });
        match (&outcome, &mut held.correlation.intent) {
            (Err(ProviderError::Ambiguous { .. }), Some(intent)) => intent.sent_by = self.engine.clock.now(),
            (Err(_), Some(intent)) if intent.is_follow_up() => {}
            (_, intent) => *intent = None,
        }
        outcome
    }
}
