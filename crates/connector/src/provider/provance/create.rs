//! Making an incident, once: under a primary key that is made of our key (or under an alternate key), on the condition that there
//! is none yet. One that is there already is taken for what an earlier try left behind.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Call, Condition, Reply};
use super::metadata::Table;
use super::profile::CiLink;
use super::row::{Row, row};
use super::{Provance, body, mapping, template};
use crate::provider::ProviderError;
use crate::provider::fields::Fields;
use crate::work_item::{ConfigurationItem, Draft, Written};

pub(super) async fn create(tool: &Provance, draft: &Draft) -> Result<Written, ProviderError> {
    let incident = &tool.profile().incident;
    let table = tool.incidents().await?;
    let mut fields = mapping::fields(draft, &tool.connection);
    let mut remarks = apply_template(tool, draft, &mut fields).await?;
    if let Some(number) = draft.follows.as_deref() {
        let known = table.columns.get(&incident.description).and_then(|column| column.max);
        let length = known.and_then(|length| usize::try_from(length).ok());
        let length = length.or_else(|| incident.lengths.get(&incident.description).copied());
        let description = fields.entry(incident.description.clone()).or_default();
        *description = mapping::following(description, number, length);
    }
    let mut made = body::make(tool, &table, &fields).await?;
    remarks.append(&mut made.remarks);
    let correlation = &incident.correlation;
    if correlation.alternate_key {
        // The key in the address is written by the server.
        made.values.remove(&correlation.column);
    }
    for (navigation, address) in &incident.required_bind {
        made.values.entry(format!("{navigation}@odata.bind")).or_insert_with(|| address.clone().into());
    }
    let address = tool.address(&draft.key);
    let select = mapping::select(&tool.connection, &table, made.sent.keys());
    let body = Value::Object(std::mem::take(&mut made.values));
    let call = Call {
        method: Method::PATCH,
        path: &format!("{}({address})", incident.entity_set),
        query: &[("$select", &select)],
        body: Some(&body),
        condition: Condition::Absent,
        what: "creating incident",
    };
    let (row, new) = match tool.client.write(&call).await? {
        Reply::Value(value) => (row(value), true),
        Reply::Done => (look_up(tool, &address, &select).await?.ok_or_else(hidden)?, true),
        Reply::Unmet(told) => (look_up(tool, &address, &select).await?.ok_or_else(|| taken(&told))?, false),
    };
    if !mapping::carries(incident, &row, &draft.key) {
        let cause = "creating incident: the answer speaks of another record than the one that was made".to_owned();
        return Err(ProviderError::Ambiguous { cause });
    }
    if !new {
        remarks.push("the incident had been made before".to_owned());
    }
    remarks.extend(link(tool, &row, draft.configuration_item.as_ref()).await?);
    let dropped = if new { mapping::dropped(&made.expected, &table, &row) } else { Vec::new() };
    Ok(written(tool, &table, &row, draft, made.sent, dropped, remarks))
}

fn written(
    tool: &Provance,
    table: &Table,
    row: &Row,
    draft: &Draft,
    sent: Fields,
    dropped: Vec<(String, String)>,
    remarks: Vec<String>,
) -> Written {
    Written { item: tool.item(table, row, Some(draft.key.clone())), sent, dropped, remarks }
}

/// What was written is read; when that fails, nobody knows yet what stands there.
async fn look_up(tool: &Provance, address: &str, select: &str) -> Result<Option<Row>, ProviderError> {
    let found = tool.client.record(&tool.profile().incident.entity_set, address, select).await;
    found.map_err(|error| ProviderError::Ambiguous { cause: format!("the incident was made and cannot be read yet: {error}") })
}

fn hidden() -> ProviderError {
    ProviderError::Refused {
        cause: "creating incident: it was made and cannot be read".to_owned(),
        remedy: "give the connector's security role the privilege to read the table of incidents".to_owned(),
    }
}

/// The key that exists is another one: an alternate key of the table.
fn taken(told: &str) -> ProviderError {
    ProviderError::Refused {
        cause: format!(
            "{told}, though there is no incident under the connector's key: another alternate key of the table exists already"
        ),
        remedy: "give the columns of the table's alternate keys values of their own in the connection's mapping (fields)"
            .to_owned(),
    }
}

/// Fills what nothing else filled; answers remarks.
async fn apply_template(tool: &Provance, draft: &Draft, fields: &mut Fields) -> Result<Vec<String>, ProviderError> {
    let Some(name) = draft.template.as_deref().filter(|name| !name.is_empty()) else { return Ok(Vec::new()) };
    let found = template::cached(tool, name).await?;
    let Some(template) = found.as_ref() else { return Ok(Vec::new()) };
    for (column, value) in &template.fields {
        fields.entry(column.clone()).or_insert_with(|| value.clone());
    }
    Ok(template.remarks.clone())
}

/// Ties a configuration item by a many-to-many relationship. What goes wrong is a remark: the incident is there.
async fn link(tool: &Provance, row: &Row, item: Option<&ConfigurationItem>) -> Result<Option<String>, ProviderError> {
    let profile = tool.profile();
    let (CiLink::ManyToMany { navigation }, Some(item)) = (&profile.incident.ci_link, item) else { return Ok(None) };
    let target = format!("{}({})", profile.ci.entity_set, item.id);
    let body = json!({"@odata.id": tool.client.absolute(&target)});
    let path = format!("{}({})/{navigation}/$ref", profile.incident.entity_set, row.text(&profile.incident.id));
    let call = Call {
        method: Method::POST,
        path: &path,
        query: &[],
        body: Some(&body),
        condition: Condition::Free,
        what: "linking the configuration item",
    };
    match tool.client.write(&call).await.map_err(ProviderError::from) {
        // One that is tied already is refused as a duplicate.
        Ok(_) => Ok(None),
        Err(ProviderError::Refused { cause, .. }) if cause.contains("0x80040237") => Ok(None),
        Err(ProviderError::Refused { cause, remedy }) => Ok(Some(format!("{} was not linked: {cause}; {remedy}", item.name))),
        Err(other) => Err(ProviderError::Ambiguous { cause: format!("the incident was made: {other}") }),
    }
}
