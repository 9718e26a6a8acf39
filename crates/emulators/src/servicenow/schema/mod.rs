//! Tables, their parents and their columns: what a base instance's dictionary says, as far as a connector can meet it.
//! Rows never look here for anything but names, kinds, sizes and labels.

mod catalogue;
mod column;

use std::{collections::HashMap, sync::Arc};

pub use column::{Column, Kind};

/// Position of a table in the schema.
pub type TableId = usize;
/// Position of a column in its table, parents' columns first.
pub type ColumnId = u16;

/// One table with its inherited columns.
#[derive(Debug, Clone)]
pub struct Table {
    /// For example `incident`.
    pub name: String,
    /// For example `Incident`.
    pub label: String,
    /// The table it extends.
    pub parent: Option<TableId>,
    /// This table and everything that extends it, itself first.
    pub family: Vec<TableId>,
    /// Parents' columns first.
    pub columns: Vec<Column>,
    /// Prefix of the numbers of its records, when it numbers them.
    pub prefix: Option<String>,
    names: HashMap<String, ColumnId>,
}

impl Table {
    /// The column's position.
    #[must_use]
    pub fn column_id(&self, name: &str) -> Option<ColumnId> {
        self.names.get(name).copied()
    }

    /// The column itself.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.get(usize::from(id))
    }

    /// The column that stands for the record where a person reads it.
    #[must_use]
    pub fn display_column(&self) -> Option<ColumnId> {
        let own = ["number", "name", "user_name", "label", "title"];
        own.iter().find_map(|name| self.column_id(name))
    }

    fn add(&mut self, column: Column) {
        let id = u16::try_from(self.columns.len()).unwrap_or(u16::MAX);
        self.names.insert(column.name.clone(), id);
        self.columns.push(column);
    }
}

/// All tables.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    tables: Vec<Arc<Table>>,
    names: HashMap<String, TableId>,
}

impl Schema {
    /// A base instance, with or without the Event Management plugin.
    #[must_use]
    pub fn base(event_management: bool) -> Self {
        let mut schema = Self::default();
        for (name, parent, label, prefix, columns) in catalogue::TABLES {
            if event_management || !name.starts_with("em_") {
                schema.add_table(name, *parent, label, *prefix, columns);
            }
        }
        schema
    }

    /// Adds a table; columns in the notation of [`Column::parse`], parted by blanks.
    pub fn add_table(&mut self, name: &str, parent: Option<&str>, label: &str, prefix: Option<&str>, columns: &str) {
        let parent = parent.and_then(|parent| self.id(parent));
        let inherited =
            parent.and_then(|parent| self.tables.get(parent)).map(|parent| (parent.columns.clone(), parent.names.clone()));
        let has_parent = inherited.is_some();
        let (inherited, names) = inherited.unwrap_or_default();
        let mut table = Table {
            name: name.to_owned(),
            label: label.to_owned(),
            parent,
            family: Vec::new(),
            columns: inherited,
            prefix: prefix.map(str::to_owned),
            names,
        };
        let system = if has_parent { "" } else { catalogue::SYSTEM_COLUMNS };
        for text in system.split_whitespace().chain(columns.split_whitespace()) {
            table.add(Column::parse(text));
        }
        let id = self.tables.len();
        self.tables.push(Arc::new(table));
        self.names.insert(name.to_owned(), id);
        let mut ancestor = Some(id);
        while let Some(table) = ancestor.and_then(|ancestor| self.tables.get_mut(ancestor)) {
            let table = Arc::make_mut(table);
            table.family.push(id);
            ancestor = table.parent;
        }
    }

    /// Adds a custom column to a table and everything that extends it; before any record exists.
    pub fn add_column(&mut self, table: &str, column: &str) {
        let family = self.id(table).and_then(|id| self.table(id)).map(|table| table.family.clone()).unwrap_or_default();
        let column = Column::parse(column);
        for id in family {
            if let Some(table) = self.tables.get_mut(id)
                && table.column_id(&column.name).is_none()
            {
                Arc::make_mut(table).add(column.clone());
            }
        }
    }

    /// Adds a staging table: texts named like the target's columns, and its own names for some of them.
    pub fn add_staging(&mut self, name: &str, target: &str, aliases: &[(String, String)]) {
        self.add_table(name, Some("sys_import_set_row"), "Staging", None, "");
        let columns = self.id(target).and_then(|id| self.table(id)).map(|table| table.columns.clone()).unwrap_or_default();
        for column in columns {
            self.add_column(name, &format!("{}:4000", column.name));
        }
        for (alias, _) in aliases {
            self.add_column(name, &format!("{alias}:4000"));
        }
    }

    /// Position of a table by name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<TableId> {
        self.names.get(name).copied()
    }

    /// A table by position.
    #[must_use]
    pub fn table(&self, id: TableId) -> Option<&Arc<Table>> {
        self.tables.get(id)
    }

    /// Every table.
    #[must_use]
    pub fn tables(&self) -> &[Arc<Table>] {
        &self.tables
    }

    /// Whether `id` is `ancestor` or extends it.
    #[must_use]
    pub fn extends(&self, id: TableId, ancestor: TableId) -> bool {
        self.table(ancestor).is_some_and(|table| table.family.contains(&id))
    }

    /// The names of a table and its parents, nearest first: the order in which choices are looked for.
    #[must_use]
    pub fn lineage(&self, id: TableId) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = self.table(id);
        while let Some(table) = next {
            names.push(table.name.clone());
            next = table.parent.and_then(|parent| self.table(parent));
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_inherits_the_columns_of_task() {
        let schema = Schema::base(true);
        let incident = schema.table(schema.id("incident").unwrap()).unwrap();
        assert!(incident.column_id("short_description").is_some());
        assert!(incident.column_id("incident_state").is_some());
        assert!(incident.column_id("sys_updated_on").is_some());
        assert_eq!(schema.lineage(schema.id("incident").unwrap()), ["incident", "task"]);
    }

    #[test]
    fn the_task_family_holds_everything_that_extends_task() {
        let schema = Schema::base(true);
        let task = schema.id("task").unwrap();
        for name in ["incident", "change_request", "problem"] {
            assert!(schema.extends(schema.id(name).unwrap(), task), "{name}");
        }
        assert!(!schema.extends(task, schema.id("incident").unwrap()));
    }

    #[test]
    fn without_the_plugin_there_are_no_event_tables() {
        assert!(Schema::base(false).id("em_event").is_none());
        assert!(Schema::base(true).id("em_event").is_some());
    }

    #[test]
    fn a_custom_column_reaches_the_whole_family() {
        let mut schema = Schema::base(true);
        schema.add_column("task", "u_azure_id:200");
        let incident = schema.table(schema.id("incident").unwrap()).unwrap();
        assert_eq!(incident.column(incident.column_id("u_azure_id").unwrap()).unwrap().size, 200);
    }
}
