//! The list. A line of it is a metric: what it tells, its name, its unit and its labels. From the line come the instrument, the
//! method of [`Metrics`] (or, for what is looked up, of [`Observation`]) that takes exactly these labels, and the row in
//! docs/METRICS.md (write it anew with `cargo run -p connector --example metrics > docs/METRICS.md`).
//!
//! Names and units follow OpenTelemetry; in Prometheus dots are underscores, the unit is a suffix, and counters end in `_total`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::Metrics;
use super::label::{
    Answer, Attempt, Connection, Done, Ending, Function, Operation, Origin, Outcome, Problem, Refresh, Row, Run, Said, Table,
    Values, Version, Waiting, Write,
};
use crate::provider::WaitReason;
use crate::rows::RecordKind;
use crate::work_item::WorkItemType;

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Lengths of time, in buckets with these upper bounds in seconds.
    Histogram(&'static [f64]),
    /// Looked up when it is asked for.
    Gauge,
}

/// A label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What it can say.
    pub values: Values,
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Name in OpenTelemetry.
    pub name: &'static str,
    /// Unit, as UCUM writes it.
    pub unit: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it tells.
    pub about: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
}

/// Calls and requests.
const SHORT: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Deliveries, runs, waits: from at once to a day.
const LONG: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0];

macro_rules! metrics {
    (
        counters { $( #[doc = $c_about:literal] $counter:ident($($c_label:ident: $c_said:ty),*) = $c_name:literal, $c_unit:literal; )* }
        histograms { $( #[doc = $h_about:literal] $histogram:ident($($h_label:ident: $h_said:ty),*) = $h_name:literal, $h_bounds:ident; )* }
        gauges { $( #[doc = $g_about:literal] $gauge:ident($($g_label:ident: $g_said:ty),*) = $g_name:literal, $g_unit:literal; )* }
    ) => {
        /// All metrics, in the order of their documentation.
        pub const LIST: &[Metric] = &[
            $( Metric {
                name: $c_name, unit: $c_unit, kind: Kind::Counter, about: $c_about,
                labels: &[$( Label { name: stringify!($c_label), values: <$c_said as Said>::VALUES } ),*],
            }, )*
            $( Metric {
                name: $h_name, unit: "s", kind: Kind::Histogram($h_bounds), about: $h_about,
                labels: &[$( Label { name: stringify!($h_label), values: <$h_said as Said>::VALUES } ),*],
            }, )*
            $( Metric {
                name: $g_name, unit: $g_unit, kind: Kind::Gauge, about: $g_about,
                labels: &[$( Label { name: stringify!($g_label), values: <$g_said as Said>::VALUES } ),*],
            }, )*
        ];

        /// What is recorded into.
        pub(super) struct Instruments {
            $( $counter: Counter<u64>, )*
            $( $histogram: Histogram<f64>, )*
        }

        impl Instruments {
            pub(super) fn new(meter: &Meter, observed: &Arc<Mutex<Observation>>) -> Self {
                $( {
                    let observed = observed.clone();
                    // The meter keeps it.
                    let _ = meter.f64_observable_gauge($g_name).with_unit($g_unit).with_description($g_about.trim())
                        .with_callback(move |observer| {
                            for (value, labels) in &observed.lock().unwrap_or_else(PoisonError::into_inner).$gauge {
                                observer.observe(*value, labels);
                            }
                        })
                        .build();
                } )*
                Self {
                    $( $counter: meter.u64_counter($c_name).with_unit($c_unit).with_description($c_about.trim()).build(), )*
                    $( $histogram: meter.f64_histogram($h_name).with_unit("s").with_description($h_about.trim())
                        .with_boundaries($h_bounds.to_vec()).build(), )*
                }
            }
        }

        impl Metrics {
            $(
                #[doc = $c_about]
                pub fn $counter(&self, amount: u64, $($c_label: $c_said),*) {
                    if let Some(instruments) = self.instruments() {
                        instruments.$counter.add(amount, &[$( KeyValue::new(stringify!($c_label), $c_label.said()) ),*]);
                    }
                }
            )*
            $(
                #[doc = $h_about]
                pub fn $histogram(&self, length: Duration, $($h_label: $h_said),*) {
                    if let Some(instruments) = self.instruments() {
                        let labels = [$( KeyValue::new(stringify!($h_label), $h_label.said()) ),*];
                        instruments.$histogram.record(length.as_secs_f64(), &labels);
                    }
                }
            )*
        }

        /// What stands at a moment.
        #[derive(Debug, Default)]
        pub struct Observation {
            $( $gauge: Vec<(f64, Vec<KeyValue>)>, )*
        }

        impl Observation {
            $(
                #[doc = $g_about]
                pub fn $gauge(&mut self, value: f64, $($g_label: $g_said),*) {
                    self.$gauge.push((value, vec![$( KeyValue::new(stringify!($g_label), $g_label.said()) ),*]));
                }
            )*
        }
    };
}

metrics! {
    counters {
        /// Requests answered. Those that Azure does not repeat (`answer="4xx"`) are alerts that are lost.
        requests(function: Function, answer: Answer, problem: Problem) = "itsm_connector.requests", "{request}";
        /// Deliveries taken in: each was on disk, or in storage, when it was answered.
        accepted(connection: Connection, source: Origin) = "itsm_connector.deliveries.accepted", "{delivery}";
        /// Length of what was taken in.
        accepted_bytes(connection: Connection) = "itsm_connector.deliveries.accepted.size", "By";
        /// Deliveries that came to an end.
        deliveries(connection: Connection, outcome: Ending) = "itsm_connector.deliveries", "{delivery}";
        /// Attempts at deliveries.
        attempts(connection: Connection, outcome: Attempt) = "itsm_connector.delivery.attempts", "{attempt}";
        /// What finished deliveries did to work items.
        work_items(connection: Connection, work_item_type: WorkItemType, effect: Done) = "itsm_connector.work_items", "{work_item}";
        /// How often a connection began to wait as a whole.
        gate_closings(connection: Connection, reason: WaitReason) = "itsm_connector.gate.closings", "{closing}";
        /// What the ITSM tool was asked for. One operation can be several HTTP requests. With `dry_run` no write is among them.
        provider_operations(connection: Connection, operation: Operation, outcome: Outcome) = "itsm_connector.provider.operations", "{operation}";
        /// Runs of the sync.
        sync_runs(connection: Connection, kind: RecordKind, result: Run) = "itsm_connector.sync.runs", "{run}";
        /// Records that the ITSM tool gave, also those that were there already.
        sync_records(connection: Connection, kind: RecordKind) = "itsm_connector.sync.records", "{record}";
        /// Rows of records that were written, or can never be.
        sync_rows(connection: Connection, kind: RecordKind, outcome: Row) = "itsm_connector.sync.rows", "{row}";
        /// Refreshes of a tool's configuration.
        refreshes(connection: Connection, result: Refresh) = "itsm_connector.refreshes", "{refresh}";
        /// Writes to the workspace, or to the tables of the embedded database.
        sink_writes(table: Table, outcome: Write) = "itsm_connector.sink.writes", "{write}";
        /// Rows of these writes.
        sink_rows(table: Table, outcome: Row) = "itsm_connector.sink.rows", "{row}";
    }
    histograms {
        /// From a request's headers to its answer.
        request_duration(function: Function) = "itsm_connector.request.duration", SHORT;
        /// From taking an alert in until its work item says so. Dead letters are not in it before they are redriven.
        delivery_duration(connection: Connection) = "itsm_connector.delivery.duration", LONG;
        /// Operations of a provider, waiting for their turn (`concurrency`) included.
        provider_duration(connection: Connection, operation: Operation) = "itsm_connector.provider.operation.duration", SHORT;
        /// Waits for a rate limit of the ITSM tool. That of deliveries is told when it begins, with the length that it will have.
        rate_limit_wait(connection: Connection, waiting: Waiting) = "itsm_connector.rate_limit.wait", LONG;
        /// Runs of the sync that did something.
        sync_duration(connection: Connection, kind: RecordKind) = "itsm_connector.sync.run.duration", LONG;
        /// Writes of rows, repetitions included.
        sink_duration(table: Table) = "itsm_connector.sink.write.duration", SHORT;
    }
    gauges {
        /// Deliveries that are not finished.
        backlog(connection: Connection) = "itsm_connector.backlog", "{delivery}";
        /// Age of the oldest delivery that is not finished; 0 when there is none.
        backlog_age(connection: Connection) = "itsm_connector.backlog.age", "s";
        /// Dead letters that wait for a person.
        dead_letters(connection: Connection) = "itsm_connector.dead_letters", "{delivery}";
        /// 1 while deliveries of the connection wait for this reason, else 0. Only where this process delivers.
        gate_closed(connection: Connection, reason: WaitReason) = "itsm_connector.gate.closed", "";
        /// How late records are; nothing before the first increment is done.
        sync_lag(connection: Connection, kind: RecordKind) = "itsm_connector.sync.lag", "s";
        /// Age of the tool's configuration in use; nothing before it was read.
        configuration_age(connection: Connection) = "itsm_connector.configuration.age", "s";
        /// 1 when the store told what stands, 0 when it did not; then all that it knows is missing here.
        store_up() = "itsm_connector.store.up", "";
        /// When the process began, as seconds since 1970.
        started_at() = "process.start.time", "s";
        /// Always 1.
        build_info(version: Version) = "itsm_connector.build.info", "";
    }
}
