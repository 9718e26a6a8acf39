//! Stories against a collector over real HTTP; the connector's clock is moved by hand.

use std::io;
use std::sync::Mutex;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use emulators::collector::{Collector, Effect, Fault};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use reqwest::Method;
use tracing::subscriber::DefaultGuard;

use super::*;
use crate::clock::{ManualClock, SystemClock};
use crate::provider::wire::{Effect as Call, Wire};
use crate::secret::{FixedSecrets, MissingSecret, Secret, SecretRef};
use crate::settings::Connection;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What the process logs in this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> (Self, DefaultGuard) {
        // Or what another test's thread, which listens to nothing, logs first counts as wanted by nobody.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
        (log, tracing::subscriber::set_default(lines.finish()))
    }

    fn lines(&self, containing: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(containing)).map(str::to_owned).collect()
    }
}

struct Scene {
    clock: Arc<ManualClock>,
    telemetry: Telemetry,
    running: tokio::task::JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn parsed(settings: &str) -> Settings {
    toml::from_str(settings).unwrap()
}

impl Scene {
    fn new(settings: &str, secrets: FixedSecrets, pace: Pace) -> Self {
        let secrets: Arc<dyn Secrets> = Arc::new(secrets);
        Self::with(settings, &secrets, pace)
    }

    fn with(settings: &str, secrets: &Arc<dyn Secrets>, pace: Pace) -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-02T04:30:00Z".parse().unwrap()));
        let time: Arc<dyn Clock> = clock.clone();
        let telemetry = Telemetry::new(Some(&parsed(settings)), secrets, &time, &Arc::new(Chance::seeded(3)), pace);
        let exported = telemetry.clone();
        let running = tokio::spawn(async move { exported.run(std::future::pending()).await });
        Self { clock, telemetry, running }
    }

    fn towards(collector: &Collector, more: &str) -> Self {
        Self::new(&format!("otlp = \"{}\"\n{more}", collector.url()), FixedSecrets::default(), Pace::Gathered)
    }

    /// One span that begins a trace.
    fn span(&self) {
        drop(self.telemetry.tracing.start(SpanKind::Internal, "one", Parent::Current, []));
    }

    /// Waits until it is so, while the time of the connector passes or stands.
    async fn until(&self, what: &str, step: Duration, so: impl Fn() -> bool) {
        let real: &dyn Clock = &SystemClock;
        for _ in 0..20_000 {
            if so() {
                return;
            }
            self.clock.advance(step);
            real.sleep(Duration::from_millis(1)).await;
        }
        panic!("{what} did not come about");
    }
}

const STANDS: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_span_and_what_is_below_it_go_to_the_collector_in_the_callers_trace() {
    let collector = Collector::start().await;
    let scene = Scene::towards(&collector, "service_name = \"itsm\"");
    let caller = TraceContext::read(CALLER, "a=1").unwrap();
    let above = scene.telemetry.tracing.start(SpanKind::Server, "POST /x", Parent::Carried(Some(&caller)), []);
    above
        .within(async {
            scene.clock.advance(SECOND);
            let below = scene.telemetry.tracing.start(SpanKind::Internal, "below", Parent::Current, [KeyValue::new("n", 1)]);
            below.failed("refused");
        })
        .await;
    drop(above);
    scene.until("two spans", SECOND, || collector.spans().len() == 2).await;
    let spans = collector.spans();
    let (below, above) = (&spans[0], &spans[1]);
    assert_eq!((above.trace_id.as_str(), above.parent_id.as_str()), (TRACE, "00f067aa0ba902b7"));
    assert_eq!((above.kind.as_str(), above.state.as_str(), above.failed), ("SERVER", "a=1", false));
    assert_eq!((&below.trace_id, &below.parent_id), (&above.trace_id, &above.span_id));
    assert_eq!((below.attributes["n"].as_str(), below.attributes["error.type"].as_str(), below.failed), ("1", "refused", true));
    // By the clock that was passed in.
    assert_eq!((above.end - above.begin, below.begin - above.begin), (1_000_000_000, 1_000_000_000));
    assert_eq!(above.resource["service.name"], "itsm");
    assert!(collector.requests().iter().all(|request| request.path == "/v1/traces"), "nobody has metrics here");
}

#[tokio::test]
async fn a_message_is_continued_and_linked_to_and_nothing_begins_a_trace_of_its_own() {
    let collector = Collector::start().await;
    let scene = Scene::towards(&collector, "");
    let sent = TraceContext::read(CALLER, "").unwrap();
    for message in [Some(&sent), None] {
        drop(scene.telemetry.tracing.start(SpanKind::Consumer, "process", Parent::Message(message), []));
    }
    scene.until("two spans", SECOND, || collector.spans().len() == 2).await;
    let spans = collector.spans();
    assert_eq!((spans[0].trace_id.as_str(), &spans[0].links), (TRACE, &vec!["00f067aa0ba902b7".to_owned()]));
    assert!(spans[1].trace_id != TRACE && spans[1].parent_id.is_empty() && spans[1].links.is_empty(), "{:#?}", spans[1]);
}

#[tokio::test]
async fn the_callers_decision_to_sample_holds_and_without_one_the_setting() {
    let collector = Collector::start().await;
    let scene = Scene::towards(&collector, "sample = 0.0");
    let unsampled = format!("{}0", &CALLER[..54]);
    for caller in [Some(CALLER), Some(unsampled.as_str()), None] {
        let caller = caller.and_then(|caller| TraceContext::read(caller, ""));
        let span = scene.telemetry.tracing.start(SpanKind::Server, "POST /x", Parent::Carried(caller.as_ref()), []);
        // Whoever is called learns of the decision.
        let sampled = caller.is_some_and(|caller| caller.traceparent().ends_with("01"));
        assert_eq!(span.place().unwrap().traceparent().ends_with("01"), sampled);
    }
    scene.telemetry.close(Duration::from_secs(20)).await;
    let spans = collector.spans();
    assert_eq!(spans.iter().map(|span| span.trace_id.as_str()).collect::<Vec<_>>(), [TRACE]);
}

/// A tool that says what trace a call belonged to.
async fn tool() -> (Connection, url::Url) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let say = |headers: HeaderMap| async move {
        let said = |name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        format!("{} {}", said("traceparent"), said("tracestate"))
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/api/table/{id}", get(say))).await });
    let settings = format!("provider = \"servicenow\"\nurl = \"{url}\"\nauth = {{ type = \"api_key\", key = \"$KEY\" }}");
    (toml::from_str(&settings).unwrap(), url.parse().unwrap())
}

async fn called(wire: &Wire, url: &url::Url, path: &str) -> String {
    let request = wire.request(Method::GET, url.join(path).unwrap());
    let answer = wire.send(request, Call::Read, "asking").await.unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_call_of_the_tool_is_a_span_that_the_tool_is_told_of_and_holds_no_query() {
    let collector = Collector::start().await;
    let scene = Scene::towards(&collector, "");
    let (connection, url) = tool().await;
    let wire = Wire::new(&connection).unwrap();
    assert_eq!(called(&wire, &url, "api/table/x1").await, "", "nobody's trace");
    let caller = TraceContext::read(CALLER, "a=1").unwrap();
    let above = scene.telemetry.tracing.start(SpanKind::Consumer, "process", Parent::Message(Some(&caller)), []);
    let told = above.within(called(&wire, &url, "api/table/4711?q=hunter2")).await;
    let refused = above.within(wire.send(wire.request(Method::GET, url.join("none").unwrap()), Call::Read, "asking")).await;
    assert_eq!(refused.unwrap().status, 404);
    drop(above);
    scene.until("three spans", SECOND, || collector.spans().len() == 3).await;
    let spans = collector.spans();
    let (call, refused, above) = (&spans[0], &spans[1], &spans[2]);
    assert_eq!(told, format!("00-{TRACE}-{}-01 a=1", call.span_id));
    assert_eq!((call.kind.as_str(), call.name.as_str(), &call.parent_id), ("CLIENT", "GET /api/table/{}", &above.span_id));
    assert_eq!((call.attributes["http.response.status_code"].as_str(), call.failed), ("200", false));
    assert_eq!(call.attributes["server.port"], url.port().unwrap().to_string());
    assert_eq!((refused.attributes["error.type"].as_str(), refused.failed), ("404", true));
    let sent: Vec<u8> = collector.requests().iter().flat_map(|request| request.body.to_vec()).collect();
    for never in ["hunter2", "4711"] {
        assert!(!String::from_utf8_lossy(&sent).contains(never), "{never}");
    }
}

#[tokio::test]
async fn without_a_collector_the_context_is_carried_all_the_same() {
    let (connection, url) = tool().await;
    let wire = Wire::new(&connection).unwrap();
    let scene = Scene::new("", FixedSecrets::default(), Pace::Gathered);
    assert_eq!(scene.telemetry.described(), None);
    let caller = TraceContext::read(CALLER, "a=1").unwrap();
    let span = scene.telemetry.tracing.start(SpanKind::Server, "POST /x", Parent::Carried(Some(&caller)), []);
    assert_eq!(span.place(), Some(caller), "no place of its own");
    assert_eq!(span.within(called(&wire, &url, "api/table/1")).await, format!("{CALLER} a=1"));
    let anew = scene.telemetry.tracing.start(SpanKind::Server, "POST /x", Parent::Carried(None), []);
    let place = anew.place().unwrap().traceparent();
    assert!(place.ends_with("-00"), "nobody has its spans");
    assert_eq!(anew.within(called(&wire, &url, "api/table/1")).await, place);
}

#[tokio::test]
async fn the_lines_of_the_log_have_the_id_of_the_trace_whatever_their_level() {
    let (log, _guard) = Log::listen();
    let scene = Scene::new("", FixedSecrets::default(), Pace::Gathered);
    let caller = TraceContext::read(CALLER, "").unwrap();
    let span = scene.telemetry.tracing.start(SpanKind::Consumer, "process", Parent::Message(Some(&caller)), []);
    span.within(async {
        tracing::warn!("something is up");
        let below = scene.telemetry.tracing.start(SpanKind::Internal, "below", Parent::Current, []);
        below.within(async { tracing::error!("and down") }).await;
    })
    .await;
    tracing::info!("elsewhere");
    for (line, times) in [("something is up", 1), ("and down", 1), ("elsewhere", 0)] {
        let lines = log.lines(line);
        // In the present span, and in the list of all.
        assert_eq!(lines[0].matches(TRACE).count(), times * 2, "{lines:?}");
    }
}

#[tokio::test]
async fn a_collector_that_is_down_is_told_once_and_gets_everything_when_it_is_back() {
    let (log, _guard) = Log::listen();
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::Status(503)));
    let scene = Scene::towards(&collector, "");
    for _ in 0..10 {
        scene.span();
    }
    scene.until("some tries", SECOND, || collector.requests().len() >= 5).await;
    let told = log.lines("telemetry could not be exported");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("answered 503") && told[0].contains("remedy"), "{told:?}");
    collector.faults().clear();
    scene.until("all spans", SECOND, || collector.spans().len() == 10).await;
    scene.until("the news", STANDS, || !log.lines("exported again").is_empty()).await;
    assert_eq!(log.lines("exported again").len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_good_is_lost_and_said_with_what_to_do() {
    for (status, remedy) in [(401, "telemetry.headers"), (404, "telemetry.otlp_traces"), (500, "own log"), (302, "redirected")] {
        let (log, _guard) = Log::listen();
        let collector = Collector::start().await;
        collector.faults().add(Fault::new(Effect::Status(status)).times(1));
        let scene = Scene::towards(&collector, "");
        scene.span();
        scene.until("the refusal is told", SECOND, || !log.lines("could not be exported").is_empty()).await;
        let told = log.lines("could not be exported").remove(0);
        assert!(told.contains(&format!("answered {status}")) && told.contains(remedy) && told.contains("\"lost\":1"), "{told}");
        scene.span();
        scene.until("the next one arrives", SECOND, || collector.spans().len() == 1).await;
    }
}

#[tokio::test]
async fn a_part_that_is_not_taken_is_said_with_the_collectors_words_but_no_secret() {
    let (log, _guard) = Log::listen();
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::Partly(1, "attribute\ntoo long; you sent hunter2".to_owned())).times(1));
    let settings = format!("otlp = \"{}\"\nheaders = {{ api-key = \"$KEY\" }}", collector.url());
    let scene = Scene::new(&settings, FixedSecrets::default().with("KEY", "hunter2"), Pace::Gathered);
    scene.span();
    scene.until("it is told", SECOND, || !log.lines("could not be exported").is_empty()).await;
    let told = log.lines("could not be exported").remove(0);
    assert!(told.contains("took a part only: attribute too long; you sent <secret>") && told.contains("\"lost\":1"), "{told}");
    assert_eq!(log.lines("hunter2"), Vec::<String>::new());
    assert!(collector.requests()[0].headers.contains(&("api-key".to_owned(), "hunter2".to_owned())));
    assert!(!format!("{:?}", scene.telemetry).contains("hunter2"));
}

#[tokio::test]
async fn more_spans_than_may_wait_are_dropped_and_that_is_said_once() {
    let (log, _guard) = Log::listen();
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::RetryAfter(429, 30)));
    let scene = Scene::towards(&collector, "");
    for _ in 0..4000 {
        scene.span();
    }
    scene.until("it is told", SECOND, || !log.lines("new ones are dropped").is_empty()).await;
    scene.span();
    scene.until("more tries", SECOND, || collector.requests().len() >= 3).await;
    assert_eq!(log.lines("new ones are dropped").len(), 1);
    collector.faults().clear();
    scene.until("what could wait arrives", SECOND, || collector.spans().len() == 2048).await;
    scene.until("the news", STANDS, || !log.lines("exported again").is_empty()).await;
    assert!(log.lines("exported again")[0].contains("\"lost\":195"), "{:?}", log.lines("exported again"));
}

#[tokio::test]
async fn nobody_waits_for_a_collector_that_hangs_longer_than_he_said_and_the_next_not_at_all() {
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::Hang(Duration::from_secs(600))));
    let settings = format!("otlp = \"{}\"\ntimeout = \"60s\"", collector.url());
    let scene = Scene::new(&settings, FixedSecrets::default(), Pace::AtOnce);
    scene.span();
    let begun = std::time::Instant::now();
    scene.telemetry.settled(Duration::from_millis(50)).await;
    let first = begun.elapsed();
    for _ in 0..1000 {
        scene.span();
        scene.telemetry.settled(Duration::from_secs(60)).await;
    }
    assert!(first >= Duration::from_millis(50) && begun.elapsed() < Duration::from_secs(20), "{first:?} {:?}", begun.elapsed());
    assert_eq!(collector.requests().len(), 1, "one call at a time");
    // At the end neither.
    scene.telemetry.close(Duration::from_millis(50)).await;
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn behind_the_functions_host_spans_leave_at_once_and_are_waited_for() {
    let collector = Collector::start().await;
    let settings = format!("otlp = \"{}\"", collector.url());
    let scene = Scene::new(&settings, FixedSecrets::default(), Pace::AtOnce);
    for spans in 1..=20 {
        scene.span();
        scene.telemetry.settled(Duration::from_secs(20)).await;
        assert_eq!(collector.spans().len(), spans, "no time has passed");
    }
}

#[tokio::test]
async fn what_waits_at_the_end_is_sent_then_whatever_was_before() {
    let (log, _guard) = Log::listen();
    let collector = Collector::start().await;
    collector.faults().add(Fault::new(Effect::Drop).times(1));
    let scene = Scene::towards(&collector, "");
    scene.span();
    scene.until("the first try", SECOND, || !log.lines("could not be exported").is_empty()).await;
    scene.running.abort();
    scene.span();
    scene.telemetry.close(Duration::from_secs(20)).await;
    assert_eq!(collector.spans().len(), 2);
    assert_eq!(log.lines("have not reached"), Vec::<String>::new());
    collector.faults().add(Fault::new(Effect::Status(503)));
    scene.span();
    scene.telemetry.close(Duration::from_secs(20)).await;
    assert_eq!(log.lines("have not reached").len(), 1);
}

#[tokio::test]
async fn where_the_settings_say_nothing_the_environment_does() {
    let collector = Collector::asking_for("Bearer a=b").await;
    let secrets = FixedSecrets::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("{}/", collector.url()))
        .with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a=b")
        .with("OTEL_SERVICE_NAME", "of-the-environment");
    let scene = Scene::new("metrics = false", secrets.clone(), Pace::Gathered);
    assert_eq!(scene.telemetry.described(), Some(format!("traces to {}", collector.url())));
    assert!(scene.telemetry.metrics().is_none());
    scene.span();
    scene.until("a span", SECOND, || collector.spans().len() == 1).await;
    assert_eq!(collector.spans()[0].resource["service.name"], "of-the-environment");
    // Headers of the environment do not go to an address of the settings.
    let other = Collector::start().await;
    let scene = Scene::new(&format!("otlp = \"{}\"", other.url()), secrets.clone(), Pace::Gathered);
    scene.span();
    scene.until("a span elsewhere", SECOND, || other.spans().len() == 1).await;
    assert!(other.requests()[0].headers.iter().all(|(name, _)| name != "authorization"));
    let scene = Scene::new("", secrets.with("OTEL_SDK_DISABLED", "TRUE"), Pace::Gathered);
    assert_eq!(scene.telemetry.described(), None);
}

#[tokio::test]
async fn an_environment_that_cannot_be_used_is_told_without_its_value_and_stops_nothing() {
    for (variables, says) in [
        (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2:4317")], "is no address"),
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example"), ("OTEL_EXPORTER_OTLP_HEADERS", "k=hunter2")],
            "in the clear",
        ),
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example"), ("OTEL_EXPORTER_OTLP_HEADERS", "k k=hunter2")],
            "a name that is none",
        ),
    ] {
        let (log, _guard) = Log::listen();
        let secrets = variables.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value));
        let scene = Scene::new("", secrets, Pace::Gathered);
        assert_eq!(scene.telemetry.described(), None);
        let told = log.lines("no traces and metrics are exported");
        assert!(told.len() == 1 && told[0].contains(says) && !told[0].contains("hunter2"), "{told:?}");
    }
}

/// A secret that is changed.
#[derive(Debug, Default)]
struct Changing(Mutex<String>);

impl Secrets for Changing {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let value = self.0.lock().unwrap().clone();
        if reference.name() == Some("TOKEN") && !value.is_empty() {
            return Ok(Secret::new(value));
        }
        Err(MissingSecret::variable(reference.name().unwrap_or_default()))
    }
}

#[tokio::test]
async fn a_token_for_azure_monitor_is_shown_and_a_rotated_one_taken() {
    let (log, _guard) = Log::listen();
    let collector = Collector::asking_for("Bearer new").await;
    let path = "/datacollectionRules/dcr-1/streams/Microsoft-OTLP-Traces/otlp/v1/traces";
    let settings =
        format!("otlp_traces = \"{}{path}\"\ncredential = {{ type = \"token\", token = \"$TOKEN\" }}", collector.url());
    let secrets = Arc::new(Changing::default());
    let shared: Arc<dyn Secrets> = secrets.clone();
    let scene = Scene::with(&settings, &shared, Pace::Gathered);
    scene.span();
    scene.until("no token is told", SECOND, || !log.lines("there is no token").is_empty()).await;
    *secrets.0.lock().unwrap() = "new".to_owned();
    scene.until("a span", SECOND, || collector.spans().len() == 1).await;
    assert_eq!(collector.requests().last().unwrap().path, path);
}
