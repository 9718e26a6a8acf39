//! docs/METRICS.md, made from the list.

use std::fmt::Write;

use super::label::Values;
use super::list::{Kind, LIST, Metric};
use super::text::prometheus_name;

const HEAD: &str = include_str!("document_head.md");

/// The whole page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for (title, wanted) in [("Counters", "counter"), ("Durations", "histogram"), ("What stands now", "gauge")] {
        // Writing into a text cannot fail.
        let _ = writeln!(
            page,
            "\n## {title}\n\n| Prometheus | OpenTelemetry, unit | labels | what it tells |\n| --- | --- | --- | --- |"
        );
        for metric in LIST.iter().filter(|metric| metric.kind.word() == wanted) {
            page += &row(metric);
        }
    }
    page += "\n## What labels can say\n\n| label | values |\n| --- | --- |\n";
    for (name, values) in labels() {
        let _ = writeln!(page, "| `{name}` | {} |", told(values));
    }
    page
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Histogram(_) => "histogram",
            Self::Gauge => "gauge",
        }
    }
}

impl Metric {
    /// Its name in Prometheus.
    #[must_use]
    pub fn prometheus(&self) -> String {
        prometheus_name(self.name, self.unit, self.kind == Kind::Counter)
    }
}

fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{}`", label.name)).collect();
    let unit = if metric.unit.is_empty() { String::new() } else { format!(", `{}`", metric.unit) };
    let bounds = match metric.kind {
        Kind::Histogram(bounds) => {
            let bounds: Vec<String> = bounds.iter().map(f64::to_string).collect();
            format!(" Buckets: {}.", bounds.join(", "))
        }
        Kind::Counter | Kind::Gauge => String::new(),
    };
    let (about, labels) = (metric.about.trim(), labels.join(", "));
    format!("| `{}` | `{}`{unit} | {labels} | {about}{bounds} |\n", metric.prometheus(), metric.name)
}

/// Each label once; one that means different things in different metrics, once for each meaning.
fn labels() -> Vec<(String, Values)> {
    let mut seen: Vec<(&str, Values, Vec<String>)> = Vec::new();
    for metric in LIST {
        for label in metric.labels {
            match seen.iter_mut().find(|(name, values, _)| *name == label.name && *values == label.values) {
                Some((.., metrics)) => metrics.push(metric.prometheus()),
                None => seen.push((label.name, label.values, vec![metric.prometheus()])),
            }
        }
    }
    seen.sort_by_key(|(name, ..)| *name);
    let again = |name: &str| seen.iter().filter(|(other, ..)| *other == name).count() > 1;
    seen.iter()
        .map(|(name, values, metrics)| {
            let of = if again(name) { format!("` of `{}", metrics.join("`, `")) } else { String::new() };
            (format!("{name}{of}"), *values)
        })
        .collect()
}

fn told(values: Values) -> String {
    match values {
        Values::Words(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Values::Told(told) => told.to_owned(),
    }
}
