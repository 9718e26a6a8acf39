//! Reads what Service Manager offers through the portal: templates, lists, support groups, properties. The portal describes no class, so
//! the properties are those that are documented and those that an incident of the last hours shows.

use std::collections::BTreeMap;

use super::super::mapping::{ENUMERATED, INCIDENT, LENGTHS, VALUES, guid};
use super::Cireson;
use super::client::ListValue;
use super::lists::{is_enumerated, list_of};
use super::shape::Projection;
use super::{records, slices};
use crate::clock::earlier;
use crate::configuration::{Choice, Configuration, Field, Template};
use crate::provider::ProviderError;
use crate::provider::parts::{Part, Parts};
use crate::provider::records::Position;
use crate::rows::RecordKind;

/// Properties of incidents that every Service Manager has.
pub(super) const PROPERTIES: [&str; 12] = [
    "Title",
    "Description",
    "ContactMethod",
    "Escalated",
    "CreatedDate",
    "FirstAssignedDate",
    "FirstResponseDate",
    "ResolvedDate",
    "ClosedDate",
    "TargetResolutionTime",
    "ScheduledStartDate",
    "ResolutionDescription",
];
/// How far back an incident is looked for that shows the customer's own properties.
const LOOKED_BACK: std::time::Duration = std::time::Duration::from_secs(3600);
/// As many as a slice of a sync holds, so that what was learnt about slices stays true.
pub(super) const AT_ONCE: u32 = 1000;
const REMEDY: &str = "give the integration user the right to read lists (user role Advanced Operators), and see that the portal's cache is \
                      up to date";

type Lists = BTreeMap<String, BTreeMap<String, Vec<Choice>>>;
type Fields = BTreeMap<String, BTreeMap<String, Field>>;

/// A value of a property as a choice. Where the portal tells no full name, Microsoft's own values have theirs and others their GUID.
pub(super) fn choice(property: &str, value: &ListValue) -> Choice {
    let known = || VALUES.iter().find(|known| known.property == property && known.id.eq_ignore_ascii_case(&value.id));
    let name = known().map_or(value.name.as_str(), |known| known.name);
    let name = if name.is_empty() { value.id.as_str() } else { name };
    Choice { value: name.to_owned(), label: value.label.clone() }
}

pub(super) async fn configuration(tool: &Cireson) -> Result<Configuration, ProviderError> {
    let read_at = tool.clock.now();
    let mut parts = Parts::default();
    let templates = parts.take("templates", templates(tool).await)?;
    let choices = parts.take("choices", lists(tool).await)?.unwrap_or_default();
    let groups = parts.take("groups", groups(tool).await)?;
    let fields = parts.take("fields", fields(tool).await)?;
    Ok(Configuration { read_at, templates, choices, groups, fields, plugins: BTreeMap::new(), gaps: parts.gaps()? })
}

/// Templates by name; their GUIDs are kept with them.
pub(super) fn adopt(tool: &Cireson, configuration: &Configuration) {
    let kept = configuration.templates.iter().flatten().filter(|kept| kept.table == INCIDENT);
    let templates: Vec<_> =
        kept.map(|kept| super::client::Template { id: kept.content.clone(), name: kept.name.clone() }).collect();
    if !templates.is_empty() {
        tool.templates.adopt(configuration.read_at("templates"), [("incident".to_owned(), templates)]);
    }
}

async fn templates(tool: &Cireson) -> Part<Vec<Template>> {
    let found = tool.client.templates(guid::INCIDENT).await?;
    if found.is_empty() {
        return Err(ProviderError::Refused {
            cause: "no incident template is visible: the integration user may see none".to_owned(),
            remedy: "give the integration user's role in Service Manager all incident templates, or those that the settings name"
                .to_owned(),
        });
    }
    let mut templates: Vec<_> = found
        .into_iter()
        .map(|template| Template { name: template.name, table: INCIDENT.to_owned(), content: template.id })
        .collect();
    templates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((templates, None))
}

async fn lists(tool: &Cireson) -> Part<Lists> {
    let mut lists = BTreeMap::new();
    let mut empty = Vec::new();
    for property in ENUMERATED {
        let values = tool.client.list(list_of(property).unwrap_or_default()).await?;
        if values.is_empty() {
            empty.push(property);
        } else {
            lists.insert(property.to_owned(), values.iter().map(|value| choice(property, value)).collect());
        }
    }
    if lists.is_empty() {
        return Err(ProviderError::Refused { cause: "no list of incidents has values".to_owned(), remedy: REMEDY.to_owned() });
    }
    let told = (!empty.is_empty()).then(|| (format!("no value can be read of {}", empty.join(", ")), REMEDY.to_owned()));
    Ok((BTreeMap::from([(INCIDENT.to_owned(), lists)]), told))
}

async fn groups(tool: &Cireson) -> Part<Vec<String>> {
    let mut names: Vec<_> = tool.client.list(guid::TIER_QUEUE_LIST).await?.into_iter().map(|group| group.label).collect();
    names.retain(|name| !name.is_empty());
    if names.is_empty() {
        return Err(ProviderError::Refused { cause: "no support group can be read".to_owned(), remedy: REMEDY.to_owned() });
    }
    names.sort();
    names.dedup();
    Ok((names, None))
}

async fn fields(tool: &Cireson) -> Part<Fields> {
    let after = Position::before(earlier(tool.clock.now(), LOOKED_BACK));
    let source = records::source(tool, RecordKind::Incident);
    // Too many for one answer: the documented ones do.
    let seen = match slices::step(tool, source, &after, None, AT_ONCE).await {
        Ok(step) => step.items,
        Err(ProviderError::Refused { .. } | ProviderError::Retry { .. }) => Vec::new(),
        Err(other) => return Err(other),
    };
    let field = |name: &str, kind: &str| {
        let length = LENGTHS.iter().find(|(known, _)| *known == name).and_then(|(_, length)| u32::try_from(*length).ok());
        Field { label: name.to_owned(), kind: kind.to_owned(), max_length: length }
    };
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    fields.extend(PROPERTIES.iter().map(|name| ((*name).to_owned(), field(name, "string"))));
    fields.extend(ENUMERATED.iter().map(|name| ((*name).to_owned(), field(name, "enum"))));
    for object in seen.iter().map(|item| &item.object).filter(|object| !object.deleted()).take(1) {
        fields.extend(shown(object).map(|(name, kind)| (name.to_owned(), field(name, kind))));
    }
    fields.insert(tool.connection.own.service_manager.key_property.clone(), field("", "string"));
    Ok((BTreeMap::from([(INCIDENT.to_owned(), fields)]), None))
}

/// Properties of an object, with their kinds; not its related objects.
fn shown(object: &Projection) -> impl Iterator<Item = (&str, &'static str)> {
    object.0.iter().filter_map(|(name, value)| {
        let kind = match value {
            _ if is_enumerated(name, object) => "enum",
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
            serde_json::Value::Bool(_) => "bool",
            serde_json::Value::Number(_) => "int",
            serde_json::Value::Null | serde_json::Value::String(_) => "string",
        };
        Some((name.as_str(), kind))
    })
}
