//! The proposal for the table of incidents. Pure.

use std::collections::BTreeMap;

use super::super::metadata::{Status, Table};
use super::super::profile::{CiLink, Close, Correlation, Incident, Values};
use super::fit::{Fit, column, level, property, rank};

const TEXT: &[&str] = &["String"];
const LONG: &[&str] = &["Memo"];
const CHOICE: &[&str] = &["Picklist"];
const LOOKUP: &[&str] = &["Lookup", "Customer", "Owner"];
const DATE: &[&str] = &["DateTime"];

/// What a resolved one is called.
const RESOLVED: &[&str] = &["resolved", "problem solved", "solved", "completed", "implemented"];
/// What a closed one is called.
const CLOSED: &[&str] = &["closed", "cancelled", "canceled", "rejected", "merged"];

pub(super) fn propose(table: &Table, item: Option<&Table>, fit: &mut Fit) -> Incident {
    let entity = &table.entity;
    let number = column(table, TEXT, &["number", "incident number", "ticket number", "case number", "id", "incident id"]);
    let title = column(table, TEXT, &["title", "subject", "summary", "short description", "name"]);
    let description = column(table, LONG, &["description", "details", "symptom"]);
    let or_name = |text: String| if text.is_empty() { entity.name.clone() } else { text };
    for (what, found) in [("number", &number), ("title", &title), ("description", &description)] {
        if found.is_empty() {
            fit.doubt(format!("{}: no column is called {what}; {} was taken", entity.logical_name, entity.name));
        }
    }
    let (resolved, closed, first) = states(table, fit);
    let lengths = [&title, &description].into_iter().filter_map(|name| {
        let length = table.columns.get(name)?.max?;
        Some((name.clone(), usize::try_from(length).ok()?))
    });
    for (name, column) in &table.columns {
        let by_itself = ["ownerid", "statecode", "statuscode"].contains(&name.as_str()) || *name == entity.id;
        if column.required && column.create && !by_itself && ![&number, &title, &description].contains(&name) {
            fit.doubt(format!("{name} ({}) is required: give it in the mapping (fields) or in required_bind", column.label));
        }
    }
    Incident {
        entity_set: entity.set.clone(),
        logical_name: entity.logical_name.clone(),
        id: entity.id.clone(),
        number: or_name(number),
        title: or_name(title.clone()),
        description: or_name(description.clone()),
        state: "statuscode".to_owned(),
        impact: level(table, &["impact"], fit),
        urgency: level(table, &["urgency"], fit),
        priority: level(table, &["priority"], fit),
        category: property(table, &["Lookup", "Picklist"], &["category", "subject", "classification"]),
        source: property(table, CHOICE, &["source", "origin", "contact type"]),
        assigned_to: property(table, LOOKUP, &["assigned to", "assignee", "owner"]),
        created_by: "_createdby_value".to_owned(),
        resolved_by: property(table, LOOKUP, &["resolved by"]),
        closed_by: property(table, LOOKUP, &["closed by"]),
        escalation: property(table, &["Picklist", "Boolean"], &["escalation", "is escalated", "escalated"]),
        created_on: "createdon".to_owned(),
        modified_on: "modifiedon".to_owned(),
        resolved_on: property(table, DATE, &["resolved on", "resolved", "resolution date", "resolved date"]),
        closed_on: property(table, DATE, &["closed on", "closed", "closed date"]),
        customer: column(table, LOOKUP, &["customer"]),
        correlation: Correlation {
            column: column(table, TEXT, &["external id", "correlation id", "external reference", "external number"]),
            alternate_key: false,
        },
        required_bind: BTreeMap::new(),
        lengths: lengths.collect(),
        close: close(table, &resolved, fit),
        reopen: BTreeMap::from([("statecode".to_owned(), first.state), ("statuscode".to_owned(), first.value)]),
        resolved: Values::from([("statuscode".to_owned(), resolved.iter().map(|status| status.value).collect())]),
        closed: Values::from([("statuscode".to_owned(), closed)]),
        ci_link: link(table, item, fit),
        notes: true,
    }
}

/// Status reasons of a resolved one, of a closed one, and that of a reopened one.
fn states<'a>(table: &'a Table, fit: &mut Fit) -> (Vec<&'a Status>, Vec<i64>, Status) {
    let called = |status: &Status, words: &[&str]| rank(&status.label, words).is_some();
    let mut resolved: Vec<&Status> = table.statuses.iter().filter(|status| called(status, RESOLVED)).collect();
    resolved.sort_by_key(|status| (rank(&status.label, RESOLVED), status.state));
    let is_resolved = |status: &&Status| resolved.iter().any(|other| other.value == status.value);
    let over = |status: &&Status| !is_resolved(status) && (status.state != 0 || called(status, CLOSED));
    let mut closed: Vec<i64> = table.statuses.iter().filter(over).map(|status| status.value).collect();
    closed.sort_unstable();
    let mut open: Vec<&Status> =
        table.statuses.iter().filter(|status| status.state == 0 && !is_resolved(status) && !over(status)).collect();
    open.sort_by_key(|status| rank(&status.label, &["in progress", "active", "open", "new"]).unwrap_or(usize::MAX));
    let first = open.first().map_or(Status { value: 1, state: 0, label: String::new() }, |status| (*status).clone());
    if resolved.is_empty() {
        let known: Vec<_> = table.statuses.iter().map(|status| format!("{} {}", status.value, status.label)).collect();
        fit.doubt(format!(
            "no status reason is called resolved ({}): correct resolved, closed and close, or set policy.on_resolve = \"note\"",
            known.join(", ")
        ));
    }
    (resolved, closed, first)
}

fn close(table: &Table, resolved: &[&Status], fit: &mut Fit) -> Close {
    let notes = column(
        table,
        &["Memo", "String"],
        &["resolution", "resolution notes", "close notes", "resolution description", "solution"],
    );
    if notes.is_empty() {
        fit.doubt("no column is called resolution: close notes are written as a note only");
    }
    let code = column(table, CHOICE, &["close code", "closure code", "resolution code", "resolution type"]);
    let values = resolved.first().map_or_else(BTreeMap::new, |status| {
        BTreeMap::from([("statecode".to_owned(), status.state), ("statuscode".to_owned(), status.value)])
    });
    Close::Patch { values, notes, code }
}

/// How the two tables are tied: by a lookup before a relationship.
fn link(table: &Table, item: Option<&Table>, fit: &mut Fit) -> CiLink {
    let Some(item) = item else { return CiLink::None };
    let name = &item.entity.logical_name;
    let lookups = table.lookups.iter().filter(|(_, targets)| targets.iter().any(|target| target.table == *name));
    let found: Vec<&String> = lookups.map(|(column, _)| column).collect();
    if let Some(column) = found.first() {
        if found.len() > 1 {
            fit.doubt(format!("several lookups lead to {name}; {column} was taken"));
        }
        return CiLink::Lookup { column: (*column).clone() };
    }
    let pair = table.pairs.iter().find(|pair| pair.table == *name);
    pair.map_or(CiLink::None, |pair| CiLink::ManyToMany { navigation: pair.navigation.clone() })
}
