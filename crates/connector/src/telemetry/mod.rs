//! Traces: one for each alert, from the caller through the queue to the ITSM tool, and one for each sync and refresh. The context of
//! a trace is carried whether or not anybody collects spans; with `[telemetry]` spans go to a collector by OTLP, and metrics with them.
//!
//! No attribute holds a secret, a URL's query, or anything that an alert or a record says: only names of the settings, closed sets
//! and numbers. What goes wrong with the collector costs the deliveries nothing and is told in the log.

pub mod call;
mod context;
mod export;
mod resource;
mod span;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::Resource;

pub use self::context::TraceContext;
use self::export::Exporter;
pub use self::span::{Parent, Started, Tracing, still_in_trace};
use crate::clock::{Chance, Clock};
use crate::metrics::reader::Reader;
use crate::secret::Secrets;
use crate::settings::Telemetry as Settings;

/// What the process tells a collector, if there is one.
#[derive(Clone)]
pub struct Telemetry {
    /// Makes spans.
    pub tracing: Tracing,
    exporter: Option<Arc<Exporter>>,
}

/// How soon spans go to the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// They wait for others: the process goes on.
    Gathered,
    /// When a trace's part in this process ends: behind the Functions host an instance may be frozen or gone a moment later.
    AtOnce,
}

impl Telemetry {
    /// As `settings` and, where they say nothing, the standard environment variables `OTEL_*` have it. What cannot be used is told in
    /// the log, and nothing is exported then: an alert is worth more. Touches no network.
    #[must_use]
    pub fn new(
        settings: Option<&Settings>,
        secrets: &Arc<dyn Secrets>,
        clock: &Arc<dyn Clock>,
        chance: &Arc<Chance>,
        pace: Pace,
    ) -> Self {
        let usual = Settings::default();
        let settings = settings.unwrap_or(&usual);
        let exporter = match Exporter::new(settings, secrets, clock, chance, pace) {
            Ok(exporter) => exporter.map(Arc::new),
            Err(trouble) => {
                tracing::error!(cause = trouble.cause, remedy = trouble.remedy, "no traces and metrics are exported");
                None
            }
        };
        let provider = exporter.as_ref().and_then(|exporter| exporter.provider(settings.sample, chance));
        let tracing = Tracing::new(provider.as_ref(), clock.clone(), chance.clone());
        Self { tracing, exporter }
    }

    /// Context is carried, and nothing is exported.
    #[must_use]
    pub fn off(clock: Arc<dyn Clock>, chance: Arc<Chance>) -> Self {
        Self { tracing: Tracing::new(None, clock, chance), exporter: None }
    }

    /// Where things go, for people; nothing when nothing is exported.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        self.exporter.as_ref().map(|exporter| exporter.described())
    }

    /// The reader that metrics must be given when they are to be exported, and who they are of.
    #[must_use]
    pub fn metrics(&self) -> Option<(Reader, Resource)> {
        self.exporter.as_ref()?.metrics()
    }

    /// Before metrics are read at their interval, `look` is asked to look up what stands. To be said once.
    pub fn looks_first<F: Future<Output = ()> + Send + 'static>(&self, look: impl Fn() -> F + Send + Sync + 'static) {
        if let Some(exporter) = &self.exporter {
            exporter.looks_first(Box::new(move || Box::pin(look())));
        }
    }

    /// Whether metrics go to a collector.
    #[must_use]
    pub fn exports_metrics(&self) -> bool {
        self.metrics().is_some()
    }

    /// Sends the metrics as they stand now, for at most `most`; not while the collector is in trouble.
    pub async fn tell_metrics(&self, most: Duration) {
        if let Some(exporter) = &self.exporter {
            exporter.tell_metrics(most).await;
        }
    }

    /// Exports until `stop` is ready; what waits then is for [`close`](Self::close).
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        match &self.exporter {
            Some(exporter) => exporter.run(stop).await,
            None => stop.await,
        }
    }

    /// Waits until the spans that have ended are with the collector, at most `most`, and not at all while the collector is in trouble.
    pub async fn settled(&self, most: Duration) {
        if let Some(exporter) = &self.exporter {
            exporter.settled(most).await;
        }
    }

    /// The end: sends what waits, for at most `most`.
    pub async fn close(&self, most: Duration) {
        if let Some(exporter) = &self.exporter {
            exporter.close(most).await;
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("to", &self.described()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
