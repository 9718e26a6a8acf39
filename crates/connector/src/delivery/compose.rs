//! What a part has to say: the draft of its work item, its configuration item, and its entries in the journal.

use super::part::{Done, PartError, Work};
use crate::correlation::Effect;
use crate::journal::{Entry, LogType};
use crate::provider::{ConfigurationItemQuery, ProviderError};
use crate::work_item::render::PartView;
use crate::work_item::{ConfigurationItem, Draft, WorkItemKey, Written};

impl Work<'_> {
    pub(super) async fn configuration_item(&self) -> Result<(Option<ConfigurationItem>, Vec<String>), PartError> {
        if !self.line.settings.configuration_item.link {
            return Ok((None, Vec::new()));
        }
        // An alert that stays whole may link any of its items; a part only its own.
        let own = self.part.configuration_item.as_ref().filter(|_| !self.part.label.is_empty());
        let names = own.map_or_else(|| self.alert.configuration_items.clone(), |name| vec![name.clone()]);
        let resource_id = match names.first() {
            Some(name) => self.alert.resources.iter().find(|resource| resource.name.eq_ignore_ascii_case(name)),
            None => self.alert.resources.first(),
        }
        .map(|resource| resource.id.clone());
        if names.is_empty() && resource_id.is_none() {
            return Ok((None, Vec::new()));
        }
        match self.line.provider.find_configuration_item(&ConfigurationItemQuery { resource_id, names }).await {
            Ok(found) => {
                let message = match (&found.item, found.created) {
                    (Some(_), true) => "a configuration item was created",
                    (Some(_), false) => "a configuration item was found",
                    (None, _) => "no configuration item was linked",
                };
                let account = found.account.join("; ");
                self.say(LogType::Info, "find_ci", "", message, &account, "");
                let remarks = if found.item.is_some() { Vec::new() } else { vec![format!("{message}: {account}")] };
                Ok((found.item, remarks))
            }
            // Not worth losing the work item for.
            Err(ProviderError::Refused { cause, remedy }) => {
                self.say(LogType::Warning, "find_ci", "", "configuration items could not be looked up", &cause, &remedy);
                Ok((None, vec![format!("configuration items could not be looked up: {cause}")]))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn draft(&self, key: WorkItemKey, follows: Option<String>, ci: Option<ConfigurationItem>) -> (Draft, Vec<String>) {
        let view = PartView {
            label: &self.part.label,
            configuration_item: self.part.configuration_item.as_deref(),
            row: self.part.row.as_ref(),
        };
        let kind = self.delivery.work_item_type;
        let (mut draft, remarks) = self.line.renderer.draft(kind, self.alert, view, self.choices, key, follows, ci);
        if !self.left_out.is_empty() {
            let named = self.left_out.iter().take(20).copied().collect::<Vec<_>>().join(", ");
            let more = if self.left_out.len() > 20 { ", ..." } else { "" };
            draft.description = format!(
                "{}\n\nAnd {} more without a work item of their own: {named}{more}",
                draft.description,
                self.left_out.len()
            );
        }
        (draft, remarks)
    }

    /// Events have no generation; the instant tells two of them apart.
    pub(super) fn stream_key(&self) -> WorkItemKey {
        let at = self.alert.resolved_at.or(self.alert.fired_at).unwrap_or(self.alert.episode_at);
        WorkItemKey {
            correlation: self.part.correlation_key.clone(),
            generation: u32::try_from(at.as_second()).unwrap_or_default(),
        }
    }

    pub(super) fn report(&self, written: &Written, operation: &'static str, effect: Effect) -> Done {
        let number = &written.item.number;
        for (field, why) in &written.dropped {
            self.say(
                LogType::Warning,
                operation,
                number,
                &format!("the ITSM tool did not keep field {field} as sent"),
                why,
                "check the field's access rules, dictionary entry and business rules",
            );
        }
        self.say(LogType::Info, operation, number, "the work item says what the alert says", "", "");
        let dropped = written.dropped.iter().map(|(field, why)| format!("{field} was not kept as sent: {why}"));
        let remarks = written.remarks.iter().cloned().chain(dropped).collect();
        Done { effect, number: Some(number.clone()), url: Some(written.item.url.clone()), remarks, ..Done::default() }
    }

    pub(super) fn say(
        &self,
        log_type: LogType,
        operation: &'static str,
        work_item: &str,
        message: &str,
        cause: &str,
        remedy: &str,
    ) {
        self.engine.journal.record(Entry {
            log_type,
            connection: self.line.name.clone(),
            operation,
            message: message.to_owned(),
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            work_item: work_item.to_owned(),
            alert: self.alert.title.clone(),
            correlation_id: self.delivery.id.to_string(),
            details: String::new(),
        });
    }
}
