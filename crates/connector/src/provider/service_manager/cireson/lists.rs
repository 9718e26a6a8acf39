//! Lists of Service Manager: from what a setting says to the GUID that is written, and back to the full name by which the connector
//! speaks of a value. Microsoft's own values are known without asking; customers' own are asked for and remembered. A list is a tree,
//! and a value below "Closed" is closed, whatever it is called.

use std::sync::Arc;
use std::time::Duration;

use super::super::Connection;
use super::super::mapping::{self, ENUMERATED, VALUES, guid};
use super::client::{Client, ListValue};
use super::shape::Projection;
use crate::clock::Clock;
use crate::provider::ProviderError;
use crate::provider::cached::Cached;
use crate::work_item::Phase;

/// How long lists are believed.
const LIVES: Duration = Duration::from_secs(15 * 60);

/// The list of a property of incidents, by its GUID; nothing for others.
pub(super) fn list_of(property: &str) -> Option<&'static str> {
    Some(match property {
        "Status" => guid::STATUS_LIST,
        "Impact" => guid::IMPACT_LIST,
        "Urgency" => guid::URGENCY_LIST,
        "Source" => guid::SOURCE_LIST,
        "Classification" => guid::CLASSIFICATION_LIST,
        "TierQueue" => guid::TIER_QUEUE_LIST,
        "ResolutionCategory" => guid::RESOLUTION_CATEGORY_LIST,
        _ => return None,
    })
}

/// Microsoft's own value with this GUID.
fn known(id: &str) -> Option<&'static mapping::Value> {
    VALUES.iter().find(|value| value.id.eq_ignore_ascii_case(id))
}

/// Lists as they were read.
#[derive(Debug)]
pub(super) struct Lists(Cached<Vec<ListValue>>);

impl Lists {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Cached::new(clock, LIVES))
    }

    /// The values below a list or value, remembered; empty when they may not be read.
    pub(super) async fn below(&self, client: &Client, id: &str) -> Result<Arc<Vec<ListValue>>, ProviderError> {
        match self.0.get(&id.to_ascii_lowercase(), client.list(id)).await {
            Ok(found) => Ok(found.value),
            Err(ProviderError::Refused { .. }) => Ok(Arc::default()),
            Err(other) => Err(other),
        }
    }

    /// The GUID of the value that `given` means: a GUID, full name, the last part of one, or a label, whatever the case. Nothing when the
    /// list has no such value, or is not known.
    pub(super) async fn id_of(&self, client: &Client, property: &str, given: &str) -> Result<Option<String>, ProviderError> {
        let given = given.trim();
        if uuid::Uuid::try_parse(given).is_ok() {
            return Ok(Some(given.to_owned()));
        }
        let full = mapping::full_name(property, given);
        if let Some(value) = VALUES.iter().find(|value| value.property == property && value.name == full) {
            return Ok(Some(value.id.to_owned()));
        }
        let Some(list) = list_of(property) else { return Ok(None) };
        let values = self.below(client, list).await?;
        let found = values
            .iter()
            .find(|value| value.name.eq_ignore_ascii_case(given))
            .or_else(|| values.iter().find(|value| mapping::means(&value.name, &value.label, given)));
        Ok(found.map(|value| value.id.clone()))
    }

    /// The name by which the connector speaks of a value: its full name, the GUID where there is none.
    pub(super) async fn name_of(&self, client: &Client, property: &str, id: &str) -> Result<String, ProviderError> {
        if let Some(value) = known(id) {
            return Ok(value.name.to_owned());
        }
        let Some(list) = list_of(property) else { return Ok(id.to_owned()) };
        let values = self.below(client, list).await?;
        let found = values.iter().find(|value| value.id.eq_ignore_ascii_case(id) && !value.name.is_empty());
        Ok(found.map_or_else(|| id.to_owned(), |value| value.name.clone()))
    }

    /// Where an incident stands.
    pub(super) async fn phase(
        &self,
        client: &Client,
        connection: &Connection,
        object: &Projection,
    ) -> Result<Phase, ProviderError> {
        if !object.has("Status") {
            // Without it nobody could tell a closed one, which must not be touched.
            return Err(ProviderError::Refused {
                cause: "the portal's projection of incidents does not show Status".to_owned(),
                remedy: "let service_manager.cireson.incident_projection name a projection that has it".to_owned(),
            });
        }
        let Some(id) = object.list_value("Status") else { return Ok(Phase::Open) };
        if let Some(value) = known(id) {
            return Ok(mapping::phase(value.name, connection));
        }
        // A customer's own value: by its name, else by its place in the tree.
        let by_name = mapping::phase(&self.name_of(client, "Status", id).await?, connection);
        if by_name != Phase::Open {
            return Ok(by_name);
        }
        let settings = &connection.own.service_manager;
        for (states, phase) in [(&settings.closed_states, Phase::Closed), (&settings.resolved_states, Phase::Resolved)] {
            for state in states {
                let Some(above) = self.id_of(client, "Status", state).await? else { continue };
                let below = self.below(client, &above).await?;
                if above.eq_ignore_ascii_case(id) || below.iter().any(|value| value.id.eq_ignore_ascii_case(id)) {
                    return Ok(phase);
                }
            }
        }
        Ok(Phase::Open)
    }
}

/// Whether a property holds values of a list, by its name or by how it is shown.
pub(super) fn is_enumerated(property: &str, object: &Projection) -> bool {
    ENUMERATED.contains(&property) || object.get(property).is_some_and(|value| value.get("Id").is_some())
}
