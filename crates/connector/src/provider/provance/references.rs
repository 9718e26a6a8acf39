//! Lookups: from what people write (a name, a GUID, an address) to the navigation property and the address that Dataverse wants.

use super::Provance;
use super::client::{List, fits_query, quoted};
use super::identity::guid;
use super::metadata::{self, Entity, Target};
use crate::provider::ProviderError;

/// A record that a lookup can point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) navigation: String,
    /// Entity set.
    pub(super) set: String,
    pub(super) id: String,
}

impl Reference {
    /// `/accounts(GUID)`
    pub(super) fn address(&self) -> String {
        format!("/{}({})", self.set, self.id)
    }
}

/// What came of it: the record, or why there is none.
pub(super) type Resolved = Result<Reference, String>;

/// What a table is called, remembered.
async fn entity(tool: &Provance, table: &str) -> Result<Entity, ProviderError> {
    let found = tool.entities.get(table, metadata::entity(&tool.client, table)).await?;
    Ok(found.value.as_ref().clone())
}

/// The record that `text` means for a lookup with these targets, remembered.
pub(super) async fn resolve(tool: &Provance, column: &str, targets: &[Target], text: &str) -> Result<Resolved, ProviderError> {
    let found = tool.references.get(&format!("{column} {text}"), look_up(tool, column, targets, text)).await?;
    Ok(found.value.as_ref().clone())
}

async fn look_up(tool: &Provance, column: &str, targets: &[Target], text: &str) -> Result<Resolved, ProviderError> {
    if let Some(address) = text.strip_prefix('/') {
        return by_address(tool, column, targets, address).await;
    }
    let id = guid(text);
    if let (Some(id), [one]) = (&id, targets) {
        let entity = entity(tool, &one.table).await?;
        return Ok(Ok(Reference { navigation: one.navigation.clone(), set: entity.set, id: id.clone() }));
    }
    // A group is meant more often than the person of the same name.
    let mut targets: Vec<&Target> = targets.iter().collect();
    targets.sort_by_key(|target| target.table != "team");
    let mut looked = Vec::new();
    for target in targets {
        let entity = match entity(tool, &target.table).await {
            Ok(entity) => entity,
            Err(ProviderError::Refused { .. }) => continue,
            Err(other) => return Err(other),
        };
        let filter = match &id {
            Some(id) => format!("{} eq {id}", entity.id),
            None if fits_query(text) && !entity.name.is_empty() => format!("{} eq {}", entity.name, quoted(text)),
            None => continue,
        };
        let select = [entity.id.as_str(), &entity.name].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(",");
        let list = List { set: &entity.set, select: &select, filter: &filter, order: "", page: 5 };
        let rows = match tool.client.rows(&list).await {
            Ok(rows) => rows,
            Err(ProviderError::Refused { cause, .. }) => {
                looked.push(cause);
                continue;
            }
            Err(other) => return Err(other),
        };
        let fits = |row: &&super::row::Row| match &id {
            Some(id) => guid(&row.text(&entity.id)).as_ref() == Some(id),
            None => row.text(&entity.name).eq_ignore_ascii_case(text),
        };
        let found: Vec<String> = rows.iter().filter(fits).filter_map(|row| guid(&row.text(&entity.id))).collect();
        match found.as_slice() {
            [] => looked.push(format!("no {} \"{text}\"", target.table)),
            [one] => return Ok(Ok(Reference { navigation: target.navigation.clone(), set: entity.set, id: one.clone() })),
            several => return Ok(Err(format!("{} records of {} are called \"{text}\"", several.len(), target.table))),
        }
    }
    Ok(Err(if looked.is_empty() { format!("{column} leads to no table that can be read") } else { looked.join(", ") }))
}

/// `accounts(GUID)`
async fn by_address(tool: &Provance, column: &str, targets: &[Target], address: &str) -> Result<Resolved, ProviderError> {
    let parts = address.split_once('(').and_then(|(set, rest)| Some((set, guid(rest.strip_suffix(')')?)?)));
    let Some((set, id)) = parts else {
        return Ok(Err(format!("\"/{address}\" is no address of a record: write /ENTITYSET(GUID)")));
    };
    for target in targets {
        let entity = entity(tool, &target.table).await?;
        if entity.set == set {
            return Ok(Ok(Reference { navigation: target.navigation.clone(), set: entity.set, id }));
        }
    }
    Ok(Err(format!("{column} does not lead to {set}")))
}
