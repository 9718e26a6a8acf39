//! The proposals for change requests, configuration items and templates. Pure.

use std::collections::BTreeMap;

use super::super::metadata::Table;
use super::super::profile::{Change, Ci, Template, Values};
use super::fit::{Fit, column, property};

const TEXT: &[&str] = &["String"];
const CHOICE: &[&str] = &["Picklist"];
const LOOKUP: &[&str] = &["Lookup", "Customer", "Owner"];
const DATE: &[&str] = &["DateTime"];

pub(super) fn change(table: &Table, item: Option<&Table>, fit: &mut Fit) -> Change {
    let entity = &table.entity;
    let number = column(table, TEXT, &["number", "change number", "change request number", "id"]);
    if number.is_empty() {
        fit.doubt(format!("{}: no column is called number; {} was taken", entity.logical_name, entity.name));
    }
    let or_name = |text: String| if text.is_empty() { entity.name.clone() } else { text };
    let leads = |name: &String| {
        let target = item.map(|item| item.entity.logical_name.as_str()).unwrap_or_default();
        table.lookups.get(name).is_some_and(|targets| targets.iter().any(|other| other.table == target))
    };
    let requested_by = property(table, LOOKUP, &["requested by", "requester", "requestor"]);
    Change {
        entity_set: entity.set.clone(),
        logical_name: entity.logical_name.clone(),
        id: entity.id.clone(),
        number: or_name(number),
        title: or_name(column(table, TEXT, &["title", "subject", "summary", "name"])),
        description: column(table, &["Memo"], &["description", "details"]),
        state: "statuscode".to_owned(),
        impact: property(table, CHOICE, &["impact"]),
        urgency: property(table, CHOICE, &["urgency"]),
        priority: property(table, CHOICE, &["priority"]),
        risk: property(table, CHOICE, &["risk", "risk level"]),
        change_type: property(table, &["Picklist", "Lookup"], &["type", "change type"]),
        category: property(table, &["Lookup", "Picklist"], &["category", "classification"]),
        source: property(table, CHOICE, &["source", "origin"]),
        assigned_to: property(table, LOOKUP, &["assigned to", "assignee", "owner"]),
        created_by: if requested_by.is_empty() { "_createdby_value".to_owned() } else { requested_by },
        closed_by: property(table, LOOKUP, &["closed by"]),
        escalation: property(table, &["Picklist", "Boolean"], &["escalation", "is escalated"]),
        conflict_status: property(table, CHOICE, &["conflict status"]),
        ci: table.lookups.keys().find(|name| leads(name)).map(|name| table.property(name)).unwrap_or_default(),
        created_on: "createdon".to_owned(),
        modified_on: "modifiedon".to_owned(),
        closed_on: property(table, DATE, &["closed on", "closed", "closed date"]),
        requested_on: property(table, DATE, &["requested by date", "requested date", "requested on"]),
        planned_start: property(table, DATE, &["planned start", "planned start date", "scheduled start", "start date"]),
        planned_end: property(table, DATE, &["planned end", "planned end date", "scheduled end", "end date"]),
        work_start: property(table, DATE, &["actual start", "work start", "actual start date"]),
        work_end: property(table, DATE, &["actual end", "work end", "actual end date"]),
    }
}

pub(super) fn ci(table: &Table, fit: &mut Fit) -> Ci {
    let entity = &table.entity;
    let name = column(table, TEXT, &["name", "computer name", "host name", "hostname"]);
    let inactive: Vec<i64> = table.statuses.iter().map(|status| status.state).filter(|state| *state != 0).collect();
    let class = property(table, &["Picklist", "Lookup"], &["type", "class", "ci type", "category"]);
    let resource_id = column(table, TEXT, &["resource id", "azure resource id", "external id", "cloud resource id"]);
    if resource_id.is_empty() {
        fit.doubt(format!(
            "{}: no column is called resource id; configuration items are found by name only",
            entity.logical_name
        ));
    }
    Ci {
        entity_set: entity.set.clone(),
        logical_name: entity.logical_name.clone(),
        id: entity.id.clone(),
        name: if name.is_empty() { entity.name.clone() } else { name },
        fqdn: column(table, TEXT, &["fqdn", "fully qualified domain name", "dns name", "domain name"]),
        resource_id,
        class,
        modified_on: "modifiedon".to_owned(),
        retired: if inactive.is_empty() { Values::new() } else { Values::from([("statecode".to_owned(), dedup(inactive))]) },
        create: BTreeMap::new(),
    }
}

fn dedup(mut values: Vec<i64>) -> Vec<i64> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Columns that both tables have under one name, but those that make a record what it is.
pub(super) fn template(table: &Table, incident: &Table) -> Template {
    let entity = &table.entity;
    let own = [&entity.id, &entity.name];
    let system = [
        "statecode",
        "statuscode",
        "ownerid",
        "createdby",
        "modifiedby",
        "createdon",
        "modifiedon",
        "versionnumber",
        "importsequencenumber",
    ];
    let shared = table.columns.iter().filter(|(name, column)| {
        let same = incident.columns.get(*name).is_some_and(|other| other.kind == column.kind && other.create);
        same && !own.contains(name) && !system.contains(&name.as_str())
    });
    Template {
        entity_set: entity.set.clone(),
        logical_name: entity.logical_name.clone(),
        id: entity.id.clone(),
        name: entity.name.clone(),
        columns: shared.map(|(name, _)| (table.property(name), name.clone())).collect(),
    }
}
