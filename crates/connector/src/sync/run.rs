//! One run over one kind of record: reads group by group, and writes a group while the next one is read. A group's way is
//! always the same: the sink says Ok, the document is saved, people are told.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use tokio::task::JoinSet;

use super::Summary;
use super::cursor::Track;
use super::engine::{Engine, Source};
use super::ledger::Ledger;
use super::trouble::{Limits, Patience, Stop};
use crate::clock::later;
use crate::journal::{Entry, LogType};
use crate::provider::records::{Ask, Gone, Page, Position, Remark};
use crate::rows::{RecordKind, ServiceDeskRow};
use crate::sink::{SinkError, Written};

/// A group is full at so many records: enough that a save is cheap beside writing them, few enough to repeat after a kill.
pub(super) const GROUP_ROWS: usize = 1_000;
/// A group is full at so many bytes: what is in memory at most is two groups and a page.
const GROUP_BYTES: usize = 2_000_000;
/// A group is handed on at this age, so that a slow tool does not make a run look dead.
const GROUP_AGE: Duration = Duration::from_secs(30);
/// The first load makes way for increments so often.
pub(super) const LOAD_SLICE: Duration = Duration::from_secs(60);
/// How long rows that are being written get when the process shall end.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// Pages without a step forward before the tool is said to be stuck.
const PAGES_WITHOUT_STEP: u32 = 100;
/// Refused rows told one by one in a run; the rest is counted.
const REFUSED_TOLD: u64 = 50;
const REMARKS_TOLD: usize = 20;

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Increments,
    Gone,
    Load { until: Timestamp },
}

/// Rows that were read and not written yet.
#[derive(Debug)]
struct Group {
    rows: Vec<ServiceDeskRow>,
    /// Where to go on.
    next: Position,
    more: bool,
    remaining: Option<u64>,
    /// When its first page was asked for.
    asked: Timestamp,
    /// `TimeGenerated` of its last page.
    stamp: Timestamp,
    remarks: Vec<Remark>,
    /// Pages since the last step forward.
    still: u32,
    /// Why reading ended after these rows.
    stop: Option<Stop>,
}

/// What the sink made of a group.
#[derive(Debug, Default)]
struct Handed {
    written: Written,
    /// Rows of attempts that failed: some of them may be there.
    unsure: u64,
    /// Why it was given up.
    stop: Option<Stop>,
}

/// What a run works with.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) source: &'a Source,
    pub(super) connection: Arc<str>,
    pub(super) kind: RecordKind,
    pub(super) id: Arc<str>,
    pub(super) limits: Limits,
}

/// What a run writes down as it goes.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) summary: Summary,
    remarks: BTreeSet<String>,
}

impl Books {
    pub(super) fn new(ledger: Ledger, summary: Summary) -> Self {
        Self { ledger, summary, remarks: BTreeSet::new() }
    }

    /// Knows which versions were written.
    const fn track(&self, reading: Reading) -> &Track {
        match reading {
            Reading::Gone => &self.ledger.cursor.gone,
            Reading::Increments | Reading::Load { .. } => &self.ledger.cursor.increments,
        }
    }
}

impl Run<'_> {
    /// Everything that there is to do, or as much as the budget allows. Answers whether more is left.
    pub(super) async fn all(&self, books: &mut Books) -> Result<bool, Stop> {
        loop {
            let begun = self.engine.clock.now();
            if !self.pass(books, Reading::Increments).await? {
                return Ok(true);
            }
            books.ledger.cursor.current_to = Some(begun);
            let load = books.ledger.cursor.load.as_ref().map(|load| Reading::Load { until: load.until });
            let over = self.limits.over(self.engine.clock.now());
            if let (Some(load), false) = (load, over) {
                self.pass(books, load).await?;
            }
            // Last, so that a tool that cannot tell what went holds nothing up.
            if self.source.sync.gone && !self.pass(books, Reading::Gone).await? {
                return Ok(true);
            }
            match load {
                None => return Ok(false),
                Some(_) if over => return Ok(true),
                Some(_) => {}
            }
        }
    }

    fn overlap(&self) -> Duration {
        self.source.sync.overlap.get()
    }

    /// Reads and writes until nothing more follows (true) or it is time for something else (false); at least one group, so that
    /// every run moves on.
    async fn pass(&self, books: &mut Books, reading: Reading) -> Result<bool, Stop> {
        let begun = self.engine.clock.now();
        let mut place = match reading {
            Reading::Increments => books.ledger.cursor.increments.begin(self.overlap()),
            Reading::Gone => books.ledger.cursor.gone.begin(self.overlap()),
            Reading::Load { .. } => match &books.ledger.cursor.load {
                Some(load) => load.position.clone(),
                None => return Ok(true),
            },
        };
        let (mut stamp, mut still) = (books.ledger.cursor.newest_row, 0);
        let mut last: Option<Group> = None;
        let (mut complete, mut paused) = (false, false);
        loop {
            let reads = !complete && !paused;
            if !reads && last.is_none() {
                return Ok(complete);
            }
            let mut writes = last.take();
            let (mut read_again, mut fresh) = (0, Arc::default());
            if let Some(group) = &mut writes {
                let mut rows = std::mem::take(&mut group.rows);
                let before = rows.len();
                let track = books.track(reading);
                rows.retain(|row| !track.knows(row));
                read_again = before - rows.len();
                fresh = Arc::new(rows);
                // Also of rows that may be there though nothing says so.
                let newest = &mut books.ledger.cursor.newest_row;
                *newest = (*newest).max(Some(group.stamp));
                books.ledger.hold(self.engine, &self.limits).await?;
            }
            let read = async {
                if !reads {
                    return None;
                }
                tokio::select! {
                    biased;
                    () = self.limits.stopped() => None,
                    group = self.group(reading, &place, stamp, still) => Some(group),
                }
            };
            let work = async { tokio::join!(read, self.hand_over(&fresh)) };
            let (read, handed) = books.ledger.alive(self.engine, &self.limits, work).await?;
            if let Some(mut group) = writes {
                group.rows = Arc::unwrap_or_clone(fresh);
                self.settle(books, reading, group, read_again, handed).await?;
            }
            let Some(group) = read else {
                paused = true;
                continue;
            };
            complete = !group.more;
            place = group.next.clone();
            (stamp, still) = (Some(group.stamp), group.still);
            let now = self.engine.clock.now();
            let slice_over = matches!(reading, Reading::Load { .. }) && now >= later(begun, LOAD_SLICE);
            paused = group.stop.is_some() || self.limits.over(now) || slice_over;
            last = Some(group);
        }
    }

    /// Reads pages until they make a group.
    async fn group(&self, reading: Reading, from: &Position, newest: Option<Timestamp>, still: u32) -> Group {
        let asked = self.engine.clock.now();
        let stamp = newest.unwrap_or(Timestamp::MIN);
        let (next, rows, remarks) = (from.clone(), Vec::new(), Vec::new());
        let mut group = Group { rows, next, more: true, remaining: None, asked, stamp, remarks, still, stop: None };
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
            group.still = if page.next > group.next { 0 } else { group.still + 1 };
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
            group.next = page.next.max(group.next);
            group.more = page.more;
            group.remaining = page.remaining;
            group.remarks.extend(page.remarks);
            let now = self.engine.clock.now();
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
                Err(error) => patience.wait(error.into(), &self.limits, self.engine).await?,
            }
        }
    }

    /// The sink has said what became of a group: the cursor moves and is saved, and people are told.
    async fn settle(
        &self,
        books: &mut Books,
        reading: Reading,
        group: Group,
        read_again: usize,
        handed: Handed,
    ) -> Result<(), Stop> {
        let summary = &mut books.summary;
        summary.maybe_twice += handed.unsure + handed.written.maybe_twice;
        if let Some(stop) = handed.stop {
            return Err(stop);
        }
        self.count(summary, &group.rows, &handed.written);
        self.enter(books, reading, &group);
        // What was read again and is unchanged need not be saved at once.
        if !group.rows.is_empty() || matches!(reading, Reading::Load { .. }) {
            books.ledger.save(self.engine, &self.limits).await?;
        }
        let summary = &mut books.summary;
        summary.read += count(group.rows.len() + read_again);
        summary.unchanged += count(read_again);
        if reading == Reading::Gone {
            summary.gone += count(group.rows.len());
        }
        let lag = books.ledger.cursor.lag(self.engine.clock.now());
        self.engine.progress.step(&self.connection, self.kind, count(group.rows.len()), group.remaining, lag);
        for remark in group.remarks {
            if books.remarks.len() < REMARKS_TOLD && books.remarks.insert(remark.cause.clone()) {
                let Remark { cause, remedy } = remark;
                self.tell(LogType::Warning, "the ITSM tool did not give everything", &cause, &remedy, "");
            }
        }
        group.stop.map_or(Ok(()), Err)
    }

    /// Gives rows to the sink, with a little patience.
    async fn hand_over(&self, rows: &Arc<Vec<ServiceDeskRow>>) -> Handed {
        let mut handed = Handed::default();
        if rows.is_empty() {
            return handed;
        }
        let mut patience = Patience::default();
        loop {
            let written = tokio::select! {
                biased;
                written = self.records(rows) => written,
                () = self.cut_off() => Err(not_taken()),
            };
            match written {
                Ok(written) => {
                    handed.written = written;
                    return handed;
                }
                Err(error) => {
                    // Some of them may be there.
                    handed.unsure += count(rows.len());
                    if let Err(stop) = patience.wait(error.into(), &self.limits, self.engine).await {
                        handed.stop = Some(stop);
                        return handed;
                    }
                }
            }
        }
    }

    /// On a task of its own: rows are made into calls while the next pages are taken apart.
    async fn records(&self, rows: &Arc<Vec<ServiceDeskRow>>) -> Result<Written, SinkError> {
        let (sink, rows) = (Arc::clone(&self.engine.sink), Arc::clone(rows));
        // A set, since it ends its task when it is dropped.
        let mut task = JoinSet::new();
        task.spawn(async move { sink.records(&rows).await });
        match task.join_next().await {
            Some(Ok(written)) => written,
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Err(not_taken()),
        }
    }

    /// Returns a little after the process was told to end.
    async fn cut_off(&self) {
        self.limits.stopped().await;
        self.engine.clock.sleep(LAST_WRITE).await;
    }

    fn count(&self, summary: &mut Summary, rows: &[ServiceDeskRow], written: &Written) {
        summary.written += written.accepted;
        summary.cut_fields += written.cut_fields;
        for (index, why) in &written.refused {
            summary.refused += 1;
            if summary.refused <= REFUSED_TOLD {
                let row = rows.get(*index);
                let number = row.map_or("", |row| if row.number.is_empty() { &row.source_id } else { &row.number });
                let remedy = "shorten the record in the ITSM tool; its next change is tried again";
                self.tell(LogType::Warning, "a record cannot be written", why, remedy, number);
            }
        }
    }

    /// What was written is written: moves the cursor.
    fn enter(&self, books: &mut Books, reading: Reading, group: &Group) {
        let overlap = self.overlap();
        let cursor = &mut books.ledger.cursor;
        let advance = |track: &mut Track| {
            track.advance(&group.next, group.asked, overlap);
            track.remember(&group.rows, group.next.at, track.begin(overlap).at);
        };
        match reading {
            Reading::Increments => advance(&mut cursor.increments),
            Reading::Gone => {
                advance(&mut cursor.gone);
                cursor.increments.forget(&group.rows);
            }
            Reading::Load { .. } => {
                if let Some(load) = &mut cursor.load {
                    load.position = group.next.clone();
                    load.records += count(group.rows.len());
                }
                let floor = cursor.load_floor(overlap);
                cursor.increments.remember(&group.rows, group.next.at, floor);
                if !group.more {
                    cursor.loaded();
                }
            }
        }
    }

    pub(super) fn tell(&self, log_type: LogType, message: &str, cause: &str, remedy: &str, work_item: &str) {
        self.engine.journal.record(Entry {
            log_type,
            connection: self.connection.as_ref().to_owned(),
            operation: "sync",
            message: message.to_owned(),
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            work_item: work_item.to_owned(),
            alert: String::new(),
            correlation_id: self.id.as_ref().to_owned(),
        });
    }
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

fn not_taken() -> SinkError {
    SinkError { cause: "The process ended before they were taken.".to_owned(), remedy: String::new(), retry_after: None }
}

/// About what a row takes in memory: itself and its long texts.
fn size(row: &ServiceDeskRow) -> usize {
    size_of::<ServiceDeskRow>() + row.description.capacity() + row.title.capacity() + 500
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
