//! What the tool says, read in the plainest way, and what the workspace says, held against each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Context, ensure};
use connector::clock::later;
use connector::rows::{Row, ServiceDeskRow};
use emulators::logs_ingestion::LogsIngestion;
use emulators::servicenow::ServiceNow;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Column of the row, column of the table, and whether its stored value counts (dates, ids) or what people see.
type Told = (&'static str, &'static str, Shown);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    ToPeople,
    Stored,
    Date,
}
use Shown::{Date, Stored, ToPeople};

/// Of both tables.
const COMMON: &[Told] = &[
    ("ServiceDeskId_s", "number", ToPeople),
    ("Urgency_s", "urgency", ToPeople),
    ("Impact_s", "impact", ToPeople),
    ("Priority_s", "priority", ToPeople),
    ("ClosedBy_s", "closed_by", ToPeople),
    ("AssignedTo_s", "assigned_to", ToPeople),
    ("Category_s", "category", ToPeople),
    ("Title_s", "short_description", ToPeople),
    ("Description_s", "description", ToPeople),
    ("ClosedDate_t", "closed_at", Date),
    ("LastModifiedDate_t", "sys_updated_on", Date),
    ("Computer", "cmdb_ci", ToPeople),
    ("SourceId_s", "sys_id", Stored),
    ("SourceVersion_s", "sys_mod_count", Stored),
];
const INCIDENT: &[Told] = &[
    ("IncidentState_s", "state", ToPeople),
    ("CreatedBy_s", "opened_by", ToPeople),
    ("ResolvedBy_s", "resolved_by", ToPeople),
    ("Source_s", "contact_type", ToPeople),
    ("CreatedDate_t", "opened_at", Date),
    ("ResolvedDate_t", "resolved_at", Date),
];
const CHANGE: &[Told] = &[
    ("CRState_s", "state", ToPeople),
    ("CreatedBy_s", "requested_by", ToPeople),
    ("Risk_s", "risk", ToPeople),
    ("Type_s", "type", ToPeople),
    ("RequestedDate_t", "requested_by_date", Date),
    ("PlannedStartDate_t", "start_date", Date),
    ("PlannedEndDate_t", "end_date", Date),
    ("WorkStartDate_t", "work_start", Date),
    ("WorkEndDate_t", "work_end", Date),
];

/// A record as its row should say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Truth {
    kind: &'static str,
    columns: BTreeMap<&'static str, String>,
}

/// Every record that the integration user may read, by id. Nothing changes any more, so plain offsets do.
pub(super) async fn truth(tool: &ServiceNow) -> anyhow::Result<BTreeMap<String, Truth>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut found = BTreeMap::new();
    for (table, kind, own) in [("incident", "Incident", INCIDENT), ("change_request", "ChangeRequest", CHANGE)] {
        for offset in (0..).step_by(5000) {
            let url = format!(
                "{}/api/now/table/{table}?sysparm_display_value=all&sysparm_query=ORDERBYsys_id&sysparm_limit=5000&sysparm_offset={offset}",
                tool.url()
            );
            let answer = client.get(url).basic_auth("itsm", Some("p")).send().await?.error_for_status()?;
            let total: usize = answer.headers().get("x-total-count").context("a total")?.to_str()?.parse()?;
            let answer: Value = answer.json().await?;
            for record in answer.get("result").and_then(Value::as_array).context("a list")? {
                let told = |(column, field, shown): &Told| {
                    let part = if *shown == ToPeople { "display_value" } else { "value" };
                    let value = record.get(*field).and_then(|cell| cell.get(part)).and_then(Value::as_str).unwrap_or_default();
                    let value = if *shown == Date && !value.is_empty() {
                        format!("{}Z", value.replace(' ', "T"))
                    } else {
                        value.to_owned()
                    };
                    (*column, value)
                };
                let columns: BTreeMap<_, _> = COMMON.iter().chain(own).map(told).filter(|(_, value)| !value.is_empty()).collect();
                let id = columns.get("SourceId_s").context("a sys_id")?.clone();
                found.insert(id, Truth { kind, columns });
            }
            if offset + 5000 >= total {
                break;
            }
        }
    }
    Ok(found)
}

/// Rows with a version that was there already.
#[derive(Debug, Clone, Default)]
pub struct Duplicates {
    /// How many.
    pub rows: usize,
    /// Of these: rows of calls that the workspace took without saying so; the client repeats them.
    pub taken_without_an_answer: usize,
    /// The rest: what a process had in hand when it was killed.
    pub after_a_kill: usize,
}

/// Rows that a process has in hand at most when it is killed: for each of two kinds a group that is written and not yet remembered.
const IN_HAND: usize = 2 * 2_000;

/// The window of the first load begins up to so long after the story, when the first run does.
const START: Duration = Duration::from_secs(120);

/// Compares every record with its newest row.
pub(super) fn verify(
    truth: &BTreeMap<String, Truth>,
    deleted: &BTreeMap<String, &'static str>,
    logs: &LogsIngestion,
    window: Timestamp,
    kills: usize,
) -> anyhow::Result<Duplicates> {
    let rows = logs.rows(ServiceDeskRow::STREAM);
    let complaints = logs.complaints(ServiceDeskRow::STREAM);
    ensure!(complaints.is_empty(), "the workspace swallowed something: {complaints:?}");
    let mut newest: HashMap<&str, &Map<String, Value>> = HashMap::new();
    let mut versions: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for row in &rows {
        let id = text(row, "SourceId_s");
        *versions.entry((id, text(row, "SourceVersion_s"), text(row, "RecordState_s"))).or_default() += 1;
        let held = newest.entry(id).or_insert(row);
        if text(row, "TimeGenerated").parse::<Timestamp>()? >= text(held, "TimeGenerated").parse::<Timestamp>()? {
            *held = row;
        }
    }
    let mut before = 0;
    for (id, truth) in truth {
        let changed: Timestamp = truth.columns.get("LastModifiedDate_t").context("a date")?.parse()?;
        if changed < later(window, START) && !newest.contains_key(id.as_str()) {
            before += 1;
            continue;
        }
        let row = newest.get(id.as_str()).with_context(|| format!("no row for {} {truth:?}", truth.kind))?;
        ensure!(text(row, "RecordState_s") == "Present", "{id} is there and its row says it is not: {row:?}");
        ensure!(text(row, "ServiceDeskWorkItemType_s") == truth.kind, "{row:?} is a {}", truth.kind);
        let own: BTreeSet<&str> = COMMON.iter().chain(INCIDENT).chain(CHANGE).map(|(column, ..)| *column).collect();
        let said: BTreeMap<&str, String> = row
            .iter()
            .filter(|(name, _)| own.contains(name.as_str()))
            .map(|(name, value)| (name.as_str(), shown(value)))
            .collect();
        let should: BTreeMap<&str, String> = truth.columns.iter().map(|(name, value)| (*name, value.clone())).collect();
        // A change request has a contact type and an opening date too; the old tables do not say what became of them.
        let extra = |name: &&str| truth.kind == "ChangeRequest" && matches!(*name, "Source_s" | "CreatedDate_t");
        let said: BTreeMap<_, _> = said.into_iter().filter(|(name, _)| !extra(name)).collect();
        ensure!(said == should, "the newest row of {id} says\n{said:#?}\nthe record says\n{should:#?}");
    }
    for (id, row) in &newest {
        let gone = !truth.contains_key(*id);
        ensure!(!gone || deleted.contains_key(*id), "a row for {id}, which never was: {row:?}");
        ensure!(gone == (text(row, "RecordState_s") != "Present"), "{id} is gone and its newest row does not say so: {row:?}");
    }
    ensure!(before < 10, "{before} records are said to be older than the window");
    let twice: usize = versions.values().map(|count| count - 1).sum();
    let unanswered: usize = logs.requests().iter().filter(|request| request.status == 0).map(|request| request.records).sum();
    let duplicates = Duplicates {
        rows: twice,
        taken_without_an_answer: unanswered.min(twice),
        after_a_kill: twice.saturating_sub(unanswered),
    };
    ensure!(duplicates.after_a_kill <= kills * IN_HAND, "more duplicates than can be explained: {duplicates:?}");
    Ok(duplicates)
}

fn text<'a>(row: &'a Map<String, Value>, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
