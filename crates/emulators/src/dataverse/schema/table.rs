//! One table: its names, its columns, its states and keys.

use std::collections::HashMap;

use serde::Deserialize;

use super::column::{Choice, Column, Kind, Required};

/// A status reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// `statuscode`
    pub value: i64,
    /// What people see.
    pub label: String,
}

/// A state with its status reasons; the first is its default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// `statecode`
    pub value: i64,
    /// What people see.
    pub label: String,
    /// Status reasons.
    pub statuses: Vec<Status>,
}

/// An alternate key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Logical name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Logical names of its columns.
    pub columns: Vec<String>,
}

/// Who owns records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// A user or a team; there is a column `ownerid`.
    #[default]
    User,
    /// The organization.
    Organization,
}

/// Places of the columns that the emulator itself reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Places {
    pub(crate) id: usize,
    pub(crate) version: usize,
    pub(crate) created_on: usize,
    pub(crate) modified_on: usize,
    pub(crate) created_by: usize,
    pub(crate) modified_by: usize,
    pub(crate) owner: Option<usize>,
    pub(crate) state: Option<usize>,
    pub(crate) status: Option<usize>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are the metadata's own flags")]
pub struct Table {
    /// Logical name, lower case.
    pub logical_name: String,
    /// Schema name; the logical one when left out.
    #[serde(default)]
    pub schema_name: String,
    /// Entity set name; the logical one with an `s` when left out.
    #[serde(default)]
    pub set_name: String,
    /// What people see.
    #[serde(default)]
    pub label: String,
    /// What people see of many; the label with an `s` when left out.
    #[serde(default)]
    pub plural: String,
    /// Column of the primary key; the logical name with `id` when left out.
    #[serde(default)]
    pub primary_id: String,
    /// Column that names a record.
    #[serde(default)]
    pub primary_name: String,
    /// Name in privileges (`prvReadIncident`); the schema name when left out.
    #[serde(default)]
    pub privilege: String,
    /// `ObjectTypeCode`
    #[serde(default)]
    pub type_code: i64,
    /// Whether a publisher added it.
    #[serde(default)]
    pub custom: bool,
    /// Whether it has change tracking.
    #[serde(default)]
    pub change_tracking: bool,
    /// Whether it has notes.
    #[serde(default)]
    pub notes: bool,
    /// Whether the state cannot be patched to 1: `CloseIncident` has to be called.
    #[serde(default)]
    pub closed_by_action: bool,
    /// Who owns records.
    #[serde(default)]
    pub ownership: Ownership,
    /// States; none: the table has no `statecode`.
    #[serde(default)]
    pub states: Vec<State>,
    /// Columns.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// Alternate keys.
    #[serde(default)]
    pub keys: Vec<Key>,
    #[serde(skip)]
    by_name: HashMap<String, usize>,
    #[serde(skip)]
    by_property: HashMap<String, usize>,
    #[serde(skip)]
    pub(crate) places: Places,
}

impl Table {
    /// Fills what was left out and adds the columns that every table has.
    #[must_use]
    pub(super) fn complete(mut self) -> Self {
        let or = |value: &mut String, other: String| {
            if value.is_empty() {
                *value = other;
            }
        };
        or(&mut self.schema_name, self.logical_name.clone());
        or(&mut self.set_name, format!("{}s", self.logical_name));
        or(&mut self.label, self.logical_name.clone());
        or(&mut self.plural, format!("{}s", self.label));
        or(&mut self.primary_id, format!("{}id", self.logical_name));
        or(&mut self.privilege, self.schema_name.clone());
        let mut id = Column::system(&self.primary_id, &self.label, Kind::UniqueIdentifier);
        (id.create, id.required) = (true, Required::System);
        self.columns.insert(0, id);
        for (name, label, kind) in [
            ("versionnumber", "Version Number", Kind::BigInteger),
            ("createdon", "Created On", Kind::DateTime),
            ("modifiedon", "Modified On", Kind::DateTime),
            ("createdby", "Created By", Kind::Lookup),
            ("modifiedby", "Modified By", Kind::Lookup),
        ] {
            let mut column = Column::system(name, label, kind);
            if kind == Kind::Lookup {
                column.targets = vec!["systemuser".to_owned()];
            }
            self.columns.push(column);
        }
        if self.ownership == Ownership::User {
            let mut owner = Column::system("ownerid", "Owner", Kind::Owner);
            (owner.create, owner.update, owner.required) = (true, true, Required::System);
            owner.targets = vec!["systemuser".to_owned(), "team".to_owned()];
            self.columns.push(owner);
        }
        if !self.states.is_empty() {
            let mut state = Column::system("statecode", "Status", Kind::State);
            (state.update, state.required) = (true, Required::System);
            state.options = self.states.iter().map(|state| Choice { value: state.value, label: state.label.clone() }).collect();
            let mut status = Column::system("statuscode", "Status Reason", Kind::Status);
            (status.create, status.update) = (true, true);
            let statuses = self.states.iter().flat_map(|state| &state.statuses);
            status.options = statuses.map(|status| Choice { value: status.value, label: status.label.clone() }).collect();
            self.columns.extend([state, status]);
        }
        self
    }

    /// Adds the columns and keys of another description of the same table.
    pub(super) fn extend(&mut self, other: &Self) {
        self.columns.extend(other.columns.iter().cloned());
        self.keys.extend(other.keys.iter().cloned());
        self.change_tracking |= other.change_tracking;
    }

    /// Finds its columns once and for all.
    pub(super) fn index(&mut self) {
        for column in &mut self.columns {
            if column.schema_name.is_empty() {
                column.schema_name.clone_from(&column.name);
            }
        }
        let names = |of: &dyn Fn(&Column) -> String| {
            self.columns.iter().enumerate().map(|(place, column)| (of(column), place)).collect::<HashMap<_, _>>()
        };
        self.by_name = names(&|column| column.name.clone());
        self.by_property = names(&Column::property);
        let place = |name: &str| self.by_name.get(name).copied();
        let always = |name: &str| place(name).unwrap_or_default();
        self.places = Places {
            id: 0,
            version: always("versionnumber"),
            created_on: always("createdon"),
            modified_on: always("modifiedon"),
            created_by: always("createdby"),
            modified_by: always("modifiedby"),
            owner: place("ownerid"),
            state: place("statecode"),
            status: place("statuscode"),
        };
    }

    /// Place of a column by logical name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Place of a column by its property on the wire.
    #[must_use]
    pub fn property(&self, property: &str) -> Option<usize> {
        self.by_property.get(property).copied()
    }

    /// A column.
    #[must_use]
    pub fn column(&self, place: usize) -> Option<&Column> {
        self.columns.get(place)
    }

    /// The lookup column and target of a single-valued navigation property.
    #[must_use]
    pub fn navigation(&self, name: &str) -> Option<(usize, Vec<&str>)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.kind.is_lookup()).find_map(|(place, column)| {
            let targets: Vec<&str> =
                column.targets.iter().map(String::as_str).filter(|target| column.navigation(target) == name).collect();
            (!targets.is_empty()).then_some((place, targets))
        })
    }

    /// The state that a status reason belongs to.
    #[must_use]
    pub fn state_of(&self, status: i64) -> Option<&State> {
        self.states.iter().find(|state| state.statuses.iter().any(|other| other.value == status))
    }

    /// A state.
    #[must_use]
    pub fn state(&self, value: i64) -> Option<&State> {
        self.states.iter().find(|state| state.value == value)
    }
}
