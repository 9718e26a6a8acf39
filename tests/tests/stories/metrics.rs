//! What `GET /metrics` tells of a connector at work: figures that agree with what happened, and no series that an alert made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use connector::clock::later;
use emulators::servicenow::{Effect, Fault};
use serde_json::{Value, json};
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, dead};

/// Values by series, as a scraper reads them. Fails where a series comes twice or a line is none.
async fn scraped(stage: &Stage) -> BTreeMap<String, f64> {
    let answer = stage.client.get(stage.url("/metrics")).header("x-functions-key", "k").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(all.insert(series.to_owned(), value.parse().unwrap()), None, "{line}");
    }
    all
}

/// The value of `itsm_connector_METRIC{connection="snow",LABELS}`; nothing when there is no such series.
fn of(all: &BTreeMap<String, f64>, metric: &str, labels: &str) -> Option<f64> {
    let labels = if labels.is_empty() { String::new() } else { format!(",{labels}") };
    all.get(&format!("itsm_connector_{metric}{{connection=\"snow\"{labels}}}")).copied()
}

fn effect(effect: &str) -> String {
    format!("effect=\"{effect}\",work_item_type=\"incident\"")
}

#[tokio::test]
async fn deliveries_and_what_they_did_to_work_items() {
    let stage = Stage::new().await;
    stage.told(&metric("a", 0, false)).await;
    stage.told(&metric("a", 0, false)).await;
    stage.told(&metric("a", 0, true)).await;
    stage.tool.faults().add(Fault::new(Effect::RateLimit { retry_after: 90 }).times(1));
    stage.post(INCIDENT, &metric("b", 0, false)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let waiting = scraped(&stage).await;
    assert_eq!(of(&waiting, "gate_closed", "reason=\"rate_limit\""), Some(1.0));
    assert_eq!(of(&waiting, "gate_closed", "reason=\"outage\""), Some(0.0));
    assert_eq!(of(&waiting, "backlog", ""), Some(1.0));
    stage.advance(Duration::from_secs(60));
    assert_eq!(of(&scraped(&stage).await, "backlog_age_seconds", ""), Some(60.0));
    stage.settled().await;
    stage.fault(Effect::WriteDenied { table: "incident".to_owned(), field: None });
    dead(&stage.told(&metric("c", 0, false)).await);

    let all = scraped(&stage).await;
    assert_eq!(of(&all, "deliveries_accepted_total", "source=\"alert\""), Some(5.0));
    assert_eq!(of(&all, "deliveries_total", "outcome=\"done\""), Some(4.0));
    assert_eq!(of(&all, "deliveries_total", "outcome=\"dead_letter\""), Some(1.0));
    assert_eq!(of(&all, "work_items_total", &effect("created")), Some(2.0));
    assert_eq!(of(&all, "work_items_total", &effect("updated")), Some(1.0));
    assert_eq!(of(&all, "work_items_total", &effect("duplicate")), Some(1.0));
    assert_eq!(of(&all, "delivery_attempts_total", "outcome=\"done\""), Some(4.0));
    assert!(of(&all, "delivery_attempts_total", "outcome=\"waits\"").unwrap() >= 1.0);
    assert_eq!(of(&all, "delivery_attempts_total", "outcome=\"put_off\""), None);
    assert_eq!(of(&all, "dead_letters", ""), Some(1.0));
    assert_eq!(of(&all, "backlog", ""), Some(0.0));
    assert_eq!(of(&all, "gate_closings_total", "reason=\"rate_limit\""), Some(1.0));
    assert_eq!(of(&all, "gate_closed", "reason=\"rate_limit\""), Some(0.0));
    assert_eq!(of(&all, "rate_limit_wait_seconds_count", "waiting=\"deliveries\""), Some(1.0));
    let wait = of(&all, "rate_limit_wait_seconds_sum", "waiting=\"deliveries\"").unwrap();
    assert!((90.0..120.0).contains(&wait), "{wait}");
    // The one that waited is the only one for which the clock moved far.
    assert_eq!(of(&all, "delivery_duration_seconds_count", ""), Some(4.0));
    let slow = of(&all, "delivery_duration_seconds_sum", "").unwrap();
    assert!((90.0..200.0).contains(&slow), "{slow}");
    assert_eq!(of(&all, "delivery_duration_seconds_bucket", "le=\"60\""), Some(3.0));
    let limited = all.iter().filter(|(series, _)| series.contains("outcome=\"rate_limit\"")).map(|(_, count)| count).sum::<f64>();
    assert!((limited - 1.0).abs() < f64::EPSILON, "{all:#?}");
    assert_eq!(of(&all, "provider_operations_total", "operation=\"create\",outcome=\"ok\""), Some(2.0));
    assert_eq!(of(&all, "provider_operations_total", "operation=\"create\",outcome=\"refused\""), Some(1.0));
    assert_eq!(of(&all, "provider_operation_duration_seconds_count", "operation=\"create\""), Some(3.0));
}

#[tokio::test]
async fn an_attempt_that_fails_is_told_as_put_off() {
    let stage = Stage::new().await;
    stage.tool.faults().add(Fault::new(Effect::ResetAfterCommit).method("POST").times(1));
    stage.told(&metric("a", 0, false)).await;
    let all = scraped(&stage).await;
    assert_eq!(of(&all, "delivery_attempts_total", "outcome=\"put_off\""), Some(1.0));
    assert_eq!(of(&all, "provider_operations_total", "operation=\"create\",outcome=\"ambiguous\""), Some(1.0));
    assert_eq!(of(&all, "deliveries_total", "outcome=\"done\""), Some(1.0));
    assert_eq!(of(&all, "work_items_total", &effect("created")), Some(1.0));
}

#[tokio::test]
async fn records_on_their_way_back() {
    let stage = Stage::new().await;
    stage.tool.insert("incident", &[("short_description", "printer on fire")]);
    stage.tool.insert("incident", &[("short_description", "printer smoulders")]);
    stage.sync_now().await;
    let all = scraped(&stage).await;
    assert_eq!(of(&all, "sync_runs_total", "kind=\"incident\",result=\"done\""), Some(1.0));
    assert_eq!(of(&all, "sync_rows_total", "kind=\"incident\",outcome=\"accepted\""), Some(2.0));
    assert!(of(&all, "sync_records_total", "kind=\"incident\"").unwrap() >= 2.0);
    assert_eq!(of(&all, "sync_rows_total", "kind=\"change_request\",outcome=\"accepted\""), Some(0.0));
    assert_eq!(of(&all, "sync_run_duration_seconds_count", "kind=\"incident\""), Some(1.0));
    let refreshed = |all: &BTreeMap<String, f64>| {
        ["done", "gaps"].iter().filter_map(|result| of(all, "refreshes_total", &format!("result=\"{result}\""))).sum::<f64>()
    };
    assert!((refreshed(&all) - 1.0).abs() < f64::EPSILON, "{all:#?}");
    let rows = all["itsm_connector_sink_rows_total{outcome=\"accepted\",table=\"records\"}"];
    assert!((rows - 2.0).abs() < f64::EPSILON, "{rows}");
    let lag = of(&all, "sync_lag_seconds", "kind=\"incident\"").unwrap();
    stage.advance(Duration::from_secs(300));
    let late = scraped(&stage).await;
    assert_eq!(of(&late, "sync_lag_seconds", "kind=\"incident\""), Some(lag + 300.0));
    assert!(of(&late, "configuration_age_seconds", "").unwrap() >= 300.0);

    stage.fault(Effect::Unauthorized);
    stage.sync_now().await;
    let all = scraped(&stage).await;
    assert_eq!(of(&all, "sync_runs_total", "kind=\"incident\",result=\"failed\""), Some(1.0));
    assert_eq!(of(&all, "refreshes_total", "result=\"failed\""), Some(1.0));
}

#[tokio::test]
async fn a_dry_run_counts_no_write() {
    let stage = Stage::with("dry_run = true").await;
    stage.told(&metric("a", 0, false)).await;
    let all = scraped(&stage).await;
    assert_eq!(of(&all, "deliveries_total", "outcome=\"done\""), Some(1.0));
    assert!(of(&all, "provider_operations_total", "operation=\"find_configuration_item\",outcome=\"ok\"").is_some());
    assert!(!all.keys().any(|series| series.contains("operation=\"create\"")), "{all:#?}");
}

/// Text that an attacker would like to see as a series.
fn evil(number: u32) -> String {
    format!("evil\"}} 1\nitsm_connector_evil{{x=\"{number}")
}

/// An alert that says it in every place that names something.
fn hostile(number: u32) -> Value {
    let mut alert = metric("a", 0, number.is_multiple_of(2));
    let essentials = &mut alert["data"]["essentials"];
    for member in ["alertRule", "alertId", "originAlertId", "signalType", "monitoringService", "severity", "description"] {
        essentials[member] = json!(evil(number));
    }
    essentials["configurationItems"] = json!([evil(number), evil(number + 1000)]);
    essentials["alertTargetIDs"] = json!([format!("/subscriptions/{}", evil(number))]);
    alert["data"]["customProperties"] = json!({ evil(number): evil(number) });
    alert
}

/// Everything once: what is good, what is refused, and who is turned away.
async fn everything(stage: &Stage, alert: &Value, word: &str) {
    stage.told_to(INCIDENT, alert).await;
    stage.told_to(&format!("{INCIDENT}?per=ci&field.category={word}"), alert).await;
    stage.told_to("/api/work-items/snow/incident", &json!({"title": word, "computer": word, "fields": {"category": word}})).await;
    stage.told_to(INCIDENT, &json!({ word: word })).await;
    for path in [
        &*format!("/api/alerts/{word}"),
        &*format!("/api/alerts/{word}/incident"),
        &*format!("/api/alerts/snow/{word}"),
        &*format!("/{word}"),
        &*format!("{INCIDENT}?{word}=1"),
    ] {
        let answer = stage.request(path, "{}").send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
    }
    assert_eq!(stage.client.post(stage.url(INCIDENT)).header("x-functions-key", word).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn alerts_and_callers_add_no_series_whatever_they_say() {
    let stage = Stage::new().await;
    for resolved in [false, true] {
        everything(&stage, &metric("a", 0, resolved), "plain").await;
    }
    let known: BTreeSet<String> = scraped(&stage).await.into_keys().collect();
    assert!(known.len() > 100, "{known:#?}");
    let begun = stage.clock_now();
    for number in 0..60 {
        everything(&stage, &hostile(number), &format!("evil-{number}")).await;
    }
    assert!(
        stage.clock_now() < later(begun, Duration::from_secs(3600)),
        "something of it waited: the story tells less than it should"
    );
    let all = scraped(&stage).await;
    assert!(of(&all, "deliveries_accepted_total", "source=\"alert\"").unwrap() >= 180.0);
    let now: BTreeSet<String> = all.into_keys().collect();
    let fresh: Vec<_> = now.difference(&known).collect();
    assert_eq!(fresh, [""; 0], "series that were not there before");
    assert!(!now.iter().any(|series| series.contains("evil")));
}
