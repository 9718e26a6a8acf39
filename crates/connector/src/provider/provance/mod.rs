//! Provance ITSM, and any other incident table on Microsoft Dataverse: Provance has no interface of its own, its records are tables
//! of a Dataverse environment whose names a mapping profile tells. This file says what is done in which order; the wire is in
//! `client`, what answers mean in `classify`, tables and columns in `profile` and `metadata`, fields in `mapping` and `body`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::client::{Client, List, quoted};
use self::metadata::{Entity, Table};
use self::references::Resolved;
use self::row::Row;
use self::template::Template;
use super::cached::Cached;
use super::product::Configured;
use super::records::{Ask, Gone, Page, Position};
use super::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, Surroundings};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

mod assertion;
mod auth;
mod body;
mod challenge;
mod check;
mod ci;
mod classify;
mod client;
pub mod config;
mod create;
mod discover;
mod gone;
mod identity;
mod mapping;
mod metadata;
mod notes;
mod product;
pub mod profile;
mod records;
mod references;
mod refresh;
mod refusals;
mod row;
mod template;
#[cfg(test)]
mod tests;
mod update;

/// The settings of a connection to Provance.
type Connection = Configured<config::Config>;

/// How long templates and names of records are believed.
const LISTS_LIVE: Duration = Duration::from_secs(15 * 60);
/// How long definitions of tables are believed: they change when a solution is updated.
const DEFINITIONS_LIVE: Duration = Duration::from_secs(3600);

/// One environment.
#[derive(Debug)]
pub struct Provance {
    name: String,
    connection: Connection,
    client: Client,
    clock: Arc<dyn Clock>,
    tables: Cached<Table>,
    entities: Cached<Entity>,
    references: Cached<Resolved>,
    templates: Cached<Option<Template>>,
}

impl Provance {
    /// Sets up a connection; touches no network. The error says what is wrong and what to do.
    fn new(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let clock = || Arc::clone(&surroundings.clock);
        Ok(Self {
            name: name.to_owned(),
            client: Client::new(&connection, surroundings)?,
            connection,
            clock: clock(),
            tables: Cached::new(clock(), DEFINITIONS_LIVE),
            entities: Cached::new(clock(), DEFINITIONS_LIVE),
            references: Cached::new(clock(), LISTS_LIVE),
            templates: Cached::new(clock(), LISTS_LIVE),
        })
    }

    const fn profile(&self) -> &profile::Profile {
        &self.connection.own.provance.profile
    }

    /// What is known of a table, remembered; nothing but its name when it may not be read: values are then guessed.
    async fn table(&self, logical_name: &str) -> Result<Arc<Table>, ProviderError> {
        match self.tables.get(logical_name, metadata::table(&self.client, logical_name)).await {
            Ok(found) => Ok(found.value),
            Err(ProviderError::Refused { cause, remedy }) => {
                tracing::warn!(connection = self.name, cause, remedy, "values are sent without knowing their types");
                Ok(Arc::default())
            }
            Err(other) => Err(other),
        }
    }

    async fn incidents(&self) -> Result<Arc<Table>, ProviderError> {
        self.table(&self.profile().incident.logical_name).await
    }

    /// How an incident is addressed by our key.
    fn address(&self, key: &WorkItemKey) -> String {
        let correlation = &self.profile().incident.correlation;
        if correlation.alternate_key {
            format!("{}={}", correlation.column, quoted(&key.to_string()))
        } else {
            identity::incident(key)
        }
    }

    fn item(&self, table: &Table, row: &Row, key: Option<WorkItemKey>) -> WorkItem {
        mapping::work_item(&self.connection, table, row, key)
    }

    /// The highest generation by alternate key: the column tells it.
    async fn newest_by_column(&self, table: &Table, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        let incident = &self.profile().incident;
        let column = &incident.correlation.column;
        let filter = format!("startswith({column},{})", quoted(&format!("az-{correlation}-")));
        let select = mapping::select(&self.connection, table, std::iter::empty());
        let order = format!("{} desc", incident.created_on);
        let list = List { set: &incident.entity_set, select: &select, filter: &filter, order: &order, page: 50 };
        let rows = self.client.rows(&list).await?;
        let keyed = rows.iter().filter_map(|row| Some((mapping::key(incident, row)?, row)));
        let newest = keyed.filter(|(key, _)| key.correlation == correlation).max_by_key(|(key, _)| key.generation);
        Ok(newest.map(|(key, row)| self.item(table, row, Some(key))))
    }

    /// The highest generation by primary key: no column tells it, but every key can be computed, so that some near and some far
    /// ones are asked for at once until none is left. A few that were deleted do not hide those behind them.
    async fn newest_by_id(&self, table: &Table, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        let incident = &self.profile().incident;
        let select = mapping::select(&self.connection, table, std::iter::empty());
        let (mut low, mut newest) = (0_u32, None);
        loop {
            let ahead = (1..=8).chain((4..=16).map(|power| 1 << power)).map(|step: u32| low.saturating_add(step));
            let key = |generation| WorkItemKey { correlation: correlation.to_owned(), generation };
            let keys: BTreeMap<String, WorkItemKey> = ahead.map(|step| (identity::incident(&key(step)), key(step))).collect();
            let terms: Vec<String> = keys.keys().map(|id| format!("{} eq {id}", incident.id)).collect();
            let list = List { set: &incident.entity_set, select: &select, filter: &terms.join(" or "), order: "", page: 50 };
            let rows = self.client.rows(&list).await?;
            let keyed = rows.iter().filter_map(|row| {
                let key = keys.get(&identity::guid(&row.text(&incident.id))?)?;
                Some((key, row))
            });
            match keyed.max_by_key(|(key, _)| key.generation) {
                Some((key, row)) if key.generation > low => {
                    low = key.generation;
                    newest = Some(self.item(table, row, Some(key.clone())));
                }
                _ => return Ok(newest),
            }
        }
    }
}

#[async_trait]
impl Provider for Provance {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        (kind == WorkItemType::Incident).then_some(Lifecycle::Tracked)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        mapping::fields(draft, &self.connection)
    }

    async fn find(&self, _kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        let incident = &self.profile().incident;
        let table = self.incidents().await?;
        let select = mapping::select(&self.connection, &table, std::iter::empty());
        let row = self.client.record(&incident.entity_set, &self.address(key), &select).await?;
        Ok(row.filter(|row| mapping::carries(incident, row, key)).map(|row| self.item(&table, &row, Some(key.clone()))))
    }

    async fn newest(&self, _kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        let table = self.incidents().await?;
        if self.profile().incident.correlation.alternate_key {
            self.newest_by_column(&table, correlation).await
        } else {
            self.newest_by_id(&table, correlation).await
        }
    }

    async fn read(&self, _kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        let Some(id) = identity::guid(id) else { return Ok(None) };
        let incident = &self.profile().incident;
        let table = self.incidents().await?;
        let select = mapping::select(&self.connection, &table, std::iter::empty());
        let row = self.client.record(&incident.entity_set, &id, &select).await?;
        let row = row.filter(|row| identity::guid(&row.text(&incident.id)).as_ref() == Some(&id));
        Ok(row.map(|row| self.item(&table, &row, mapping::key(incident, &row))))
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        if !self.profile().incident.notes {
            return Ok(None);
        }
        notes::has(self, item, marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        create::create(self, draft).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        update::update(self, item, change).await
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        ci::find(self, query).await
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
