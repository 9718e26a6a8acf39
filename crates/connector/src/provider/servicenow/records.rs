//! Incidents and change requests in the order of their last change: which columns are read, and what becomes of them in a row.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use super::ServiceNow;
use super::cells::Cell;
use super::keyset::{self, Source, Step};
use crate::provider::ProviderError;
use crate::provider::order::Placed;
use crate::provider::records::{Ask, Page, Remark};
use crate::rows::{RecordKind, ServiceDeskRow};

/// Which records have a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Both,
    Incident,
    Change,
}

impl Of {
    fn fits(self, kind: RecordKind) -> bool {
        match self {
            Self::Both => true,
            Self::Incident => kind == RecordKind::Incident,
            Self::Change => kind == RecordKind::ChangeRequest,
        }
    }
}

/// A record as it stands in the answer: names in Rust, who has the column, its name in ServiceNow.
macro_rules! record {
    ($($field:ident: $of:ident = $name:literal,)*) => {
        #[derive(Deserialize)]
        struct Record<'a> {
            $( #[serde(rename = $name, borrow, default)] $field: Option<Cell<'a>>, )*
        }

        const COLUMNS: &[(&str, Of)] = &[$( ($name, Of::$of), )*];

        impl Record<'_> {
            /// A bit for each of [`COLUMNS`] that is not there.
            fn missing(&self) -> u64 {
                [$( self.$field.is_none(), )*].iter().rev().fold(0, |bits, missing| bits << 1 | u64::from(*missing))
            }
        }
    };
}

record! {
    sys_id: Both = "sys_id",
    updated: Both = "sys_updated_on",
    version: Both = "sys_mod_count",
    number: Both = "number",
    state: Both = "state",
    urgency: Both = "urgency",
    impact: Both = "impact",
    priority: Both = "priority",
    closed_by: Both = "closed_by",
    contact_type: Both = "contact_type",
    assigned_to: Both = "assigned_to",
    category: Both = "category",
    title: Both = "short_description",
    description: Both = "description",
    escalation: Both = "escalation",
    opened: Both = "opened_at",
    closed: Both = "closed_at",
    computer: Both = "cmdb_ci",
    opened_by: Incident = "opened_by",
    resolved_by: Incident = "resolved_by",
    resolved: Incident = "resolved_at",
    requested_by: Change = "requested_by",
    risk: Change = "risk",
    change_type: Change = "type",
    conflict_status: Change = "conflict_status",
    requested: Change = "requested_by_date",
    planned_start: Change = "start_date",
    planned_end: Change = "end_date",
    work_start: Change = "work_start",
    work_end: Change = "work_end",
}

/// A record taken over from the answer.
pub(super) struct Item {
    row: ServiceDeskRow,
    missing: u64,
    /// Columns whose values are no dates.
    no_dates: Vec<&'static str>,
}

impl Placed for Item {
    fn id(&self) -> &str {
        &self.row.source_id
    }
    fn at(&self) -> Option<Timestamp> {
        self.row.last_modified
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Record::deserialize(value).map(Self::from)
    }
}

impl From<Record<'_>> for Item {
    fn from(record: Record<'_>) -> Self {
        let shown = |cell: Option<Cell<'_>>| cell.map(|cell| cell.display.into_owned()).unwrap_or_default();
        let stored = |cell: Option<Cell<'_>>| cell.map(|cell| cell.value.into_owned()).unwrap_or_default();
        let mut no_dates = Vec::new();
        let mut instant = |cell: Option<Cell<'_>>, column| {
            let text = cell.map(|cell| cell.value).filter(|text| !text.is_empty())?;
            let at = date(&text);
            if at.is_none() {
                no_dates.push(column);
            }
            at
        };
        let missing = record.missing();
        let row = ServiceDeskRow {
            number: shown(record.number),
            // A change request's is put into its own place when the kind is known.
            incident_state: shown(record.state),
            urgency: shown(record.urgency),
            impact: shown(record.impact),
            priority: shown(record.priority),
            risk: shown(record.risk),
            change_type: shown(record.change_type),
            // Only one of the two is asked for.
            created_by: shown(record.opened_by.or(record.requested_by)),
            resolved_by: shown(record.resolved_by),
            closed_by: shown(record.closed_by),
            source: shown(record.contact_type),
            assigned_to: shown(record.assigned_to),
            category: shown(record.category),
            title: shown(record.title),
            description: shown(record.description),
            escalation: shown(record.escalation),
            conflict_status: shown(record.conflict_status),
            created: instant(record.opened, "opened_at"),
            closed: instant(record.closed, "closed_at"),
            resolved: instant(record.resolved, "resolved_at"),
            requested: instant(record.requested, "requested_by_date"),
            planned_start: instant(record.planned_start, "start_date"),
            planned_end: instant(record.planned_end, "end_date"),
            work_start: instant(record.work_start, "work_start"),
            work_end: instant(record.work_end, "work_end"),
            last_modified: record.updated.and_then(|cell| date(&cell.value)),
            computer: shown(record.computer),
            source_id: stored(record.sys_id),
            source_version: stored(record.version),
            ..ServiceDeskRow::default()
        };
        Self { row, missing, no_dates }
    }
}

/// A stored date: UTC without a mark, `2026-09-01 10:00:02`. Nothing when it is none.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// The table of a kind of record.
pub(super) const fn table(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Incident => "incident",
        RecordKind::ChangeRequest => "change_request",
    }
}

/// The narrowing query of a kind, fit to have terms behind it; and the setting it comes from.
fn narrowing(tool: &ServiceNow, kind: RecordKind) -> (&str, &'static str) {
    let settings = &tool.connection.sync;
    let (query, setting) = match kind {
        RecordKind::Incident => (&settings.incident_query, "sync.incident_query"),
        RecordKind::ChangeRequest => (&settings.change_query, "sync.change_query"),
    };
    // A filter that was copied from a list may carry its end mark.
    let query = query.trim().trim_matches('^');
    (query.strip_suffix("^EQ").unwrap_or(query), setting)
}

fn columns(kind: RecordKind) -> String {
    let names: Vec<_> = COLUMNS.iter().filter(|(_, of)| of.fits(kind)).map(|(name, _)| *name).collect();
    names.join(",")
}

pub(super) async fn page(tool: &ServiceNow, ask: &Ask<'_>) -> Result<Page, ProviderError> {
    let (base, setting) = narrowing(tool, ask.kind);
    let fields = columns(ask.kind);
    let table = table(ask.kind);
    let source = Source { table, stamp: "sys_updated_on", base, setting, fields: &fields, search_hidden: true };
    let step: Step<Item> = keyset::step(&tool.client, &source, ask.after, ask.until, ask.limit, tool.clock.now()).await?;
    // Where something was read before, hidden records are a rule's doing and nothing to speak of.
    let unreadable = if tool.client.pace().readable(table) { 0 } else { step.unreadable };
    let remarks = remarks(&step, ask.kind, unreadable);
    let address = tool.client.page(table, "");
    let finish = |item: Item| {
        let mut row = item.row;
        if ask.kind == RecordKind::ChangeRequest {
            row.change_state = std::mem::take(&mut row.incident_state);
        }
        row.work_item_type = ask.kind;
        row.source_url = format!("{address}{}", row.source_id);
        row
    };
    let Step { items, next, more, remaining, .. } = step;
    Ok(Page { rows: items.into_iter().map(finish).collect(), next, more, remaining, remarks })
}

/// What a right that came later asks for: records that were not given before are not read again by themselves.
const AGAIN: &str = "`itsm-connector sync CONNECTION --full` reads what was left out";

/// What a person should know about this part, each thing once.
fn remarks(step: &Step<Item>, kind: RecordKind, unreadable: u64) -> Vec<Remark> {
    let table = table(kind);
    let mut remarks = step.remarks.clone();
    if unreadable > 0 {
        let role = match kind {
            RecordKind::Incident => "itil or sn_incident_read",
            RecordKind::ChangeRequest => "itil or sn_change_read",
        };
        remarks.push(Remark {
            cause: format!("{unreadable} records of {table} match and not one of them may be read"),
            remedy: format!("give the integration user the role {role}, or a read ACL on {table}; then {AGAIN}"),
        });
    }
    // A column rule may look at the record: what is missing anywhere is named.
    let missing = step.items.iter().map(|item| item.missing).reduce(|left, right| left | right).unwrap_or_default();
    let hidden: Vec<_> = COLUMNS
        .iter()
        .enumerate()
        .filter(|(position, (_, of))| missing >> position & 1 == 1 && of.fits(kind))
        .map(|(_, (name, _))| *name)
        .collect();
    if !hidden.is_empty() {
        remarks.push(Remark {
            cause: format!("columns of {table} that may not be read, or do not exist, stay empty: {}", hidden.join(", ")),
            remedy: format!("give the integration user the right to read them; then {AGAIN}"),
        });
    }
    let mut no_dates: Vec<_> = step.items.iter().flat_map(|item| item.no_dates.iter().copied()).collect();
    no_dates.sort_unstable();
    no_dates.dedup();
    if !no_dates.is_empty() {
        remarks.push(Remark {
            cause: format!("values of {table} that are no dates are left out: {}", no_dates.join(", ")),
            remedy: "give these columns a date type in the instance's dictionary, or report it with a record as an example"
                .to_owned(),
        });
    }
    remarks
}
