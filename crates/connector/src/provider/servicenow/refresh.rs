//! Reads what the instance offers: templates, choices, groups, fields, plugins. Each part that may not be read is a gap and the
//! others are read all the same; ServiceNow mostly hides what may not be read instead of refusing it, so that an empty answer is
//! believed only when something proves that the table can be read.

use std::collections::BTreeMap;

use super::client::Row;
use super::config::WriteMode;
use super::walk::{Found, walk};
use super::{ServiceNow, choices, mapping, template};
use crate::configuration::{Choice, Configuration, EVENT_MANAGEMENT, Field, Template};
use crate::provider::ProviderError;
use crate::provider::parts::{Part, Parts};
use crate::work_item::WorkItemType;

/// Most rows read of each table.
const MOST_TEMPLATES: usize = 2_000;
const MOST_CHOICES: usize = 10_000;
const MOST_GROUPS: usize = 5_000;
const MOST_FIELDS: usize = 5_000;

type Fields = BTreeMap<String, BTreeMap<String, Field>>;
type Choices = BTreeMap<String, BTreeMap<String, Vec<Choice>>>;

pub(super) async fn configuration(tool: &ServiceNow, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
    let read_at = tool.clock.now();
    let mut parts = Parts::default();
    let templates = templates(tool, kinds).await;
    let templates = parts.take("templates", templates)?;
    let choices = choice_lists(tool, kinds).await;
    let choices = parts.take("choices", choices)?.unwrap_or_default();
    let groups = groups(tool).await;
    let groups = parts.take("groups", groups)?;
    let mut plugins = BTreeMap::new();
    let exists = table_exists(tool, "em_event").await;
    plugins.extend(parts.take("plugins", exists)?.map(|exists| (EVENT_MANAGEMENT.to_owned(), exists)));
    let settings = &tool.connection.own.servicenow;
    if settings.write == WriteMode::ImportSet {
        let table = settings.import_set.table.clone();
        let exists = table_exists(tool, &table).await;
        plugins.extend(parts.take("plugins", exists)?.map(|exists| (table, exists)));
    }
    let fields = fields(tool, kinds).await;
    let fields = parts.take("fields", fields)?;
    Ok(Configuration { read_at, templates, choices, groups, fields, plugins, gaps: parts.gaps()? })
}

pub(super) fn adopt(tool: &ServiceNow, configuration: &Configuration) {
    let incident = configuration.choices.get(mapping::table(WorkItemType::Incident));
    let lists = incident.into_iter().flatten().map(|(element, list)| (element.clone(), list.clone()));
    tool.choices.adopt(configuration.read_at("choices"), lists);
    let parsed = configuration.templates.iter().flatten().map(|kept| {
        let parsed = template::parse(&kept.name, &kept.content);
        (template::remembered(&kept.table, &kept.name), Some(parsed))
    });
    tool.templates.adopt(configuration.read_at("templates"), parsed);
}

fn refused(cause: &str, remedy: &str) -> ProviderError {
    ProviderError::Refused { cause: cause.to_owned(), remedy: remedy.to_owned() }
}

/// Why a list that must be whole to be judged by is not.
fn not_all(found: &Found, what: &str, most: usize, remedy: &str) -> Option<(String, String)> {
    if found.cut {
        let remedy = "nothing to do: settings are not held against a list that is not whole".to_owned();
        return Some((format!("the instance has more than {most} {what}; the others were not read"), remedy));
    }
    found.hidden.then(|| (format!("some {what} may not be read"), remedy.to_owned()))
}

fn tables(kinds: &[WorkItemType]) -> Vec<&'static str> {
    kinds.iter().map(|kind| mapping::table(*kind)).collect()
}

/// A table and its parents, own first.
fn lineage(table: &str) -> Vec<&str> {
    if table == "incident" { vec![table, "task"] } else { vec![table] }
}

async fn templates(tool: &ServiceNow, kinds: &[WorkItemType]) -> Part<Vec<Template>> {
    let tables = tables(kinds);
    let query = format!("active=true^tableIN{}", tables.join(","));
    let found = walk(&tool.client, "sys_template", &query, "sys_id,name,table,active,template", MOST_TEMPLATES).await?;
    let ours = |row: &&Row| tables.contains(&row.value("table")) && row.value("active") != "false";
    let mut templates: Vec<Template> = found.rows.iter().filter(ours).map(template_of).collect();
    // The instance shows none that is not for the user, so that hidden ones are no gap; seeing none at all is one.
    if templates.is_empty() && tool.client.rows("sys_template", "ORDERBYsys_id", "sys_id", 1).await?.is_empty() {
        return Err(refused("no template is visible: there is none, or read rights hide them all", template::REMEDY));
    }
    templates.sort_by(|one, other| (&one.table, &one.name).cmp(&(&other.table, &other.name)));
    let told = Found { hidden: false, ..found };
    Ok((templates, not_all(&told, "templates", MOST_TEMPLATES, template::REMEDY)))
}

fn template_of(row: &Row) -> Template {
    let value = |column| row.value(column).to_owned();
    Template { name: value("name"), table: value("table"), content: value("template") }
}

async fn choice_lists(tool: &ServiceNow, kinds: &[WorkItemType]) -> Part<Choices> {
    let tables = tables(kinds);
    let names: Vec<&str> = tables.iter().flat_map(|table| lineage(table)).collect();
    let query = format!("nameIN{}^inactive=false", names.join(","));
    // An instance with many languages has each choice in each: English is enough where there is any.
    let english = format!("{query}^language=en^ORlanguageISEMPTY");
    let mut found = walk(&tool.client, "sys_choice", &english, choices::COLUMNS, MOST_CHOICES).await?;
    if found.rows.is_empty() && !found.hidden {
        found = walk(&tool.client, "sys_choice", &query, choices::COLUMNS, MOST_CHOICES).await?;
    }
    let lists: Choices = tables
        .iter()
        .map(|table| ((*table).to_owned(), choices::lists(&found.rows, &lineage(table))))
        .filter(|(_, lists)| !lists.is_empty())
        .collect();
    if lists.is_empty() {
        return Err(refused("no choice is visible: read rights hide sys_choice", choices::REMEDY));
    }
    Ok((lists, not_all(&found, "choices", MOST_CHOICES, choices::REMEDY)))
}

async fn groups(tool: &ServiceNow) -> Part<Vec<String>> {
    const REMEDY: &str = "give the integration user the right to read sys_user_group (role itil)";
    let found = walk(&tool.client, "sys_user_group", "active=true", "sys_id,name,active", MOST_GROUPS).await?;
    let mut names: Vec<String> =
        found.rows.iter().map(|row| row.value("name").to_owned()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(refused("no group is visible: there is none, or read rights hide them all", REMEDY));
    }
    names.sort();
    names.dedup();
    Ok((names, not_all(&found, "groups", MOST_GROUPS, REMEDY)))
}

/// Whether a table exists, as far as a read tells: one that may not be read does.
async fn table_exists(tool: &ServiceNow, table: &str) -> Part<bool> {
    match tool.client.rows(table, "ORDERBYsys_id", "sys_id", 1).await {
        Ok(_) => Ok((true, None)),
        Err(ProviderError::Refused { cause, .. }) => {
            // Two releases, two wordings.
            Ok((!(cause.contains("nvalid table") || cause.contains("does not exist")), None))
        }
        Err(error) => Err(error),
    }
}

async fn fields(tool: &ServiceNow, kinds: &[WorkItemType]) -> Part<Fields> {
    const REMEDY: &str = "give the integration user the right to read sys_dictionary (role personalize_dictionary); without it field \
        names and lengths in the settings are not checked";
    let connection = &tool.connection;
    let staging = connection.own.servicenow.import_set.table.as_str();
    let class = connection.own.servicenow.ci_class.as_str();
    // Each table with its parents.
    let mut wanted: Vec<(&str, Vec<&str>)> = tables(kinds).into_iter().map(|table| (table, lineage(table))).collect();
    if connection.own.servicenow.write == WriteMode::ImportSet {
        wanted.push((staging, vec![staging, "sys_import_set_row"]));
    }
    if connection.configuration_item.link {
        wanted.push(("cmdb_ci", vec!["cmdb_ci", "cmdb"]));
    }
    let names: Vec<&str> = wanted.iter().flat_map(|(_, lineage)| lineage.iter().copied()).collect();
    let query = format!("nameIN{}^elementISNOTEMPTY", names.join(","));
    let columns = "sys_id,name,element,column_label,internal_type,max_length,active";
    let found = walk(&tool.client, "sys_dictionary", &query, columns, MOST_FIELDS).await?;
    let mut fields: Fields = BTreeMap::new();
    for (table, lineage) in wanted {
        // Parents first, so that the table's own entries replace theirs.
        let rows = lineage.iter().rev().flat_map(|name| found.rows.iter().filter(move |row| row.value("name") == *name));
        let columns = rows.filter(|row| !row.value("element").is_empty() && row.value("active") != "false");
        let of_table: BTreeMap<String, Field> = columns.map(|row| (row.value("element").to_owned(), field_of(row))).collect();
        if !of_table.is_empty() {
            fields.insert(table.to_owned(), of_table);
        }
    }
    if fields.is_empty() {
        return Err(refused("no field is visible: read rights hide sys_dictionary", REMEDY));
    }
    if connection.configuration_item.create && class != "cmdb_ci" && table_exists(tool, class).await?.0 {
        // Its own columns are of no interest, only that it is there.
        fields.entry(class.to_owned()).or_default();
    }
    Ok((fields, not_all(&found, "fields", MOST_FIELDS, REMEDY)))
}

fn field_of(row: &Row) -> Field {
    let length = row.value("max_length").replace(',', "").parse().ok();
    Field {
        label: row.value("column_label").to_owned(),
        kind: row.value("internal_type").to_owned(),
        max_length: length.filter(|length| *length > 0),
    }
}
