//! From the protocol's messages to what a test asks for.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;

/// Attributes as text; lists in brackets.
pub type Attributes = BTreeMap<String, String>;

/// A span as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanSeen {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits; empty when it begins a trace.
    pub parent_id: String,
    /// `tracestate`.
    pub state: String,
    /// Its name.
    pub name: String,
    /// `INTERNAL`, `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER`.
    pub kind: String,
    /// Nanoseconds since 1970.
    pub begin: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// Whether its status is that of an error.
    pub failed: bool,
    /// Identifiers of spans it links to.
    pub links: Vec<String>,
    /// Its attributes.
    pub attributes: Attributes,
    /// Of the process.
    pub resource: Attributes,
}

/// A data point as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSeen {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its value; of a histogram the sum.
    pub value: f64,
    /// How many a histogram has counted.
    pub count: Option<u64>,
    /// Whether it counts since the last one only; nothing of a gauge.
    pub delta: Option<bool>,
    /// Of the process.
    pub resource: Attributes,
}

/// Nothing when one of them has no valid identifiers.
pub(super) fn spans(request: &ExportTraceServiceRequest) -> Option<Vec<SpanSeen>> {
    let mut seen = Vec::new();
    for of_resource in &request.resource_spans {
        let resource = resource(of_resource.resource.as_ref());
        for span in of_resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            seen.push(self::span(span, &resource)?);
        }
    }
    Some(seen)
}

fn span(span: &Span, resource: &Attributes) -> Option<SpanSeen> {
    let valid = |id: &[u8], length| id.len() == length && id.iter().any(|byte| *byte != 0);
    let links = span.links.iter().map(|link| valid(&link.span_id, 8).then(|| hex(&link.span_id))).collect::<Option<_>>()?;
    let parent = span.parent_span_id.is_empty() || valid(&span.parent_span_id, 8);
    if !valid(&span.trace_id, 16) || !valid(&span.span_id, 8) || !parent || span.name.is_empty() {
        return None;
    }
    let kind = span.kind().as_str_name().trim_start_matches("SPAN_KIND_").to_owned();
    Some(SpanSeen {
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        state: span.trace_state.clone(),
        name: span.name.clone(),
        kind,
        begin: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        failed: span.status.as_ref().is_some_and(|status| status.code == 2),
        links,
        attributes: attributes(&span.attributes),
        resource: resource.clone(),
    })
}

pub(super) fn metrics(request: &ExportMetricsServiceRequest) -> Vec<MetricSeen> {
    let mut seen = Vec::new();
    for of_resource in &request.resource_metrics {
        let resource = resource(of_resource.resource.as_ref());
        for metric in of_resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            let mut point = |of: &[KeyValue], value: f64, count: Option<u64>, delta: Option<bool>| {
                seen.push(MetricSeen {
                    name: metric.name.clone(),
                    unit: metric.unit.clone(),
                    attributes: attributes(of),
                    value,
                    count,
                    delta,
                    resource: resource.clone(),
                });
            };
            match &metric.data {
                Some(Data::Sum(sum)) => {
                    let delta = Some(sum.aggregation_temporality == 1);
                    sum.data_points.iter().for_each(|one| point(&one.attributes, number(one.value), None, delta));
                }
                Some(Data::Gauge(gauge)) => {
                    gauge.data_points.iter().for_each(|one| point(&one.attributes, number(one.value), None, None));
                }
                Some(Data::Histogram(histogram)) => {
                    let delta = Some(histogram.aggregation_temporality == 1);
                    for one in &histogram.data_points {
                        point(&one.attributes, one.sum.unwrap_or_default(), Some(one.count), delta);
                    }
                }
                _ => {}
            }
        }
    }
    seen
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are small")]
fn number(value: Option<number_data_point::Value>) -> f64 {
    match value {
        Some(number_data_point::Value::AsDouble(value)) => value,
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        None => f64::NAN,
    }
}

fn resource(resource: Option<&Resource>) -> Attributes {
    attributes(resource.map_or(&[], |resource| &resource.attributes))
}

fn attributes(all: &[KeyValue]) -> Attributes {
    all.iter().map(|one| (one.key.clone(), text(one.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::ArrayValue(list)) => {
            let all: Vec<_> = list.values.iter().map(|value| text(Some(value))).collect();
            format!("[{}]", all.join(","))
        }
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
