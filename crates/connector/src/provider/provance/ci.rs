//! Finding the configuration item that an alert is about, in the table that the profile names: by the column that holds the ARM id,
//! then by FQDN and name. Every step is accounted for and nothing is guessed without being told to.

use reqwest::Method;
use serde_json::Value;

use super::client::{Call, Condition, List, Reply, fits_query, quoted};
use super::profile::Ci;
use super::row::{Row, row};
use super::{Provance, body, identity, mapping};
use crate::provider::configuration_items::{self, By, Search, Step};
use crate::provider::fields::Fields;
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::work_item::ConfigurationItem;

/// Columns of which one must hold what a step wants.
fn columns<'a>(step: &Step<'_>, settings: &'a Ci) -> Vec<&'a str> {
    let all: &[&str] = match step.by {
        By::ResourceId => &[&settings.resource_id],
        By::NameOrFqdn => &[&settings.name, &settings.fqdn],
        By::Name => &[&settings.name],
    };
    all.iter().copied().filter(|column| !column.is_empty()).collect()
}

fn select(settings: &Ci) -> String {
    let fixed = [&settings.id, &settings.name, &settings.fqdn, &settings.resource_id, &settings.class];
    let columns = fixed.into_iter().chain(settings.retired.keys()).filter(|column| !column.is_empty());
    columns.map(String::as_str).collect::<Vec<_>>().join(",")
}

fn item(settings: &Ci, row: &Row) -> ConfigurationItem {
    let class = row.shown(&settings.class);
    ConfigurationItem {
        id: row.text(&settings.id),
        name: row.text(&settings.name),
        class: if class.is_empty() { settings.logical_name.clone() } else { class },
    }
}

/// Looks, step by step; creates one at the end when the settings say so.
pub(super) async fn find(tool: &Provance, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
    let settings = &tool.connection.own.provance.profile.ci;
    if settings.entity_set.is_empty() {
        let names = query.names.join(", ");
        let account = format!(
            "{names} was not looked for: provance.profile.ci names no table (configuration_item.link = false leaves out this remark)"
        );
        return Ok(ConfigurationItemFound { account: vec![account], ..ConfigurationItemFound::default() });
    }
    let mut search = Search::new(&tool.connection.configuration_item, query, fits_query);
    let (select, order) = (select(settings), format!("{} desc", settings.modified_on));
    for step in configuration_items::steps(query, !settings.resource_id.is_empty(), fits_query) {
        let columns = columns(&step, settings);
        let says = format!("{} {} = {}", settings.logical_name, columns.join(" or "), step.wanted);
        let filter: Vec<String> = columns.iter().map(|column| format!("{column} eq {}", quoted(step.wanted))).collect();
        let list = List { set: &settings.entity_set, select: &select, filter: &filter.join(" or "), order: &order, page: 20 };
        match tool.client.rows(&list).await {
            Ok(mut rows) => {
                let holds = |row: &Row| columns.iter().any(|column| row.text(column).eq_ignore_ascii_case(step.wanted));
                rows.retain(|row| holds(row) && identity::guid(&row.text(&settings.id)).is_some());
                let all = rows.len();
                rows.retain(|row| !mapping::holds(&settings.retired, row));
                if search.looked(&says, all, rows.iter().map(|row| item(settings, row)).collect()) {
                    return Ok(search.done());
                }
            }
            Err(error) => search.refused(&says, error)?,
        }
    }
    if search.creates() {
        create(tool, query, &mut search).await?;
    }
    Ok(search.done())
}

/// Makes one under a primary key that is made of its name, so that two at once make one.
async fn create(tool: &Provance, query: &ConfigurationItemQuery, search: &mut Search<'_>) -> Result<(), ProviderError> {
    let settings = &tool.connection.own.provance.profile.ci;
    let Some((name, fqdn)) = configuration_items::new_name(query) else { return Ok(()) };
    let mut fields: Fields = settings.create.clone();
    let id = query.resource_id.as_deref();
    for (column, value) in [(&settings.name, Some(name)), (&settings.fqdn, fqdn), (&settings.resource_id, id)] {
        if let Some(value) = value.filter(|_| !column.is_empty()) {
            fields.insert(column.clone(), value.to_owned());
        }
    }
    let written = write(tool, name, &fields).await;
    search.created(&settings.logical_name, name, written)
}

async fn write(tool: &Provance, name: &str, fields: &Fields) -> Result<ConfigurationItem, ProviderError> {
    let settings = &tool.connection.own.provance.profile.ci;
    let table = tool.table(&settings.logical_name).await?;
    let body = Value::Object(body::make(tool, &table, fields).await?.values);
    let (key, select) = (identity::configuration_item(name), select(settings));
    let path = format!("{}({key})", settings.entity_set);
    let call = Call {
        method: Method::PATCH,
        path: &path,
        query: &[("$select", &select)],
        body: Some(&body),
        condition: Condition::Absent,
        what: "creating a configuration item",
    };
    let written = match tool.client.write(&call).await? {
        Reply::Value(value) => Some(row(value)),
        // Another delivery was faster, or it is there and retired or renamed.
        Reply::Done | Reply::Unmet(_) => tool.client.record(&settings.entity_set, &key, &select).await?,
    };
    written.map(|row| item(settings, &row)).ok_or_else(|| ProviderError::Refused {
        cause: format!("creating a configuration item: {name} was made and cannot be read"),
        remedy: format!("give the connector's security role the right to read {}", settings.logical_name),
    })
}
