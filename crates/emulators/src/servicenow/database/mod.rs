//! The records themselves: what is kept, how it is found again. No rule of business lives here, and no wire format.

mod choices;
mod row;
mod rows;
mod timeline;

use std::collections::HashMap;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::schema::{ColumnId, Schema, TableId};
pub use choices::Choices;
pub use row::Row;
pub(crate) use rows::same_text;
pub use rows::{Rows, key_of};
pub use timeline::{Moment, Timeline};

/// Where a record is: its own table (never a parent's) and its slot there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The record's own class.
    pub table: TableId,
    /// Its slot among that table's rows.
    pub slot: u32,
}

/// All records of an instance.
#[derive(Debug)]
pub struct Database {
    /// Tables and columns.
    pub schema: Schema,
    /// Labels of choice values, kept in step with `sys_choice`.
    pub choices: Choices,
    rows: Vec<Rows>,
    numbers: HashMap<TableId, u64>,
    chance: StdRng,
}

impl Database {
    /// Empty tables.
    #[must_use]
    pub fn new(schema: Schema, seed: u64) -> Self {
        let rows = schema.tables().iter().map(|table| Rows::new(table)).collect();
        Self { schema, choices: Choices::default(), rows, numbers: HashMap::new(), chance: StdRng::seed_from_u64(seed) }
    }

    /// A fresh `sys_id`: 32 lower-case hexadecimal digits.
    pub fn new_sys_id(&mut self) -> String {
        format!("{:032x}", self.chance.random::<u128>())
    }

    /// The next number of a numbered table, for example `INC0010001`.
    pub fn next_number(&mut self, table: TableId) -> Option<String> {
        let prefix = self.schema.table(table)?.prefix.clone()?;
        let last = self.numbers.entry(table).or_insert(10_000);
        *last += 1;
        Some(format!("{prefix}{last:07}"))
    }

    /// The rows of one table, without those of tables that extend it.
    #[must_use]
    pub fn rows(&self, table: TableId) -> Option<&Rows> {
        self.rows.get(table)
    }

    /// Adds a record to its own table.
    pub fn insert(&mut self, table: TableId, row: Row) -> Option<Place> {
        let slot = self.rows.get_mut(table)?.insert(row);
        self.changed(table);
        Some(Place { table, slot })
    }

    /// Puts another version in a record's place.
    pub fn replace(&mut self, place: Place, row: Row) {
        if let Some(rows) = self.rows.get_mut(place.table) {
            rows.replace(place.slot, row);
        }
        self.changed(place.table);
    }

    /// Takes a record out.
    pub fn delete(&mut self, place: Place) {
        if let Some(rows) = self.rows.get_mut(place.table) {
            rows.delete(place.slot);
        }
        self.changed(place.table);
    }

    /// A record by place.
    #[must_use]
    pub fn row(&self, place: Place) -> Option<&Row> {
        self.rows.get(place.table)?.row(place.slot)
    }

    /// A record of a table, or of one that extends it, by `sys_id`.
    #[must_use]
    pub fn find(&self, table: TableId, sys_id: &str) -> Option<Place> {
        let family = &self.schema.table(table)?.family;
        family.iter().find_map(|table| self.rows.get(*table)?.slot_of(sys_id).map(|slot| Place { table: *table, slot }))
    }

    /// One value of a record by column name; empty when there is no such column.
    #[must_use]
    pub fn value(&self, place: Place, column: &str) -> &str {
        let column = self.schema.table(place.table).and_then(|table| table.column_id(column));
        column.zip(self.row(place)).map_or("", |(column, row)| row.get(column))
    }

    /// What a person sees of a record: its number or name.
    #[must_use]
    pub fn display(&self, place: Place) -> &str {
        let column = self.schema.table(place.table).and_then(|table| table.display_column());
        column.zip(self.row(place)).map_or("", |(column, row)| row.get(column))
    }

    /// The records of a family whose column equals the text, by index when the column has one.
    #[must_use]
    pub fn find_by(&self, table: &str, column: &str, value: &str) -> Vec<Place> {
        let Some(table) = self.schema.id(table).and_then(|id| self.schema.table(id)) else { return Vec::new() };
        let mut places = Vec::new();
        for id in &table.family {
            let (Some(rows), Some(column)) =
                (self.rows.get(*id), self.schema.table(*id).and_then(|table| table.column_id(column)))
            else {
                continue;
            };
            places.extend(rows.equal(column, value).into_iter().map(|slot| Place { table: *id, slot }));
        }
        places
    }

    /// The label of a choice value; the value itself when the instance knows none.
    #[must_use]
    pub fn choice_label<'a>(&'a self, table: TableId, column: ColumnId, value: &'a str) -> &'a str {
        self.choices.label(table, column, value).unwrap_or(value)
    }

    fn changed(&mut self, table: TableId) {
        if self.schema.id("sys_choice") == Some(table) {
            self.choices.forget();
        }
    }

    /// Reads `sys_choice` again when it changed; done once a request, before anything is shown.
    pub fn refresh_choices(&mut self) {
        if self.choices.stale() {
            self.choices = Choices::read(self);
        }
    }
}
