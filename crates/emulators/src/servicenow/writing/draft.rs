//! A record being written: its values by column name, and the journal entries that go with it.

use std::{collections::BTreeMap, sync::Arc};

use crate::servicenow::{
    database::{Database, Row},
    schema::{ColumnId, Table, TableId},
};

/// A record's next version.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) table: TableId,
    /// (`work_notes` or `comments`, text)
    pub(super) journals: Vec<(String, String)>,
    definition: Arc<Table>,
    values: BTreeMap<ColumnId, String>,
}

impl Draft {
    pub(super) fn new(database: &Database, table: TableId) -> Option<Self> {
        let definition = Arc::clone(database.schema.table(table)?);
        Some(Self { table, journals: Vec::new(), definition, values: BTreeMap::new() })
    }

    pub(super) fn of(database: &Database, table: TableId, row: &Row) -> Option<Self> {
        let mut draft = Self::new(database, table)?;
        draft.values = row.values().map(|(column, value)| (column, value.to_owned())).collect();
        Some(draft)
    }

    /// Empty when not set or when there is no such column.
    pub(super) fn get(&self, column: &str) -> &str {
        self.definition.column_id(column).and_then(|id| self.values.get(&id)).map_or("", String::as_str)
    }

    /// Does nothing when there is no such column.
    pub(super) fn set(&mut self, column: &str, value: &str) {
        if let Some(id) = self.definition.column_id(column) {
            if value.is_empty() {
                self.values.remove(&id);
            } else {
                self.values.insert(id, value.to_owned());
            }
        }
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.values == other.values && self.journals.is_empty()
    }

    pub(super) fn pack(&self) -> Row {
        Row::pack(self.values.iter().map(|(column, value)| (*column, value.as_str())))
    }
}
