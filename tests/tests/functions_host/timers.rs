//! Timers: what they say of their schedule, repetitions, and one run at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use connector::clock::ManualClock;
use serde_json::{Value, json};
use tests::functions_host::{FunctionsHost, Options, Worker, until};

use crate::stage::{Handler, Root};

fn timer(schedule: &str, monitored: bool) -> Value {
    json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule, "useMonitor": monitored })
}

fn at_noon() -> Options {
    let clock = Arc::new(ManualClock::new("2026-03-02T12:00:00.5Z".parse().unwrap()));
    Options { clock, faster: 1000, ..Options::default() }
}

async fn told(schedule: &str, monitored: bool, past_due: bool) -> Vec<Value> {
    let root = Root::new().function("sweep", &json!({ "bindings": [timer(schedule, monitored)] }));
    let handler = Handler::outputs(json!({}));
    let host = root.run(at_noon(), handler.serve().await).await;
    for _ in 0..2 {
        host.run_timer("sweep", past_due).await.unwrap().outcome.unwrap();
    }
    handler.got().iter().map(|got| got.json()["Data"]["timer"].clone()).collect()
}

#[tokio::test]
async fn a_run_says_when_the_last_was_and_the_next_will_be() {
    let runs = told("0 0 * * * *", true, false).await;
    assert_eq!(runs[0]["ScheduleStatus"]["Last"], "0001-01-01T00:00:00");
    assert_eq!(runs[1]["ScheduleStatus"]["Last"], "2026-03-02T12:00:00.5+00:00");
    assert_eq!(runs[1]["ScheduleStatus"]["Next"], "2026-03-02T13:00:00+00:00");
    assert_eq!((&runs[1]["IsPastDue"], &runs[1]["Schedule"]), (&json!(false), &json!({ "AdjustForDST": true })));
}

#[tokio::test]
async fn one_that_is_not_monitored_or_faster_than_a_minute_says_nothing_of_it() {
    for (schedule, monitored) in [("0 0 * * * *", false), ("*/30 * * * * *", true)] {
        assert_eq!(told(schedule, monitored, true).await[1]["ScheduleStatus"], Value::Null);
    }
    assert_eq!(told("0 0 * * * *", false, true).await[0]["IsPastDue"], json!(true));
}

#[tokio::test]
async fn a_failed_run_is_repeated_as_the_policy_says_and_not_without_one() {
    let retry = json!({ "strategy": "exponentialBackoff", "maxRetryCount": 2, "minimumInterval": "00:00:10", "maximumInterval": "00:05:00" });
    let root = Root::new().timer("once").function("often", &json!({ "bindings": [timer("0 0 * * * *", true)], "retry": retry }));
    let handler = Handler::new(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let host = root.run(at_noon(), handler.serve().await).await;
    assert_eq!(host.run_timer("once", false).await.unwrap().attempts, 1);
    assert_eq!(host.run_timer("often", false).await.unwrap().attempts, 3);
    let retries: Vec<Value> = handler.got().iter().map(|got| got.json()["Metadata"]["RetryContext"].clone()).collect();
    let counts: Vec<_> = retries.iter().map(|retry| retry["RetryCount"].as_u64()).collect();
    assert_eq!(counts, [None, None, Some(1), Some(2)]);
    assert_eq!(retries[3]["MaxRetryCount"], 2);
    let why = "Response status code does not indicate success: 500";
    assert!(retries[3]["Exception"]["Message"].as_str().unwrap().starts_with(why), "{}", retries[3]);
}

#[tokio::test]
async fn a_repetition_that_succeeds_is_the_last() {
    let retry = json!({ "strategy": "fixedDelay", "maxRetryCount": -1, "delayInterval": "00:00:10" });
    let root = Root::new().function("often", &json!({ "bindings": [timer("0 0 * * * *", true)], "retry": retry }));
    let asked = AtomicUsize::new(0);
    let handler = Handler::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0..4 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => axum::Json(json!({ "Outputs": {} })).into_response(),
    });
    let host = root.run(at_noon(), handler.serve().await).await;
    let run = host.run_timer("often", false).await.unwrap();
    assert_eq!((run.outcome.is_ok(), run.attempts), (true, 5));
}

#[tokio::test]
async fn two_runs_never_overlap_though_there_are_two_instances() {
    let handler = Handler::outputs(json!({})).gated_at("/sweep");
    let root = Root::new().timer("sweep").timer("other");
    let workers = [handler.serve().await, handler.serve().await];
    let host = FunctionsHost::run(root.read().unwrap(), Options::default(), &workers).await.unwrap();
    let begun = || handler.got().iter().filter(|got| got.uri.path() == "/sweep").count();
    let run = async || host.run_timer("sweep", false).await.unwrap().outcome.unwrap();
    let letting_through = async {
        for so_far in 1..=4 {
            until("the next run", async || begun() >= so_far).await;
            // Meanwhile another timer goes on, and one that did not wait would have come by now.
            for _ in 0..20 {
                host.run_timer("other", false).await.unwrap().outcome.unwrap();
            }
            assert_eq!(begun(), so_far, "a run began while another was under way");
            handler.gate.add_permits(1);
        }
    };
    tokio::join!(run(), run(), run(), run(), letting_through);
    let instances: BTreeSet<_> = host.invoked("sweep").iter().map(|invoked| invoked.instance).collect();
    assert_eq!((host.invoked("sweep").len(), instances.len()), (4, 2));
}

#[tokio::test]
async fn the_runtime_runs_by_the_clock_and_sees_what_was_missed() {
    let root = Root::new().timer("sweep").executable(env!("CARGO_BIN_EXE_example-timer"));
    let host = root.run(at_noon(), Worker::Executable).await;
    let run = host.run_timer("sweep", true).await.unwrap();
    assert!(run.outcome.unwrap().logs[0].ends_with("files swept"));
    let lines = host.lines(0).unwrap().join("\n");
    assert!(lines.contains("catching up"), "{lines}");
    assert!(lines.contains(&host.invoked("sweep")[0].id), "{lines}");
    host.stop().await.unwrap().expect_nothing();
}
