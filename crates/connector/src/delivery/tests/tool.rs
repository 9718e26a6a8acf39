//! An ITSM tool in memory that can fail, lose answers, and take the process down before or after a write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::{Chance, Clock};
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::provider::records::{Ask, Gone, Page, Position};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, WaitReason};
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, Phase, Transition, WorkItem, WorkItemKey, WorkItemType, Written};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Works,
    /// Refused for now, nothing written.
    Retry,
    /// The whole tool is down, nothing written.
    Outage,
    /// The answer is lost; the write was done.
    LostAfter,
    /// The answer is lost; the write was not done.
    LostBefore,
    /// A defect of ours.
    Panics,
    /// The process dies before the call is made.
    DiesBefore,
    /// The process dies when the call is done.
    DiesAfter,
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) item: WorkItem,
    pub(super) notes: Vec<String>,
    pub(super) follows: Option<String>,
}

#[derive(Debug)]
pub(super) struct Tool {
    pub(super) records: Mutex<Vec<Record>>,
    /// Chance, in percent, that a call does not simply work.
    pub(super) trouble: Mutex<u32>,
    pub(super) next: Mutex<Vec<Fate>>,
    pub(super) died: Notify,
    chance: Arc<Chance>,
    clock: Arc<dyn Clock>,
}

impl Tool {
    pub(super) fn new(chance: Arc<Chance>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            records: Mutex::default(),
            trouble: Mutex::new(0),
            next: Mutex::default(),
            died: Notify::new(),
            chance,
            clock,
        })
    }

    pub(super) fn record(&self, index: usize) -> Record {
        self.records.lock().unwrap()[index].clone()
    }

    pub(super) fn set_phase(&self, index: usize, phase: Phase) {
        let now = self.clock.now();
        let mut records = self.records.lock().unwrap();
        records[index].item.phase = phase;
        records[index].item.resolved_at = (phase != Phase::Open).then_some(now);
    }

    pub(super) fn set_value(&self, index: usize, field: &str, value: &str) {
        self.records.lock().unwrap()[index].item.values.insert(field.to_owned(), value.to_owned());
    }

    fn fate(&self, write: bool) -> Fate {
        if let Some(fate) = self.next.lock().unwrap().pop() {
            return fate;
        }
        let trouble = *self.trouble.lock().unwrap();
        if self.chance.fraction() * 100.0 >= f64::from(trouble) {
            return Fate::Works;
        }
        let fates: &[Fate] = if write {
            &[Fate::Retry, Fate::Outage, Fate::LostAfter, Fate::LostBefore, Fate::DiesBefore, Fate::DiesAfter]
        } else {
            &[Fate::Retry, Fate::Outage, Fate::DiesBefore, Fate::DiesAfter]
        };
        let index = self.chance.up_to(Duration::from_secs(fates.len() as u64)).as_secs();
        fates[usize::try_from(index).unwrap()]
    }

    async fn call<T>(&self, write: bool, act: impl FnOnce(&mut Vec<Record>) -> T) -> Result<T, ProviderError> {
        tokio::task::yield_now().await;
        let fate = self.fate(write);
        match fate {
            Fate::Retry => return Err(ProviderError::Retry { after: None, cause: "busy".to_owned() }),
            Fate::Outage => {
                return Err(ProviderError::Wait {
                    reason: WaitReason::Outage,
                    after: None,
                    cause: "down".to_owned(),
                    remedy: String::new(),
                });
            }
            Fate::LostBefore => return Err(ProviderError::Ambiguous { cause: "no answer".to_owned() }),
            Fate::Panics => panic!("a defect"),
            Fate::DiesBefore => self.die().await,
            Fate::Works | Fate::LostAfter | Fate::DiesAfter => {}
        }
        let answer = act(&mut self.records.lock().unwrap());
        tokio::task::yield_now().await;
        match fate {
            Fate::LostAfter => Err(ProviderError::Ambiguous { cause: "no answer".to_owned() }),
            Fate::DiesAfter => {
                self.die().await;
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

fn written(item: &WorkItem, sent: BTreeMap<String, String>) -> Written {
    Written { item: item.clone(), sent, dropped: Vec::new(), remarks: Vec::new() }
}

#[async_trait]
impl Provider for Tool {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        match kind {
            WorkItemType::Incident => Some(Lifecycle::Tracked),
            WorkItemType::Event => Some(Lifecycle::Stream),
            WorkItemType::Alert => None,
        }
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([
            ("short_description".to_owned(), draft.title.clone()),
            ("impact".to_owned(), format!("{:?}", draft.severity)),
        ]);
        fields.extend(draft.fields.clone());
        fields
    }

    async fn find(&self, _: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        self.call(false, |records| records.iter().map(|record| &record.item).find(|item| item.key == *key).cloned()).await
    }

    async fn read(&self, _: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        self.call(false, |records| records.iter().map(|record| &record.item).find(|item| item.id == id).cloned()).await
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        self.call(false, |records| {
            let record = records.iter().find(|record| record.item.id == item.id);
            Some(record.is_some_and(|record| record.notes.iter().any(|note| note.contains(marker))))
        })
        .await
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        let fields = self.fields(draft);
        let kind = draft.kind;
        let item = self
            .call(true, |records| {
                let number = format!("INC{:04}", records.len() + 1);
                let item = WorkItem {
                    kind,
                    key: draft.key.clone(),
                    id: number.to_lowercase(),
                    url: format!("https://tool.example/{number}"),
                    number,
                    phase: Phase::Open,
                    state: "New".to_owned(),
                    resolved_at: None,
                    values: fields.clone(),
                };
                records.push(Record { item: item.clone(), notes: Vec::new(), follows: draft.follows.clone() });
                item
            })
            .await?;
        Ok(written(&item, fields))
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        let now: Timestamp = self.clock.now();
        let item = self
            .call(true, |records| {
                let record = records.iter_mut().find(|record| record.item.id == item.id).expect("a record that was read");
                record.notes.extend(change.note.clone());
                record.item.values.extend(change.fields.clone());
                match change.transition {
                    Some(Transition::Resolve) => (record.item.phase, record.item.resolved_at) = (Phase::Resolved, Some(now)),
                    Some(Transition::Reopen) => (record.item.phase, record.item.resolved_at) = (Phase::Open, None),
                    None => {}
                }
                record.item.clone()
            })
            .await?;
        Ok(written(&item, change.fields.clone()))
    }

    async fn find_configuration_item(&self, _: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        self.call(false, |_| ConfigurationItemFound::default()).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        Ok(Page { rows: Vec::new(), next: ask.after.clone(), more: false, remaining: None, remarks: Vec::new() })
    }

    async fn gone(&self, _: RecordKind, _: &Position, _: u32) -> Result<Option<Gone>, ProviderError> {
        Ok(None)
    }

    async fn configuration(&self, _: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        Err(ProviderError::Retry { after: None, cause: "not told in this test".to_owned() })
    }

    fn adopt(&self, _: &Configuration) {}

    async fn check(&self, _: &[WorkItemType], _: &mut Report) {}
}
