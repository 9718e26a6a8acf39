//! What of a table goes into which column of a row: written once for each kind of record, and both asked for and read by it.

use std::borrow::Cow;

use jiff::Timestamp;

use super::super::profile::{Change, CiLink, Incident, logical};
use super::super::row::Row;
use crate::rows::ServiceDeskRow;

/// A column of the table, empty when the profile has none, and where its value goes.
pub(super) type Column<'a> = (Cow<'a, str>, Goes);

/// Where a value goes, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goes {
    /// As people see it.
    Shown(fn(&mut ServiceDeskRow) -> &mut String),
    /// As it is stored.
    Text(fn(&mut ServiceDeskRow) -> &mut String),
    /// An instant.
    Instant(fn(&mut ServiceDeskRow) -> &mut Option<Timestamp>),
}
use Goes::{Instant, Shown, Text};

/// Of incidents.
pub(super) fn of_incident(table: &Incident) -> Vec<Column<'_>> {
    let computer = match &table.ci_link {
        CiLink::Lookup { column } => format!("_{}_value", logical(column)),
        CiLink::None | CiLink::ManyToMany { .. } => String::new(),
    };
    let mut columns = all([
        (&table.number, Text(|row| &mut row.number)),
        (&table.title, Text(|row| &mut row.title)),
        (&table.description, Text(|row| &mut row.description)),
        (&table.state, Shown(|row| &mut row.incident_state)),
        (&table.impact.column, Shown(|row| &mut row.impact)),
        (&table.urgency.column, Shown(|row| &mut row.urgency)),
        (&table.priority.column, Shown(|row| &mut row.priority)),
        (&table.category, Shown(|row| &mut row.category)),
        (&table.source, Shown(|row| &mut row.source)),
        (&table.assigned_to, Shown(|row| &mut row.assigned_to)),
        (&table.created_by, Shown(|row| &mut row.created_by)),
        (&table.resolved_by, Shown(|row| &mut row.resolved_by)),
        (&table.closed_by, Shown(|row| &mut row.closed_by)),
        (&table.escalation, Shown(|row| &mut row.escalation)),
        (&table.created_on, Instant(|row| &mut row.created)),
        (&table.resolved_on, Instant(|row| &mut row.resolved)),
        (&table.closed_on, Instant(|row| &mut row.closed)),
    ]);
    columns.push((Cow::Owned(computer), Shown(|row| &mut row.computer)));
    columns
}

/// Of change requests.
pub(super) fn of_change(table: &Change) -> Vec<Column<'_>> {
    all([
        (&table.number, Text(|row| &mut row.number)),
        (&table.title, Text(|row| &mut row.title)),
        (&table.description, Text(|row| &mut row.description)),
        (&table.state, Shown(|row| &mut row.change_state)),
        (&table.impact, Shown(|row| &mut row.impact)),
        (&table.urgency, Shown(|row| &mut row.urgency)),
        (&table.priority, Shown(|row| &mut row.priority)),
        (&table.risk, Shown(|row| &mut row.risk)),
        (&table.change_type, Shown(|row| &mut row.change_type)),
        (&table.category, Shown(|row| &mut row.category)),
        (&table.source, Shown(|row| &mut row.source)),
        (&table.assigned_to, Shown(|row| &mut row.assigned_to)),
        (&table.created_by, Shown(|row| &mut row.created_by)),
        (&table.closed_by, Shown(|row| &mut row.closed_by)),
        (&table.escalation, Shown(|row| &mut row.escalation)),
        (&table.conflict_status, Shown(|row| &mut row.conflict_status)),
        (&table.ci, Shown(|row| &mut row.computer)),
        (&table.created_on, Instant(|row| &mut row.created)),
        (&table.closed_on, Instant(|row| &mut row.closed)),
        (&table.requested_on, Instant(|row| &mut row.requested)),
        (&table.planned_start, Instant(|row| &mut row.planned_start)),
        (&table.planned_end, Instant(|row| &mut row.planned_end)),
        (&table.work_start, Instant(|row| &mut row.work_start)),
        (&table.work_end, Instant(|row| &mut row.work_end)),
    ])
}

fn all<const N: usize>(columns: [(&String, Goes); N]) -> Vec<Column<'_>> {
    columns.into_iter().map(|(name, goes)| (Cow::Borrowed(name.as_str()), goes)).collect()
}

/// The `$select` of a table: each column once.
pub(super) fn select<'a>(columns: &'a [Column<'a>], further: [&'a str; 3]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in columns.iter().map(|(name, _)| name.as_ref()).chain(further) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

/// The row of a record, without its identity.
pub(super) fn row(columns: &[Column<'_>], record: &Row) -> ServiceDeskRow {
    let mut row = ServiceDeskRow::default();
    for (name, goes) in columns {
        match goes {
            Shown(place) => *place(&mut row) = record.shown(name),
            Text(place) => *place(&mut row) = record.text(name),
            Instant(place) => *place(&mut row) = record.instant(name),
        }
    }
    row
}
