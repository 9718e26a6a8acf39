//! Incidents and change requests in the order of (`LastModified`, `Id`), and those that were deleted. The gateway pages by key and tells
//! instants as exactly as the server keeps them, so that a place in the order is exact; what came is held against what was asked for.

use jiff::Timestamp;

use super::Gateway;
use super::client::Kind;
use super::problem::NOUN;
use super::shapes::{Enumerated, Item, Listed, instant};
use crate::provider::ProviderError;
use crate::provider::order::{Listing, Place, Placed, Side, Wrong, strictly, verify};
use crate::provider::pace::SMALLEST;
use crate::provider::records::{Ask, Gone, Page, Position, Remark};
use crate::provider::service_manager::mapping;
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

/// So many pages may be empty and still have others behind them.
const EMPTY_PAGES: u32 = 50;

/// What is asked for.
struct Walk<'a> {
    kind: RecordKind,
    after: &'a Position,
    until: Option<Timestamp>,
    limit: u32,
    /// `active` or `deleted`.
    status: &'static str,
}

/// What came.
struct Step {
    items: Vec<Item>,
    next: Position,
    more: bool,
    remaining: Option<u64>,
}

const fn path(kind: RecordKind) -> Kind {
    match kind {
        RecordKind::Incident => Kind::Incidents,
        RecordKind::ChangeRequest => Kind::Changes,
    }
}

const fn class(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Incident => mapping::INCIDENT,
        RecordKind::ChangeRequest => mapping::CHANGE_REQUEST,
    }
}

impl Walk<'_> {
    /// How a place lies to what was asked for.
    fn side(&self, place: Place<'_>) -> Side {
        if place <= (self.after.at, self.after.id.as_str()) {
            Side::Before
        } else if self.until.is_some_and(|until| place.0 > until) {
            Side::Behind
        } else {
            Side::Inside
        }
    }

    fn query(&self, cursor: Option<&str>, limit: u32) -> Vec<(&'static str, String)> {
        let mut query =
            vec![("limit", limit.to_string()), ("objectStatus", self.status.to_owned()), ("count", "true".to_owned())];
        query.extend(self.until.map(|until| ("until", until.to_string())));
        if let Some(cursor) = cursor {
            query.push(("cursor", cursor.to_owned()));
            return query;
        }
        query.push(("modifiedSince", self.after.at.to_string()));
        if !self.after.id.is_empty() {
            query.push(("afterId", self.after.id.clone()));
        }
        query
    }
}

/// The next records. Half a page is asked for again with half the length.
async fn step(tool: &Gateway, walk: &Walk<'_>) -> Result<Step, ProviderError> {
    let kind = path(walk.kind);
    let (mut cursor, mut empty, mut disordered) = (None::<String>, 0, false);
    loop {
        let limit = tool.pace.limit(kind.path(), walk.limit.clamp(1, super::LARGEST_PAGE));
        let query = walk.query(cursor.as_deref(), limit);
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let listed = match tool.client.list(kind, &query).await {
            Ok(Ok(listed)) => listed,
            Ok(Err(cause)) if limit <= SMALLEST => return Err(ProviderError::Retry { after: None, cause }),
            Ok(Err(_)) => {
                tool.pace.half(kind.path(), limit);
                continue;
            }
            Err(error) => {
                // Too slow or too long an answer is likely to be so again.
                if matches!(error, ProviderError::Retry { .. }) {
                    tool.pace.half(kind.path(), limit);
                }
                return Err(error);
            }
        };
        let Listed { items, next_cursor, remaining } = listed;
        match verify(&items, |place| walk.side(place), strictly) {
            Ok(()) => tool.pace.whole(kind.path()),
            Err(Wrong::Order) if !disordered => {
                disordered = true;
                continue;
            }
            Err(wrong) => return Err(refused(wrong, walk.kind)),
        }
        match (items.last().and_then(Placed::place), next_cursor) {
            (Some(next), more) => return Ok(Step { items, next, more: more.is_some(), remaining }),
            (None, None) => return Ok(Step { items, next: walk.after.clone(), more: false, remaining: Some(0) }),
            // Only a cursor leads past a page that is empty and not the last.
            (None, Some(next)) if empty < EMPTY_PAGES && cursor.as_ref() != Some(&next) => {
                empty += 1;
                cursor = Some(next);
            }
            (None, Some(_)) => {
                let cause = format!("reading {}: the gateway answers with empty pages without an end", kind.path());
                return Err(ProviderError::Retry { after: None, cause });
            }
        }
    }
}

fn refused(wrong: Wrong, kind: RecordKind) -> ProviderError {
    let narrowing =
        "bring gateway and connector to the same release (protocol version 1), and report it with the gateway's log if they are";
    wrong.refused(&Listing { noun: NOUN, table: class(kind), id: "Id", stamp: "LastModified", narrowing })
}

pub(super) async fn page(tool: &Gateway, ask: &Ask<'_>) -> Result<Page, ProviderError> {
    let walk = Walk { kind: ask.kind, after: ask.after, until: ask.until, limit: ask.limit, status: "active" };
    let Step { items, next, more, remaining } = step(tool, &walk).await?;
    let mut no_dates = Vec::new();
    let rows = items.into_iter().map(|item| row(tool, ask.kind, item, &mut no_dates)).collect();
    Ok(Page { rows, next, more, remaining, remarks: remarks(ask.kind, no_dates) })
}

/// Those that are marked as deleted; they vanish without trace when they are groomed.
pub(super) async fn gone(tool: &Gateway, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
    let walk = Walk { kind, after, until: None, limit, status: "deleted" };
    let Step { items, next, more, .. } = match step(tool, &walk).await {
        Ok(step) => step,
        Err(ProviderError::Refused { cause, .. }) => {
            tracing::debug!(connection = tool.name, cause, "the gateway does not tell which work items were deleted");
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    let row = |item: Item| ServiceDeskRow {
        work_item_type: kind,
        number: item.id.clone(),
        last_modified: item.at(),
        source_id: item.id,
        record_state: RecordState::Deleted,
        ..ServiceDeskRow::default()
    };
    Ok(Some(Gone { rows: items.into_iter().map(row).collect(), next, more }))
}

fn remarks(kind: RecordKind, mut no_dates: Vec<&'static str>) -> Vec<Remark> {
    no_dates.sort_unstable();
    no_dates.dedup();
    if no_dates.is_empty() {
        return Vec::new();
    }
    vec![Remark {
        cause: format!("values of {} that are no dates are left out: {}", class(kind), no_dates.join(", ")),
        remedy: "report it with a work item as an example: the gateway must tell instants as 2026-09-01T10:00:00Z".to_owned(),
    }]
}

fn row(tool: &Gateway, kind: RecordKind, item: Item, no_dates: &mut Vec<&'static str>) -> ServiceDeskRow {
    let mut date = |text: Option<String>, property| {
        let text = text.filter(|text| !text.is_empty())?;
        let at = instant(&text);
        if at.is_none() {
            no_dates.push(property);
        }
        at
    };
    let label = |value: Option<Enumerated>| value.map(|value| value.label).unwrap_or_default();
    let plain = Option::unwrap_or_default;
    let last_modified = item.at();
    let common = ServiceDeskRow {
        work_item_type: kind,
        number: item.id.clone(),
        impact: label(item.impact),
        priority: priority(item.priority.as_ref()),
        created_by: plain(item.created_by),
        closed_by: plain(item.closed_by),
        assigned_to: plain(item.assigned_to),
        title: plain(item.title),
        description: plain(item.description),
        created: date(item.created, "CreatedDate"),
        closed: date(item.closed, "ClosedDate"),
        last_modified,
        computer: item.computers.into_iter().next().unwrap_or_default(),
        source_version: item.etag.trim_matches('"').to_owned(),
        source_url: if kind == RecordKind::Incident { mapping::page(&tool.connection, &item.id) } else { String::new() },
        source_id: item.id,
        ..ServiceDeskRow::default()
    };
    match kind {
        RecordKind::Incident => ServiceDeskRow {
            incident_state: label(item.status),
            urgency: label(item.urgency),
            resolved_by: plain(item.resolved_by),
            source: label(item.source),
            category: label(item.classification),
            escalation: item.escalated.map(|yes| if yes { "Yes" } else { "No" }).unwrap_or_default().to_owned(),
            resolved: date(item.resolved, "ResolvedDate"),
            ..common
        },
        // The old connector's columns: its type is Service Manager's category; conflicts there are none.
        RecordKind::ChangeRequest => ServiceDeskRow {
            change_state: label(item.status),
            risk: label(item.risk),
            change_type: label(item.category),
            category: label(item.area),
            requested: date(item.required_by, "RequiredBy"),
            planned_start: date(item.scheduled_start, "ScheduledStartDate"),
            planned_end: date(item.scheduled_end, "ScheduledEndDate"),
            work_start: date(item.actual_start, "ActualStartDate"),
            work_end: date(item.actual_end, "ActualEndDate"),
            ..common
        },
    }
}

/// A number for incidents, a value of a list for change requests.
fn priority(value: Option<&serde_json::Value>) -> String {
    use serde_json::Value;
    match value {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(listed)) => listed.get("label").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}
