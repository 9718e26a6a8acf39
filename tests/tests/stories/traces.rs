//! Traces: what a collector is told of an alert and of a sync, and that nobody but the collector notices when it fails.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use emulators::collector::{Collector, Effect, Fault, SpanSeen};
use emulators::servicenow::Effect as ToolEffect;
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, did};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

async fn stage(collector: &Collector, more: &str) -> Stage {
    Stage::with(&format!("[telemetry]\notlp = \"{}\"\nmetrics = false\n{more}", collector.url())).await
}

fn of<'a>(spans: &'a [SpanSeen], kind: &str) -> Vec<&'a SpanSeen> {
    spans.iter().filter(|span| span.kind == kind).collect()
}

fn ids(spans: &[&SpanSeen]) -> BTreeSet<String> {
    spans.iter().map(|span| span.span_id.clone()).collect()
}

#[tokio::test]
async fn one_trace_tells_of_an_alert_from_the_caller_through_outage_and_restart_to_the_tool() {
    let collector = Collector::start().await;
    let stage = stage(&collector, "").await;
    let down = ToolEffect::Status { code: 503, body: "<html>down</html>".to_owned(), headers: Vec::new() };
    stage.fault(down);
    let alert = metric("secret-rule", 0, false);
    let request = stage.request(INCIDENT, alert.to_string()).header("traceparent", traceparent());
    let answer = request.header("tracestate", "a=1").header("tracestate", "b=2").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    stage.in_time("two attempts fail", async || stage.running.queue.counts(None).await.unwrap().retried >= 2).await;
    let stage = stage.restarted().await;
    stage.tool.faults().clear();
    stage.settled().await;
    let number = stage.incident()["number"].clone();
    let (requests, stage_stopped) = (stage.tool.requests(), stage.running.stop());
    stage_stopped.await;

    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace_id == TRACE && span.state == "a=1,b=2"), "{spans:#?}");
    let [server] = of(&spans, "SERVER")[..] else { panic!("{spans:#?}") };
    assert_eq!((server.name.as_str(), server.parent_id.as_str()), ("POST /api/alerts/{connection}/{work_item_type}", CALLER));
    assert_eq!(server.attributes["http.response.status_code"], "202");
    let [sent] = of(&spans, "PRODUCER")[..] else { panic!("{spans:#?}") };
    assert_eq!((&sent.parent_id, sent.name.as_str()), (&server.span_id, "send deliveries"));
    let attempts = of(&spans, "CONSUMER");
    assert!(attempts.len() >= 3 && attempts.iter().all(|one| one.parent_id == sent.span_id), "{attempts:#?}");
    assert!(attempts.iter().all(|one| one.links == [sent.span_id.clone()]), "{attempts:#?}");
    let outcomes: Vec<_> = attempts.iter().map(|one| one.attributes["itsm_connector.delivery.outcome"].as_str()).collect();
    assert_eq!((outcomes[0], outcomes.last()), ("put_off", Some(&"done")));
    let last = attempts.last().unwrap();
    assert_eq!(last.attributes["itsm_connector.work_items"], format!("[{number}]"));
    assert_eq!(last.attributes["itsm_connector.connection"], "snow");
    let processes: BTreeSet<_> = attempts.iter().map(|one| &one.resource["service.instance.id"]).collect();
    assert_eq!(processes.len(), 2, "before the restart and after it");

    let calls = of(&spans, "CLIENT");
    assert!(calls.iter().all(|call| ids(&attempts).contains(&call.parent_id)), "{calls:#?}");
    // The tool was told of each, and of nothing else.
    let told: BTreeSet<_> = requests.iter().map(|request| request.traceparent.clone()).collect();
    let made: BTreeSet<_> = ids(&calls).iter().map(|id| format!("00-{TRACE}-{id}-01")).collect();
    assert_eq!(told, made);
    assert!(requests.iter().all(|request| request.tracestate == "a=1,b=2"), "{requests:#?}");
    let created = calls.iter().find(|call| call.name == "POST /api/now/table/incident" && !call.failed).unwrap();
    assert_eq!((&created.parent_id, created.attributes["http.response.status_code"].as_str()), (&last.span_id, "201"));
    assert!(calls.iter().any(|call| call.attributes.get("error.type").is_some_and(|error| error == "503")), "{calls:#?}");

    let bodies: String = collector.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    for never in ["secret-rule", "sysparm", "correlation_id", "az-"] {
        assert!(!bodies.contains(never), "{never} is nobody's business");
    }
}

#[tokio::test]
async fn a_caller_without_a_trace_or_with_garbage_begins_one() {
    let collector = Collector::start().await;
    let stage = stage(&collector, "").await;
    for (rule, garbage) in [("a", ""), ("b", "00-nonsense"), ("c", &"x".repeat(5000))] {
        let request = stage.request(INCIDENT, metric(rule, 0, false).to_string()).header("traceparent", garbage);
        assert_eq!(request.send().await.unwrap().status(), 202);
    }
    stage.settled().await;
    stage.running.stop().await;
    let spans = collector.spans();
    let servers = of(&spans, "SERVER");
    assert!(servers.len() == 3 && servers.iter().all(|span| span.parent_id.is_empty()), "{servers:#?}");
    let traces: BTreeSet<_> = servers.iter().map(|span| &span.trace_id).collect();
    assert_eq!(traces.len(), 3);
    assert!(spans.iter().all(|span| traces.contains(&span.trace_id)));
}

#[tokio::test]
async fn who_may_not_call_makes_no_spans() {
    let collector = Collector::start().await;
    let stage = stage(&collector, "").await;
    for _ in 0..5 {
        let request = stage.client.post(stage.url(INCIDENT)).header("traceparent", traceparent()).body("{}");
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    assert_eq!(stage.request(INCIDENT, "no json").send().await.unwrap().status(), 400);
    stage.running.stop().await;
    let spans = collector.spans();
    let [refused] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!((refused.attributes["http.response.status_code"].as_str(), refused.failed), ("400", false));
}

#[tokio::test]
async fn an_order_to_sync_is_a_trace_down_to_the_table_that_rows_go_to() {
    let collector = Collector::start().await;
    let stage = stage(&collector, "").await;
    stage.told(&metric("cpu", 0, false)).await;
    let request = stage.request("/api/connections/snow/sync", "").header("traceparent", traceparent());
    assert_eq!(request.send().await.unwrap().status(), 200);
    stage.running.stop().await;
    let spans = collector.spans();
    let ours: Vec<_> = spans.iter().filter(|span| span.trace_id == TRACE).collect();
    let named = |name: &str| ours.iter().copied().filter(|span| span.name == name).collect::<Vec<_>>();
    let [server] = named("POST /api/connections/{connection}/sync")[..] else { panic!("{ours:#?}") };
    let [refresh] = named("refresh configuration")[..] else { panic!("{ours:#?}") };
    let runs = named("sync");
    assert_eq!(runs.len(), 2, "incidents and changes: {runs:#?}");
    assert!(runs.iter().chain([&refresh]).all(|run| run.parent_id == server.span_id && run.kind == "INTERNAL"));
    let incidents = runs.iter().find(|run| run.attributes["itsm_connector.record_kind"] == "incident").unwrap();
    assert_eq!(incidents.attributes["itsm_connector.records.written"], "1");
    let [write] = named("write ServiceDesk_CL")[..] else { panic!("{ours:#?}") };
    assert_eq!((&write.parent_id, write.attributes["itsm_connector.rows"].as_str()), (&incidents.span_id, "1"));
    let above = ids(&[&runs[..], &[refresh]].concat());
    let calls: Vec<_> = ours.iter().filter(|span| span.kind == "CLIENT").collect();
    assert!(calls.len() >= 3 && calls.iter().all(|call| above.contains(&call.parent_id)), "{calls:#?}");
    assert!(calls.iter().any(|call| call.parent_id == refresh.span_id));
}

#[tokio::test]
async fn a_collector_that_fails_costs_the_deliveries_nothing() {
    let hang = Effect::Hang(Duration::from_secs(600));
    for effect in [Some(hang), Some(Effect::Status(500)), Some(Effect::Status(503)), Some(Effect::Drop), None] {
        let collector = Collector::start().await;
        let url = collector.url();
        match effect {
            Some(effect) => {
                collector.faults().add(Fault::new(effect));
            }
            // Nobody listens.
            None => drop(collector),
        }
        let telemetry = format!("[telemetry]\notlp = \"{url}\"\ntimeout = \"1s\"\ninterval = \"5s\"\n");
        let stage: Stage = Stage::with(&telemetry).await;
        let begun = Instant::now();
        for rule in ["a", "b", "c", "d"] {
            assert_eq!(did(&stage.told(&metric(rule, 0, false)).await), (1, 0, 0));
            stage.advance(Duration::from_secs(10));
        }
        let counts = stage.running.queue.counts(None).await.unwrap();
        assert_eq!((counts.work_items, counts.retried, counts.dead_letters), (4, 0, 0));
        stage.running.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn metrics_go_the_same_way_with_what_stands_at_that_moment() {
    for (temporality, delta) in [("cumulative", false), ("delta", true)] {
        let collector = Collector::start().await;
        let telemetry = format!(
            "[telemetry]\notlp = \"{}\"\ninterval = \"30s\"\ntraces = false\ntemporality = \"{temporality}\"\nservice_name = \"itsm\"\n",
            collector.url()
        );
        let stage = Stage::with(&telemetry).await;
        stage.told(&metric("cpu", 0, false)).await;
        let accepted =
            || collector.metrics().into_iter().filter(|one| one.name == "itsm_connector.deliveries.accepted").collect::<Vec<_>>();
        stage.in_time("the first metrics", async || !accepted().is_empty()).await;
        let first = accepted();
        assert_eq!((first[0].value, first[0].unit.as_str(), first[0].delta), (1.0, "{delivery}", Some(delta)));
        assert_eq!((first[0].attributes["connection"].as_str(), first[0].resource["service.name"].as_str()), ("snow", "itsm"));
        let metrics = collector.metrics();
        let one = |name: &str| metrics.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name}: {metrics:#?}"));
        assert_eq!((one("itsm_connector.backlog").value, one("itsm_connector.backlog").delta), (0.0, None));
        assert!(one("itsm_connector.store.up").value > 0.5);
        assert_eq!(one("itsm_connector.delivery.duration").count, Some(1));
        stage.told(&metric("disk", 0, false)).await;
        stage.running.stop().await;
        // At the end once more.
        let last = accepted().pop().unwrap().value;
        assert!((last - if delta { 1.0 } else { 2.0 }).abs() < f64::EPSILON, "{last}");
        assert_eq!(collector.spans(), [], "traces are not wanted");
    }
}
