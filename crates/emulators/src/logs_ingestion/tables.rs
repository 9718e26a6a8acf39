//! Streams that have become rows. Like the service, members that no column declares are dropped without a word and long texts are cut;
//! unlike the service, both are remembered, so that a story can insist that it never happened.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

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
    /// Takes over what a call held.
    pub(super) fn add(&mut self, stream: &str, taken: Taken) {
        let table = self.0.entry(stream.to_owned()).or_default();
        table.count += taken.records;
        table.rows.extend(taken.rows);
        table.complaints.extend(taken.complaints);
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

/// What a call holds.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) records: u64,
    /// Empty when rows are only counted.
    rows: Vec<Row>,
    complaints: BTreeSet<String>,
}

/// Reads the body of a call, an array of objects. A body that is none gives nothing.
pub(super) fn read(body: &[u8], columns: &Columns, keep: bool) -> Option<Taken> {
    let mut reading = Reading { columns, keep, taken: Taken::default() };
    let mut body = serde_json::Deserializer::from_slice(body);
    Records(&mut reading).deserialize(&mut body).ok()?;
    body.end().ok()?;
    Some(reading.taken)
}

struct Reading<'a> {
    columns: &'a Columns,
    keep: bool,
    taken: Taken,
}

impl Reading<'_> {
    fn member(&mut self, name: &str, value: &RawValue, row: &mut Row) {
        let Some(kind) = self.columns.get(name) else {
            self.taken.complaints.insert(format!("`{name}` is not declared"));
            return;
        };
        let raw = value.get();
        // Nearly all members are short texts of a text column: nothing to look at more closely, unless they are to be kept.
        if !self.keep && *kind == Kind::String && raw.starts_with('"') && raw.len() < FIELD {
            return;
        }
        let mut value: Value = serde_json::from_str(raw).unwrap_or_default();
        if !fits(*kind, &value) {
            self.taken.complaints.insert(format!("`{name}` is not a {kind:?}"));
        }
        if cut(&mut value) {
            self.taken.complaints.insert(format!("`{name}` was cut at 64 KB"));
        }
        if self.keep {
            row.insert(name.to_owned(), value);
        }
    }
}

/// The array.
struct Records<'a, 'b>(&'a mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, body: D) -> Result<(), D::Error> {
        body.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while records.next_element_seed(Record(self.0))?.is_some() {
            self.0.taken.records += 1;
        }
        Ok(())
    }
}

/// One object.
struct Record<'a, 'b>(&'a mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Record<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, record: D) -> Result<(), D::Error> {
        record.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        let mut row = Row::new();
        while let Some((Name(name), value)) = members.next_entry::<Name<'de>, &'de RawValue>()? {
            self.0.member(&name, value, &mut row);
        }
        if self.0.keep {
            self.0.taken.rows.push(row);
        }
        Ok(())
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
