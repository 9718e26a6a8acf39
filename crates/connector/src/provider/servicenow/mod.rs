//! ServiceNow: incidents by the Table API (or the import set of Microsoft's store app), events and alerts of Event
//! Management. This file says what is done in which order; the wire is in `client`, what answers mean in `classify`, columns
//! in `mapping`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::choices::Choice;
use self::client::{Client, Row, Write, fits_query};
use self::config::WriteMode;
use self::template::Template;
use super::cached::Cached;
use super::product::Configured;
use super::records::{Ask, Gone, Page, Position};
use super::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, Surroundings};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, Transition, WorkItem, WorkItemKey, WorkItemType, Written};

mod auth;
mod cells;
mod check;
mod choices;
mod ci;
mod classify;
mod client;
pub mod config;
mod events;
mod gone;
mod hidden;
mod import_set;
mod keyset;
mod mapping;
mod notes;
mod pace;
mod product;
mod records;
mod refresh;
mod template;
#[cfg(test)]
mod tests;
mod walk;

/// The settings of a connection to ServiceNow.
type Connection = Configured<config::Config>;

/// How long choice lists and templates are believed.
const LISTS_LIVE: Duration = Duration::from_secs(15 * 60);

/// One ServiceNow instance.
#[derive(Debug)]
pub struct ServiceNow {
    name: String,
    connection: Connection,
    client: Client,
    clock: Arc<dyn Clock>,
    choices: Cached<Vec<Choice>>,
    templates: Cached<Option<Template>>,
}

impl ServiceNow {
    /// Sets up a connection; touches no network. The error says what is wrong and what to do.
    fn new(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let clock = Arc::clone(&surroundings.clock);
        Ok(Self {
            name: name.to_owned(),
            client: Client::new(&connection, surroundings)?,
            connection,
            choices: Cached::new(Arc::clone(&clock), LISTS_LIVE),
            templates: Cached::new(Arc::clone(&clock), LISTS_LIVE),
            clock,
        })
    }

    fn columns<'a>(&'a self, kind: WorkItemType, sent: &'a BTreeMap<String, String>) -> String {
        mapping::columns(kind, &self.connection, sent.keys().map(String::as_str))
    }

    fn item(&self, kind: WorkItemType, row: &Row, key: WorkItemKey) -> WorkItem {
        mapping::work_item(kind, row, key, &self.client, &self.connection)
    }

    fn input_display_value(&self, kind: WorkItemType) -> bool {
        self.connection.own.servicenow.input_display_value && kind == WorkItemType::Incident
    }

    /// Records whose key column fits `query`, each with the key it really carries.
    async fn keyed(&self, kind: WorkItemType, query: &str, limit: u32) -> Result<Vec<(WorkItemKey, Row)>, ProviderError> {
        let columns = self.columns(kind, &BTreeMap::new());
        let rows = self.client.rows(mapping::table(kind), query, &columns, limit).await?;
        let keyed = |row: Row| WorkItemKey::parse(row.value(mapping::key_column(kind))).map(|key| (key, row));
        Ok(rows.into_iter().filter_map(keyed).collect())
    }

    /// Fills what nothing else filled with the template's constants; answers remarks.
    async fn apply_template(&self, draft: &Draft, fields: &mut BTreeMap<String, String>) -> Result<Vec<String>, ProviderError> {
        let Some(name) = draft.template.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(Vec::new());
        };
        let found = template::cached(&self.templates, &self.client, mapping::table(draft.kind), name).await?;
        let Some(template) = found.as_ref() else {
            return Ok(Vec::new());
        };
        for (field, value) in &template.fields {
            let constant = || mapping::cut_to_column(field, value);
            fields.entry(field.clone()).or_insert_with(constant);
        }
        Ok(template.remarks.clone())
    }

    async fn create_by_import_set(&self, draft: &Draft, mut sent: BTreeMap<String, String>) -> Result<Written, ProviderError> {
        let mut remarks = self.apply_template(draft, &mut sent).await?;
        let columns = self.columns(draft.kind, &sent);
        let imported = import_set::create(&self.client, &self.connection, &draft.key, &sent, &columns).await?;
        remarks.extend(imported.remarks);
        let dropped = if imported.read { mapping::dropped(&sent, &imported.row) } else { Vec::new() };
        Ok(Written { item: self.item(draft.kind, &imported.row, draft.key.clone()), sent, dropped, remarks })
    }

    /// The fields of a step in an incident's or alert's life; answers remarks.
    async fn apply_transition(
        &self,
        item: &WorkItem,
        change: &Change,
        fields: &mut BTreeMap<String, String>,
    ) -> Result<Vec<String>, ProviderError> {
        let settings = &self.connection.own.servicenow;
        let mut remarks = Vec::new();
        let state = match (change.transition, item.kind) {
            (None, _) => return Ok(remarks),
            (Some(Transition::Resolve), WorkItemType::Incident) => &settings.resolved_state,
            (Some(Transition::Reopen), WorkItemType::Incident) => &settings.reopened_state,
            (Some(Transition::Resolve), _) => "Closed",
            (Some(Transition::Reopen), _) => "Reopen",
        };
        fields.insert("state".to_owned(), state.to_owned());
        if change.transition == Some(Transition::Resolve) && item.kind == WorkItemType::Incident {
            let wanted = self.connection.policy.close_code.clone();
            let known = choices::cached(&self.choices, &self.client, "close_code").await?;
            let list = known.as_ref().map(|known| known.list.as_slice());
            let (code, remark) = choices::close_code(wanted.as_deref().filter(|code| !code.is_empty()), list);
            remarks.extend(known.and_then(|known| known.remark).into_iter().chain(remark));
            fields.insert("close_code".to_owned(), code);
            let given = change.close_notes.as_deref().or(change.note.as_deref()).filter(|notes| !notes.trim().is_empty());
            let notes = given.unwrap_or("Azure Monitor reports that the condition is over.");
            fields.insert("close_notes".to_owned(), notes.to_owned());
        }
        if item.kind == WorkItemType::Alert {
            // Alerts know no close notes; they are kept as a work note.
            if let (Some(notes), None) = (&change.close_notes, &change.note) {
                fields.insert("work_notes".to_owned(), mapping::cut_note(notes));
            }
        }
        Ok(remarks)
    }
}

#[async_trait]
impl Provider for ServiceNow {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        Some(match kind {
            WorkItemType::Incident | WorkItemType::Alert => Lifecycle::Tracked,
            WorkItemType::Event => Lifecycle::Stream,
        })
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        mapping::fields(draft, &self.connection)
    }

    /// Events are never found by key: it is shared by all notifications of an alert. `create` looks for the very notification.
    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        if kind == WorkItemType::Event {
            return Ok(None);
        }
        let query = format!("{}={key}^ORDERBYsys_created_on", mapping::key_column(kind));
        let mut rows = self.keyed(kind, &query, 5).await?;
        rows.retain(|(carried, _)| carried == key);
        if rows.len() > 1 {
            let numbers: Vec<_> = rows.iter().map(|(_, row)| row.value("number")).collect();
            tracing::warn!(connection = self.name, %key, ?numbers, "several records carry the same key; the oldest is used");
        }
        Ok(rows.into_iter().next().map(|(key, row)| self.item(kind, &row, key)))
    }

    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        if kind == WorkItemType::Event || !fits_query(correlation) {
            return Ok(None);
        }
        let query = format!("{}STARTSWITHaz-{correlation}-^ORDERBYDESCsys_created_on", mapping::key_column(kind));
        let mut rows = self.keyed(kind, &query, 50).await?;
        rows.retain(|(key, _)| key.correlation == correlation);
        // Of two with the same key the older one is ours, as in `find`; the rows come newest first.
        let highest = rows.into_iter().max_by_key(|(key, _)| key.generation);
        Ok(highest.map(|(key, row)| self.item(kind, &row, key)))
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        if id.is_empty() {
            return Ok(None);
        }
        let columns = self.columns(kind, &BTreeMap::new());
        let row = self.client.record(mapping::table(kind), id, &columns).await?;
        Ok(row.map(|row| {
            let key = WorkItemKey::parse(row.value(mapping::key_column(kind)));
            let none = || WorkItemKey { correlation: String::new(), generation: 0 };
            self.item(kind, &row, key.unwrap_or_else(none))
        }))
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        notes::has(&self.client, item, marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        let mut sent = self.fields(draft);
        if let Some(number) = draft.follows.as_ref().filter(|_| draft.kind != WorkItemType::Event) {
            sent.insert("work_notes".to_owned(), format!("Follows {number}: the same condition, which had ended there."));
        }
        if draft.kind == WorkItemType::Incident && self.connection.own.servicenow.write == WriteMode::ImportSet {
            return self.create_by_import_set(draft, sent).await;
        }
        let mut remarks = self.apply_template(draft, &mut sent).await?;
        let columns = self.columns(draft.kind, &sent);
        let row = if draft.kind == WorkItemType::Event {
            let (row, earlier) = events::create(&self.client, &self.connection, &sent, &columns).await?;
            remarks.extend(earlier.then(|| "the event had been sent before".to_owned()));
            row
        } else {
            let write = Write {
                table: mapping::table(draft.kind),
                sys_id: None,
                values: &sent,
                fields: &columns,
                input_display_value: self.input_display_value(draft.kind),
                what: &format!("creating {}", draft.kind),
            };
            self.client.write(&write).await?
        };
        let dropped = mapping::dropped(&sent, &row);
        let key = mapping::key_column(draft.kind);
        if dropped.iter().any(|(name, _)| name == key) {
            remarks.push(format!(
                "the instance did not keep {key}, by which the connector finds its records again: give the integration user the right to write it"
            ));
        }
        Ok(Written { item: self.item(draft.kind, &row, draft.key.clone()), sent, dropped, remarks })
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        let mut sent: BTreeMap<String, String> = change.fields.clone();
        if let Some(note) = &change.note {
            sent.insert("work_notes".to_owned(), mapping::cut_note(note));
        }
        let remarks = self.apply_transition(item, change, &mut sent).await?;
        for (name, value) in &mut sent {
            *value = mapping::cut_to_column(name, value);
        }
        let what = match change.transition {
            Some(Transition::Resolve) => format!("resolving {}", item.number),
            Some(Transition::Reopen) => format!("reopening {}", item.number),
            None => format!("updating {}", item.number),
        };
        let columns = self.columns(item.kind, &sent);
        let input_display_value = self.input_display_value(item.kind);
        let table = mapping::table(item.kind);
        let write = Write { table, sys_id: Some(&item.id), values: &sent, fields: &columns, input_display_value, what: &what };
        let row = self.client.write(&write).await?;
        let key = WorkItemKey::parse(row.value(mapping::key_column(item.kind))).unwrap_or_else(|| item.key.clone());
        let dropped = mapping::dropped(&sent, &row);
        Ok(Written { item: self.item(item.kind, &row, key), sent, dropped, remarks })
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        ci::find(&self.client, &self.connection, query).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        records::page(self, ask).await
    }

    async fn gone(&self, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
        gone::gone(self, kind, after, limit).await
    }

    async fn configuration(&self, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        refresh::configuration(self, kinds).await
    }

    fn adopt(&self, configuration: &Configuration) {
        refresh::adopt(self, configuration);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        check::run(self, kinds, report).await;
    }
}
