//! Instants on the wire, and versions. The server keeps ticks of 100 nanoseconds; every `LastModified` here ends in a fraction of a
//! millisecond, so that a client that rounds is found out.

use jiff::Timestamp;

use crate::service_manager::model::{Position, WorkItem};

/// Ticks behind the millisecond in every `LastModified`.
const FRACTION: i64 = 3_333;
/// Nanoseconds.
const TICK: i128 = 100;
/// Ticks from the year 1 to 1970, as .NET counts.
const EPOCH: i64 = 621_355_968_000_000_000;

/// An instant in milliseconds since 1970.
pub(super) fn show(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

fn ticks(item: &WorkItem) -> i64 {
    item.last_modified.saturating_mul(10_000).saturating_add(FRACTION)
}

/// `LastModified`.
pub(super) fn last_modified(item: &WorkItem) -> String {
    Timestamp::from_nanosecond(i128::from(ticks(item)) * TICK).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The version of a work item, quoted.
pub(super) fn etag(item: &WorkItem) -> String {
    format!("\"{}-{}\"", ticks(item).saturating_add(EPOCH), item.revision)
}

/// An instant of a request in ticks since 1970; `None` when the text is none.
pub(super) fn read(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond().div_euclid(TICK)).ok()
}

/// Where the items from an instant on begin, or those behind an item that was seen at it.
pub(super) fn position(ticks: i64, after: Option<&str>) -> Position {
    let behind = ticks.saturating_sub(FRACTION);
    match after {
        Some(id) if behind.rem_euclid(10_000) == 0 => Position::Behind(behind.div_euclid(10_000), id.to_owned()),
        // No item has this very instant, so the first behind it is the next.
        _ => Position::From(behind.saturating_add(9_999).div_euclid(10_000)),
    }
}

/// Whether an item was changed at this instant (ticks) or earlier.
pub(super) fn not_after(item: &WorkItem, until: i64) -> bool {
    ticks(item) <= until
}
