//! This project's SM gateway before Service Manager (`docs/sm-gateway-protocol.md`), reached directly or through Azure Relay. This file
//! says what is done in which order; the wire is in `client`, what answers mean in `problem` and `relay`, writes in `writing`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::client::Client;
use self::known::Known;
use self::shapes::Item;
use super::{Connection, mapping};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::provider::cached::Cached;
use crate::provider::pace::Pace;
use crate::provider::records::{Ask, Gone, Page, Position};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, Surroundings};
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

mod auth;
mod check;
mod client;
mod computers;
mod items;
mod known;
mod problem;
mod records;
mod refresh;
mod relay;
mod shapes;
#[cfg(test)]
mod tests;
mod writing;

/// How long lists and templates are believed.
const LISTS_LIVE: Duration = Duration::from_secs(15 * 60);
/// The one thing that is remembered.
const LISTS: &str = "lists";
/// The largest page of any gateway; one that allows less cuts it.
const LARGEST_PAGE: u32 = 200;

/// One Service Manager behind one gateway.
#[derive(Debug)]
struct Gateway {
    name: String,
    connection: Connection,
    client: Client,
    clock: Arc<dyn Clock>,
    lists: Cached<Known>,
    pace: Pace,
}

/// Makes the provider; touches no network. The error says what is wrong and what to do.
pub(super) fn build(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
    let clock = Arc::clone(&surroundings.clock);
    Ok(Arc::new(Gateway {
        name: name.to_owned(),
        client: Client::new(&connection, surroundings)?,
        connection,
        lists: Cached::new(Arc::clone(&clock), LISTS_LIVE),
        pace: Pace::new(LARGEST_PAGE),
        clock,
    }))
}

impl Gateway {
    /// The lists, or an old copy, or none when they may not be read: names are then sent as they are.
    async fn known(&self) -> Result<Arc<Known>, ProviderError> {
        let read = async { Ok(Known::of(&self.client.metadata().await?)) };
        match self.lists.get(LISTS, read).await {
            Ok(found) => Ok(found.value),
            Err(ProviderError::Refused { .. }) => Ok(Arc::default()),
            Err(other) => Err(other),
        }
    }

    async fn item(&self, item: &Item, key: WorkItemKey) -> Result<WorkItem, ProviderError> {
        let known = self.known().await?;
        Ok(items::work_item(item, key, &known, &self.connection))
    }

    /// Incidents of a look-up, each with the key that it really carries.
    async fn keyed(&self, query: &[(&str, &str)]) -> Result<Vec<(WorkItemKey, Item)>, ProviderError> {
        let found = self.client.keyed(query).await?;
        Ok(found.into_iter().filter_map(|item| Some((items::key(&item)?, item))).collect())
    }
}

#[async_trait]
impl Provider for Gateway {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        (kind == WorkItemType::Incident).then_some(Lifecycle::Tracked)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        mapping::fields(draft, &self.connection)
    }

    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident {
            return Ok(None);
        }
        let mut found = self.keyed(&[("correlationKey", &key.to_string())]).await?;
        found.retain(|(carried, _)| carried == key);
        if found.len() > 1 {
            let numbers: Vec<_> = found.iter().map(|(_, item)| item.id.as_str()).collect();
            tracing::warn!(connection = self.name, %key, ?numbers, "several incidents carry the same key; the oldest is used");
        }
        match found.into_iter().next() {
            Some((key, item)) => self.item(&item, key).await.map(Some),
            None => Ok(None),
        }
    }

    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident {
            return Ok(None);
        }
        // More than one, because of two with the same key the older one is ours, as in `find`.
        let mut found = self.keyed(&[("correlationPrefix", &format!("az-{correlation}-")), ("limit", "50")]).await?;
        found.retain(|(key, _)| key.correlation == correlation);
        let oldest_of_newest = |(one, first): &(WorkItemKey, Item), (other, second): &(WorkItemKey, Item)| {
            let created = |item: &Item| item.created.as_deref().and_then(shapes::instant);
            one.generation.cmp(&other.generation).then_with(|| created(second).cmp(&created(first)))
        };
        match found.into_iter().max_by(oldest_of_newest) {
            Some((key, item)) => self.item(&item, key).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        if id.is_empty() || kind != WorkItemType::Incident {
            return Ok(None);
        }
        let Some(item) = self.client.incident(id).await? else { return Ok(None) };
        let none = || WorkItemKey { correlation: String::new(), generation: 0 };
        let key = items::key(&item).unwrap_or_else(none);
        self.item(&item, key).await.map(Some)
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        match self.client.comments(&item.id).await {
            Ok(comments) => Ok(comments.map(|all| all.iter().any(|comment| comment.text.contains(marker)))),
            // A gateway need not be able to read comments.
            Err(ProviderError::Refused { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        writing::create(self, draft).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        writing::update(self, item, change).await
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        computers::find(self, query).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        records::page(self, ask).await
    }

    async fn gone(&self, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
        records::gone(self, kind, after, limit).await
    }

    async fn configuration(&self, _kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        refresh::configuration(self).await
    }

    fn adopt(&self, configuration: &Configuration) {
        self.lists.adopt(configuration.read_at("choices"), [(LISTS.to_owned(), Known::kept(configuration))]);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        check::run(self, kinds, report).await;
    }
}
