//! Reads what the environment offers: definitions of the profile's tables with their choices, teams, templates. Each part that may
//! not be read is a gap and the others are read all the same.

use std::collections::BTreeMap;

use super::client::{LARGEST, List};
use super::metadata::{self, Table};
use super::{Provance, template};
use crate::configuration::{Choice, Configuration, Field, Template};
use crate::provider::ProviderError;
use crate::provider::fields::Fields;
use crate::provider::parts::{Part, Parts};
use crate::work_item::WorkItemType;

const MOST_TEAMS: usize = 5_000;
const MOST_TEMPLATES: usize = 2_000;

pub(super) async fn configuration(tool: &Provance, _kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
    let read_at = tool.clock.now();
    let mut parts = Parts::default();
    let (mut fields, mut choices) = (BTreeMap::<String, BTreeMap<String, Field>>::new(), BTreeMap::new());
    let mut whole = true;
    for (section, logical_name, _) in tool.profile().tables() {
        let read = metadata::table(&tool.client, logical_name).await.map(|table| (table, None));
        let part = if section == "incident" { "fields" } else { "definitions" };
        match parts.take(part, read)? {
            Some(table) => {
                fields.insert(logical_name.to_owned(), table.fields());
                choices.insert(logical_name.to_owned(), table.choices.clone());
                tool.tables.put(logical_name, std::sync::Arc::new(table));
            }
            None => whole &= section != "incident",
        }
    }
    let groups = parts.take("groups", teams(tool).await)?;
    let templates = parts.take("templates", templates(tool).await)?;
    let fields = whole.then_some(fields);
    Ok(Configuration { read_at, templates, choices, groups, fields, plugins: BTreeMap::new(), gaps: parts.gaps()? })
}

pub(super) fn adopt(tool: &Provance, configuration: &Configuration) {
    let tables = configuration.fields.iter().flatten().map(|(table, fields)| {
        let choices: Option<&BTreeMap<String, Vec<Choice>>> = configuration.choices.get(table);
        (table.clone(), Table::kept(fields, choices))
    });
    tool.tables.adopt(configuration.read_at("fields"), tables);
    let kept = configuration.templates.iter().flatten().map(|kept| {
        let fields: Fields = serde_json::from_str(&kept.content).unwrap_or_default();
        (kept.name.to_lowercase(), Some(template::Template { fields, remarks: Vec::new() }))
    });
    tool.templates.adopt(configuration.read_at("templates"), kept);
}

fn cut(more: bool, what: &str, most: usize) -> Option<(String, String)> {
    more.then(|| {
        let remedy = "nothing to do: settings are not held against a list that is not whole".to_owned();
        (format!("the environment has more than {most} {what}; the others were not read"), remedy)
    })
}

async fn teams(tool: &Provance) -> Part<Vec<String>> {
    let list = List { set: "teams", select: "teamid,name", filter: "", order: "", page: LARGEST };
    let (rows, more) = tool.client.all(&list, MOST_TEAMS).await?;
    let mut names: Vec<String> = rows.iter().map(|row| row.text("name")).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(ProviderError::Refused {
            cause: "no team is visible: there is none, or the security role may not read them".to_owned(),
            remedy: "give the connector's security role the privilege prvReadTeam for the whole organization".to_owned(),
        });
    }
    names.sort();
    names.dedup();
    Ok((names, cut(more, "teams", MOST_TEAMS)))
}

/// Empty where the profile names no table of templates: then there are none.
async fn templates(tool: &Provance) -> Part<Vec<Template>> {
    let settings = &tool.profile().template;
    if settings.entity_set.is_empty() {
        return Ok((Vec::new(), None));
    }
    let list = List { set: &settings.entity_set, select: &template::select(settings), filter: "", order: "", page: LARGEST };
    let (rows, more) = tool.client.all(&list, MOST_TEMPLATES).await?;
    if rows.is_empty() {
        let cause = "no template is visible: there is none, or the security role may not read them".to_owned();
        return Err(ProviderError::Refused { cause, remedy: template::remedy(settings) });
    }
    let of_table = &tool.profile().incident.logical_name;
    let mut templates: Vec<Template> = rows
        .iter()
        .map(|row| Template {
            name: row.text(&settings.name),
            table: of_table.clone(),
            content: serde_json::to_string(&template::fields(settings, row)).unwrap_or_default(),
        })
        .collect();
    templates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((templates, cut(more, "templates", MOST_TEMPLATES)))
}
