//! Streams that have become rows. Like the service, members that no column declares are dropped without a word and long texts are cut;
//! unlike the service, both are remembered, so that a story can insist that it never happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::options::{Columns, Kind};

/// One row: declared members only.
pub type Row = Map<String, Value>;

/// Longest text of a column, in bytes; the rest is cut.
const FIELD: usize = 64 * 1024;

/// What one stream has taken.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Row>,
    count: u64,
    complaints: BTreeSet<String>,
}

/// What each stream has taken; streams of different rules with the same name share a table, as they may in Azure.
#[derive(Debug, Default)]
pub(super) struct Tables(BTreeMap<String, Table>);

impl Tables {
    pub(super) fn add(&mut self, stream: &str, columns: &Columns, records: Vec<Row>, keep: bool) {
        let table = self.0.entry(stream.to_owned()).or_default();
        for mut record in records {
            record.retain(|name, value| match columns.get(name) {
                None => {
                    table.complaints.insert(format!("`{name}` is not declared"));
                    false
                }
                Some(kind) => {
                    if !fits(*kind, value) {
                        table.complaints.insert(format!("`{name}` is not a {kind:?}"));
                    }
                    if cut(value) {
                        table.complaints.insert(format!("`{name}` was cut at 64 KB"));
                    }
                    true
                }
            });
            table.count += 1;
            if keep {
                table.rows.push(record);
            }
        }
    }

    pub(super) fn rows(&self, stream: &str) -> Vec<Row> {
        self.0.get(stream).map(|table| table.rows.clone()).unwrap_or_default()
    }

    pub(super) fn count(&self, stream: &str) -> u64 {
        self.0.get(stream).map_or(0, |table| table.count)
    }

    pub(super) fn complaints(&self, stream: &str) -> Vec<String> {
        self.0.get(stream).map(|table| table.complaints.iter().cloned().collect()).unwrap_or_default()
    }
}

/// Whether a value is of the declared kind; nothing is always fine.
fn fits(kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (_, Value::Null) | (Kind::Dynamic, _) | (Kind::String, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Int, value) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        (Kind::Long, value) => value.as_i64().is_some(),
        (Kind::Real, value) => value.is_number(),
        (Kind::DateTime, Value::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
        _ => false,
    }
}

/// Cuts a long text; whether it did.
fn cut(value: &mut Value) -> bool {
    let Value::String(text) = value else { return false };
    let long = text.len() > FIELD;
    if long {
        let end = (0..=FIELD).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    long
}
