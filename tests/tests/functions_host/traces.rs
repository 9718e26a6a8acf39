//! Traces behind the Functions host: the caller's place comes in both shapes of HTTP, goes through the queue to another process, and
//! spans leave soon after each invocation, because an instance may be frozen then.

use std::collections::BTreeSet;

use emulators::collector::{Collector, Effect, Fault};
use tests::alerts::metric;
use tests::functions_host::until;

use crate::deployed::{Deployed, INCIDENT};
use crate::stage::client;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_caller_through_the_hosts_queue_to_the_tool_while_the_app_runs() {
    for proxying in [false, true] {
        let collector = Collector::start().await;
        let telemetry = format!("[telemetry]\notlp = \"{}\"\nmetrics = false\n", collector.url());
        let Some(deployed) = Deployed::new(&telemetry).await else { return };
        let deployed = deployed.proxying(proxying);
        let host = deployed.run(2).await;
        let request =
            client().post(format!("{}{INCIDENT}?code=intake-key", host.url())).body(metric("cpu", 0, false).to_string());
        let request = request.header("content-type", "application/json").header("tracestate", "a=1");
        let answer = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        until("the incident is there", async || deployed.incidents().len() == 1).await;
        // The app goes on: nothing is left for its end.
        until("the attempt is told", async || collector.spans().iter().any(|span| span.kind == "CONSUMER")).await;
        until("the request is told", async || collector.spans().iter().any(|span| span.kind == "SERVER")).await;
        let spans = collector.spans();
        assert!(spans.iter().all(|span| span.trace_id == TRACE && span.state == "a=1"), "{proxying}: {spans:#?}");
        let one = |kind: &str| spans.iter().find(|span| span.kind == kind).unwrap();
        let (server, sent, attempt) = (one("SERVER"), one("PRODUCER"), one("CONSUMER"));
        assert_eq!((server.parent_id.as_str(), &sent.parent_id), (CALLER, &server.span_id));
        assert_eq!((&attempt.parent_id, attempt.attributes["itsm_connector.delivery.outcome"].as_str()), (&sent.span_id, "done"));
        let told: BTreeSet<_> = deployed.tool.requests().iter().map(|request| request.traceparent.clone()).collect();
        let calls = spans.iter().filter(|span| span.kind == "CLIENT" && span.parent_id == attempt.span_id);
        let made: BTreeSet<_> = calls.map(|call| format!("00-{TRACE}-{}-01", call.span_id)).collect();
        // Reading the configuration is no part of it.
        assert!(!made.is_empty() && made.is_subset(&told), "{made:?} {told:?}");
        host.stop().await.unwrap().expect_nothing();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_no_invocation() {
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::Hang(std::time::Duration::from_secs(600))));
    let telemetry = format!("[telemetry]\notlp = \"{}\"\n", collector.url());
    let Some(deployed) = Deployed::new(&telemetry).await else { return };
    let host = deployed.run(1).await;
    let begun = std::time::Instant::now();
    for rule in 0..10 {
        let alert = metric(&format!("rule-{rule}"), 0, false).to_string();
        assert_eq!(crate::deployed::post(&host, INCIDENT, alert).await.0, 202);
    }
    until("the incidents are there", async || deployed.incidents().len() == 10).await;
    deployed.settled(&host).await;
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_told_by_each_process_and_what_stands_by_the_one_that_syncs() {
    let collector = Collector::start().await;
    let telemetry = format!("[telemetry]\notlp = \"{}\"\ntraces = false\ninterval = \"5s\"\n", collector.url());
    let Some(deployed) = Deployed::new(&telemetry).await else { return };
    let host = deployed.run(1).await;
    assert_eq!(crate::deployed::post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    let told = |name: &str| collector.metrics().into_iter().find(|one| one.name == name);
    until("the alert is counted", async || told("itsm_connector.deliveries.accepted").is_some()).await;
    assert!(told("itsm_connector.backlog").is_none(), "who does not sync tells nothing of what all share");
    host.run_timer("work_item_sync", false).await.unwrap().outcome.unwrap();
    assert!(told("itsm_connector.backlog").is_some(), "told before the invocation ended");
    host.stop().await.unwrap().expect_nothing();
}
