//! The Cireson portal before Service Manager (its API V3). This file says what is done in which order; the wire is in `client`, what
//! answers mean in `classify`, forms in `form` and `write`, time in `slices`. Service Manager's own names and GUIDs stand in `mapping`,
//! beside this folder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::client::{Client, Template};
use self::lists::Lists;
use self::shape::Projection;
use self::slices::Widths;
use super::{Connection, mapping};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::provider::cached::Cached;
use crate::provider::records::{Ask, Gone, Page, Position};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, Surroundings};
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, Phase, WorkItem, WorkItemKey, WorkItemType, Written};

mod auth;
mod check;
mod ci;
mod classify;
mod client;
mod close_codes;
pub(super) mod config;
mod criteria;
mod form;
mod lists;
mod records;
mod refresh;
mod shape;
mod slices;
mod template;
#[cfg(test)]
mod tests;
mod write;

/// How long the list of templates is believed.
const TEMPLATES_LIVE: Duration = Duration::from_secs(15 * 60);

/// One portal.
#[derive(Debug)]
struct Cireson {
    name: String,
    connection: Connection,
    client: Client,
    clock: Arc<dyn Clock>,
    lists: Lists,
    templates: Cached<Vec<Template>>,
    widths: Widths,
}

/// Makes the provider; touches no network. The error says what is wrong and what to do.
pub(super) fn build(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
    let clock = || Arc::clone(&surroundings.clock);
    Ok(Arc::new(Cireson {
        name: name.to_owned(),
        client: Client::new(&connection, surroundings)?,
        connection,
        lists: Lists::new(clock()),
        templates: Cached::new(clock(), TEMPLATES_LIVE),
        widths: Widths::default(),
        clock: clock(),
    }))
}

impl Cireson {
    /// What is sent for a draft, the key with it.
    fn sent(&self, draft: &Draft) -> BTreeMap<String, String> {
        let mut sent = mapping::fields(draft, &self.connection);
        sent.insert(self.connection.own.service_manager.key_property.clone(), draft.key.to_string());
        sent
    }

    /// The key that a record carries.
    fn key(&self, object: &Projection) -> Option<WorkItemKey> {
        WorkItemKey::parse(object.text(&self.connection.own.service_manager.key_property).trim())
    }

    /// Incidents that carry exactly `key`, oldest first.
    async fn keyed(&self, key: &WorkItemKey) -> Result<Vec<Projection>, ProviderError> {
        let settings = &self.connection.own.service_manager;
        let by_key = criteria::property(&settings.cireson.key_class, &settings.key_property, &key.to_string());
        let mut found =
            self.client.find(&settings.cireson.incident_projection, &by_key, "looking for an incident by its key").await?;
        found.retain(|object| self.key(object).as_ref() == Some(key) && !object.deleted() && !object.base_id().is_empty());
        found.sort_by_key(|object| (object.instant("CreatedDate"), object.text("Id").len(), object.text("Id").to_owned()));
        Ok(found)
    }

    /// One incident by its GUID; nothing when it is gone.
    async fn object(&self, base_id: &str) -> Result<Option<Projection>, ProviderError> {
        let projection = &self.connection.own.service_manager.cireson.incident_projection;
        self.client.object(projection, base_id, "reading an incident").await
    }

    /// A record as a work item; `key` is the one it carries.
    async fn item(&self, object: &Projection, key: WorkItemKey) -> Result<WorkItem, ProviderError> {
        let phase = self.lists.phase(&self.client, &self.connection, object).await?;
        // The portal's resolution by status alone sets no date.
        let ended = ["ResolvedDate", "ClosedDate", "LastModified"].into_iter().find_map(|name| object.instant(name));
        let number = object.text("Id");
        Ok(WorkItem {
            kind: WorkItemType::Incident,
            key,
            id: object.base_id().to_owned(),
            url: form::page(self, number),
            number: number.to_owned(),
            phase,
            state: object.shown("Status"),
            resolved_at: ended.filter(|_| phase != Phase::Open),
            values: form::values(self, object).await?,
        })
    }
}

#[async_trait]
impl Provider for Cireson {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        (kind == WorkItemType::Incident).then_some(Lifecycle::Tracked)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        self.sent(draft)
    }

    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident {
            return Ok(None);
        }
        let found = self.keyed(key).await?;
        if found.len() > 1 {
            let numbers: Vec<_> = found.iter().map(|object| object.text("Id")).collect();
            tracing::warn!(connection = self.name, %key, ?numbers, "several records carry the same key; the oldest is used");
        }
        match found.into_iter().next() {
            Some(object) => Ok(Some(self.item(&object, key.clone()).await?)),
            None => Ok(None),
        }
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        if kind != WorkItemType::Incident || uuid::Uuid::try_parse(id).is_err() {
            return Ok(None);
        }
        let Some(object) = self.object(id).await? else { return Ok(None) };
        let none = || WorkItemKey { correlation: String::new(), generation: 0 };
        let key = self.key(&object).unwrap_or_else(none);
        Ok(Some(self.item(&object, key).await?))
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        let object = self.object(&item.id).await?;
        Ok(object.and_then(|object| form::has_comment(&self.connection, &object, marker)))
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        if draft.kind != WorkItemType::Incident {
            return Err(ProviderError::Refused {
                cause: format!("Service Manager has no {}", draft.kind),
                remedy: "use the work item type incident".to_owned(),
            });
        }
        write::create(self, draft).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        write::update(self, item, change).await
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        ci::find(self, query).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        records::page(self, ask).await
    }

    /// Deletion is a change of a record's object status, so that it comes with the records. What was groomed leaves no trace.
    async fn gone(&self, _kind: RecordKind, _after: &Position, _limit: u32) -> Result<Option<Gone>, ProviderError> {
        Ok(None)
    }

    async fn configuration(&self, _kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        refresh::configuration(self).await
    }

    fn adopt(&self, configuration: &Configuration) {
        refresh::adopt(self, configuration);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        check::run(self, kinds, report).await;
    }
}
