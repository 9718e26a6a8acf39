//! What the log says, at the level it has in production, of alerts that were refused.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Host, KEY, Setup, answer};

/// Where lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Without a key that cannot be read, which has lines of its own.
async fn host() -> Host {
    Host::start(Setup { intake: json!({"api_keys": ["$INTAKE_KEY"]}), ..Setup::default() }).await
}

/// The lines at INFO while `asking` goes on, on this thread. None of them may hold a key or what stood in a query.
async fn lines_of(asking: impl Future) -> Vec<Value> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = custom_handler::logging::subscriber("info", move || writer.clone()).unwrap();
    // Or what another test's thread, which listens to nothing, logs first counts as wanted by nobody.
    let _ = tracing::subscriber::set_global_default(custom_handler::logging::subscriber("info", std::io::sink).unwrap());
    let guard = tracing::subscriber::set_default(subscriber);
    asking.await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(KEY) && !text.contains("hush"), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn each_refused_alert_leaves_its_reason_and_a_remedy() {
    let host = host().await;
    for (path, body, status, kind, detail) in [
        ("/api/alerts/snow/incident", "not json", 400, "not-a-json-object", "does not begin with"),
        ("/api/alerts/snow/incident?tmplate=hush", "{}", 400, "unknown-parameter", "tmplate"),
        ("/api/alerts/snwo/incident", "{}", 404, "unknown-connection", "snwo"),
        ("/api/alerts/nigth", "{}", 404, "unknown-route", "nigth"),
        ("/api/alerts/snow/incidnt", "{}", 404, "unknown-work-item-type", "incidnt"),
        ("/api/alert/snow/incident", "{}", 404, "no-such-path", "nothing is served"),
        ("/api/work-items/snow/incident", "{}", 400, "bad-work-item", "title"),
    ] {
        let lines = lines_of(async {
            assert_eq!(answer(host.post(path).body(body)).await.0, status, "{path}");
        })
        .await;
        assert_eq!(lines.len(), 1, "{path}: {lines:?}");
        let line = &lines[0];
        assert_eq!((&line["level"], &line["status"]), (&json!("WARN"), &json!(status)), "{line}");
        assert_eq!(line["kind"], kind, "{line}");
        assert!(line["detail"].as_str().unwrap().contains(detail), "{line}");
        assert_ne!(line["remedy"], "", "{line}");
    }
    let large = lines_of(async {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
        assert_eq!(answer(host.post("/api/alerts/snow/incident").body(large)).await.0, 413);
    });
    assert_eq!(large.await[0]["kind"], "body-too-large");
}

#[tokio::test]
async fn callers_without_a_key_are_told_of_once_a_minute_and_counted() {
    let host = host().await;
    let knock = async |times: usize| {
        for _ in 0..times {
            let request = host.client.post(host.url("/api/alerts/snow/incident?code=hush")).body("{}");
            assert_eq!(answer(request).await.0, 401);
        }
    };
    let first = lines_of(knock(4)).await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!((&first[0]["status"], &first[0]["kind"]), (&json!(401), &json!("not-authenticated")));
    assert!(first[0]["detail"].as_str().unwrap().contains("accepted keys"), "{first:?}");
    host.clock.advance(Duration::from_secs(59));
    assert_eq!(lines_of(knock(1)).await.len(), 0);
    host.clock.advance(Duration::from_secs(1));
    let next = lines_of(knock(2)).await;
    assert_eq!((next.len(), &next[0]["untold"]), (1, &json!(4)), "{next:?}");
    // Those who have a key are told of one by one.
    let known = lines_of(async {
        for _ in 0..3 {
            answer(host.post("/api/alerts/snow/incident").body("[]")).await;
        }
    });
    assert_eq!(known.await.len(), 3);
}

#[tokio::test]
async fn what_loses_nothing_is_no_warning() {
    let host = host().await;
    let lines = lines_of(async {
        assert_eq!(answer(host.client.get(host.url("/api/status"))).await.0, 401);
        assert_eq!(answer(host.client.get(host.url("/favicon.ico"))).await.0, 404);
        assert_eq!(answer(host.client.get(host.url("/api/alerts/snow/incident"))).await.0, 405);
        assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
    });
    assert_eq!(lines.await, Vec::<Value>::new());
}
