//! One run over one kind of record: reads group by group, and writes a group while the next one is read. A group's way is
//! always the same: the sink says Ok, the document is saved, people are told.

mod read;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::read::Group;
use self::write::Handed;
use super::Summary;
use super::engine::{Engine, Source};
use super::ledger::Ledger;
use super::track::{Track, settled_before};
use super::trouble::{Limits, Stop};
use crate::clock::later;
use crate::journal::{Entry, LogType};
use crate::provider::records::Remark;
use crate::rows::{RecordKind, ServiceDeskRow};
use crate::sink::Written;

/// The first load makes way for increments so often.
const LOAD_SLICE: Duration = Duration::from_secs(60);
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
        let mut open = None;
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
            let Some(mut group) = read else {
                paused = true;
                continue;
            };
            if group.covers(reading) >= settled_before(group.asked, self.overlap()) {
                open = open.or(Some(group.asked));
            }
            group.open = open;
            complete = !group.more;
            place = group.next.clone();
            (stamp, still) = (Some(group.stamp), group.still);
            let now = self.engine.clock.now();
            let slice_over = matches!(reading, Reading::Load { .. }) && now >= later(begun, LOAD_SLICE);
            paused = group.stop.is_some() || self.limits.over(now) || slice_over;
            last = Some(group);
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
        // Which ones is not known, nor whether they are the same each time: at most the group.
        summary.maybe_twice += (handed.maybe_there + handed.written.maybe_twice).min(count(group.rows.len()));
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
            track.advance(&group.next, group.open.unwrap_or(group.asked), group.came, overlap);
        };
        match reading {
            Reading::Increments => {
                advance(&mut cursor.increments);
                let floor = cursor.floor(overlap, group.asked);
                cursor.increments.remember(&group.rows, group.next.at, floor);
            }
            Reading::Gone => {
                advance(&mut cursor.gone);
                let floor = cursor.gone.begin(overlap).at;
                cursor.gone.remember(&group.rows, group.next.at, floor);
                cursor.increments.forget(&group.rows);
            }
            Reading::Load { .. } => {
                if let Some(load) = &mut cursor.load {
                    load.position = group.next.clone();
                    load.records += count(group.rows.len());
                    load.open = load.open.or(group.open);
                }
                let floor = cursor.floor(overlap, group.asked);
                cursor.increments.remember(&group.rows, group.next.at, floor);
                if !group.more {
                    cursor.loaded(group.came, overlap);
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
            details: String::new(),
        });
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
