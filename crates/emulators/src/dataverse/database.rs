//! Records in memory: typed cells by column, in the order of their ids and of their last change, with every version and every deletion
//! numbered, so that pages and change tracking cost little however many records there are.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::schema::{Schema, Table, TableId};

/// What one column of one record holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(Box<str>),
    Integer(i64),
    Decimal(f64),
    Boolean(bool),
    /// Seconds since 1970: the real thing keeps no fractions.
    Time(i64),
    Id(u128),
    Link(TableId, u128),
}

impl Cell {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn time(&self) -> i64 {
        if let Self::Time(value) = self { *value } else { 0 }
    }

    pub(crate) fn as_text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    pub(crate) fn link(&self) -> Option<(TableId, u128)> {
        if let Self::Link(table, id) = self { Some((*table, *id)) } else { None }
    }
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// Counts records from the first on.
    pub(crate) sequence: u64,
}

impl Row {
    pub(crate) fn get(&self, place: usize) -> &Cell {
        self.cells.get(place).unwrap_or(&Cell::Null)
    }
}

/// A record that is no more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tombstone {
    pub(crate) version: u64,
    pub(crate) id: u128,
}

/// The records of one table.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) rows: BTreeMap<u128, Row>,
    /// Last change (seconds) and id.
    pub(crate) modified: BTreeSet<(i64, u128)>,
    /// The newest version of each record.
    pub(crate) versions: BTreeMap<u64, u128>,
    pub(crate) gone: Vec<Tombstone>,
    /// By place of the alternate key among the table's, and the key's values.
    keys: HashMap<(usize, String), u128>,
    numbers: u64,
}

/// Everything an environment keeps.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) schema: Schema,
    shelves: Vec<Shelf>,
    /// Pairs by the place of the relationship in the schema, the first table's id first.
    pub(crate) pairs: BTreeMap<usize, BTreeSet<(u128, u128)>>,
    version: u64,
    sequence: u64,
    chance: StdRng,
}

/// A key's value that another record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The primary key.
    Primary,
    /// An alternate key, by its place.
    Alternate(usize),
}

impl Database {
    pub(crate) fn new(schema: Schema, chance: u64) -> Self {
        let shelves = schema.tables().map(|_| Shelf::default()).collect();
        // Version numbers of a living environment are large and shared by all tables.
        let (version, sequence) = (7_000_000, 0);
        Self { schema, shelves, pairs: BTreeMap::new(), version, sequence, chance: StdRng::seed_from_u64(chance) }
    }

    pub(crate) fn shelf(&self, table: TableId) -> Option<&Shelf> {
        self.shelves.get(table.0)
    }

    pub(crate) fn table(&self, table: TableId) -> Option<&Table> {
        self.schema.table(table)
    }

    pub(crate) fn row(&self, table: TableId, id: u128) -> Option<&Row> {
        self.shelf(table)?.rows.get(&id)
    }

    /// The value of a column by name.
    pub(crate) fn value(&self, table: TableId, id: u128, column: &str) -> &Cell {
        let place = self.table(table).and_then(|table| table.place(column));
        self.row(table, id).zip(place).map_or(&Cell::Null, |(row, place)| row.get(place))
    }

    /// What names a record.
    pub(crate) fn name(&self, table: TableId, id: u128) -> &str {
        let name = self.table(table).map(|table| table.primary_name.as_str()).unwrap_or_default();
        self.value(table, id, name).as_text()
    }

    /// The newest version number given.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// An id as the server makes it: its first half grows, so that new records stand at the end.
    pub(crate) fn new_id(&mut self) -> u128 {
        let high = u128::from(self.sequence + 0x4000_0000) << 96;
        let middle = 0x11ee_u128 << 64;
        let low = u128::from(self.chance.random::<u64>() >> 2) | (0b10 << 62);
        high | (0x1000 << 80) | middle | low
    }

    /// The next automatic number in a form such as `CAS-{n:5}-{r}`.
    pub(crate) fn number(&mut self, table: TableId, form: &str) -> String {
        let number = self.shelves.get_mut(table.0).map_or(0, |shelf| {
            shelf.numbers += 1;
            shelf.numbers
        });
        let mut text = String::new();
        let mut rest = form;
        while let Some((before, behind)) = rest.split_once('{') {
            text.push_str(before);
            let (what, after) = behind.split_once('}').unwrap_or((behind, ""));
            match what.strip_prefix("n:").and_then(|digits| digits.parse::<usize>().ok()) {
                // Writing into a text cannot fail.
                Some(digits) => write!(text, "{:0digits$}", 1000 + number).unwrap_or_default(),
                None => text.extend((0..6).map(|place| self.sign(place % 2 == 1))),
            }
            rest = after;
        }
        text + rest
    }

    fn sign(&mut self, digit: bool) -> char {
        let (first, count) = if digit { (b'0', 10) } else { (b'A', 26) };
        char::from(first + self.chance.random_range(0..count))
    }

    /// Which key of these cells another record than `id` has.
    pub(crate) fn taken(&self, table: TableId, id: u128, cells: &[Cell]) -> Option<Taken> {
        let (records, definition) = (self.shelf(table)?, self.table(table)?);
        (0..definition.keys.len()).find_map(|key| {
            let value = key_value(definition, key, cells)?;
            records.keys.get(&(key, value)).filter(|other| **other != id).map(|_| Taken::Alternate(key))
        })
    }

    /// The record with this alternate key.
    pub(crate) fn by_key(&self, table: TableId, key: usize, values: &[Cell]) -> Option<u128> {
        let text: Vec<String> = values.iter().map(key_part).collect();
        self.shelf(table)?.keys.get(&(key, text.join("\u{1f}"))).copied()
    }

    /// Puts a record in, or in the place of its older self; gives it a version.
    pub(crate) fn put(&mut self, table: TableId, id: u128, mut cells: Vec<Cell>) {
        self.version += 1;
        let version = self.version;
        let Some(definition) = self.schema.table(table) else { return };
        let places = definition.places;
        let Some(records) = self.shelves.get_mut(table.0) else { return };
        let sequence = if let Some(old) = records.take(definition, id) {
            old.sequence
        } else {
            self.sequence += 1;
            self.sequence
        };
        if let Some(cell) = cells.get_mut(places.version) {
            *cell = Cell::Integer(i64::try_from(version).unwrap_or(i64::MAX));
        }
        for key in 0..definition.keys.len() {
            if let Some(value) = key_value(definition, key, &cells) {
                records.keys.insert((key, value), id);
            }
        }
        let row = Row { cells, sequence };
        records.modified.insert((row.get(places.modified_on).time(), id));
        records.versions.insert(version, id);
        records.rows.insert(id, row);
    }

    /// Takes a record out; change tracking will tell of it.
    pub(crate) fn remove(&mut self, table: TableId, id: u128) -> bool {
        let Some(definition) = self.schema.table(table) else { return false };
        let Some(records) = self.shelves.get_mut(table.0) else { return false };
        if records.take(definition, id).is_none() {
            return false;
        }
        self.version += 1;
        records.gone.push(Tombstone { version: self.version, id });
        let sides = self.schema.relationships.iter().enumerate();
        for (place, relationship) in sides {
            let Some(pairs) = self.pairs.get_mut(&place) else { continue };
            if relationship.first == definition.logical_name {
                pairs.retain(|pair| pair.0 != id);
            }
            if relationship.second == definition.logical_name {
                pairs.retain(|pair| pair.1 != id);
            }
        }
        true
    }
}

impl Shelf {
    fn take(&mut self, definition: &Table, id: u128) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        self.modified.remove(&(row.get(definition.places.modified_on).time(), id));
        let version = row.get(definition.places.version).integer().and_then(|version| u64::try_from(version).ok());
        self.versions.remove(&version.unwrap_or_default());
        for key in 0..definition.keys.len() {
            if let Some(value) = key_value(definition, key, &row.cells) {
                self.keys.remove(&(key, value));
            }
        }
        Some(row)
    }
}

/// The values of an alternate key in one text; `None` when one of them is empty, for then the key does not hold.
fn key_value(table: &Table, key: usize, cells: &[Cell]) -> Option<String> {
    let columns = &table.keys.get(key)?.columns;
    let parts: Option<Vec<String>> =
        columns.iter().map(|column| cells.get(table.place(column)?).filter(|cell| **cell != Cell::Null).map(key_part)).collect();
    parts.map(|parts| parts.join("\u{1f}"))
}

/// The case of letters does not matter, as in the database's collation.
fn key_part(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.to_lowercase(),
        other => format!("{other:?}"),
    }
}
