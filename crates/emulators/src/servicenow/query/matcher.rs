//! A query made ready for one table: names resolved to columns, terms that make no sense taken out.

use std::cmp::Ordering;

use super::{
    compare::{meets, order},
    dates,
    parse::{Operator, Query, Term},
};
use crate::servicenow::{
    database::{Database, Place},
    schema::{ColumnId, Kind, Table, TableId},
};

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Seconds since 1970.
    pub now: i64,
    /// The asking person's zone, seconds east of UTC.
    pub zone: i64,
    /// The asking person's `sys_id`.
    pub user: &'a str,
}

/// A column of a record, or of one it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// Of the record itself.
    Own(ColumnId),
    /// Of the record that this reference points to; the rest by name, since a record of a child table may stand there.
    Through(ColumnId, TableId, String),
}

impl Path {
    /// Resolves a name as seen from a table; `None` when there is no such column.
    #[must_use]
    pub fn resolve(database: &Database, table: &Table, name: &str) -> Option<Self> {
        let Some((first, rest)) = name.split_once('.') else { return table.column_id(name).map(Self::Own) };
        let column = table.column_id(first)?;
        let target = database.schema.id(table.column(column)?.target()?)?;
        Self::resolve(database, database.schema.table(target)?, rest)?;
        Some(Self::Through(column, target, rest.to_owned()))
    }

    /// Where the walk ends: the record and its own column.
    #[must_use]
    pub fn walk(&self, database: &Database, place: Place) -> Option<(Place, ColumnId)> {
        match self {
            Self::Own(column) => Some((place, *column)),
            Self::Through(column, target, rest) => {
                let next = database.find(*target, database.row(place)?.get(*column))?;
                Self::resolve(database, database.schema.table(next.table)?, rest)?.walk(database, next)
            }
        }
    }

    /// The value at the end of the walk; empty when a reference on the way is.
    #[must_use]
    pub fn value<'a>(&self, database: &'a Database, place: Place) -> &'a str {
        if let Self::Own(column) = self {
            return database.row(place).map_or("", |row| row.get(*column));
        }
        self.walk(database, place).and_then(|(place, column)| database.row(place).map(|row| row.get(column))).unwrap_or_default()
    }
}

/// A term with its column resolved and its value evaluated.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) path: Path,
    pub(super) operator: Operator,
    pub(super) value: String,
    numeric: bool,
    other: Option<Path>,
}

/// A query ready for one table.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) alternatives: Vec<Vec<Vec<Condition>>>,
    pub(super) order: Vec<(Path, bool, bool)>,
    /// How many terms made no sense and were left out.
    pub(super) invalid: usize,
}

impl Matcher {
    /// Makes a query ready for `table`; columns are those that `view` has, the table that was asked for.
    pub(super) fn new(database: &Database, view: &Table, table: &Table, query: &Query, context: Context<'_>) -> Self {
        let mut invalid = 0;
        let mut alternatives = Vec::with_capacity(query.alternatives.len());
        for alternative in &query.alternatives {
            let mut groups = Vec::with_capacity(alternative.len());
            for group in alternative {
                let conditions: Vec<Condition> =
                    group.iter().filter_map(|term| Condition::new(database, view, table, term, context)).collect();
                invalid += group.len() - conditions.len();
                if !conditions.is_empty() {
                    groups.push(conditions);
                }
            }
            alternatives.push(groups);
        }
        let order = query
            .order
            .iter()
            .filter_map(|key| {
                Path::resolve(database, view, &key.field)?;
                let path = Path::resolve(database, table, &key.field)?;
                let numeric = is_numeric(table, &path);
                Some((path, key.descending, numeric))
            })
            .collect();
        Self { alternatives, order, invalid }
    }

    pub(super) fn matches(&self, database: &Database, place: Place) -> bool {
        self.alternatives
            .iter()
            .any(|groups| groups.iter().all(|group| group.iter().any(|condition| condition.holds(database, place))))
    }

    /// The sort keys of a record.
    pub(super) fn keys<'a>(&self, database: &'a Database, place: Place) -> Vec<&'a str> {
        self.order.iter().map(|(path, _, _)| path.value(database, place)).collect()
    }

    /// How two records with these keys are sorted.
    pub(super) fn compare(&self, left: &[&str], right: &[&str]) -> Ordering {
        for ((_, descending, numeric), (left, right)) in self.order.iter().zip(left.iter().zip(right)) {
            let ordering = order(left, right, *numeric);
            let ordering = if *descending { ordering.reverse() } else { ordering };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    }
}

fn is_numeric(table: &Table, path: &Path) -> bool {
    matches!(path, Path::Own(column) if table.column(*column).is_some_and(|column| column.kind == Kind::Integer))
}

impl Condition {
    fn new(database: &Database, view: &Table, table: &Table, term: &Term, context: Context<'_>) -> Option<Self> {
        let operator = term.operator?;
        if operator == Operator::Text {
            return Some(Self { path: Path::Own(0), operator, value: term.value.clone(), numeric: false, other: None });
        }
        Path::resolve(database, view, &term.field)?;
        let path = Path::resolve(database, table, &term.field)?;
        let value = match operator {
            Operator::RelativeGreater | Operator::RelativeLess => dates::relative(&term.value, context.now)?,
            Operator::Between => {
                let (low, high) = term.value.split_once('@')?;
                let evaluate = |part| dates::evaluate(part, context.now, context.zone, context.user);
                format!("{}@{}", evaluate(low)?, evaluate(high)?)
            }
            _ => dates::evaluate(&term.value, context.now, context.zone, context.user)?,
        };
        let other = match operator {
            Operator::SameAs | Operator::NotSameAs | Operator::GreaterThanField | Operator::LessThanField => {
                Some(Path::resolve(database, table, term.value.split('@').next().unwrap_or_default())?)
            }
            _ => None,
        };
        let numeric = is_numeric(table, &path);
        Some(Self { path, operator, value, numeric, other })
    }

    fn holds(&self, database: &Database, place: Place) -> bool {
        let own = || self.path.value(database, place);
        let other = || self.other.as_ref().map_or("", |path| path.value(database, place));
        match self.operator {
            Operator::SameAs => own() == other(),
            Operator::NotSameAs => own() != other(),
            Operator::GreaterThanField => order(own(), other(), self.numeric) == Ordering::Greater,
            Operator::LessThanField => order(own(), other(), self.numeric) == Ordering::Less,
            Operator::InstanceOf => {
                let (class, ancestor) = (database.schema.id(own()), database.schema.id(&self.value));
                class.zip(ancestor).is_some_and(|(class, ancestor)| database.schema.extends(class, ancestor))
            }
            Operator::Text => {
                let words = self.value.to_lowercase();
                let texts = ["number", "name", "short_description", "description"];
                texts.iter().any(|column| database.value(place, column).to_lowercase().contains(&words))
            }
            operator => meets(own(), operator, &self.value, self.numeric),
        }
    }
}
