//! An ITSM tool in memory: stamps to the second, commits that become visible late, records that nobody may read, pages of any
//! size, failures of every kind, and a power switch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::clock::{Chance, Clock};
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::provider::records::{Ask, Gone, Page, Position, Remark};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError};
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};
use crate::work_item::{Change, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

/// A clock that jumps to whatever is waited for.
#[derive(Debug)]
pub(super) struct LeapingClock(Mutex<Timestamp>);

impl LeapingClock {
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub(super) fn advance(&self, length: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = crate::clock::later(*now, length);
    }

    pub(super) fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }
}

#[async_trait]
impl Clock for LeapingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: Timestamp) {
        tokio::task::yield_now().await;
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) version: u32,
    pub(super) at: Timestamp,
    pub(super) hidden: bool,
}

#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) records: BTreeMap<String, Record>,
    /// Changes made and not visible yet: from when on, id, record.
    late: Vec<(Timestamp, String, Record)>,
    went: Vec<(Position, String)>,
    pub(super) failures: VecDeque<ProviderError>,
    /// Records on a page, whatever is asked for.
    pub(super) page: Option<usize>,
    /// The call of this number is never answered.
    pub(super) dies_at: Option<u64>,
    pub(super) calls: u64,
    /// Before the call of this number is answered so long passes, and then a record is changed.
    pub(super) pause: Option<(u64, Duration, &'static str)>,
    pub(super) remarks: Vec<Remark>,
    /// Changes made before each page, in percent of pages.
    pub(super) churn: u32,
    pub(super) panics: bool,
    /// It never tells which records went, it only fails.
    pub(super) gone_fails: bool,
    /// It gives the first page again and again.
    pub(super) stuck: bool,
    made: u32,
}

#[derive(Debug)]
pub(super) struct Tool {
    inside: Mutex<Inside>,
    pub(super) clock: Arc<LeapingClock>,
    pub(super) chance: Arc<Chance>,
    /// What the tool's clock says more than ours.
    pub(super) skew: SignedDuration,
    pub(super) died: Notify,
    pub(super) revived: Notify,
    /// How long a page takes.
    pub(super) pace: Duration,
    /// How late a change may become visible.
    pub(super) latest: Duration,
}

impl Tool {
    pub(super) fn new(clock: Arc<LeapingClock>, chance: Arc<Chance>) -> Self {
        Self {
            inside: Mutex::default(),
            clock,
            chance,
            skew: SignedDuration::ZERO,
            died: Notify::new(),
            revived: Notify::new(),
            pace: Duration::from_millis(300),
            latest: Duration::ZERO,
        }
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// The tool's time, to the second.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_second((self.clock.now() + self.skew).as_second()).unwrap()
    }

    pub(super) fn below(&self, most: u32) -> u32 {
        (0..most).find(|number| self.chance.fraction() < 1.0 / f64::from(most - number)).unwrap_or(0)
    }

    /// Puts a record that was last changed at `at`.
    pub(super) fn put(&self, id: &str, version: u32, at: Timestamp) {
        self.inside().records.insert(id.to_owned(), Record { version, at, hidden: false });
    }

    /// Changes a record now; it becomes visible after `late`.
    pub(super) fn change_late(&self, id: &str, late: Duration) {
        let (now, at) = (self.clock.now(), self.now());
        let mut inside = self.inside();
        if inside.late.iter().any(|(_, other, _)| other == id) {
            return;
        }
        let before = inside.records.get(id).cloned();
        let version = before.as_ref().map_or(0, |record| record.version + 1);
        let record = Record { version, at, hidden: before.is_some_and(|record| record.hidden) };
        if late.is_zero() {
            inside.records.insert(id.to_owned(), record);
        } else {
            inside.late.push((crate::clock::later(now, late), id.to_owned(), record));
        }
    }

    pub(super) fn change(&self, id: &str) {
        self.change_late(id, Duration::ZERO);
    }

    pub(super) fn delete(&self, id: &str) {
        let at = self.now();
        let mut inside = self.inside();
        inside.late.retain(|(_, other, _)| other != id);
        if inside.records.remove(id).is_some() {
            inside.made += 1;
            let place = format!("{:08}", inside.made);
            inside.went.push((Position { at, id: place }, id.to_owned()));
        }
    }

    /// What became visible by now.
    pub(super) fn settle(&self) {
        let now = self.clock.now();
        let mut inside = self.inside();
        let late = std::mem::take(&mut inside.late);
        for (from, id, record) in late {
            if from <= now {
                inside.records.insert(id, record);
            } else {
                inside.late.push((from, id, record));
            }
        }
    }

    /// Some random changes, as people make them.
    pub(super) fn stir(&self) {
        for _ in 0..=self.below(4) {
            let ids: Vec<String> = self.inside().records.keys().cloned().collect();
            let one = ids.get(self.below(u32::try_from(ids.len()).unwrap()) as usize).cloned();
            let late = self.chance.up_to(self.latest);
            match (self.below(10), one) {
                (0..=1, _) | (_, None) => {
                    let id = format!("n{:06}", self.below(1_000_000));
                    self.change_late(&id, late);
                }
                (2, Some(id)) => self.delete(&id),
                (3..=6, Some(id)) => self.change(&id),
                (_, Some(id)) => self.change_late(&id, late),
            }
        }
    }

    /// The beginning of every call: time passes, people work, the tool fails or the process dies.
    async fn call(&self) -> Result<(), ProviderError> {
        tokio::task::yield_now().await;
        self.clock.advance(self.chance.up_to(self.pace * 2));
        let pause = self.inside().pause;
        if let Some((call, length, id)) = pause
            && call == self.inside().calls + 1
        {
            self.clock.advance(length);
            self.change(id);
        }
        self.settle();
        if self.below(100) < self.inside().churn {
            self.stir();
        }
        let dies = {
            let mut inside = self.inside();
            inside.calls += 1;
            assert!(!inside.panics, "a defect on purpose");
            inside.dies_at == Some(inside.calls)
        };
        if dies {
            self.died.notify_one();
            self.revived.notified().await;
        }
        self.inside().failures.pop_front().map_or(Ok(()), Err)
    }
}

pub(super) fn row(id: &str, record: &Record) -> ServiceDeskRow {
    ServiceDeskRow {
        source_id: id.to_owned(),
        number: format!("INC{id}"),
        source_version: record.version.to_string(),
        title: format!("{id} {}", record.version),
        last_modified: Some(record.at),
        ..ServiceDeskRow::default()
    }
}

#[async_trait]
impl Provider for Tool {
    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        self.call().await?;
        let inside = self.inside();
        let limit = inside.page.unwrap_or(ask.limit as usize);
        let after = (ask.after.at, &ask.after.id);
        let all = inside.records.iter().map(|(id, record)| ((record.at, id), record));
        let mut found: Vec<_> =
            all.filter(|(place, _)| *place > after && ask.until.is_none_or(|until| place.0 <= until)).collect();
        found.sort_unstable_by_key(|(place, _)| *place);
        let more = found.len() > limit;
        let remaining = Some(found.len() as u64);
        found.truncate(limit);
        let last = found.last().filter(|_| !inside.stuck);
        Ok(Page {
            // Hidden records leave their place empty, as an ACL does.
            rows: found.iter().filter(|(_, record)| !record.hidden).map(|(place, record)| row(place.1, record)).collect(),
            next: last.map_or_else(|| ask.after.clone(), |((at, id), _)| Position { at: *at, id: (*id).clone() }),
            more: more || inside.stuck,
            remaining,
            remarks: inside.remarks.clone(),
        })
    }

    async fn gone(&self, _: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
        self.call().await?;
        let inside = self.inside();
        if inside.gone_fails {
            return Err(ProviderError::Refused { cause: "too slow".to_owned(), remedy: "look".to_owned() });
        }
        let limit = inside.page.unwrap_or(limit as usize);
        let mut went: Vec<_> = inside.went.iter().filter(|(place, _)| place > after).collect();
        went.sort();
        let more = went.len() > limit;
        went.truncate(limit);
        let row = |place: &Position, id: &String| ServiceDeskRow {
            source_id: id.clone(),
            record_state: RecordState::Deleted,
            last_modified: Some(place.at),
            ..ServiceDeskRow::default()
        };
        let next = went.last().map_or_else(|| after.clone(), |(place, _)| place.clone());
        Ok(Some(Gone { rows: went.iter().map(|(place, id)| row(place, id)).collect(), next, more }))
    }

    fn lifecycle(&self, _: WorkItemType) -> Option<Lifecycle> {
        None
    }
    fn fields(&self, _: &Draft) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    async fn find(&self, _: WorkItemType, _: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        unimplemented!("a sync only reads records")
    }
    async fn read(&self, _: WorkItemType, _: &str) -> Result<Option<WorkItem>, ProviderError> {
        unimplemented!("a sync only reads records")
    }
    async fn has_note(&self, _: &WorkItem, _: &str) -> Result<Option<bool>, ProviderError> {
        unimplemented!("a sync only reads records")
    }
    async fn create(&self, _: &Draft) -> Result<Written, ProviderError> {
        unimplemented!("a sync never writes")
    }
    async fn update(&self, _: &WorkItem, _: &Change) -> Result<Written, ProviderError> {
        unimplemented!("a sync never writes")
    }
    async fn find_configuration_item(&self, _: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        unimplemented!("a sync only reads records")
    }
    async fn configuration(&self, _: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        unimplemented!("a sync only reads records")
    }
    fn adopt(&self, _: &Configuration) {}
    async fn check(&self, _: &[WorkItemType], _: &mut Report) {}
}
