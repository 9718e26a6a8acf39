//! Writing a record the way the platform does: defaults, conversion, business rules, data policies, system fields, journals.
//! What is silently dropped on an instance is silently dropped here.

mod convert;
mod defaults;
mod draft;
mod rules;

use super::{
    database::{Database, Place, Row},
    errors::Refusal,
    restrictions::Restrictions,
    schema::{Kind, TableId},
};
use crate::clock::stamp;
use draft::Draft;

/// Who writes, when, and under which rules.
#[derive(Debug, Clone, Copy)]
pub struct Hand<'a> {
    /// `sys_user.user_name`
    pub name: &'a str,
    /// `sys_user.sys_id`
    pub user: &'a str,
    /// Seconds since 1970.
    pub now: i64,
    /// The person's zone, seconds east of UTC.
    pub zone: i64,
    /// Whether values are display values.
    pub display: bool,
    /// Seeding: system fields may be set, policies and access rules do not apply.
    pub administrator: bool,
    /// What is forbidden at the moment.
    pub restrictions: &'a Restrictions,
}

/// Columns that the platform alone writes.
const SYSTEM: [&str; 6] = ["sys_id", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by", "sys_mod_count"];

/// Choice lists have to be known only where a column has one; filling `sys_choice` itself would read it again for every row.
fn know_choices(database: &mut Database, table: TableId) {
    if database.schema.table(table).is_some_and(|table| table.columns.iter().any(|column| column.choice)) {
        database.refresh_choices();
    }
}

/// Adds a record.
pub fn insert(database: &mut Database, table: TableId, values: &[(String, String)], hand: &Hand<'_>) -> Result<Place, Refusal> {
    know_choices(database, table);
    let lineage = database.schema.lineage(table);
    if hand.restrictions.write_denied(&lineage, None) {
        return Err(Refusal::access("Insert"));
    }
    let mut draft = Draft::new(database, table).ok_or_else(Refusal::no_record)?;
    let now = stamp(hand.now, 0);
    let sys_id = database.new_sys_id();
    draft.set("sys_id", &sys_id);
    draft.set("sys_created_on", &now);
    draft.set("sys_created_by", hand.name);
    draft.set("sys_updated_on", &now);
    draft.set("sys_updated_by", hand.name);
    draft.set("sys_mod_count", "0");
    draft.set("sys_class_name", lineage.first().map_or("", String::as_str));
    defaults::fill(&mut draft, &lineage, &now, hand);
    apply(database, &mut draft, values, hand, &lineage);
    let number = draft.get("number");
    if number.is_empty()
        && let Some(number) = database.next_number(table)
    {
        draft.set("number", &number);
    }
    let number = draft.get("number").to_owned();
    draft.set("task_effective_number", &number);
    rules::before(None, &mut draft, &lineage, hand);
    check(database, &draft, &lineage, hand)?;
    let place = database.insert(table, draft.pack()).ok_or_else(Refusal::no_record)?;
    keep_journals(database, &draft, hand);
    rules::after_insert(database, place, hand);
    Ok(place)
}

/// Changes a record; a write that changes nothing leaves it as it was.
pub fn update(database: &mut Database, place: Place, values: &[(String, String)], hand: &Hand<'_>) -> Result<(), Refusal> {
    know_choices(database, place.table);
    let lineage = database.schema.lineage(place.table);
    if hand.restrictions.write_denied(&lineage, None) {
        return Err(Refusal::access("Update"));
    }
    let Some(before) = database.row(place).cloned() else { return Err(Refusal::no_record()) };
    let old = Draft::of(database, place.table, &before).ok_or_else(Refusal::no_record)?;
    let mut draft = old.clone();
    apply(database, &mut draft, values, hand, &lineage);
    rules::before(Some(&old), &mut draft, &lineage, hand);
    check(database, &draft, &lineage, hand)?;
    if draft.same_as(&old) {
        return Ok(());
    }
    let count: u64 = old.get("sys_mod_count").parse().unwrap_or_default();
    draft.set("sys_mod_count", &(count + 1).to_string());
    if !(hand.administrator && values.iter().any(|(name, _)| name == "sys_updated_on")) {
        draft.set("sys_updated_on", &stamp(hand.now, 0));
    }
    draft.set("sys_updated_by", hand.name);
    database.replace(place, draft.pack());
    keep_journals(database, &draft, hand);
    Ok(())
}

/// Takes a record out and leaves a trace in `sys_audit_delete`.
pub fn delete(database: &mut Database, place: Place, hand: &Hand<'_>) -> Result<(), Refusal> {
    let lineage = database.schema.lineage(place.table);
    if hand.restrictions.write_denied(&lineage, None) {
        return Err(Refusal::access("Delete"));
    }
    if let Some(rule) = hand.restrictions.abort() {
        return Err(Refusal::aborted(lineage.first().map_or("", String::as_str), rule));
    }
    let table = lineage.first().cloned().unwrap_or_default();
    let sys_id = database.value(place, "sys_id").to_owned();
    let display = database.display(place).to_owned();
    database.delete(place);
    if let Some(audit) = database.schema.id("sys_audit_delete") {
        let values = [("tablename", table.as_str()), ("documentkey", &sys_id), ("display_value", &display)];
        add_system_row(database, audit, &values, hand);
    }
    Ok(())
}

/// Moves a record to the archive: it leaves its table and stands in `sys_archive_log`, as after a run of the archiver. The
/// archive table itself (`ar_incident`) is left out.
pub fn archive(database: &mut Database, place: Place, hand: &Hand<'_>) {
    let table = database.schema.table(place.table).map(|table| table.name.clone()).unwrap_or_default();
    let sys_id = database.value(place, "sys_id").to_owned();
    let display = database.display(place).to_owned();
    database.delete(place);
    if let Some(log) = database.schema.id("sys_archive_log") {
        let target = format!("ar_{table}");
        let values = [("from_table", table.as_str()), ("to_table", &target), ("id", &sys_id), ("display_value", &display)];
        add_system_row(database, log, &values, hand);
    }
}

/// Takes the values over that a caller may write; everything else is dropped without a word.
fn apply(database: &Database, draft: &mut Draft, values: &[(String, String)], hand: &Hand<'_>, lineage: &[String]) {
    let Some(table) = database.schema.table(draft.table) else { return };
    for (name, value) in values {
        let Some(column) = table.column_id(name).and_then(|id| table.column(id)) else { continue };
        let system = SYSTEM.contains(&name.as_str()) || name == "sys_class_name";
        if (system && !hand.administrator)
            || hand.restrictions.ignores(lineage, name)
            || hand.restrictions.write_denied(lineage, Some(name))
        {
            continue;
        }
        if column.kind == Kind::Journal {
            if name != "comments_and_work_notes" && !value.is_empty() {
                draft.journals.push((name.clone(), value.clone()));
            }
        } else if let Some(value) = convert::incoming(database, draft.table, column, value, hand) {
            draft.set(name, &value);
        }
    }
}

/// Business rules that abort and data policies, in the platform's order.
fn check(database: &Database, draft: &Draft, lineage: &[String], hand: &Hand<'_>) -> Result<(), Refusal> {
    if hand.administrator {
        return Ok(());
    }
    if let Some(rule) = hand.restrictions.abort() {
        return Err(Refusal::aborted(lineage.first().map_or("", String::as_str), rule));
    }
    let mut mandatory: Vec<String> = rules::mandatory(draft, lineage).iter().map(|name| (*name).to_owned()).collect();
    mandatory.extend(hand.restrictions.mandatory(lineage));
    let table = database.schema.table(draft.table);
    let labels: Vec<String> = mandatory
        .iter()
        .filter(|name| draft.get(name).is_empty() && !draft.journals.iter().any(|(journal, _)| journal == *name))
        .map(|name| table.and_then(|table| table.column(table.column_id(name)?)).map_or(name, |column| &column.label).clone())
        .collect();
    if labels.is_empty() { Ok(()) } else { Err(Refusal::mandatory(&labels)) }
}

fn keep_journals(database: &mut Database, draft: &Draft, hand: &Hand<'_>) {
    let Some(journal) = database.schema.id("sys_journal_field") else { return };
    let table = database.schema.table(draft.table).map(|table| table.name.clone()).unwrap_or_default();
    let sys_id = draft.get("sys_id").to_owned();
    for (element, text) in &draft.journals {
        let values = [("name", table.as_str()), ("element", element), ("element_id", &sys_id), ("value", text)];
        add_system_row(database, journal, &values, hand);
    }
}

/// A row that the platform writes by itself.
pub(crate) fn add_system_row(database: &mut Database, table: TableId, values: &[(&str, &str)], hand: &Hand<'_>) -> Option<Place> {
    let now = stamp(hand.now, 0);
    let sys_id = database.new_sys_id();
    let definition = database.schema.table(table)?;
    let system = [
        ("sys_id", sys_id.as_str()),
        ("sys_created_on", &now),
        ("sys_created_by", hand.name),
        ("sys_updated_on", &now),
        ("sys_updated_by", hand.name),
        ("sys_mod_count", "0"),
        ("sys_class_name", &definition.name),
    ];
    let row = Row::pack(system.iter().chain(values).filter_map(|(name, value)| Some((definition.column_id(name)?, *value))));
    database.insert(table, row)
}
