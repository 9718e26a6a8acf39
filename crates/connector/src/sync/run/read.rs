//! Reading: pages of the ITSM tool become groups, which are written one at a time. Nothing is remembered here, and nothing written.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{Reading, Run};
use crate::clock::later;
use crate::metrics::label::Waiting;
use crate::provider::records::{Ask, Gone, Page, Position, Remark};
use crate::provider::{ProviderError, WaitReason};
use crate::rows::ServiceDeskRow;
use crate::sync::trouble::{Patience, Stop};

/// A group is full at so many records: enough that a save is cheap beside writing them, few enough to repeat after a kill.
const GROUP_ROWS: usize = 1_000;
/// A group is full at so many bytes: what is in memory at most is two groups and a page.
const GROUP_BYTES: usize = 2_000_000;
/// A group is handed on at this age, so that a slow tool does not make a run look dead.
const GROUP_AGE: Duration = Duration::from_secs(30);
/// Pages without a step forward before the tool is said to be stuck.
const PAGES_WITHOUT_STEP: u32 = 100;

/// Rows that were read and not written yet.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: Vec<ServiceDeskRow>,
    /// Where to go on.
    pub(super) next: Position,
    pub(super) more: bool,
    pub(super) remaining: Option<u64>,
    /// When its first page was asked for.
    pub(super) asked: Timestamp,
    /// When its last page had come.
    pub(super) came: Timestamp,
    /// When the first page was asked for, in this pass, on which a change may have been missing that becomes visible later;
    /// nothing while all that was read was settled.
    pub(super) open: Option<Timestamp>,
    /// `TimeGenerated` of its last page.
    pub(super) stamp: Timestamp,
    pub(super) remarks: Vec<Remark>,
    /// Pages since the last step forward.
    pub(super) still: u32,
    /// Why reading ended after these rows.
    pub(super) stop: Option<Stop>,
}

impl Group {
    /// Nothing that was visible up to here is missing.
    pub(super) fn covers(&self, reading: Reading) -> Timestamp {
        match reading {
            Reading::Load { until } if !self.more => until,
            _ => self.next.at,
        }
    }
}

impl Run<'_> {
    /// Reads pages until they make a group.
    pub(super) async fn group(&self, reading: Reading, from: &Position, newest: Option<Timestamp>, still: u32) -> Group {
        let asked = self.engine.clock.now();
        let stamp = newest.unwrap_or(Timestamp::MIN);
        let (next, rows, remarks) = (from.clone(), Vec::new(), Vec::new());
        let (came, open) = (asked, None);
        let mut group = Group { rows, next, more: true, remaining: None, asked, came, open, stamp, remarks, still, stop: None };
        let mut bytes = 0_usize;
        loop {
            group.stamp = after(group.stamp, self.engine.clock.now());
            let page = match self.page(reading, &group.next).await {
                Ok(page) => page,
                Err(stop) => {
                    group.stop = Some(stop);
                    return group;
                }
            };
            let next = further(&group.next, page.next);
            group.still = if next == group.next { group.still + 1 } else { 0 };
            if page.more && group.still >= PAGES_WITHOUT_STEP {
                group.stop = Some(Stop::Stuck);
                return group;
            }
            for mut row in each_once(page.rows) {
                row.connection = Arc::clone(&self.connection);
                row.run_id = Arc::clone(&self.id);
                row.work_item_type = self.kind;
                row.time_generated = group.stamp;
                bytes = bytes.saturating_add(size(&row));
                group.rows.push(row);
            }
            group.next = next;
            group.more = page.more;
            group.remaining = page.remaining;
            group.remarks.extend(page.remarks);
            let now = self.engine.clock.now();
            group.came = now;
            let full = group.rows.len() >= GROUP_ROWS || bytes >= GROUP_BYTES;
            if full || !group.more || now >= later(asked, GROUP_AGE) || self.limits.over(now) {
                return group;
            }
        }
    }

    /// One page, with a little patience.
    async fn page(&self, reading: Reading, after: &Position) -> Result<Page, Stop> {
        let mut patience = Patience::default();
        loop {
            let limit = self.source.sync.page_size;
            let provider = &self.source.provider;
            let until = if let Reading::Load { until } = reading { Some(until) } else { None };
            let result = match reading {
                Reading::Gone => provider.gone(self.kind, after, limit).await.map(|gone| gone_page(gone, after)),
                _ => provider.page(&Ask { kind: self.kind, after, until, limit }).await,
            };
            match result {
                Ok(page) => return Ok(page),
                Err(error) => {
                    let limited = matches!(error, ProviderError::Wait { reason: WaitReason::RateLimit, .. });
                    let waited = patience.wait(error.into(), &self.limits, self.engine).await?;
                    if limited {
                        let metrics = &self.engine.metrics;
                        metrics.rate_limit_wait(waited, metrics.connection(&self.connection), Waiting::Sync);
                    }
                }
            }
        }
    }
}

/// The place behind a page. A tool's own mark is taken as it comes: marks have no order that we know, and clocks may stand or go back.
fn further(before: &Position, next: Position) -> Position {
    if next.token().is_some() || next > *before { next } else { before.clone() }
}

/// When a page that is asked for now was read: to the microsecond, always later than `last`.
fn after(last: Timestamp, now: Timestamp) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Trunc);
    now.round(round).unwrap_or(now).max(later(last, Duration::from_micros(1)))
}

/// A page has one time, so that a record that changed its place while the page was made stands on it once: as it is at its last.
fn each_once(mut rows: Vec<ServiceDeskRow>) -> Vec<ServiceDeskRow> {
    let mut later = HashSet::new();
    let mut last: Vec<bool> = rows.iter().rev().map(|row| later.insert(row.source_id.as_str())).collect();
    rows.retain(|_| last.pop().unwrap_or(true));
    rows
}

fn gone_page(gone: Option<Gone>, after: &Position) -> Page {
    match gone {
        Some(Gone { rows, next, more }) => Page { rows, next, more, remaining: None, remarks: Vec::new() },
        None => Page { rows: Vec::new(), next: after.clone(), more: false, remaining: None, remarks: Vec::new() },
    }
}

/// About what a row takes in memory: itself and its long texts.
fn size(row: &ServiceDeskRow) -> usize {
    size_of::<ServiceDeskRow>() + row.description.capacity() + row.title.capacity() + 500
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_mark_is_taken_though_the_clock_stands_and_it_sorts_before() {
        let at = Timestamp::from_second(1_788_256_800).unwrap();
        let (ninth, tenth) = (Position::marked(at, "deltatoken=9"), Position::marked(at, "deltatoken=10"));
        assert!(tenth < ninth);
        assert_eq!(further(&ninth, tenth.clone()), tenth);
        let earlier = Position::marked(Timestamp::from_second(1_788_256_700).unwrap(), "deltatoken=11");
        assert_eq!(further(&tenth, earlier.clone()), earlier);
        // A place among records never goes back, and is left for a mark.
        let (record, before) = (Position { at, id: "r7".to_owned() }, Position::before(at));
        assert_eq!(further(&record, before.clone()), record);
        assert_eq!(further(&before, record.clone()), record);
        assert_eq!(further(&record, tenth.clone()), tenth);
    }

    #[test]
    fn a_record_stands_on_a_page_once_as_it_was_last() {
        let row = |id: &str, version: &str| ServiceDeskRow {
            source_id: id.to_owned(),
            source_version: version.to_owned(),
            ..ServiceDeskRow::default()
        };
        let rows = each_once(vec![row("a", "1"), row("b", "1"), row("a", "2"), row("c", "1")]);
        let told: Vec<_> = rows.iter().map(|row| format!("{} {}", row.source_id, row.source_version)).collect();
        assert_eq!(told, ["b 1", "a 2", "c 1"]);
    }
}
