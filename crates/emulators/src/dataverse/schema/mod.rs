//! What an environment consists of: tables with their columns, states, keys and relationships. Descriptions come from files (TOML or JSON),
//! so that a solution with any publisher prefix can be served; here they are joined and completed with the columns every table has.

mod column;
mod description;
mod table;

use std::collections::HashMap;

pub use column::{Choice, Column, Kind, Required};
pub use description::{Computer, Description, ManyToMany, Solution, WorkItem};
pub use table::{Key, Ownership, State, Status, Table};

/// Position of a table in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub(crate) usize);

/// All tables of an environment.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    tables: Vec<Table>,
    by_name: HashMap<String, TableId>,
    by_set: HashMap<String, TableId>,
    /// Many-to-many relationships.
    pub relationships: Vec<ManyToMany>,
    /// Solutions beside the default one.
    pub solutions: Vec<Solution>,
    /// Where incidents are kept.
    pub incident: Option<WorkItem>,
    /// Where change requests are kept.
    pub change_request: Option<WorkItem>,
    /// Where computers are kept.
    pub computer: Option<Computer>,
}

impl Schema {
    /// Joins descriptions; a later one adds columns and keys to a table that is there already, and says anew where work items are kept.
    #[must_use]
    pub fn new(descriptions: &[Description]) -> Self {
        let mut schema = Self::default();
        for description in descriptions {
            for table in &description.tables {
                if let Some(id) = schema.id(&table.logical_name) {
                    if let Some(existing) = schema.tables.get_mut(id.0) {
                        existing.extend(table);
                    }
                    continue;
                }
                let id = TableId(schema.tables.len());
                let table = table.clone().complete();
                schema.by_name.insert(table.logical_name.clone(), id);
                schema.by_set.insert(table.set_name.clone(), id);
                schema.tables.push(table);
            }
            schema.relationships.extend(description.relationships.iter().cloned());
            schema.solutions.extend(description.solution.iter().cloned());
            schema.incident = description.incident.clone().or(schema.incident);
            schema.change_request = description.change_request.clone().or(schema.change_request);
            schema.computer = description.computer.clone().or(schema.computer);
        }
        // A note can regard every table that has notes.
        let noted: Vec<String> =
            schema.tables.iter().filter(|table| table.notes).map(|table| table.logical_name.clone()).collect();
        for table in &mut schema.tables {
            if table.logical_name == "annotation"
                && let Some(regarding) = table.columns.iter_mut().find(|column| column.name == "objectid")
            {
                regarding.targets.clone_from(&noted);
            }
            table.index();
        }
        schema
    }

    /// By logical name.
    #[must_use]
    pub fn id(&self, logical_name: &str) -> Option<TableId> {
        self.by_name.get(logical_name).copied()
    }

    /// By entity set name; case matters.
    #[must_use]
    pub fn set(&self, set_name: &str) -> Option<TableId> {
        self.by_set.get(set_name).copied()
    }

    /// A table.
    #[must_use]
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.tables.get(id.0)
    }

    /// By logical name.
    #[must_use]
    pub fn named(&self, logical_name: &str) -> Option<&Table> {
        self.id(logical_name).and_then(|id| self.table(id))
    }

    /// Every table with its position.
    pub fn tables(&self) -> impl Iterator<Item = (TableId, &Table)> {
        self.tables.iter().enumerate().map(|(place, table)| (TableId(place), table))
    }

    /// Whether the table keeps work items.
    #[must_use]
    pub fn keeps_work_items(&self, logical_name: &str) -> bool {
        [&self.incident, &self.change_request].into_iter().flatten().any(|item| item.table == logical_name)
    }
}
