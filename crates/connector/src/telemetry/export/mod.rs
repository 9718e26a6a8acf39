//! The way to a collector: spans wait in bounded memory and go in batches, metrics go at their interval, and one call at a time is
//! made. Nobody who makes spans ever waits for it, and what it cannot bring is dropped and told.

mod destination;
mod trouble;
mod waiting;
mod wire;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prost::Message;

use self::destination::{Destination, Signal};
use self::trouble::Telling;
pub(super) use self::trouble::Trouble;
use self::waiting::{Spans, Waiting};
use self::wire::{Failed, Wire};
use super::span::Ids;
use super::{Pace, resource};
use crate::clock::{Chance, Clock, later};
use crate::metrics::reader::Reader;
use crate::secret::Secrets;
use crate::settings::Telemetry as Settings;
use crate::settings::telemetry::Temporality as Wanted;

/// Set where the Functions host started us.
pub(super) const HOSTED: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
/// Spans wait so long for others.
const GATHER: Duration = Duration::from_secs(5);
/// After a failure that may pass it is tried again after so long, doubled each time,
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// but not later than this, whatever the collector asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Looks up what stands now.
type Look = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Takes spans and metrics to where the settings say.
pub(super) struct Exporter {
    wire: Wire,
    waiting: Arc<Waiting>,
    resource: Resource,
    told: ResourceAttributesWithSchema,
    reader: Option<Reader>,
    /// Looks up what stands, for metrics that are not counted.
    look: OnceLock<Look>,
    interval: Duration,
    clock: Arc<dyn Clock>,
    traces: Telling,
    metrics: Telling,
    hold: Mutex<Hold>,
    /// Held while something is sent: one call at a time, in order.
    sending: tokio::sync::Mutex<()>,
}

/// When the collector may be asked again after a failure.
#[derive(Debug, Default)]
struct Hold {
    until: Option<Timestamp>,
    wait: Duration,
}

impl Exporter {
    /// Nothing when neither settings nor environment name a collector.
    pub(super) fn new(
        settings: &Settings,
        secrets: &Arc<dyn Secrets>,
        clock: &Arc<dyn Clock>,
        chance: &Arc<Chance>,
        pace: Pace,
    ) -> Result<Option<Self>, Trouble> {
        let Some(destination) = Destination::of(settings, &**secrets)? else { return Ok(None) };
        let reader = destination.metrics.is_some().then(|| {
            let temporality = match settings.temporality {
                Wanted::Cumulative => Temporality::Cumulative,
                Wanted::Delta => Temporality::Delta,
            };
            Reader::new(temporality)
        });
        let resource = resource::resource(settings, &**secrets, chance, clock.now());
        Ok(Some(Self {
            wire: Wire::new(settings, destination, secrets, clock)?,
            waiting: Arc::new(Waiting::new(pace == Pace::AtOnce)),
            told: (&resource).into(),
            resource,
            reader,
            look: OnceLock::new(),
            interval: settings.interval.get(),
            clock: clock.clone(),
            traces: Telling::new("traces"),
            metrics: Telling::new("metrics"),
            hold: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
        }))
    }

    /// What makes the spans that are sent here; nothing when traces are not wanted.
    pub(super) fn provider(&self, sample: f64, chance: &Arc<Chance>) -> Option<SdkTracerProvider> {
        self.wire.destination.traces.as_ref()?;
        // Whoever began the trace has decided for all of it.
        let sampler = Sampler::parent_based(Sampler::TraceIdRatioBased(sample));
        let provider = SdkTracerProvider::builder()
            .with_resource(self.resource.clone())
            .with_id_generator(Ids(chance.clone()))
            .with_sampler(sampler)
            .with_span_processor(Spans(self.waiting.clone()));
        Some(provider.build())
    }

    pub(super) fn metrics(&self) -> Option<(Reader, Resource)> {
        Some((self.reader.clone()?, self.resource.clone()))
    }

    pub(super) fn described(&self) -> String {
        self.wire.destination.described()
    }

    pub(super) async fn run(&self, stop: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = self.keep_sending() => {}
            () = stop => {}
        }
    }

    async fn keep_sending(&self) {
        let mut due = later(self.clock.now(), self.interval);
        loop {
            let now = self.clock.now();
            let held = self.held(now);
            let gathered = later(now, GATHER).min(due.max(now));
            tokio::select! {
                () = self.waiting.many(), if held.is_none() => {}
                () = self.clock.sleep_until(held.unwrap_or(gathered)) => {}
            }
            self.spans().await;
            let now = self.clock.now();
            if now >= due {
                due = later(now, self.interval);
                self.look().await;
                self.measured().await;
            }
        }
    }

    /// When the collector may be asked again, if not now.
    fn held(&self, now: Timestamp) -> Option<Timestamp> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).until.filter(|until| *until > now)
    }

    /// Sends what waits, as far as the collector takes it.
    async fn spans(&self) {
        let _alone = self.sending.lock().await;
        let now = self.clock.now();
        if let Some(dropped) = self.waiting.dropped() {
            self.traces.dropped(dropped, now);
        }
        while self.held(now).is_none()
            && let Some(batch) = self.waiting.take()
        {
            let resource_spans = group_spans_by_resource_and_scope(batch.spans(), &self.told);
            let body = ExportTraceServiceRequest { resource_spans };
            match self.wire.post(Signal::Traces, body.encode_to_vec()).await {
                Ok(partly) => {
                    self.worked();
                    batch.done();
                    match partly {
                        Some(partly) => self.traces.failed(&partly.trouble, partly.rejected, self.clock.now()),
                        None => self.traces.worked(self.clock.now()),
                    }
                }
                Err(Failed { trouble, again: Some(asked) }) => {
                    self.traces.failed(&trouble, 0, self.clock.now());
                    self.wait(asked);
                    return;
                }
                Err(Failed { trouble, again: None }) => {
                    self.traces.failed(&trouble, batch.done(), self.clock.now());
                    self.wait(Duration::ZERO);
                }
            }
        }
    }

    /// Sends the metrics as they stand. What the collector does not take is in the next ones, as long as they are cumulative.
    async fn measured(&self) {
        let _alone = self.sending.lock().await;
        let Some(reader) = &self.reader else { return };
        if self.held(self.clock.now()).is_some() {
            return;
        }
        let mut metrics = ResourceMetrics::default();
        // Nobody may have given the reader any.
        if reader.collect(&mut metrics).is_err() || metrics.scope_metrics().next().is_none() {
            return;
        }
        let body = ExportMetricsServiceRequest::from(&metrics);
        match self.wire.post(Signal::Metrics, body.encode_to_vec()).await {
            Ok(None) => {
                self.worked();
                self.metrics.worked(self.clock.now());
            }
            Ok(Some(partly)) => {
                self.worked();
                self.metrics.failed(&partly.trouble, partly.rejected, self.clock.now());
            }
            Err(Failed { trouble, again }) => {
                self.metrics.failed(&trouble, 0, self.clock.now());
                self.wait(again.unwrap_or_default());
            }
        }
    }

    fn worked(&self) {
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Hold::default();
    }

    fn wait(&self, asked: Duration) {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold.wait = (hold.wait * 2).max(FIRST_WAIT).min(LONGEST_WAIT);
        let wait = hold.wait.max(asked).min(LONGEST_WAIT);
        hold.until = Some(later(self.clock.now(), wait));
    }

    pub(super) fn looks_first(&self, look: Look) {
        // The first to say so stays.
        let _ = self.look.set(look);
    }

    async fn look(&self) {
        if let Some(look) = self.look.get().filter(|_| self.reader.is_some() && self.held(self.clock.now()).is_none()) {
            look().await;
        }
    }

    pub(super) async fn tell_metrics(&self, most: Duration) {
        // What took too long is told by the call itself, or by the next one.
        let _ = tokio::time::timeout(most, self.measured()).await;
    }

    pub(super) async fn settled(&self, most: Duration) {
        if self.held(self.clock.now()).is_some() {
            return;
        }
        self.waiting.hurry();
        // The time of the network, not of the clock that is passed in.
        if tokio::time::timeout(most, self.waiting.empty()).await.is_err() {
            // It hangs. Until a call has come to its end nobody waits for the next.
            self.hold.lock().unwrap_or_else(PoisonError::into_inner).until = Some(later(self.clock.now(), LONGEST_WAIT));
        }
    }

    pub(super) async fn close(&self, most: Duration) {
        // The last try is made whatever was before.
        self.worked();
        let last = async {
            self.spans().await;
            self.look().await;
            self.measured().await;
        };
        // What it did not bring about is told below.
        let _ = tokio::time::timeout(most, last).await;
        let left = self.waiting.left();
        if left > 0 {
            tracing::warn!(spans = left, "the process ends, and these spans have not reached the collector");
        }
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exporter").field(&self.described()).finish()
    }
}
