//! Templates: Dataverse has no call that applies one, so the profile may name a table whose columns are copied. They fill only what
//! nothing else fills.

use std::sync::Arc;

use super::Provance;
use super::client::{List, fits_query, quoted};
use super::profile;
use super::row::Row;
use crate::configuration::as_read;
use crate::provider::ProviderError;
use crate::provider::fields::Fields;

/// What a template gives, and what to say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) fields: Fields,
    pub(super) remarks: Vec<String>,
}

/// What is read of a template.
pub(super) fn select(settings: &profile::Template) -> String {
    let columns = settings.columns.keys().map(String::as_str);
    [settings.id.as_str(), &settings.name].into_iter().chain(columns).collect::<Vec<_>>().join(",")
}

/// The columns that a record gives.
pub(super) fn fields(settings: &profile::Template, row: &Row) -> Fields {
    let filled = |(from, to): (&String, &String)| Some((to.clone(), row.text(from))).filter(|(_, text)| !text.is_empty());
    settings.columns.iter().filter_map(filled).collect()
}

/// What to do when no template is visible.
pub(super) fn remedy(settings: &profile::Template) -> String {
    format!("give the connector's security role the right to read {}, or make a template there", settings.logical_name)
}

/// The template `name`; nothing when there is none. Refused when no template at all is visible.
async fn look_up(tool: &Provance, name: &str) -> Result<Option<Template>, ProviderError> {
    let settings = &tool.connection.own.provance.profile.template;
    if !fits_query(name) {
        return Ok(None);
    }
    let filter = format!("{} eq {}", settings.name, quoted(name));
    let list = List { set: &settings.entity_set, select: &select(settings), filter: &filter, order: "", page: 5 };
    let rows = tool.client.rows(&list).await?;
    if let Some(row) = rows.iter().find(|row| row.text(&settings.name).eq_ignore_ascii_case(name)) {
        return Ok(Some(Template { fields: fields(settings, row), remarks: Vec::new() }));
    }
    if tool.client.rows(&List { filter: "", select: &settings.id, page: 1, ..list }).await?.is_empty() {
        return Err(ProviderError::Refused { cause: "no template is visible".to_owned(), remedy: remedy(settings) });
    }
    Ok(None)
}

/// The same, remembered, else the copy of the last refresh; never refuses for a template's sake.
pub(super) async fn cached(tool: &Provance, name: &str) -> Result<Arc<Option<Template>>, ProviderError> {
    let settings = &tool.connection.own.provance.profile.template;
    let missing = |why: &str| {
        let remark = format!("template \"{name}\" {why}; the work item was made without it");
        Arc::new(Some(Template { fields: Fields::new(), remarks: vec![remark] }))
    };
    if settings.entity_set.is_empty() {
        return Ok(missing("was not looked for: provance.profile.template names no table"));
    }
    let found = match tool.templates.get(&name.to_lowercase(), look_up(tool, name)).await {
        Ok(found) => found,
        Err(ProviderError::Refused { cause, remedy }) => {
            return Ok(missing(&format!("could not be read ({cause}: {remedy})")));
        }
        Err(other) => return Err(other),
    };
    Ok(match (found.value.as_ref(), found.stale) {
        (None, _) => missing(&format!("was not found in {}", settings.logical_name)),
        (Some(_), None) => found.value,
        (Some(template), Some((at, error))) => {
            let mut template = template.clone();
            let age = as_read(at, tool.clock.now());
            template.remarks.push(format!("template \"{name}\" cannot be read now ({error}); the copy {age} was used"));
            Arc::new(Some(template))
        }
    })
}
