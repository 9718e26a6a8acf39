//! The instance fails in the middle, in every way in which instances fail: nothing is lost, nothing is done twice.

use std::collections::BTreeSet;
use std::time::Duration;

use emulators::servicenow::{Effect, Fault, Partial, ServiceNow};
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, did, options, value};

/// Alerts before, while and after the next requests fail.
async fn survives(faults: impl IntoIterator<Item = Fault>, more: &str) {
    let stage = Stage::with(more).await;
    for rule in ["a", "b", "c"] {
        stage.told(&metric(rule, 0, false)).await;
    }
    for fault in faults {
        stage.tool.faults().add(fault);
    }
    let begun = stage.tool.now();
    for (rule, episode, resolved) in [
        ("a", 1, false),
        ("b", 0, true),
        ("c", 1, false),
        ("d", 0, false),
        ("e", 0, false),
        ("a", 2, false),
        ("e", 0, true),
        ("f", 0, true),
        ("f", 0, false),
    ] {
        stage.post(INCIDENT, &metric(rule, episode, resolved)).await;
    }
    stage.settled().await;
    let lasted = stage.tool.now() - begun;
    assert!(lasted < 600, "an outage of a few requests was over only after {lasted} s");
    let counts = stage.running.queue.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.dead_letters), (12, 0));
    assert!(counts.retried > 0, "nothing failed: the story tells nothing");
    let mut incidents = stage.incidents();
    incidents.sort_by_key(|incident| incident["cmdb_ci"].clone() + &incident["short_description"]);
    let states: Vec<_> = incidents.iter().map(|incident| value(incident, "state")).collect();
    assert_eq!(states, ["1", "6", "1", "1", "6", "6"], "{incidents:#?}");
    assert_eq!(stage.tool.count("incident"), 6, "no record without our key");
    for incident in &incidents {
        let notes = stage.notes(incident);
        let markers: BTreeSet<_> = notes.iter().filter_map(|note| note.lines().last()).collect();
        assert_eq!(markers.len(), notes.len(), "a note twice: {notes:#?}");
    }
    assert_eq!(stage.notes(&incidents[0]).len(), 2);
}

fn page(code: u16) -> Effect {
    let body = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>".to_owned();
    Effect::Status { code, body, headers: Vec::new() }
}

fn times(effect: Effect, times: u64) -> [Fault; 1] {
    [Fault::new(effect).times(times)]
}

#[tokio::test]
async fn pages_of_a_load_balancer() {
    for code in [502, 503, 504] {
        survives(times(page(code), 7), "").await;
    }
}

#[tokio::test]
async fn a_hibernating_instance_with_status_200() {
    survives(times(Effect::Hibernating, 4), "").await;
}

#[tokio::test]
async fn a_sign_in_page_with_status_200() {
    survives(times(Effect::LoginPage, 4), "").await;
}

#[tokio::test]
async fn a_session_that_is_refused_for_a_while() {
    survives(times(Effect::Unauthorized, 4), "").await;
}

#[tokio::test]
async fn half_a_page_of_a_cancelled_transaction() {
    for partial in [Partial::Valid, Partial::ArrayOpen, Partial::StrayBracket, Partial::Sentence] {
        survives(times(Effect::PartialPage(partial), 5), "").await;
    }
}

#[tokio::test]
async fn json_that_breaks_off() {
    survives(times(Effect::BrokenJson, 9), "").await;
}

#[tokio::test]
async fn script_errors() {
    let body = r#"{"error":{"message":"java.lang.NullPointerException","detail":null},"status":"failure"}"#;
    let error = Effect::Status { code: 500, body: body.to_owned(), headers: Vec::new() };
    survives(times(error, 8), "").await;
}

#[tokio::test]
async fn connections_that_break_before_the_work_is_done() {
    survives(times(Effect::ResetBeforeCommit, 9), "").await;
    survives([Fault::new(Effect::ResetBeforeCommit).method("POST").times(4)], "").await;
}

#[tokio::test]
async fn connections_that_break_after_the_work_is_done() {
    survives(times(Effect::ResetAfterCommit, 9), "").await;
    let writes = ["POST", "PATCH"].map(|method| Fault::new(Effect::ResetAfterCommit).method(method).times(5));
    survives(writes, "").await;
}

#[tokio::test]
async fn answers_slower_than_the_timeout() {
    survives(times(Effect::Slow(Duration::from_secs(30)), 4), "timeout = \"250ms\"").await;
}

#[tokio::test]
async fn a_rate_limit_of_a_few_seconds() {
    survives(times(Effect::RateLimit { retry_after: 20 }, 3), "").await;
}

/// All failures by chance, as many as the instance has in it.
fn storm(tool: &ServiceNow, seed: u64) {
    tool.faults().seed(seed);
    for effect in [
        page(502),
        page(503),
        Effect::Hibernating,
        Effect::BrokenJson,
        Effect::ResetAfterCommit,
        Effect::ResetBeforeCommit,
        Effect::PartialPage(Partial::Sentence),
        Effect::RateLimit { retry_after: 5 },
        Effect::Unauthorized,
    ] {
        tool.faults().add(Fault::new(effect).probability(0.15).times(6));
    }
}

#[tokio::test]
async fn everything_at_once_and_every_kind_of_work_item() {
    let import = "servicenow = { write = \"import_set\", import_set = { columns = { short_description = \"title\" } } }";
    for (kind, table, more) in [
        ("incident", "incident", ""),
        ("incident", "incident", import),
        ("alert", "em_alert", ""),
        ("event", "em_event", ""),
        ("event", "em_event", "servicenow = { events = \"jsonv2\" }"),
    ] {
        let seed: u64 = std::env::var("STORM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
        println!("seed {seed} for {kind} {more}: STORM_SEED={seed} tells it again");
        let stage = Stage::with(more).await;
        storm(&stage.tool, seed);
        for (episode, resolved) in [(0, false), (1, false), (1, true), (2, false), (0, true), (2, true), (3, false)] {
            for rule in 0..4 {
                let path = format!("/api/alerts/snow/{kind}");
                stage.post(&path, &metric(&format!("cpu-{rule}"), episode, resolved && rule % 2 == 0)).await;
            }
        }
        stage.settled().await;
        let records = stage.ours(table);
        // Of the odd rules nothing is ever resolved: three of their seven notifications are repetitions.
        let expected = if kind == "event" { 2 * 7 + 2 * 4 } else { 4 };
        assert_eq!(records.len(), expected, "{records:#?}");
        assert_eq!(stage.tool.count(table), expected);
        assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
        for record in &records {
            let notes = stage.notes(record);
            let markers: BTreeSet<_> = notes.iter().filter_map(|note| note.lines().last()).collect();
            assert_eq!(markers.len(), notes.len(), "a note twice: {notes:#?}");
            assert!(kind == "event" || !["6", "Closed"].contains(&value(record, "state")), "the last episode fires: {record:#?}");
        }
    }
}

#[tokio::test]
async fn a_rate_limit_of_most_of_an_hour_is_waited_for_without_a_single_request() {
    let stage = Stage::new().await;
    stage.tool.faults().add(Fault::new(Effect::RateLimit { retry_after: 3300 }).times(1));
    let id = stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let gate = stage.gate("snow").await;
    assert_eq!(gate["reason"], "rate_limit", "{gate}");
    assert!(
        gate["cause"].as_str().unwrap().contains("Rate limit exceeded")
            && gate["until"].as_str().unwrap() >= "2026-03-02T05:25:00",
        "{gate}"
    );
    // Others that come meanwhile wait as well.
    stage.post(INCIDENT, &metric("disk", 0, false)).await;
    let asked = stage.tool.request_count();
    for _ in 0..10 {
        stage.advance(Duration::from_secs(329));
        stage.quiet().await;
    }
    assert_eq!(stage.tool.request_count(), asked);
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
    assert_eq!(stage.gate("snow").await["open"], true);
    let delivery = stage.delivery(&id).await;
    assert_eq!((did(&delivery), delivery.attempts), ((1, 0, 0), 1), "waiting costs no attempt");
}

#[tokio::test]
async fn an_outage_longer_than_the_patience_ends_in_a_dead_letter_that_can_be_redriven() {
    let more = "[delivery]\nretry_for = \"1h\"\n";
    let stage = Stage::with(more).await;
    stage.fault(page(502));
    let letter = stage.told(&metric("cpu", 0, false)).await;
    let (cause, remedy) = crate::stage::dead(&letter);
    assert!(cause.contains("given up after 1h") && cause.contains("502") && !remedy.is_empty(), "{cause}; {remedy}");
    stage.tool.faults().clear();
    stage.deliveries(&["redrive", "--all"]).await;
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn one_sick_connection_does_not_slow_another() {
    for sickness in [page(502), Effect::Slow(Duration::from_secs(60)), Effect::RateLimit { retry_after: 3000 }] {
        let (well, sick) = (ServiceNow::start_with(options()).await, ServiceNow::start_with(options()).await);
        let section = |name: &str, url: String| {
            format!(
                "[connections.{name}]\nprovider = \"servicenow\"\nurl = \"{url}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n"
            )
        };
        let settings = section("snow", well.url()) + &section("sick", sick.url()) + "[intake]\napi_keys = [\"$INTAKE_KEY\"]\n";
        let stage = Stage::open(well, &settings).await;
        sick.faults().add(Fault::new(sickness.clone()));
        for index in 0..25 {
            let alert = metric(&format!("cpu-{index}"), 0, false);
            stage.post("/api/alerts/sick/incident", &alert).await;
            stage.post(INCIDENT, &alert).await;
        }
        // Not a moment passes.
        stage.happens("all incidents of the healthy one", async || stage.incidents().len() == 25).await;
        let counts = async |name| stage.running.queue.counts(Some(name)).await.unwrap();
        stage.happens("an empty backlog of the healthy one", async || counts("snow").await.backlog == 0).await;
        assert_eq!(counts("snow").await.retried, 0);
        assert_eq!(counts("sick").await.backlog, 25, "{sickness:?}");
        assert!(sick.request_count() <= 16, "a sick instance is left alone: {} requests", sick.request_count());
        sick.faults().clear();
        if matches!(sickness, Effect::Slow(_)) {
            // Its answers are still under way for a minute.
            continue;
        }
        stage.in_time("the backlog of the sick one", async || counts("sick").await.backlog == 0).await;
        let ours = sick.records("incident").iter().filter(|one| one["correlation_id"].starts_with("az-")).count();
        assert_eq!(ours, 25);
    }
}

#[tokio::test]
async fn a_budget_of_requests_per_hour_is_kept_and_all_is_delivered_over_the_hours() {
    let stage = Stage::new().await;
    stage.tool.set_rate_limit(Some(emulators::servicenow::RateLimit { requests_per_hour: 40 }));
    for index in 0..20 {
        stage.post(INCIDENT, &metric(&format!("cpu-{index}"), 0, false)).await;
    }
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 20);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
    let refused = stage.tool.requests().iter().filter(|request| request.status == 429).count();
    // What is in hand when the limit strikes, and one look after each window.
    assert!((1..=20).contains(&refused), "{refused} requests beyond the budget");
}

#[tokio::test]
async fn a_connection_that_answers_again_is_open_though_the_first_delivery_still_waits_for_its_own_write() {
    let stage = Stage::new().await;
    let post = Fault::new(Effect::ResetBeforeCommit).method("POST").path("/table/incident").times(1);
    stage.tool.faults().add(post);
    // The look-up that follows meets an outage.
    stage.tool.faults().add(Fault::new(page(502)).method("GET").path("/table/incident").after(1).times(1));
    let first = stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    stage.in_time("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let under_way = async || stage.delivery(&first).await.cause.contains("under way");
    stage.in_time("a write that may be under way", under_way).await;
    let begun = stage.tool.now();
    let second = stage.post(INCIDENT, &metric("disk", 0, false)).await;
    let done = async || stage.delivery(&second).await.summary.is_some();
    stage.in_time("the other delivery", done).await;
    assert!(stage.tool.now() - begun < 20, "it waited for {} s", stage.tool.now() - begun);
    stage.settled().await;
    assert_eq!(stage.tool.count("incident"), 2);
}
