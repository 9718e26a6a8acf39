//! A provider that only reads: what it would have written goes to the log, and a made-up record is answered. Nothing that
//! changes anything reaches the tool.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::records::{Ask, Gone, Page, Position};
use super::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError};
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, Phase, Transition, WorkItem, WorkItemKey, WorkItemType, Written};

/// Number of every made-up record.
pub const NUMBER: &str = "(dry run)";
/// Ids of made-up records: this and the key.
const ID: &str = "dry-run:";

/// Wraps a provider. Its configuration item look-up must not create any; `build` sees to that.
#[derive(Debug)]
pub struct DryRun(pub Arc<dyn Provider>);

fn made_up(kind: WorkItemType, key: WorkItemKey, phase: Phase, values: BTreeMap<String, String>) -> WorkItem {
    WorkItem {
        kind,
        id: format!("{ID}{key}"),
        key,
        number: NUMBER.to_owned(),
        url: String::new(),
        phase,
        state: String::new(),
        resolved_at: None,
        values,
    }
}

fn is_made_up(item: &WorkItem) -> bool {
    item.id.starts_with(ID)
}

fn answer(item: WorkItem, sent: BTreeMap<String, String>) -> Written {
    Written { item, sent, dropped: Vec::new(), remarks: vec!["dry run: nothing was written".to_owned()] }
}

#[async_trait]
impl Provider for DryRun {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        self.0.lifecycle(kind)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        self.0.fields(draft)
    }

    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        self.0.find(kind, key).await
    }

    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        self.0.newest(kind, correlation).await
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        match id.strip_prefix(ID) {
            Some(key) => Ok(WorkItemKey::parse(key).map(|key| made_up(kind, key, Phase::Open, BTreeMap::new()))),
            None => self.0.read(kind, id).await,
        }
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        if is_made_up(item) { Ok(Some(false)) } else { self.0.has_note(item, marker).await }
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        let fields = self.0.fields(draft);
        tracing::info!(kind = %draft.kind, key = %draft.key, ?fields, "dry run: would create a work item");
        Ok(answer(made_up(draft.kind, draft.key.clone(), Phase::Open, fields.clone()), fields))
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        tracing::info!(work_item = item.number, transition = ?change.transition, fields = ?change.fields,
            note = change.note.as_deref().unwrap_or_default(), "dry run: would change a work item");
        let mut item = item.clone();
        item.phase = match change.transition {
            Some(Transition::Resolve) => Phase::Resolved,
            Some(Transition::Reopen) => Phase::Open,
            None => item.phase,
        };
        item.values.extend(change.fields.clone());
        Ok(answer(item, change.fields.clone()))
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        self.0.find_configuration_item(query).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        self.0.page(ask).await
    }

    async fn gone(&self, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
        self.0.gone(kind, after, limit).await
    }

    async fn configuration(&self, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        self.0.configuration(kinds).await
    }

    fn adopt(&self, configuration: &Configuration) {
        self.0.adopt(configuration);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        self.0.check(kinds, report).await;
        report.warning(
            "dry run",
            "this connection only reads",
            "dry_run = true: what would be written is logged and not done",
            "set dry_run = false when you are ready",
        );
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
