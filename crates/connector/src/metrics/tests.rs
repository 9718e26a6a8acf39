//! The list, its document and its text.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::document::page;
use super::label::{Answer, Attempt, Function, Outcome, Problem, Values};
use super::provider::outcome;
use super::sink::Measured;
use super::{Kind, LIST, Metrics, Observation};
use crate::clock::{Clock, ManualClock};
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build_measured};
use crate::rows::{LogRow, ServiceDeskRow};
use crate::secret::FixedSecrets;
use crate::sink::{Sink, SinkError, Written};
use crate::work_item::WorkItemType;

/// Lines of `text` that begin with `start`.
fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-03-02T04:00:00Z".parse().unwrap()))
}

#[test]
fn the_page_is_that_of_the_list() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/METRICS.md");
    let (file, page) = (std::fs::read_to_string(path).unwrap_or_default(), page());
    let stale = file.lines().zip(page.lines()).position(|(file, page)| file != page);
    assert!(
        stale.is_none() && file.lines().count() == page.lines().count(),
        "docs/METRICS.md is stale from line {}; write it anew with: cargo run -p connector --example metrics > docs/METRICS.md",
        stale.map_or(page.lines().count(), |line| line + 1)
    );
}

#[test]
fn names_are_those_that_both_worlds_take() {
    let legal = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let (mut names, mut ours) = (BTreeSet::new(), 0);
    for metric in LIST {
        let (name, unit) = (metric.prometheus(), metric.unit);
        assert!(legal(&name) && names.insert(name.clone()), "{name}");
        assert!(metric.name.split('.').all(legal), "{}", metric.name);
        ours += usize::from(metric.name.starts_with("itsm_connector."));
        assert!(unit.is_empty() || matches!(unit, "s" | "By") || (unit.starts_with('{') && unit.ends_with('}')), "{unit}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        assert_eq!(name.trim_end_matches("_total").ends_with("_seconds"), unit == "s", "{name}");
        for label in metric.labels {
            // `le` is Prometheus' own.
            assert!(legal(label.name) && label.name != "le", "{}", label.name);
            let Values::Words(words) = label.values else { continue };
            assert!(!words.is_empty() && words.iter().collect::<BTreeSet<_>>().len() == words.len(), "{words:?}");
        }
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(bounds.is_sorted() && bounds.len() <= 12, "{name}");
        }
        assert!(metric.about.trim().ends_with('.') && !metric.about.contains(['|', '\n']), "{}", metric.about);
    }
    assert_eq!(ours, LIST.len() - 1, "all but when the process began");
}

#[test]
fn the_text_is_prometheus() {
    let (metrics, reader) = Metrics::with_text(["b", "a\\\"\nc"]);
    metrics.requests(2, Function::AlertIntake, Answer::Good, Problem(""));
    metrics.requests(1, Function::AlertIntake, Answer::Refused, Problem("not-authenticated"));
    metrics.attempts(3, metrics.connection("a\\\"\nc"), Attempt::Done);
    metrics.delivery_duration(Duration::from_millis(300), metrics.connection("b"));
    metrics.delivery_duration(Duration::from_secs(100_000), metrics.connection("b"));
    let text = reader.text().unwrap();
    let requests = lines(&text, "itsm_connector_requests_total");
    assert_eq!(
        requests,
        [
            "itsm_connector_requests_total{answer=\"2xx\",function=\"alert_intake\",problem=\"\"} 2",
            "itsm_connector_requests_total{answer=\"4xx\",function=\"alert_intake\",problem=\"not-authenticated\"} 1"
        ]
    );
    let about = lines(&text, "# HELP itsm_connector_requests_total ");
    assert_eq!(about.len(), 1);
    assert_eq!(lines(&text, "# TYPE itsm_connector_requests_total "), ["# TYPE itsm_connector_requests_total counter"]);
    assert_eq!(
        lines(&text, "itsm_connector_delivery_attempts_total"),
        ["itsm_connector_delivery_attempts_total{connection=\"a\\\\\\\"\\nc\",outcome=\"done\"} 3"]
    );
    let bucket = |le: &str| format!("itsm_connector_delivery_duration_seconds_bucket{{connection=\"b\",le=\"{le}\"}}");
    let value = |start: &str| {
        let found = lines(&text, start);
        assert_eq!(found.len(), 1, "{start} in {text}");
        found[0].rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(["0.1", "0.5", "86400", "+Inf"].map(|le| value(&bucket(le))), ["0", "1", "1", "2"]);
    assert_eq!(value("itsm_connector_delivery_duration_seconds_count"), "2");
    assert_eq!(value("itsm_connector_delivery_duration_seconds_sum"), "100000.3");
    assert_eq!(reader.text().unwrap(), text, "reading changes nothing");
}

#[test]
fn what_stands_no_longer_is_told_no_longer() {
    let (metrics, reader) = Metrics::with_text(["a", "b"]);
    let backlog = |of: &[(&str, f64)]| {
        let mut seen = Observation::default();
        for (name, value) in of {
            seen.backlog(*value, metrics.connection(name));
        }
        metrics.observe(seen);
        lines(&reader.text().unwrap(), "itsm_connector_backlog{").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(backlog(&[]), [""; 0]);
    let (a, b) = ("itsm_connector_backlog{connection=\"a\"}", "itsm_connector_backlog{connection=\"b\"}");
    assert_eq!(backlog(&[("b", 0.0), ("a", 12.0)]), [format!("{a} 12"), format!("{b} 0")]);
    assert_eq!(backlog(&[("b", 1.0)]), [format!("{b} 1")]);
}

#[test]
fn a_connection_that_is_not_in_the_settings_is_no_series_of_its_own() {
    let (metrics, reader) = Metrics::with_text(["snow"]);
    for number in 0..5000 {
        metrics.attempts(1, metrics.connection(&format!("stray-{number}")), Attempt::DeadLetter);
    }
    assert_eq!(
        lines(&reader.text().unwrap(), "itsm_connector_delivery_attempts_total"),
        ["itsm_connector_delivery_attempts_total{connection=\"(other)\",outcome=\"dead_letter\"} 5000"]
    );
}

#[test]
fn without_a_place_for_them_nothing_is_kept() {
    let metrics = Metrics::default();
    metrics.requests(1, Function::Status, Answer::Good, Problem(""));
    metrics.observe(Observation::default());
    assert!(super::text::TextReader::default().text().is_err());
}

#[test]
fn every_outcome_of_a_provider_has_its_word() {
    let error = |reason| ProviderError::Wait { reason, after: None, cause: String::new(), remedy: String::new() };
    let results = [
        (Ok(()), Outcome::Ok),
        (Err(ProviderError::Retry { after: None, cause: String::new() }), Outcome::Retry),
        (Err(error(WaitReason::RateLimit)), Outcome::RateLimit),
        (Err(error(WaitReason::Outage)), Outcome::Outage),
        (Err(error(WaitReason::Hibernating)), Outcome::Hibernating),
        (Err(error(WaitReason::Credentials)), Outcome::Credentials),
        (Err(ProviderError::Ambiguous { cause: String::new() }), Outcome::Ambiguous),
        (Err(ProviderError::Refused { cause: String::new(), remedy: String::new() }), Outcome::Refused),
    ];
    for (result, expected) in results {
        assert_eq!(outcome(&result), expected);
    }
}

/// A connection to an address of this machine, counted and timed.
fn provider(address: SocketAddr, metrics: &Metrics, clock: &Arc<ManualClock>) -> Arc<dyn Provider> {
    let auth = "{ type = \"basic\", username = \"u\", password = \"$P\" }";
    let connection = format!("provider = \"servicenow\"\nurl = \"http://{address}\"\nauth = {auth}");
    let (secrets, clock) = (Arc::new(FixedSecrets::default().with("P", "p")), clock.clone());
    build_measured("snow", &toml::from_str(&connection).unwrap(), &Surroundings { secrets, clock }, metrics).unwrap()
}

#[test]
fn a_reason_to_wait_is_the_same_word_everywhere() {
    for reason in WaitReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
    }
}

#[tokio::test]
async fn operations_are_told_with_outcome_and_time_also_when_nobody_waits_for_the_end() {
    let (clock, (metrics, reader)) = (clock(), Metrics::with_text(["snow"]));
    // Its queue takes a connection that nobody serves.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = provider(listener.local_addr().unwrap(), &metrics, &clock);
    let mut asked = silent.read(WorkItemType::Incident, "1");
    assert!(futures_util::poll!(&mut asked).is_pending());
    clock.advance(Duration::from_secs(7));
    drop(asked);
    drop(listener);
    assert!(silent.newest(WorkItemType::Incident, "c").await.is_err());
    let text = reader.text().unwrap();
    assert_eq!(
        lines(&text, "itsm_connector_provider_operations_total"),
        [
            "itsm_connector_provider_operations_total{connection=\"snow\",operation=\"newest\",outcome=\"outage\"} 1",
            "itsm_connector_provider_operations_total{connection=\"snow\",operation=\"read\",outcome=\"given_up\"} 1"
        ]
    );
    assert_eq!(
        lines(&text, "itsm_connector_provider_operation_duration_seconds_sum"),
        [
            "itsm_connector_provider_operation_duration_seconds_sum{connection=\"snow\",operation=\"newest\"} 0",
            "itsm_connector_provider_operation_duration_seconds_sum{connection=\"snow\",operation=\"read\"} 7"
        ]
    );
}

/// Takes the first row of a write and never the others; the log not at all.
#[derive(Debug)]
struct Picky;

#[async_trait]
impl Sink for Picky {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        let refused = (1..rows.len()).map(|place| (place, "too long".to_owned())).collect();
        Ok(Written { accepted: 1, refused, ..Written::default() })
    }

    async fn log(&self, _: &[LogRow]) -> Result<Written, SinkError> {
        Err(SinkError { cause: "down".to_owned(), remedy: String::new(), retry_after: None, maybe_there: 0 })
    }

    fn describe(&self) -> String {
        "a table".to_owned()
    }
}

#[tokio::test]
async fn writes_of_rows_are_told_by_what_became_of_them() {
    let (metrics, reader) = Metrics::with_text(["snow"]);
    let sink = Measured { sink: Arc::new(Picky), metrics, clock: clock() as Arc<dyn Clock> };
    let row = ServiceDeskRow::default();
    assert_eq!(sink.records(&[row.clone(), row.clone(), row]).await.unwrap().accepted, 1);
    assert!(sink.log(&[]).await.is_err());
    let text = reader.text().unwrap();
    assert_eq!(
        lines(&text, "itsm_connector_sink_rows_total"),
        [
            "itsm_connector_sink_rows_total{outcome=\"accepted\",table=\"records\"} 1",
            "itsm_connector_sink_rows_total{outcome=\"refused\",table=\"records\"} 2"
        ]
    );
    assert_eq!(
        lines(&text, "itsm_connector_sink_writes_total"),
        [
            "itsm_connector_sink_writes_total{outcome=\"failed\",table=\"log\"} 1",
            "itsm_connector_sink_writes_total{outcome=\"ok\",table=\"records\"} 1"
        ]
    );
    assert_eq!(lines(&text, "itsm_connector_sink_write_duration_seconds_count").len(), 2);
    assert_eq!(sink.describe(), "a table");
}
