//! Labels of choice values. `sys_choice` is the truth; this is a copy arranged for reading, since every shown record asks for a dozen labels.

use std::collections::HashMap;

use super::{
    super::schema::{ColumnId, TableId},
    Database,
};

/// Values with their labels, by table and column, parents' choices included.
#[derive(Debug, Default)]
pub struct Choices {
    lists: HashMap<(TableId, ColumnId), Vec<(String, String)>>,
    read: bool,
}

impl Choices {
    /// Reads the table. A table's own list wins over its parents'.
    pub(super) fn read(database: &Database) -> Self {
        let mut by_name: HashMap<(String, String), Vec<(String, String)>> = HashMap::new();
        let table = database.schema.id("sys_choice");
        if let Some((rows, table)) = table.and_then(|id| database.rows(id).zip(database.schema.table(id))) {
            let column =
                |row: &super::Row, name: &str| table.column_id(name).map(|id| row.get(id).to_owned()).unwrap_or_default();
            for (_, row) in rows.iter() {
                if column(row, "inactive") != "true" {
                    let list = by_name.entry((column(row, "name"), column(row, "element"))).or_default();
                    list.push((column(row, "value"), column(row, "label")));
                }
            }
        }
        let mut lists = HashMap::new();
        for (id, table) in database.schema.tables().iter().enumerate() {
            let lineage = database.schema.lineage(id);
            for (position, column) in table.columns.iter().enumerate().filter(|(_, column)| column.choice) {
                let list = lineage.iter().find_map(|name| by_name.get(&(name.clone(), column.name.clone())));
                if let (Some(list), Ok(position)) = (list, ColumnId::try_from(position)) {
                    lists.insert((id, position), list.clone());
                }
            }
        }
        Self { lists, read: true }
    }

    /// The label of a value.
    #[must_use]
    pub fn label(&self, table: TableId, column: ColumnId, value: &str) -> Option<&str> {
        let list = self.lists.get(&(table, column))?;
        list.iter().find(|(other, _)| other == value).map(|(_, label)| label.as_str())
    }

    /// The value of a label.
    #[must_use]
    pub fn value(&self, table: TableId, column: ColumnId, label: &str) -> Option<&str> {
        let list = self.lists.get(&(table, column))?;
        list.iter().find(|(_, other)| other.eq_ignore_ascii_case(label)).map(|(value, _)| value.as_str())
    }

    /// Whether the instance lists this value; `None` when it has no list for the column.
    #[must_use]
    pub fn knows(&self, table: TableId, column: ColumnId, value: &str) -> Option<bool> {
        self.lists.get(&(table, column)).map(|list| list.iter().any(|(other, _)| other == value))
    }

    pub(super) fn forget(&mut self) {
        self.read = false;
    }

    pub(super) fn stale(&self) -> bool {
        !self.read
    }
}
