//! What every store must do, told once and run over each of them.

pub(crate) mod azurite;
mod behaviour;
pub(crate) mod each;
mod model;
mod retention;

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{DeliveryQueue, StateStore};
use crate::alert::{AlertState, Severity};
use crate::delivery::{Delivery, DeliveryId, Source, Summary, Verdict};
use crate::route::Choices;
use crate::telemetry::TraceContext;
use crate::work_item::WorkItemType;

/// Both sides of one store.
pub(crate) trait Store: DeliveryQueue + StateStore {}
impl<T: DeliveryQueue + StateStore> Store for T {}

/// So many seconds after the beginning of the story.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_secs(seconds)
}

/// The id of the story's n-th delivery.
pub(super) fn id(number: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(number))
}

/// The story's n-th delivery to connection `snow`, accepted in second n.
pub(super) fn delivery(number: u8) -> Delivery {
    Delivery {
        id: id(number.into()),
        connection: "snow".to_owned(),
        work_item_type: WorkItemType::Incident,
        choices: Choices { template: Some("network".to_owned()), ..Choices::default() },
        source: Source::Alert,
        accepted_at: at(number.into()),
        trace: TraceContext::from_text(&format!("00-{:032x}-{:016x}-01 a={number}", u128::from(number), number)),
        payload: Bytes::from(format!("{{\"n\":{number}}}")),
    }
}

pub(super) fn done(created: u32, updated: u32, duplicates: u32) -> Verdict {
    let work_items = vec!["INC0010001".to_owned()];
    let work_item_urls = work_items.iter().map(|number| (number.clone(), format!("https://tool.example/{number}"))).collect();
    Verdict::Done(Summary {
        title: "cpu".to_owned(),
        rule: "cpu over 90".to_owned(),
        state: Some(AlertState::Fired),
        severity: Some(Severity::Sev1),
        configuration_items: vec!["web01".to_owned()],
        created,
        updated,
        duplicates,
        work_items,
        work_item_urls,
        remarks: Vec::new(),
    })
}

pub(super) fn retry_at(seconds: i64, counts: bool) -> Verdict {
    Verdict::RetryAt { due: at(seconds), cause: "the instance answered 503".to_owned(), counts }
}

pub(super) fn dead() -> Verdict {
    Verdict::DeadLetter { cause: "refused".to_owned(), remedy: "give the user the role".to_owned() }
}

/// The ids leased, in order.
pub(super) async fn lease(queue: &Arc<dyn Store>, now: i64, limit: usize) -> Vec<super::Leased> {
    queue.lease("snow", at(now), at(now + 100), limit).await.unwrap()
}
