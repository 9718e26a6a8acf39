//! Reads what the server offers: business objects with their ids, lists of validated fields, teams, and the zone of its clock. Named
//! templates are those of the settings. Each part that may not be read is a gap and the others are read all the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::client::Sent;
use super::dates::{Told, Wall};
use super::definitions::{Definition, Shape};
use super::shapes::{Field as Defined, ServiceInfo};
use super::{Cherwell, RecordKind, choices, zones};
use crate::configuration::{Choice, Configuration, Field, Template};
use crate::provider::ProviderError;
use crate::provider::parts::{Part, Parts};
use crate::work_item::WorkItemType;

type Fields = BTreeMap<String, BTreeMap<String, Field>>;
type Choices = BTreeMap<String, BTreeMap<String, Vec<Choice>>>;

pub(super) async fn configuration(tool: &Cherwell, _kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
    let read_at = tool.clock.now();
    let mut parts = Parts::default();
    let fields = fields(tool).await;
    let fields = parts.take("fields", fields)?;
    let choices = lists(tool).await;
    let choices = parts.take("choices", choices)?.unwrap_or_default();
    let groups = groups(tool).await;
    let groups = parts.take("groups", groups)?;
    let gaps = parts.gaps()?;
    Ok(Configuration { read_at, templates: Some(templates(tool)), choices, groups, fields, plugins: BTreeMap::new(), gaps })
}

fn templates(tool: &Cherwell) -> Vec<Template> {
    let settings = tool.settings();
    let content = |constants: &BTreeMap<String, String>| {
        constants.iter().map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join("; ")
    };
    let template = |(name, constants): (&String, &BTreeMap<String, String>)| Template {
        name: name.clone(),
        table: settings.incident_object.clone(),
        content: content(constants),
    };
    settings.templates.iter().map(template).collect()
}

/// Definitions are read anew here; everything else uses them.
async fn fields(tool: &Cherwell) -> Part<Fields> {
    let settings = tool.settings();
    let items = &settings.configuration_items;
    let mut wanted = vec![(&settings.incident_object, "cherwell.incident_object")];
    if tool.connection.sync.changes {
        wanted.push((&settings.change_object, "cherwell.change_object"));
    }
    if tool.connection.configuration_item.link {
        wanted.push((&items.object, "cherwell.configuration_items.object"));
    }
    if tool.connection.configuration_item.create {
        wanted.push((&items.class, "cherwell.configuration_items.class"));
    }
    wanted.push((&settings.journal_object, "cherwell.journal_object"));
    let (mut fields, mut told) = (Fields::new(), None);
    for (name, setting) in wanted {
        match tool.definitions.refresh(&tool.client, name, setting).await {
            Ok(object) => {
                fields.insert(name.clone(), object.fields.values().map(|field| (field.name.clone(), field_of(field))).collect());
            }
            Err(ProviderError::Refused { cause, remedy }) => told = Some((cause, remedy)),
            Err(error) => return Err(error),
        }
    }
    Ok((fields, told))
}

fn field_of(field: &Defined) -> Field {
    Field {
        label: field.label.clone(),
        kind: field.kind.clone(),
        max_length: field.most().and_then(|most| u32::try_from(most).ok()),
    }
}

/// Lists that do not hang on other fields: what the settings name is held against these. The others are tried by a check, beside the
/// values that the settings give to the fields above them.
async fn lists(tool: &Cherwell) -> Part<Choices> {
    let shape = tool.shape(RecordKind::Incident).await?;
    let mut lists: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for field in validated(tool, &shape) {
        let list = choices::look_up(tool, &shape, field, &Vec::new()).await?;
        if !list.is_empty() {
            lists.insert(field.name.clone(), list);
        }
    }
    // The states stand in the definition, too.
    if let Some(status) = shape.get("status") {
        let states = || choices::plain(shape.object.states.clone());
        lists.entry(status.name.clone()).or_insert_with(states);
    }
    lists.retain(|_, list| !list.is_empty());
    Ok((BTreeMap::from([(tool.settings().incident_object.clone(), lists)]), None))
}

/// Fields with lists that the connection writes or goes by.
fn validated<'a>(tool: &Cherwell, shape: &'a Shape) -> Vec<&'a Defined> {
    let meant =
        ["status", "priority", "impact", "urgency", "cause", "source"].into_iter().filter_map(|meaning| shape.get(meaning));
    let templates = tool.settings().templates.values().chain([&tool.settings().defaults]).flat_map(BTreeMap::keys);
    let named = tool.connection.incident.fields.keys().chain(templates).filter_map(|name| shape.object.field(name));
    let mut fields: Vec<&Defined> = meant.chain(named).filter(|field| field.validated != Some(false)).collect();
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    fields.dedup_by(|one, other| one.key == other.key);
    fields
}

async fn groups(tool: &Cherwell) -> Part<Vec<String>> {
    let teams = tool.client.teams().await?;
    let mut names: Vec<String> = teams.into_iter().map(|team| team.team_name).filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(ProviderError::Refused {
            cause: "no team is visible: there is none, or the integration user may not see any".to_owned(),
            remedy: "give the security group of the integration user the right to see teams".to_owned(),
        });
    }
    Ok((names, None))
}

/// Constants of the mapping and the defaults, by field: what lists that hang on other fields are asked beside.
pub(super) fn constants<'a>(tool: &'a Cherwell, object: &'a Definition) -> Sent<'a> {
    let constant = |value: &str| !value.trim().is_empty() && !value.contains("{{") && !value.contains("{%");
    let mapped = &tool.connection.incident.fields;
    let template = tool.connection.incident.template.as_deref().unwrap_or_default();
    let template = tool.settings().templates.iter().find(|(name, _)| name.eq_ignore_ascii_case(template));
    let others = template.into_iter().flat_map(|(_, constants)| constants).chain(&tool.settings().defaults);
    let mut constants: Sent<'a> = Vec::new();
    for (name, value) in mapped.iter().chain(others) {
        if let Some(field) = object.field(name).filter(|field| !constants.iter().any(|(own, _)| own.key == field.key)) {
            constants.push((field, value));
        }
    }
    constants.retain(|(_, value)| constant(value));
    constants
}

/// The zone that a server tells of itself: by its name, else by how far it is from UTC now.
pub(super) fn zone(info: &ServiceInfo) -> Option<Wall> {
    let named = ["Id", "id", "StandardName", "standardName"].into_iter().filter_map(|key| info.time_zone.get(key));
    for name in named.chain([&info.time_zone]).filter_map(serde_json::Value::as_str) {
        if let Some((zone, iana)) = zones::named(name) {
            return Some(Wall { zone, told: Told::Server(name.to_owned(), iana.to_owned()) });
        }
    }
    let offset = span(&info.system_utc_offset).or_else(|| offset_of(&info.system_date_time))?;
    let text = format!("UTC{offset}");
    Some(Wall { zone: TimeZone::fixed(offset), told: Told::Offset(text) })
}

/// A .NET time span: `-06:00:00`.
fn span(text: &str) -> Option<Offset> {
    let (sign, rest) = text.trim().strip_prefix('-').map_or((1, text.trim()), |rest| (-1, rest));
    let mut parts = rest.trim_start_matches('+').split(':').map(str::parse::<i32>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// The offset of an ISO date: `2026-09-01T04:00:00.0000000-06:00`.
fn offset_of(text: &str) -> Option<Offset> {
    text.parse::<Timestamp>().ok()?;
    let (_, time) = text.split_once('T')?;
    if time.ends_with(['Z', 'z']) {
        return Some(Offset::UTC);
    }
    span(time.get(time.rfind(['+', '-'])?..)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_zone_is_told_in_many_ways() {
        let info = |zone_told: Value, offset: &str, date: &str| {
            let value = json!({"timeZone": zone_told, "systemUtcOffset": offset, "systemDateTime": date});
            zone(&serde_json::from_value(value).unwrap()).map(|wall| wall.told)
        };
        let denver = Some(Told::Server("Mountain Standard Time".to_owned(), "America/Denver".to_owned()));
        assert_eq!(info(json!({"Id": "Mountain Standard Time"}), "-07:00:00", ""), denver);
        assert_eq!(info(json!({"StandardName": "Mountain Standard Time"}), "", ""), denver);
        assert_eq!(info(json!("Mountain Standard Time"), "", ""), denver);
        assert_eq!(info(json!("Hora est. montaña"), "-06:00:00", ""), Some(Told::Offset("UTC-06".to_owned())));
        assert_eq!(info(Value::Null, "05:30:00", ""), Some(Told::Offset("UTC+05:30".to_owned())));
        assert_eq!(info(Value::Null, "", "2026-09-01T04:00:00.0000000-06:00"), Some(Told::Offset("UTC-06".to_owned())));
        assert_eq!(info(Value::Null, "", "9/1/2026 4:00 AM"), None);
    }
}
