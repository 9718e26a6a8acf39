//! A delivery in its trace, by the conventions for messaging: putting it into the queue sends a message, each attempt processes it.
//! Attempts continue the trace in which the delivery was accepted, however much later and in whichever process, so that one trace
//! tells all that became of an alert.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{Delivery, Verdict};
use crate::store::Leased;
use crate::telemetry::{Parent, Started, Tracing};

/// Numbers of work items that one span names at most.
const NAMED: usize = 10;

/// Putting `delivery` into the queue; its place is what the delivery carries on.
#[must_use]
pub fn enqueued(tracing: &Tracing, delivery: &Delivery) -> Started {
    tracing.start(SpanKind::Producer, "send deliveries", Parent::Current, attributes(delivery, "send"))
}

pub(super) fn attempt(tracing: &Tracing, leased: &Leased) -> Started {
    let delivery = &leased.delivery;
    let attempt = KeyValue::new("itsm_connector.delivery.attempt", i64::from(leased.attempts) + 1);
    let attributes = attributes(delivery, "process").into_iter().chain([attempt]);
    tracing.start(SpanKind::Consumer, "process deliveries", Parent::Message(delivery.trace.as_ref()), attributes)
}

pub(super) fn outcome(span: &Started, verdict: &Verdict) {
    let outcome = |word: &'static str| span.set(KeyValue::new("itsm_connector.delivery.outcome", word));
    match verdict {
        Verdict::Done(summary) => {
            outcome("done");
            let numbers: Vec<_> = summary.work_items.iter().take(NAMED).cloned().map(opentelemetry::StringValue::from).collect();
            span.set(KeyValue::new("itsm_connector.work_items", opentelemetry::Value::Array(numbers.into())));
        }
        // One that does not count was no failure of its own: the connection waits, or another worker has the work item.
        Verdict::RetryAt { counts: false, .. } => outcome("put_off"),
        Verdict::RetryAt { .. } => {
            outcome("put_off");
            span.failed("retry");
        }
        Verdict::DeadLetter { .. } => {
            outcome("dead_letter");
            span.failed("dead_letter");
        }
    }
}

fn attributes(delivery: &Delivery, operation: &'static str) -> [KeyValue; 7] {
    [
        KeyValue::new("messaging.system", "itsm_connector"),
        KeyValue::new("messaging.destination.name", "deliveries"),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.message.id", delivery.id.to_string()),
        KeyValue::new("itsm_connector.connection", delivery.connection.clone()),
        KeyValue::new("itsm_connector.work_item_type", delivery.work_item_type.name()),
    ]
}
