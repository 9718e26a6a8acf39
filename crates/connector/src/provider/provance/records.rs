//! Incidents and change requests in the order of their last change. Dates of change have whole seconds, and GUIDs sort in the
//! database's own way, so that a place inside of a second cannot be asked for: a page always ends between two seconds, and where
//! it cannot, the whole second is read.

mod columns;

use jiff::Timestamp;

use self::columns::Column;
use super::Provance;
use super::classify::NOUN;
use super::client::{LARGEST, List};
use super::identity::guid;
use super::mapping;
use super::row::{Listed, Row};
use crate::provider::ProviderError;
use crate::provider::order::{Listing, Placed, Side, Wrong, in_time, seconds_later, verify, whole_second};
use crate::provider::pace::SMALLEST;
use crate::provider::records::{Ask, Page, Position, Remark};
use crate::provider::trouble::Trouble;
use crate::rows::{RecordKind, ServiceDeskRow};

/// `versionnumber` is a column of every table.
const VERSION: &str = "versionnumber";

/// A table that records come from.
struct Source<'a> {
    set: &'a str,
    logical_name: &'a str,
    id: &'a str,
    stamp: &'a str,
    /// A filter that narrows it; may be empty.
    base: &'a str,
    setting: &'static str,
    columns: Vec<Column<'a>>,
    select: String,
}

/// A record with its place.
struct Item {
    id: String,
    at: Option<Timestamp>,
    row: Row,
}

impl Placed for Item {
    fn id(&self) -> &str {
        &self.id
    }
    fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

/// The table of a kind of record; nothing when the profile has none.
fn source(tool: &Provance, kind: RecordKind) -> Option<Source<'_>> {
    let (profile, sync) = (tool.profile(), &tool.connection.sync);
    let source = match kind {
        RecordKind::Incident => {
            let table = &profile.incident;
            Source {
                set: &table.entity_set,
                logical_name: &table.logical_name,
                id: &table.id,
                stamp: &table.modified_on,
                base: sync.incident_query.trim(),
                setting: "sync.incident_query",
                columns: columns::of_incident(table),
                select: String::new(),
            }
        }
        RecordKind::ChangeRequest => {
            let table = Some(&profile.change).filter(|table| !table.entity_set.is_empty())?;
            Source {
                set: &table.entity_set,
                logical_name: &table.logical_name,
                id: &table.id,
                stamp: &table.modified_on,
                base: sync.change_query.trim(),
                setting: "sync.change_query",
                columns: columns::of_change(table),
                select: String::new(),
            }
        }
    };
    let select = columns::select(&source.columns, [source.id, source.stamp, VERSION]);
    Some(Source { select, ..source })
}

pub(super) async fn page(tool: &Provance, ask: &Ask<'_>) -> Result<Page, ProviderError> {
    let nothing = |next| Page { rows: Vec::new(), next, more: false, remaining: None, remarks: Vec::new() };
    let Some(source) = source(tool, ask.kind) else { return Ok(nothing(ask.after.clone())) };
    let from = whole_second(ask.after.at);
    let end = ask.until.map(|until| seconds_later(whole_second(until), 1));
    if end.is_some_and(|end| from >= end) {
        return Ok(nothing(ask.after.clone()));
    }
    let limit = ask.limit.clamp(1, LARGEST);
    let (mut items, more) = read(tool, &source, from, end, limit, false).await?;
    let place = |items: &[Item]| items.iter().filter_map(Placed::place).max();
    let (next, more) = match items.last().and_then(Placed::at).map(whole_second) {
        None => (ask.after.clone(), false),
        Some(_) if !more => (place(&items).unwrap_or_else(|| ask.after.clone()).max(ask.after.clone()), false),
        Some(last) => {
            let first = items.first().and_then(Placed::at).map_or(last, whole_second);
            if first == last {
                // More were changed in one second than a page holds: all of it is read, and nothing behind it. Should that second
                // not be over yet, the overlap of the next run brings what is still changed in it.
                let behind = seconds_later(last, 1);
                items = read(tool, &source, last, Some(behind), LARGEST, true).await?.0;
                (Position::before(behind), true)
            } else {
                items.retain(|item| item.at.is_some_and(|at| whole_second(at) < last));
                (Position::before(last), true)
            }
        }
    };
    let no_version = items.iter().any(|item| !item.row.has(VERSION));
    let finish = |item: Item| ServiceDeskRow {
        work_item_type: ask.kind,
        last_modified: item.at,
        source_version: item.row.text(VERSION),
        source_url: mapping::page(&tool.connection, source.logical_name, &item.id),
        source_id: item.id,
        ..columns::row(&source.columns, &item.row)
    };
    let remarks = no_version.then(|| Remark {
        cause: format!(
            "records of {} come without {VERSION}, so that each is written again when it is read again",
            source.logical_name
        ),
        remedy: "let the connector's security role read the column".to_owned(),
    });
    Ok(Page {
        rows: items.into_iter().map(finish).collect(),
        next,
        more,
        remaining: None,
        remarks: remarks.into_iter().collect(),
    })
}

/// Records changed from `from` on and before `end`, in that order; with `whole` all of them, else a page. Whether more follow.
async fn read(
    tool: &Provance,
    source: &Source<'_>,
    from: Timestamp,
    end: Option<Timestamp>,
    limit: u32,
    whole: bool,
) -> Result<(Vec<Item>, bool), ProviderError> {
    let Source { set, id, stamp, base, select, .. } = source;
    let mut terms = vec![format!("{stamp} ge {}", told(from))];
    terms.extend(end.map(|end| format!("{stamp} lt {}", told(end))));
    if !base.is_empty() {
        terms.insert(0, format!("({base})"));
    }
    let (filter, order) = (terms.join(" and "), format!("{stamp} asc,{id} asc"));
    let side = |(at, _): (Timestamp, &str)| {
        if at < from {
            Side::Before
        } else if end.is_some_and(|end| at >= end) {
            Side::Behind
        } else {
            Side::Inside
        }
    };
    let mut disordered = false;
    loop {
        let page = tool.client.pace().limit(set, limit);
        let list = List { set, select, filter: &filter, order: &order, page };
        let listed = match tool.client.page(&list).await {
            Ok(Ok(listed)) => rest(tool, &list, listed, whole).await,
            Ok(Err(cause)) => Ok(Err(cause)),
            Err(trouble) => Err(trouble),
        };
        let listed = match listed {
            Ok(Ok(listed)) => listed,
            Ok(Err(cause)) if page <= SMALLEST => return Err(ProviderError::Retry { after: None, cause }),
            Ok(Err(_)) => {
                tool.client.pace().half(set, page);
                continue;
            }
            Err(trouble) => {
                // Too slow or too long an answer is likely to be so again.
                if matches!(trouble, Trouble::Error(ProviderError::Retry { .. })) {
                    tool.client.pace().half(set, page);
                }
                return Err(trouble.into());
            }
        };
        let more = listed.next.is_some();
        let item = |row: Row| Item { id: guid(&row.text(id)).unwrap_or_default(), at: row.instant(stamp), row };
        let items: Vec<Item> = listed.rows.into_iter().map(item).collect();
        match verify(&items, side, in_time) {
            Ok(()) => {
                tool.client.pace().whole(set);
                return Ok((items, more));
            }
            // A record that is changed while the page is made can leave its place: seen twice, it is no chance.
            Err(Wrong::Order) if !disordered => disordered = true,
            Err(wrong) => return Err(refused(wrong, source)),
        }
    }
}

/// The pages behind the first one, where all are wanted. Their links are followed as they are.
async fn rest(tool: &Provance, list: &List<'_>, first: Listed, whole: bool) -> Result<Result<Listed, String>, Trouble> {
    let mut all = first;
    if !whole {
        return Ok(Ok(all));
    }
    let (prefer, what) = (format!("odata.maxpagesize={}", list.page), format!("reading {}", list.set));
    let mut followed = Vec::new();
    while let Some(link) = all.next.take() {
        if followed.contains(&link) {
            return Ok(Err(format!("{what}: the {NOUN} names the same next page again")));
        }
        match tool.client.follow(&link, &prefer, &what).await? {
            Ok(mut listed) => {
                all.rows.append(&mut listed.rows);
                all.next = listed.next;
            }
            Err(cause) => return Ok(Err(cause)),
        }
        followed.push(link);
    }
    Ok(Ok(all))
}

/// As dates stand in a filter: UTC, whole seconds.
fn told(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn refused(wrong: Wrong, source: &Source<'_>) -> ProviderError {
    let Source { logical_name, id, stamp, setting, base, .. } = source;
    let narrowing = if base.is_empty() {
        format!("check provance.profile: {stamp} must be the column of the last change")
    } else {
        format!("correct {setting}: a $filter of columns that exist, without $orderby")
    };
    wrong.refused(&Listing { noun: NOUN, table: logical_name, id, stamp, narrowing: &narrowing })
}
