//! Spans that wait for the collector: so many and no more. Ending a span costs a lock and a push, whatever the collector does.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::{Notify, watch};

/// Most spans of one call.
pub(super) const BATCH: usize = 512;
/// Most spans that wait: some megabytes.
pub(super) const WAITING: u64 = 2048;

/// The queue.
pub(super) struct Waiting {
    held: Mutex<Held>,
    /// There are enough for a call, or somebody is in a hurry.
    many: Notify,
    /// Whether a span that ends the part of a trace in this process is a hurry.
    hurried: bool,
    /// How many have left, to the collector or for good.
    gone: watch::Sender<u64>,
}

#[derive(Default)]
struct Held {
    spans: VecDeque<SpanData>,
    /// How many came in, ever.
    came: u64,
    /// How many had no place since it was last asked.
    dropped: u64,
}

/// Spans on their way. Those that nobody says are done go another time, first: also when the call was cut off.
pub(super) struct Batch<'a> {
    spans: Vec<SpanData>,
    waiting: &'a Waiting,
}

impl Batch<'_> {
    pub(super) fn spans(&self) -> Vec<SpanData> {
        self.spans.clone()
    }

    /// They are with the collector, or lost. Answers how many.
    pub(super) fn done(mut self) -> u64 {
        let count = u64::try_from(std::mem::take(&mut self.spans).len()).unwrap_or(u64::MAX);
        self.waiting.gone.send_modify(|gone| *gone += count);
        count
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut held = self.waiting.held();
        for span in self.spans.drain(..).rev() {
            held.spans.push_front(span);
        }
    }
}

impl Waiting {
    pub(super) fn new(hurried: bool) -> Self {
        Self { held: Mutex::default(), many: Notify::new(), hurried, gone: watch::Sender::new(0) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, span: SpanData) {
        let last = self.hurried && (span.parent_span_is_remote || span.parent_span_id == opentelemetry::trace::SpanId::INVALID);
        let mut held = self.held();
        // Those on their way wait, too: they may come back.
        if held.came.saturating_sub(*self.gone.borrow()) >= WAITING {
            held.dropped += 1;
            return;
        }
        held.spans.push_back(span);
        held.came += 1;
        let many = held.spans.len() >= BATCH;
        drop(held);
        if many || last {
            self.many.notify_one();
        }
    }

    /// Ready when there are enough for a call, or somebody is in a hurry.
    pub(super) async fn many(&self) {
        self.many.notified().await;
    }

    pub(super) fn hurry(&self) {
        self.many.notify_one();
    }

    /// The first spans, if there are any.
    pub(super) fn take(&self) -> Option<Batch<'_>> {
        let mut held = self.held();
        let some = held.spans.len().min(BATCH);
        if some == 0 {
            return None;
        }
        Some(Batch { spans: held.spans.drain(..some).collect(), waiting: self })
    }

    /// How many were dropped since this was last asked, if any.
    pub(super) fn dropped(&self) -> Option<u64> {
        let dropped = std::mem::take(&mut self.held().dropped);
        (dropped > 0).then_some(dropped)
    }

    /// Ready when everything that waits now has left.
    pub(super) async fn empty(&self) {
        let came = self.held().came;
        let mut gone = self.gone.subscribe();
        // The sender lives as long as `self`.
        let _ = gone.wait_for(|gone| *gone >= came).await;
    }

    /// How many have not left.
    pub(super) fn left(&self) -> u64 {
        self.held().came.saturating_sub(*self.gone.borrow())
    }
}

/// Where the SDK puts spans that have ended.
pub(super) struct Spans(pub(super) Arc<Waiting>);

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}

impl SpanProcessor for Spans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
