//! What is known of the installation: lists, templates and properties, remembered for a while. It helps to write values the way
//! Service Manager names them and to cut texts to their property's own length; the gateway stays the judge of what fits.

use std::collections::BTreeMap;

use super::super::mapping::{self, ENUMERATED};
use super::shapes::{Metadata, Node};
use crate::configuration::{Choice, Configuration, Field, Template};
use crate::provider::text::cut;

/// Lists, templates and properties.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Templates of incidents: name and label beside the id.
    pub(super) templates: Vec<Template>,
    /// Lists by property.
    pub(super) choices: BTreeMap<String, Vec<Choice>>,
    /// Properties of incidents.
    pub(super) fields: BTreeMap<String, Field>,
    /// Labels of support groups.
    pub(super) groups: Vec<String>,
    /// Full names by GUID, of all lists.
    names: BTreeMap<String, String>,
    /// The name above each name of the status tree.
    above: BTreeMap<String, String>,
}

impl Known {
    /// Out of what the gateway answered.
    pub(super) fn of(metadata: &Metadata) -> Self {
        let mut known = Self::default();
        for template in metadata.templates.iter().filter(|template| template.work_item_type == "incident") {
            let label = template.label.as_deref().filter(|label| !label.is_empty());
            let mut add = |name: &str| {
                let (name, table, content) = (name.to_owned(), mapping::INCIDENT.to_owned(), template.id.clone());
                if !known.templates.iter().any(|there| there.name == name) {
                    known.templates.push(Template { name, table, content });
                }
            };
            // People know the label; templates that were made in the console have names that nobody knows.
            if let Some(label) = label {
                add(label);
            }
            add(&template.name);
        }
        for property in metadata.properties.get("incident").into_iter().flatten() {
            if let Some(nodes) = property.list.as_ref().and_then(|list| metadata.enums.get(list)) {
                known.choices.insert(property.name.clone(), nodes.iter().map(choice).collect());
            }
            let (label, kind) = (property.name.clone(), kind(&property.kind).to_owned());
            known.fields.insert(property.name.clone(), Field { label, kind, max_length: property.max_length });
        }
        for node in metadata.enums.values().flatten() {
            known.names.insert(node.id.to_ascii_lowercase(), node.name.clone());
        }
        for node in metadata.enums.get("incident.status").into_iter().flatten() {
            let parent = node.parent.as_ref().and_then(|id| known.names.get(&id.to_ascii_lowercase()));
            if let Some(parent) = parent {
                known.above.insert(node.name.clone(), parent.clone());
            }
        }
        known.groups = metadata.support_groups.iter().map(|node| choice(node).label).collect();
        known
    }

    /// Out of the copy of the last refresh, which has no GUIDs and no trees.
    pub(super) fn kept(configuration: &Configuration) -> Self {
        Self {
            templates: configuration.templates.clone().unwrap_or_default(),
            choices: configuration.choices.get(mapping::INCIDENT).cloned().unwrap_or_default(),
            fields: configuration.fields.as_ref().and_then(|fields| fields.get(mapping::INCIDENT)).cloned().unwrap_or_default(),
            groups: configuration.groups.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The value as Service Manager names it, or as it is when the lists do not tell which one is meant.
    pub(super) fn full_name(&self, property: &str, given: &str) -> String {
        if let Some(name) = self.names.get(&given.to_ascii_lowercase()) {
            return name.clone();
        }
        let list = self.choices.get(property).map(Vec::as_slice).unwrap_or_default();
        if let Some(exact) = list.iter().find(|choice| choice.value.eq_ignore_ascii_case(given)) {
            return exact.value.clone();
        }
        let mut meant = list.iter().filter(|choice| mapping::means(&choice.value, &choice.label, given));
        match (meant.next(), meant.next()) {
            (Some(one), None) => one.value.clone(),
            _ => mapping::full_name(property, given),
        }
    }

    /// The properties as they are sent: lists by full name, texts not longer than they may be.
    pub(super) fn fit(&self, fields: &mut BTreeMap<String, String>) {
        for (name, value) in fields {
            if ENUMERATED.contains(&name.as_str()) || self.choices.contains_key(name) {
                *value = self.full_name(name, value);
            } else if let Some(most) = self.fields.get(name).and_then(|field| field.max_length) {
                *value = cut(value, usize::try_from(most).unwrap_or(usize::MAX));
            }
        }
    }

    /// A status, and what stands above it in the tree.
    pub(super) fn line<'a>(&'a self, status: &'a str) -> impl Iterator<Item = &'a str> {
        // A tree has no circles; an answer might.
        std::iter::successors(Some(status), |name| self.above.get(*name).map(String::as_str)).take(20)
    }

    /// The GUID of a template, by GUID, name or label.
    pub(super) fn template(&self, name: &str) -> Option<&str> {
        let same = |template: &&Template| template.name.eq_ignore_ascii_case(name) || template.content.eq_ignore_ascii_case(name);
        self.templates.iter().find(same).map(|template| template.content.as_str())
    }
}

fn choice(node: &Node) -> Choice {
    let label = node.label.as_ref().filter(|label| !label.is_empty()).unwrap_or(&node.name);
    Choice { value: node.name.clone(), label: label.clone() }
}

/// The kind of a property by the names that the SDK has for them.
fn kind(kind: &str) -> &str {
    match kind {
        "text" => "string",
        "integer" => "int",
        "boolean" => "bool",
        "date" => "datetime",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let node = |id: &str, name: &str, label: &str, parent: Option<&str>| json!({"id": id, "name": name, "label": label, "parent": parent});
        let metadata = json!({
            "enums": {
                "incident.status": [
                    node("C1", "IncidentStatusEnum.Closed", "Geschlossen", None),
                    node("c2", "Enum.4711", "Verworfen", Some("c1")),
                ],
                "incident.tierQueue": [node("t1", "IncidentTierQueuesEnum.Tier1", "Ebene 1", None), node("t2", "Own.Tier2", "Zwei", None)],
            },
            "templates": [
                {"id": "a", "name": "Template.1234", "label": "Network", "workItemType": "incident"},
                {"id": "b", "name": "Change", "label": null, "workItemType": "change"},
            ],
            "supportGroups": [node("t1", "IncidentTierQueuesEnum.Tier1", "Ebene 1", None)],
            "properties": {"incident": [
                {"name": "TierQueue", "kind": "enum", "maxLength": null, "list": "incident.tierQueue", "readOnly": false},
                {"name": "AzureResource_x", "kind": "text", "maxLength": 5, "list": null, "readOnly": false},
            ]},
        });
        Known::of(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn a_value_is_known_by_guid_name_last_part_and_label() {
        let known = known();
        for given in ["T1", "incidenttierqueuesenum.tier1", "Tier1", "ebene 1"] {
            assert_eq!(known.full_name("TierQueue", given), "IncidentTierQueuesEnum.Tier1", "{given}");
        }
        assert_eq!(known.full_name("TierQueue", "Nobody"), "Nobody");
        // Without lists, Microsoft's own are still known.
        assert_eq!(Known::default().full_name("Impact", "high"), "System.WorkItem.TroubleTicket.ImpactEnum.High");
    }

    #[test]
    fn texts_are_cut_to_their_propertys_own_length_and_lists_are_named() {
        let mut fields = BTreeMap::from([("AzureResource_x", "too long"), ("TierQueue", "Zwei"), ("Other", "as it is")])
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        known().fit(&mut fields);
        assert_eq!(fields.into_values().collect::<Vec<_>>(), ["too …", "as it is", "Own.Tier2"]);
    }

    #[test]
    fn a_status_of_the_customers_own_has_a_place_in_the_tree() {
        assert_eq!(known().line("Enum.4711").collect::<Vec<_>>(), ["Enum.4711", "IncidentStatusEnum.Closed"]);
        assert_eq!(known().line("Unknown").collect::<Vec<_>>(), ["Unknown"]);
    }

    #[test]
    fn templates_of_incidents_are_known_by_label_name_and_guid() {
        let known = known();
        for given in ["network", "Template.1234", "A"] {
            assert_eq!(known.template(given), Some("a"), "{given}");
        }
        assert_eq!(known.template("Change"), None);
    }
}
