//! Cherwell Service Management by its REST API: incidents, notes (journals), configuration items, and both kinds of records for the
//! sync. This file says what is known of a server and what is asked in which order; the wire is in `client`, what answers mean in
//! `classify`, fields in `mapping`, writing in `writing`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;

use self::choices::Choice;
use self::client::{Client, Filter, Search};
use self::dates::{Told, Wall};
use self::definitions::{Definition, Definitions, Shape};
use self::key::Place;
use self::shapes::Record;
use super::cached::Cached;
use super::product::Configured;
use super::records::{Ask, Gone, Page, Position};
use super::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, Surroundings};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

mod auth;
mod check;
mod choices;
mod ci;
mod classify;
mod client;
pub mod config;
mod dates;
mod definitions;
mod direction;
mod key;
mod keyset;
mod mapping;
mod names;
mod narrowing;
mod notes;
mod product;
mod records;
mod refresh;
mod shapes;
#[cfg(test)]
mod tests;
mod writing;
mod zones;

/// The settings of a connection to Cherwell.
type Connection = Configured<config::Config>;

/// Definitions change when the customer publishes a new version of the content; a refresh reads them, too.
const DEFINITIONS_LIVE: Duration = Duration::from_secs(24 * 3600);
/// How long choice lists, the customer and the zone are believed.
const LISTS_LIVE: Duration = Duration::from_secs(3600);
/// Records that carry the same key, or the same correlation, at most.
const MOST_KEYED: u32 = 100;

/// One Cherwell server.
#[derive(Debug)]
pub struct Cherwell {
    name: String,
    connection: Connection,
    client: Client,
    clock: Arc<dyn Clock>,
    definitions: Definitions,
    choices: Cached<Vec<Choice>>,
    customers: Cached<String>,
    walls: Cached<Wall>,
    pace: super::pace::Pace,
}

impl Cherwell {
    /// Sets up a connection; touches no network. The error says what is wrong and what to do.
    fn new(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let clock = || Arc::clone(&surroundings.clock);
        Ok(Self {
            name: name.to_owned(),
            client: Client::new(&connection, surroundings)?,
            connection,
            definitions: Definitions(Cached::new(clock(), DEFINITIONS_LIVE)),
            choices: Cached::new(clock(), LISTS_LIVE),
            customers: Cached::new(clock(), LISTS_LIVE),
            walls: Cached::new(clock(), LISTS_LIVE),
            pace: super::pace::Pace::new(keyset::LARGEST),
            clock: clock(),
        })
    }

    const fn settings(&self) -> &config::CherwellSettings {
        &self.connection.own.cherwell
    }

    /// The name of a kind's business object, and the setting where it stands.
    fn object_name(&self, kind: RecordKind) -> (&str, &'static str) {
        match kind {
            RecordKind::Incident => (&self.settings().incident_object, "cherwell.incident_object"),
            RecordKind::ChangeRequest => (&self.settings().change_object, "cherwell.change_object"),
        }
    }

    /// A business object by the name that a setting gives it.
    async fn object(&self, name: &str, setting: &str) -> Result<Arc<Definition>, ProviderError> {
        self.definitions.get(&self.client, name, setting).await
    }

    /// The fields of a kind of record.
    async fn shape(&self, kind: RecordKind) -> Result<Shape, ProviderError> {
        let (name, setting) = self.object_name(kind);
        Ok(Shape::new(self.object(name, setting).await?, kind, self.settings()))
    }

    /// The fields of incidents if they were asked for before.
    fn known_shape(&self) -> Option<Shape> {
        let object = self.definitions.0.known(&self.settings().incident_object)?;
        Some(Shape::new(object, RecordKind::Incident, self.settings()))
    }

    /// What the server's clock looks like.
    async fn wall(&self) -> Result<Arc<Wall>, ProviderError> {
        Ok(self.walls.get("", self.find_wall()).await?.value)
    }

    async fn find_wall(&self) -> Result<Wall, ProviderError> {
        let told = self.settings().zone.trim();
        if let Some((zone, name)) = zones::named(told) {
            return Ok(Wall { zone, told: Told::Settings(name.to_owned()) });
        }
        let (info, _) = self.client.service().await?;
        refresh::zone(&info).ok_or_else(|| ProviderError::Refused {
            cause: "the server does not tell its time zone, so its dates cannot be understood".to_owned(),
            remedy: "set cherwell.zone to the IANA name of the server's zone, as \"America/Denver\"".to_owned(),
        })
    }

    /// What a record is as a work item.
    async fn item(&self, record: &Record, shape: &Shape, place: &Place) -> WorkItem {
        // Without the zone only the time of its end is not known.
        let unknown = || Arc::new(Wall { zone: TimeZone::UTC, told: Told::Offset(String::new()) });
        let wall = self.wall().await.unwrap_or_else(|_| unknown());
        mapping::work_item(record, shape, place, &wall, &self.connection)
    }

    /// Records that fit a filter on the key, each with the key that it really carries, oldest first.
    async fn keyed(&self, shape: &Shape, place: &Place, filter: Filter<'_>) -> Result<Vec<(WorkItemKey, Record)>, ProviderError> {
        let what = format!("looking for the connector's {}", shape.object.name);
        let search = Search {
            object: &shape.object,
            filters: &[filter],
            sorting: &[],
            direction: self.client.direction.upwards(),
            fields: &[],
            size: MOST_KEYED,
            what: &what,
        };
        let found = self.client.search(&search).await?;
        let keyed = |record: Record| Some((place.carried(&record)?, record)).filter(|(_, record)| !record.rec_id.is_empty());
        let mut all: Vec<_> = found.business_objects.into_iter().filter_map(keyed).collect();
        // Numbers count upwards, so that the oldest has the lowest.
        all.sort_by_key(|(_, record)| (record.public_id.parse::<u64>().unwrap_or(u64::MAX), record.rec_id.clone()));
        Ok(all)
    }
}

#[async_trait]
impl Provider for Cherwell {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        (kind == WorkItemType::Incident).then_some(Lifecycle::Tracked)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        mapping::fields(draft, &self.connection, self.known_shape().as_ref())
    }

    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident {
            return Ok(None);
        }
        let shape = self.shape(RecordKind::Incident).await?;
        let place = Place::of(&shape, self.settings())?;
        let mut found = self.keyed(&shape, &place, place.exactly(key)).await?;
        found.retain(|(carried, _)| carried == key);
        if found.len() > 1 {
            let numbers: Vec<_> = found.iter().map(|(_, record)| &record.public_id).collect();
            tracing::warn!(connection = self.name, %key, ?numbers, "several records carry the same key; the oldest is used");
        }
        match found.first() {
            Some((_, record)) => Ok(Some(self.item(record, &shape, &place).await)),
            None => Ok(None),
        }
    }

    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident {
            return Ok(None);
        }
        let shape = self.shape(RecordKind::Incident).await?;
        let place = Place::of(&shape, self.settings())?;
        let mut found = self.keyed(&shape, &place, place.any(correlation)).await?;
        found.retain(|(carried, _)| carried.correlation == correlation);
        // Of two with the same key the older one is ours, as in `find`.
        found.reverse();
        match found.into_iter().max_by_key(|(key, _)| key.generation) {
            Some((_, record)) => Ok(Some(self.item(&record, &shape, &place).await)),
            None => Ok(None),
        }
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident || id.is_empty() {
            return Ok(None);
        }
        let shape = self.shape(RecordKind::Incident).await?;
        let place = Place::of(&shape, self.settings())?;
        match self.client.record(&shape.object, id).await? {
            Some(record) => Ok(Some(self.item(&record, &shape, &place).await)),
            None => Ok(None),
        }
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        notes::has(self, item, marker).await
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        writing::create(self, draft).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        writing::update(self, item, change).await
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        ci::find(self, query).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        records::page(self, ask).await
    }

    /// Cherwell has no list of what was deleted.
    async fn gone(&self, _kind: RecordKind, _after: &Position, _limit: u32) -> Result<Option<Gone>, ProviderError> {
        Ok(None)
    }

    async fn configuration(&self, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        refresh::configuration(self, kinds).await
    }

    fn adopt(&self, configuration: &Configuration) {
        let lists = configuration.choices.get(&self.settings().incident_object).into_iter().flatten();
        let lists = lists.map(|(field, list)| (field.clone(), list.clone()));
        self.choices.adopt(configuration.read_at("choices"), lists);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        check::run(self, kinds, report).await;
    }

    async fn close(&self) {
        self.client.log_out().await;
    }
}
