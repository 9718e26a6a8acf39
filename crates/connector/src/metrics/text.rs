//! Metrics as Prometheus reads them: its text format, version 0.0.4. Names follow the rules by which OpenTelemetry's own become
//! Prometheus'; series are sorted, so that the same figures are the same text.

use std::collections::BTreeMap;
use std::fmt::Write;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::reader::MetricReader;

use super::reader::Reader;

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Reads when it is asked. Copies read the same.
#[derive(Debug, Clone, Default)]
pub struct TextReader(pub(super) Reader);

impl TextReader {
    /// All metrics that have a value. The error is that of the SDK: nothing is recorded, or no longer.
    pub fn text(&self) -> Result<String, String> {
        let mut read = ResourceMetrics::default();
        self.0.collect(&mut read).map_err(|error| error.to_string())?;
        let metrics = read.scope_metrics().flat_map(ScopeMetrics::metrics);
        let families: BTreeMap<String, &Metric> = metrics.map(|metric| (name(metric), metric)).collect();
        let mut text = String::with_capacity(16 * 1024);
        for (name, metric) in families {
            family(&mut text, &name, metric);
        }
        Ok(text)
    }
}

/// The name in Prometheus of a metric with this name, unit, and whether it counts.
#[must_use]
pub fn prometheus_name(name: &str, unit: &str, counts: bool) -> String {
    let mut name = name.replace('.', "_");
    // Units in braces are for people.
    let suffix = match unit {
        "s" => "_seconds",
        "By" => "_bytes",
        _ => "",
    };
    if !name.ends_with(suffix) {
        name.push_str(suffix);
    }
    if counts {
        name.push_str("_total");
    }
    name
}

fn name(metric: &Metric) -> String {
    let counts = matches!(metric.data(), AggregatedMetrics::U64(MetricData::Sum(_)));
    prometheus_name(metric.name(), metric.unit(), counts)
}

fn family(text: &mut String, name: &str, metric: &Metric) {
    let (kind, mut series) = match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            ("counter", sum.data_points().map(|point| line(name, &labels(point.attributes()), point.value())).collect())
        }
        AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
            ("gauge", gauge.data_points().map(|point| line(name, &labels(point.attributes()), point.value())).collect())
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => (
            "histogram",
            histogram
                .data_points()
                .map(|point| {
                    buckets(
                        name,
                        &labels(point.attributes()),
                        point.bounds().zip(point.bucket_counts()),
                        point.count(),
                        point.sum(),
                    )
                })
                .collect(),
        ),
        // The list has no others.
        _ => ("untyped", Vec::new()),
    };
    if series.is_empty() {
        return;
    }
    series.sort();
    // Writing into a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {}", escaped(metric.description(), false));
    let _ = writeln!(text, "# TYPE {name} {kind}");
    text.extend(series);
}

fn buckets(name: &str, labels: &str, counts: impl Iterator<Item = (f64, u64)>, count: u64, sum: f64) -> String {
    let mut text = String::new();
    let comma = if labels.is_empty() { "" } else { "," };
    let bucket = format!("{name}_bucket");
    let mut below = 0;
    for (bound, count) in counts {
        below += count;
        text += &line(&bucket, &format!("{labels}{comma}le=\"{bound}\""), below);
    }
    text += &line(&bucket, &format!("{labels}{comma}le=\"+Inf\""), count);
    text += &line(&format!("{name}_sum"), labels, sum);
    text += &line(&format!("{name}_count"), labels, count);
    text
}

fn line(name: &str, labels: &str, value: impl std::fmt::Display) -> String {
    if labels.is_empty() { format!("{name} {value}\n") } else { format!("{name}{{{labels}}} {value}\n") }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut labels: Vec<String> = attributes
        .map(|label| format!("{}=\"{}\"", label.key.as_str().replace('.', "_"), escaped(&label.value.as_str(), true)))
        .collect();
    labels.sort();
    labels.join(",")
}

fn escaped(text: &str, quotes: bool) -> String {
    let text = text.replace('\\', r"\\").replace('\n', r"\n");
    if quotes { text.replace('"', "\\\"") } else { text }
}
