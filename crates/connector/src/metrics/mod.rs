//! What the connector counts and measures of itself. Every metric stands in one list ([`LIST`]), which makes the instruments, the methods
//! that record and docs/METRICS.md; nothing is recorded that is not in it. Who records has a [`Metrics`] passed in, as time is.
//!
//! The number of series is bounded by construction: a label's value is a word of the program or a connection of the settings
//! ([`label`]). Nothing that an alert, a caller or a tool says can become one.

pub mod document;
pub mod label;
mod list;
pub mod provider;
pub mod reader;
pub mod sink;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, SdkMeterProvider};

use self::label::Connection;
use self::list::Instruments;
pub use self::list::{Kind, LIST, Label, Metric, Observation};
use self::reader::Reader;
use self::text::TextReader;

/// Name of the instrumentation scope.
pub const SCOPE: &str = "itsm_connector";

/// Where figures are recorded. Cheap to copy; the default keeps nothing.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Inner>>);

struct Inner {
    instruments: Instruments,
    connections: BTreeSet<Arc<str>>,
    observed: Arc<Mutex<Observation>>,
    /// Its readers end with the last copy.
    _meters: SdkMeterProvider,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0.is_some()).finish()
    }
}

impl Metrics {
    /// Records into `meters`. `connections` are the names of the settings; no other name becomes a label.
    pub fn new<N: AsRef<str>>(meters: SdkMeterProvider, connections: impl IntoIterator<Item = N>) -> Self {
        let observed = Arc::new(Mutex::new(Observation::default()));
        let instruments = Instruments::new(&meters.meter(SCOPE), &observed);
        let connections = connections.into_iter().map(|name| name.as_ref().into()).collect();
        Self(Some(Arc::new(Inner { instruments, connections, observed, _meters: meters })))
    }

    /// The same with a reader that can be asked for them as Prometheus reads them.
    pub fn with_text<N: AsRef<str>>(connections: impl IntoIterator<Item = N>) -> (Self, TextReader) {
        let reader = TextReader::default();
        (Self::read_by(Some(reader.clone()), None, connections), reader)
    }

    /// The same for whoever reads: `GET /metrics`, a collector, or both. For nobody nothing is kept.
    #[must_use]
    pub fn read_by<N: AsRef<str>>(
        text: Option<TextReader>,
        collector: Option<(Reader, Resource)>,
        connections: impl IntoIterator<Item = N>,
    ) -> Self {
        if text.is_none() && collector.is_none() {
            return Self::default();
        }
        let (collected, resource) = collector.unzip();
        let meters = SdkMeterProvider::builder().with_resource(resource.unwrap_or_else(|| Resource::builder_empty().build()));
        let readers = text.map(|text| text.0).into_iter().chain(collected);
        let meters = readers.fold(meters, MeterProviderBuilder::with_reader);
        Self::new(meters.build(), connections)
    }

    /// The label of a connection.
    #[must_use]
    pub fn connection(&self, name: &str) -> Connection {
        let known = self.0.as_ref().and_then(|inner| inner.connections.get(name));
        known.map_or_else(Connection::other, |name| Connection::known(name.clone()))
    }

    /// What stands now, for metrics that are not counted but looked up. It replaces what stood before: a series that is not in it is no
    /// longer told.
    pub fn observe(&self, observation: Observation) {
        if let Some(inner) = &self.0 {
            *inner.observed.lock().unwrap_or_else(PoisonError::into_inner) = observation;
        }
    }

    fn instruments(&self) -> Option<&Instruments> {
        self.0.as_deref().map(|inner| &inner.instruments)
    }
}
