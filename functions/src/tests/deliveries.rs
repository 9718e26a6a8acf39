//! `GET /api/status/deliveries` and one of them.

use std::sync::Arc;
use std::time::Duration;

use connector::delivery::{Summary, Verdict};
use serde_json::{Value, json};

use super::one_machine::Bench;
use super::{Host, Mood, Setup, answer};

const LIST: &str = "/api/status/deliveries";
const UNKNOWN: &str = "01900000-0000-7000-8000-00000000ffff";

fn done() -> Verdict {
    let work_items = vec!["INC0010001".to_owned()];
    let urls = [("INC0010001".to_owned(), "https://snow.example/INC0010001".to_owned())].into();
    let summary = Summary { title: "Disk full".to_owned(), rule: "disk".to_owned(), ..Summary::default() };
    Verdict::Done(Summary { created: 1, work_items, work_item_urls: urls, ..summary })
}

fn dead() -> Verdict {
    Verdict::DeadLetter { cause: "no right to write incident".to_owned(), remedy: "grant the role itil".to_owned() }
}

/// The ids that a list has, in its order.
async fn listed(host: &Host, query: &str) -> Vec<String> {
    let (status, body) = answer(host.get(&format!("{LIST}{query}"))).await;
    assert_eq!(status, 200, "{body}");
    let deliveries = body["deliveries"].as_array().unwrap();
    deliveries.iter().map(|delivery| delivery["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_can_be_narrowed() {
    let host = Host::usual().await;
    let first = host.delivered("snow", &done()).await;
    let second = host.delivered("snow-test", &dead()).await;
    let third = host.delivered("snow", &dead()).await;
    assert_eq!(listed(&host, "").await, [&third, &second, &first].map(Clone::clone));
    assert_eq!(listed(&host, "?connection=snow").await, [&third, &first].map(Clone::clone));
    assert_eq!(listed(&host, "?status=dead_letter").await, [&third, &second].map(Clone::clone));
    assert_eq!(listed(&host, "?status=done&limit=500").await, std::slice::from_ref(&first));
    assert_eq!(listed(&host, "?limit=1").await, [third]);
    assert_eq!(listed(&host, "?status=waiting").await, [""; 0]);

    let (_, body) = answer(host.get(&format!("{LIST}?status=done"))).await;
    let delivery = &body["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["connection"]), (&json!("done"), &json!("snow")));
    let summary = &delivery["summary"];
    assert_eq!((&summary["rule"], &summary["work_items"][0]), (&json!("disk"), &json!("INC0010001")));
    assert_eq!(summary["work_item_urls"], json!({"INC0010001": "https://snow.example/INC0010001"}));
    let (_, body) = answer(host.get(&format!("{LIST}?status=dead_letter"))).await;
    assert_eq!(body["deliveries"][0]["remedy"], "grant the role itil");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_with_what_can() {
    let host = Host::usual().await;
    for (path, status, remedy) in [
        (format!("{LIST}?status=dead"), 400, "\"dead_letter\""),
        (format!("{LIST}?status=don"), 400, "did you mean \"done\"?"),
        (format!("{LIST}?limit=0"), 400, "from 1 to 500"),
        (format!("{LIST}?limit=501"), 400, "from 1 to 500"),
        (format!("{LIST}?limit=-1"), 400, "from 1 to 500"),
        (format!("{LIST}?limit=1&limit=2"), 400, "once"),
        (format!("{LIST}?conection=snow"), 400, "did you mean \"connection\"?"),
        (format!("{LIST}?connection=snwo"), 404, "did you mean \"snow\"?"),
        (format!("{LIST}/12"), 400, "that the intake answered"),
        (format!("{LIST}/{UNKNOWN}?status=done"), 400, "code"),
        (format!("{LIST}/{UNKNOWN}"), 404, "forgotten after a while"),
    ] {
        let (answered, problem) = answer(host.get(&path)).await;
        assert_eq!(answered, status, "{path}: {problem}");
        assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{path}: {problem}");
    }
}

#[tokio::test]
async fn one_delivery_is_shown_and_what_azure_posted_on_one_machine_only() {
    for (workbench, payload) in [(None, Value::Null), (Some(Arc::new(Bench::default()) as Arc<_>), json!({"a": 1}))] {
        let host = Host::start(Setup { workbench, ..Setup::default() }).await;
        let id = host.delivered("snow", &dead()).await;
        let (status, body) = answer(host.get(&format!("/API/status/Deliveries/{id}/"))).await;
        assert_eq!((status, &body["delivery"]["id"]), (200, &json!(id)));
        assert_eq!((&body["delivery"]["cause"], &body["payload"]), (&json!("no right to write incident"), &payload));
        // The same goes for what its alert is called.
        let (_, body) = answer(host.get(LIST)).await;
        assert_eq!(body["deliveries"][0]["title"].is_string(), !payload.is_null(), "{body}");
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_told_as_such() {
    let host = Host::start(Setup { store: Duration::from_millis(50), ..Setup::default() }).await;
    for mood in [Mood::Down, Mood::Silent] {
        *host.queue.mood.lock().unwrap() = mood;
        for path in [LIST.to_owned(), format!("{LIST}/{UNKNOWN}")] {
            assert_eq!(answer(host.get(&path)).await.0, 503, "{path}");
        }
    }
}
