//! Which record a key or a reference means: `(6b0a1d7e-…)`, `(new_key='a',new_part=1)`, `/accounts(475b158c-…)` or a whole address.

use super::{
    super::{
        database::{Cell, Database},
        guid,
        query::options::split,
        refusal::Refusal,
        schema::{Kind, Table, TableId},
    },
    segment,
};

/// A key in a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Primary(u128),
    /// Place of the alternate key, and the columns' places with their values.
    Alternate(usize, Vec<(usize, Cell)>),
}

impl Key {
    /// The record with this key.
    pub(super) fn find(&self, database: &Database, table: TableId) -> Option<u128> {
        match self {
            Self::Primary(id) => database.row(table, *id).map(|_| *id),
            Self::Alternate(key, values) => {
                let cells: Vec<Cell> = values.iter().map(|(_, cell)| cell.clone()).collect();
                database.by_key(table, *key, &cells)
            }
        }
    }
}

/// Reads what stands in the parentheses.
pub(super) fn key(text: &str, table: &Table) -> Result<Key, Refusal> {
    let plain = text.strip_prefix(&format!("{}=", table.primary_id)).unwrap_or(text);
    if let Some(id) = guid::parse(plain) {
        return Ok(Key::Primary(id));
    }
    if !text.contains('=') {
        return Err(Refusal::bad(format!("Error parsing key '{text}': a GUID or the columns of an alternate key are expected.")));
    }
    let mut given: Vec<(String, Cell)> = Vec::new();
    for part in parts(text) {
        let (name, value) = part.split_once('=').unwrap_or((part.as_str(), ""));
        let place = table.property(name.trim()).ok_or_else(|| Refusal::no_property(name.trim(), &table.logical_name))?;
        let column = table.column(place).map(|column| (column.name.clone(), column.kind));
        let (name, kind) = column.unwrap_or_default();
        given.push((name, literal(value.trim(), kind)?));
    }
    let names: std::collections::BTreeSet<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let found = table
        .keys
        .iter()
        .position(|key| key.columns.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>() == names);
    let Some(found) = found else {
        let names: Vec<&str> = names.into_iter().collect();
        return Err(Refusal::bad(format!(
            "The key in the request URI is not valid for resource '{}': no alternate key has the columns {}.",
            table.set_name,
            names.join(",")
        )));
    };
    let columns = table.keys.get(found).map(|key| key.columns.clone()).unwrap_or_default();
    let values = columns.iter().filter_map(|column| {
        let cell = given.iter().find(|(name, _)| name == column).map(|(_, cell)| cell.clone())?;
        table.place(column).map(|place| (place, cell))
    });
    Ok(Key::Alternate(found, values.collect()))
}

/// At the commas outside quotation marks.
fn parts(text: &str) -> Vec<String> {
    let mut quoted = false;
    text.split(|letter: char| {
        quoted ^= letter == '\'';
        letter == ',' && !quoted
    })
    .map(str::to_owned)
    .collect()
}

fn literal(value: &str, kind: Kind) -> Result<Cell, Refusal> {
    let wrong = || Refusal::bad(format!("The value {value} in the key is not of the column's type."));
    match kind {
        Kind::Text | Kind::Memo => {
            let inner = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).ok_or_else(wrong)?;
            Ok(Cell::text(&inner.replace("''", "'")))
        }
        Kind::Integer | Kind::BigInteger | Kind::Choice | Kind::State | Kind::Status => {
            value.parse().map(Cell::Integer).map_err(|_| wrong())
        }
        _ => guid::parse(value).map(Cell::Id).ok_or_else(wrong),
    }
}

/// The record that a reference such as `/accounts(475b158c-…)` means.
pub(super) fn reference(database: &Database, base: &str, text: &str) -> Result<(TableId, u128), Refusal> {
    let relative = match text.split_once("/api/data/") {
        Some((_, rest)) if base.split("/api/data/").next().is_some_and(|own| text.starts_with(own)) => {
            rest.split_once('/').map_or("", |(_, rest)| rest)
        }
        Some(_) => return Err(Refusal::bad(format!("The reference '{text}' leads to another service."))),
        None => text.trim_start_matches('/'),
    };
    let (set, inside) = segment(relative);
    let table = database.schema.set(set).ok_or_else(|| Refusal::no_segment(set))?;
    let definition = database.table(table).ok_or_else(|| Refusal::no_segment(set))?;
    let inside = inside.ok_or_else(|| Refusal::bad(format!("The reference '{text}' has no key.")))?;
    let key = key(inside, definition)?;
    let id = key.find(database, table);
    id.map(|id| (table, id))
        .ok_or_else(|| Refusal::no_record(&definition.logical_name, split(inside, ',').first().unwrap_or(&inside)))
}
