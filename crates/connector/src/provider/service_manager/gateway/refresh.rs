//! What the installation offers, by one call: templates, lists, support groups and properties of incidents.

use std::collections::BTreeMap;

use super::Gateway;
use super::known::Known;
use crate::configuration::{Configuration, Gap};
use crate::provider::ProviderError;
use crate::provider::service_manager::mapping;

/// What `metadata` tells.
const PARTS: [&str; 4] = ["templates", "choices", "groups", "fields"];

pub(super) async fn configuration(tool: &Gateway) -> Result<Configuration, ProviderError> {
    let mut configuration = Configuration {
        read_at: tool.clock.now(),
        templates: None,
        choices: BTreeMap::new(),
        groups: None,
        fields: None,
        plugins: BTreeMap::new(),
        gaps: Vec::new(),
    };
    match tool.client.metadata().await {
        Ok(metadata) => {
            let Known { templates, choices, fields, groups, .. } = Known::of(&metadata);
            configuration.templates = Some(templates);
            configuration.groups = Some(groups);
            let table = mapping::INCIDENT.to_owned();
            configuration.choices.insert(table.clone(), choices);
            configuration.fields = Some(BTreeMap::from([(table, fields)]));
        }
        Err(ProviderError::Refused { cause, remedy }) => {
            configuration.gaps = PARTS.iter().map(|part| Gap::new(part, cause.clone(), remedy.clone())).collect();
        }
        Err(other) => return Err(other),
    }
    Ok(configuration)
}
