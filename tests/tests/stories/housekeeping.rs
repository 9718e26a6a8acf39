//! Dry runs, the status page, and an end for everything that is kept.

use std::time::Duration;

use connector::store::{Filter, retention};
use emulators::servicenow::Effect;
use jiff::Timestamp;
use tests::alerts::metric;

use crate::alerts::log;
use crate::stage::{INCIDENT, Stage, did, value};

#[tokio::test]
async fn a_dry_run_goes_through_a_whole_life_and_writes_nothing() {
    let stage = Stage::with("dry_run = true\nconfiguration_item = { create = true }").await;
    let cis = stage.tool.count("cmdb_ci");
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (1, 0, 0));
    stage.told(&metric("cpu", 1, false)).await;
    stage.told(&metric("cpu", 1, true)).await;
    stage.told_to("/api/alerts/snow/event", &metric("cpu", 0, false)).await;
    stage.told_to("/api/alerts/snow/incident?per=ci", &log("heartbeat", &["new01", "new02"], false)).await;
    stage.told_to("/api/work-items/snow/incident", &serde_json::json!({"title": "x", "computer": "new03"})).await;
    let writes: Vec<_> = stage.tool.requests().into_iter().filter(|request| request.method != "GET").collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!((stage.tool.count("incident"), stage.tool.count("em_event"), stage.tool.count("cmdb_ci")), (0, 0, cis));
    assert!(stage.asked("GET", "/table/") > 0, "look-ups are done");
    let status = stage.status().await;
    assert_eq!((&status["connections"][0]["dry_run"], &status["counts"]["dead_letters"]), (&true.into(), &0.into()));
}

#[tokio::test]
async fn the_status_says_why_a_connection_waits_what_to_do_and_when_it_is_over() {
    let page = Effect::Status { code: 502, body: "<html><title>Bad Gateway</title></html>".to_owned(), headers: Vec::new() };
    for (effect, reason, cause, remedy) in [
        (Effect::Hibernating, "hibernating", "hibernating", "wake it"),
        (Effect::LoginPage, "credentials", "sign-in page", "single sign-on"),
        (page, "outage", "502", ""),
        (Effect::RateLimit { retry_after: 60 }, "rate_limit", "Rate limit exceeded", "rate limit rule"),
    ] {
        let stage = Stage::new().await;
        stage.fault(effect);
        stage.post(INCIDENT, &metric("cpu", 0, false)).await;
        stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
        let gate = stage.gate("snow").await;
        assert_eq!(gate["reason"], reason);
        assert!(gate["cause"].as_str().unwrap().contains(cause), "{gate}");
        assert!(gate["remedy"].as_str().unwrap().contains(remedy), "{gate}");
        assert!(gate["until"].as_str().unwrap() > "2026-03-02T04:30:00", "{gate}");
        stage.tool.faults().clear();
        stage.settled().await;
        let status = stage.status().await;
        assert_eq!(status["connections"][0]["gate"]["open"], true);
        let counts = &status["counts"];
        assert_eq!((&counts["accepted"], &counts["work_items"], &counts["backlog"]), (&1.into(), &1.into(), &0.into()));
        assert!(counts["retried"].as_u64().unwrap() > 0);
    }
}

/// That the file does not grow when rows come and go is told in the store's own tests.
#[tokio::test]
async fn under_a_steady_load_everything_that_is_kept_has_an_end() {
    let more =
        "policy = { reopen_window = \"1h\" }\n[retention]\ndeliveries = \"1h\"\ndead_letters = \"1h\"\ncorrelations = \"1h\"\n";
    let stage = Stage::with(more).await;
    let remembered = stage.state();
    let kept = async || {
        let deliveries = stage.running.queue.list(&Filter { limit: 10_000, ..Filter::default() }).await.unwrap().len();
        let correlations = remembered.stale(retention::CORRELATIONS, Timestamp::MAX, 10_000).await.unwrap().len();
        (deliveries, correlations)
    };
    for round in 0..6 {
        for index in 0..10 {
            let rule = format!("cpu-{round}-{index}");
            stage.post(INCIDENT, &metric(&rule, 0, false)).await;
            stage.post(INCIDENT, &metric(&rule, 0, true)).await;
        }
        stage.settled().await;
        stage.advance(Duration::from_secs(3700));
        // The connector itself finds the time to forget; nobody asks it to.
        stage.in_time("an empty store", async || kept().await == (0, 0)).await;
    }
    let counts = stage.running.queue.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.work_items, counts.dead_letters), (120, 60, 0), "counts outlive what they counted");
    assert_eq!(stage.incidents().len(), 60);
}

#[tokio::test]
async fn what_was_forgotten_is_found_again_when_its_end_comes_late() {
    let more =
        "policy = { reopen_window = \"1h\" }\n[retention]\ndeliveries = \"1h\"\ndead_letters = \"1h\"\ncorrelations = \"1h\"\n";
    let stage = Stage::with(more).await;
    stage.told(&metric("cpu", 0, false)).await;
    let deliveries = async || stage.running.queue.list(&Filter { limit: 10, ..Filter::default() }).await.unwrap().len();
    stage.advance(Duration::from_secs(3 * 3600));
    stage.in_time("that it is forgotten", async || deliveries().await == 0).await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 1, 0));
    assert_eq!(value(&stage.incident(), "state"), "6");
}

#[tokio::test]
async fn what_a_dry_run_remembers_is_not_taken_for_real_later() {
    let stage = Stage::with("dry_run = true").await;
    stage.told(&metric("cpu", 0, false)).await;
    let stage = stage.restarted_on("").await;
    assert_eq!(did(&stage.told(&metric("cpu", 1, false)).await), (1, 0, 0));
    assert_eq!(value(&stage.incident(), "state"), "1");
}

#[tokio::test]
async fn what_waits_for_a_connection_that_left_the_settings_is_a_dead_letter_that_says_so() {
    let stage = Stage::new().await;
    stage.fault(Effect::Hibernating);
    let id = stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let (good, mut without) = (stage.settings.clone(), stage.settings.clone());
    let moved = without.connections.remove("snow").unwrap();
    without.connections.insert("other".to_owned(), moved);
    let stage = stage.restarted_with(without).await;
    stage.settled().await;
    let letter = stage.delivery(&id).await;
    let (cause, remedy) = crate::stage::dead(&letter);
    assert!(cause.contains("\"snow\" is not in the settings") && remedy.contains("redrive"), "{cause}; {remedy}");
    // As the remedy says.
    stage.tool.faults().clear();
    let stage = stage.restarted_with(good).await;
    stage.deliveries(&["redrive", "--all"]).await;
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}
