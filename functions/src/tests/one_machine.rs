//! What the console can do besides looking, who may, and that nobody can behind the Functions host.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use connector::alert::Alert;
use connector::delivery::Verdict;
use connector::delivery::preview::Previewed;
use connector::probe::Report;
use connector::route::{Choices, Per};
use connector::store::{DeliveryQueue, RecordFilter, RecordTable, StoreError};
use connector::work_item::WorkItemType;
use reqwest::RequestBuilder;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::hosted::behind;
use super::{Host, KEY, Setup, answer};
use crate::workbench::{Rows, Workbench};

const UNKNOWN: &str = "01900000-0000-7000-8000-00000000ffff";

/// Notes what it is asked for. It makes incidents alone.
#[derive(Debug, Default)]
pub(super) struct Bench {
    asked: Mutex<Vec<String>>,
    choices: Mutex<Choices>,
    wanted: Mutex<RecordFilter>,
}

impl Bench {
    fn note(&self, asked: String) {
        self.asked.lock().unwrap().push(asked);
    }
}

#[async_trait]
impl Workbench for Bench {
    async fn check(&self, connection: &str) -> Report {
        self.note(format!("check {connection}"));
        let mut report = Report::new(connection);
        report.failed("dns", "no such name", "the name is not known", "mend the address");
        report
    }

    fn work_item_types(&self, connection: &str) -> Vec<WorkItemType> {
        if connection == "snow" { vec![WorkItemType::Incident, WorkItemType::Event] } else { Vec::new() }
    }

    fn preview(&self, connection: &str, kind: WorkItemType, alert: &Alert, choices: &Choices) -> Option<Previewed> {
        self.note(format!("preview {connection} {kind}"));
        *self.choices.lock().unwrap() = choices.clone();
        let (work_items, remarks) = (Vec::new(), vec![alert.raw.to_string()]);
        let (connection, state) = (connection.to_owned(), alert.state);
        let previewed = Previewed { connection, work_item_type: kind, state, close_notes: None, work_items, remarks };
        (kind == WorkItemType::Incident).then_some(previewed)
    }

    async fn records(&self, wanted: RecordFilter) -> Result<Rows, StoreError> {
        *self.wanted.lock().unwrap() = wanted;
        let row = RawValue::from_string("{\"Title_s\":\"1.0\"}".to_owned()).unwrap();
        Ok(Rows { records: vec![row], place: None })
    }
}

async fn one_machine() -> (Host, Arc<Bench>) {
    let bench = Arc::new(Bench::default());
    (Host::start(Setup { workbench: Some(bench.clone()), ..Setup::default() }).await, bench)
}

/// Each request that changes or tries something.
fn posts(host: &Host) -> Vec<(String, RequestBuilder)> {
    let paths = [
        &format!("/api/deliveries/{UNKNOWN}/redrive"),
        "/api/deliveries/redrive",
        "/api/connections/snow/check",
        "/api/preview/snow/incident",
        "/api/preview/night",
    ];
    paths.map(|path| (path.to_owned(), host.client.post(host.url(path)).body("{}"))).into()
}

fn dead() -> Verdict {
    Verdict::DeadLetter { cause: "refused".to_owned(), remedy: "mend it".to_owned() }
}

#[tokio::test]
async fn each_path_wants_a_key() {
    let (host, bench) = one_machine().await;
    let gets = ["/api/records", "/api/status", "/api/status/deliveries", &format!("/api/status/deliveries/{UNKNOWN}")]
        .map(|path| (path.to_owned(), host.client.get(host.url(path))));
    let sync = ("sync".to_owned(), host.client.post(host.url("/api/connections/snow/sync")));
    for (path, request) in posts(&host).into_iter().chain(gets).chain([sync]) {
        let wrong = request.try_clone().unwrap().header("x-functions-key", "wrong");
        assert_eq!(answer(wrong).await.0, 401, "{path}");
        assert_eq!(answer(request).await.0, 401, "{path}");
    }
    assert_eq!(*bench.asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_page_of_somebody_else_changes_nothing_even_with_the_key() {
    let (host, bench) = one_machine().await;
    let id = host.delivered("snow", &dead()).await;
    let sync = ("sync".to_owned(), host.client.post(host.url("/api/connections/snow/sync")));
    let one = ("one".to_owned(), host.client.post(host.url(&format!("/api/deliveries/{id}/redrive"))));
    for (path, request) in posts(&host).into_iter().chain([sync, one]) {
        for headers in
            [[("origin", "https://evil.example"), ("accept", "*/*")], [("sec-fetch-site", "cross-site"), ("origin", "null")]]
        {
            let request = request.try_clone().unwrap().header("x-functions-key", KEY);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let (status, problem) = answer(request).await;
            assert_eq!(status, 403, "{path} {headers:?}: {problem}");
        }
    }
    assert_eq!(*bench.asked.lock().unwrap(), [""; 0]);
    assert_eq!(host.queue.counts(None).await.unwrap().dead_letters, 1);

    let own = host.post("/api/deliveries/redrive").header("origin", host.url("")).header("sec-fetch-site", "same-origin");
    assert_eq!(answer(own).await, (200, json!({"redriven": 1})));
}

#[tokio::test]
async fn dead_letters_get_another_chance_one_by_one_or_all_of_a_connection() {
    let (host, _) = one_machine().await;
    let first = host.delivered("snow", &dead()).await;
    host.delivered("snow", &dead()).await;
    host.delivered("snow-test", &dead()).await;
    let redrive = async |path: &str| {
        let (status, body) = answer(host.post(path)).await;
        assert_eq!(status, 200, "{path}: {body}");
        body["redriven"].clone()
    };
    assert_eq!(redrive(&format!("/api/deliveries/{first}/redrive")).await, true);
    assert_eq!(redrive(&format!("/api/deliveries/{UNKNOWN}/redrive")).await, false);
    assert_eq!(redrive("/api/deliveries/redrive?connection=snow").await, 1);
    assert_eq!(redrive("/api/deliveries/redrive").await, 1);
    assert_eq!(redrive("/api/deliveries/redrive").await, 0);
    assert_eq!(host.queue.counts(None).await.unwrap().backlog, 3);
    for (path, status, remedy) in [
        ("/api/deliveries/redrive?connection=snwo", 404, "\"snow\""),
        ("/api/deliveries/redrive?all=true", 400, "connection"),
        ("/api/deliveries/first/redrive", 400, "GET /api/status/deliveries"),
    ] {
        let (answered, problem) = answer(host.post(path)).await;
        assert_eq!(answered, status, "{path}: {problem}");
        assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_check_answers_its_report_whether_good_or_not() {
    let (host, bench) = one_machine().await;
    let (status, report) = answer(host.post("/api/connections/snow-test/check")).await;
    assert_eq!((status, &report["connection"]), (200, &json!("snow-test")));
    assert_eq!(
        report["probes"],
        json!([{"name": "dns", "verdict": "failed", "finding": "no such name", "cause": "the name is not known", "remedy": "mend the address"}])
    );
    assert_eq!(*bench.asked.lock().unwrap(), ["check snow-test"]);
    let (status, problem) = answer(host.post("/api/connections/provance/check")).await;
    assert_eq!((status, &problem["remedy"]), (404, &json!("the connections are: \"snow\", \"snow-test\"")));
}

#[tokio::test]
async fn a_preview_takes_what_an_action_group_posts_with_the_same_choices() {
    let (host, bench) = one_machine().await;
    let path = "/api/preview/snow/incident?per=ci&template=Disk&field.u_note=a%20b";
    let (status, previewed) = answer(host.post(path).body("{\"text\":\"hello\"}")).await;
    assert_eq!((status, &previewed["remarks"][0]), (200, &json!("{\"text\":\"hello\"}")), "{previewed}");
    assert_eq!((&previewed["work_item_type"], &previewed["state"]), (&json!("incident"), &json!("fired")));
    let choices = bench.choices.lock().unwrap().clone();
    assert_eq!((choices.per, choices.template.as_deref(), &*choices.fields["u_note"]), (Per::Ci, Some("Disk"), "a b"));
    // The route makes events.
    let (status, problem) = answer(host.post("/api/preview/night").body("{}")).await;
    assert_eq!(status, 404, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("no work items of type event"), "{problem}");
    let choices = bench.choices.lock().unwrap().clone();
    assert_eq!((choices.per, &*choices.fields["category"]), (Per::Rule, "network"));
    assert!(host.taken().is_empty(), "nothing is stored");
    for (path, body, status, kind) in [
        ("/api/preview/nigth", "{}", 404, "unknown-route"),
        ("/api/preview/snwo/incident", "{}", 404, "unknown-connection"),
        ("/api/preview/snow/incidnt", "{}", 404, "unknown-work-item-type"),
        ("/api/preview/snow/incident?tmplate=x", "{}", 400, "unknown-parameter"),
        ("/api/preview/snow/incident", "[]", 400, "not-a-json-object"),
        ("/api/preview/snow/incident", "", 400, "not-a-json-object"),
    ] {
        let (answered, problem) = answer(host.post(path).body(body)).await;
        assert_eq!((answered, &problem["type"]), (status, &json!(format!("urn:itsm-connector:problem:{kind}"))), "{path}");
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(answer(host.post("/api/preview/snow/incident").body(large)).await.0, 413);
}

#[tokio::test]
async fn rows_are_those_that_were_asked_for_as_they_were_written() {
    let (host, bench) = one_machine().await;
    for (query, table, kind, limit) in [
        ("", RecordTable::ServiceDesk, None, 100),
        ("?kind=incident&limit=500", RecordTable::ServiceDesk, Some("Incident"), 500),
        ("?kind=change_request", RecordTable::ServiceDesk, Some("ChangeRequest"), 100),
        ("?kind=log&limit=1", RecordTable::Log, None, 1),
    ] {
        let (status, body) = answer(host.get(&format!("/api/records{query}"))).await;
        assert_eq!((status, body), (200, json!({"records": [{"Title_s": "1.0"}]})), "{query}");
        let wanted = bench.wanted.lock().unwrap().clone();
        assert_eq!((wanted.table, wanted.kind.as_deref(), wanted.limit), (table, kind, Some(limit)), "{query}");
    }
    for (query, remedy) in [
        ("?kind=problem", "\"incident\", \"change_request\", \"log\""),
        ("?kind=Log", "\"log\""),
        ("?limit=many", "from 1 to 500"),
        ("?days=3", "limit"),
    ] {
        let (status, problem) = answer(host.get(&format!("/api/records{query}"))).await;
        assert_eq!(status, 400, "{query}");
        assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{query}: {problem}");
    }
}

#[tokio::test]
async fn the_status_names_what_can_be_done_and_a_short_address_leads_to_the_page() {
    let (host, _) = one_machine().await;
    let (_, status) = answer(host.get("/api/status")).await;
    let console = &status["console"];
    assert_eq!(console["actions"], json!(["check", "preview", "redrive", "sync"]));
    assert!(console["routes"].as_array().is_some_and(|routes| routes.contains(&json!("night"))), "{console}");
    assert_eq!(console["work_item_types"]["snow"], json!(["incident", "event"]));
    assert_eq!(status["now"], "2026-11-23T12:00:00Z");
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (path, page) in [("/console", "/api/status/console"), ("/Console/?code=k%2B", "/api/status/console?code=k%2B")] {
        let answer = client.get(host.url(path)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (302, page));
    }
    assert_eq!(host.client.get(host.url("/console")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn behind_the_functions_host_nothing_is_done_and_it_is_said_what_to_do_instead() {
    // Whatever the host lets in: these are no functions of its.
    for host in [Host::usual().await, behind("function", false, json!({"api_keys": ["$INTAKE_KEY"]})).await] {
        let id = host.delivered("snow", &dead()).await;
        let one = ("one".to_owned(), host.client.post(host.url(&format!("/api/deliveries/{id}/redrive"))));
        let records = ("records".to_owned(), host.client.get(host.url("/api/records")));
        let console = ("console".to_owned(), host.client.get(host.url("/console")));
        for (path, request) in posts(&host).into_iter().chain([one, records, console]) {
            let (status, problem) = answer(request.header("x-functions-key", KEY)).await;
            assert_eq!((status, &problem["type"]), (404, &json!("urn:itsm-connector:problem:only-on-one-machine")), "{path}");
            assert!(problem["remedy"].as_str().unwrap().contains("--storage ACCOUNT"), "{problem}");
        }
        assert_eq!(host.queue.counts(None).await.unwrap().dead_letters, 1);
        assert_eq!(answer(host.get("/api/status")).await.1["console"]["actions"], Value::Array(Vec::new()));
    }
    let host = behind("function", false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
    let request = host.client.post(host.url("/api/deliveries/redrive"));
    assert_eq!(answer(request).await.0, 401, "the host has asked for no key here");
}
