//! What the console asks of a connector that runs on one machine: over HTTP, before an emulated ServiceNow. Where a command says the
//! same, both are held against each other.

use std::time::Duration;

use connector::clock::{Clock, SystemClock};
use connector::settings::Settings;
use emulators::servicenow::{Effect, Fault};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::records::Shop;
use super::{good, json as parsed};
use crate::host::{self, Running};

const ALERT: &str = include_str!("../../../../tests/fixtures/alerts/synthetic_metric_fired.json");
/// Writes go through a staging table, whose answers can be wrong in a way that no second attempt mends.
const IMPORT: &str = "servicenow = { write = \"import_set\", import_set = { columns = { short_description = \"title\" } } }";

/// A running connector, and the desk beside it.
struct Local {
    shop: Shop,
    running: Running,
    client: reqwest::Client,
}

impl Local {
    async fn start(shop: Shop) -> Self {
        let directory = shop.desk.directory.path();
        let settings = Settings::load(&directory.join("connector.toml")).unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let running = Box::pin(host::start(settings, &directory.join("data"), listen, shop.desk.outside())).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { shop, running, client }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.running.address)).header("x-functions-key", "k")
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &'static str) -> Value {
        self.answer(self.request(Method::POST, path).body(body)).await
    }

    /// The same while time passes, for what waits and tries again.
    async fn post_in_time(&self, path: &str) -> Value {
        let system: &dyn Clock = &SystemClock;
        let passing = async {
            loop {
                self.shop.pass(1);
                system.sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            answer = self.post(path, "") => answer,
            () = passing => unreachable!("time has no end"),
        }
    }

    /// A good answer.
    async fn answer(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The delivery of [`ALERT`] to an incident, when it has come to an end.
    async fn delivered(&self) -> Value {
        let id = self.post("/api/alerts/snow/incident", ALERT).await["deliveryId"].as_str().unwrap().to_owned();
        self.ended(&id).await
    }

    async fn ended(&self, id: &str) -> Value {
        let look = async {
            for looks in 1_u32.. {
                let shown = self.get(&format!("/api/status/deliveries/{id}")).await;
                if shown["delivery"]["status"] == "done" || shown["delivery"]["status"] == "dead_letter" {
                    return Some(shown);
                }
                // What is put off comes again; what is only slow here must not run out of time.
                if looks.is_multiple_of(50) {
                    self.shop.pass(1);
                }
            }
            None
        };
        tokio::time::timeout(Duration::from_secs(60), look).await.ok().flatten().expect("it comes to an end")
    }

    /// What a command prints as JSON, with the settings of the running connector.
    async fn command(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json", "--config", "@connector.toml"]).collect();
        parsed(&good(self.shop.desk.run(&arguments).await))
    }
}

#[tokio::test]
async fn a_delivery_tells_what_charts_are_made_of_and_where_the_work_item_is() {
    let local = Local::start(Shop::open().await).await;
    assert_eq!(local.running.console(), format!("http://{}/console", local.running.address));
    let page = local.client.get(local.running.console()).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/api/status/console"));
    assert_eq!(local.get("/api/status").await["console"]["actions"], json!(["check", "preview", "redrive", "sync"]));

    let shown = local.delivered().await;
    let summary = &shown["delivery"]["summary"];
    let essentials = &parsed(ALERT)["data"]["essentials"];
    let number = summary["work_items"][0].as_str().unwrap();
    assert_eq!((&summary["rule"], &summary["severity"]), (&essentials["alertRule"], &essentials["severity"]), "{shown}");
    assert_eq!((&summary["state"], &summary["created"]), (&json!("fired"), &json!(1)));
    assert_eq!(summary["configuration_items"][0], essentials["configurationItems"][0]);
    let incident = local.shop.tool.records("incident").into_iter().find(|incident| incident["number"] == number).unwrap();
    let address = summary["work_item_urls"][number].as_str().unwrap();
    assert!(address.starts_with(&local.shop.tool.url()) && address.contains(&incident["sys_id"]), "{address}");
    assert_eq!(shown["payload"], Value::Null, "forgotten when it is done");
    let listed = local.get("/api/status/deliveries?status=done&connection=snow").await;
    assert_eq!(listed["deliveries"], json!([shown["delivery"]]));
    local.running.stop().await;
}

#[tokio::test]
async fn a_dead_letter_is_explained_with_what_came_and_redriven() {
    let local = Local::start(Shop::with(IMPORT).await).await;
    let body = r#"{"import_set":"ISET0010001","staging_table":"x","result":[{"transform_map":"OMS Incident","table":"incident","status":"error",
        "error_message":"Target record not found; Error: onBefore script"}]}"#;
    let wrong = Effect::Status { code: 201, body: body.to_owned(), headers: Vec::new() };
    local.shop.tool.faults().add(Fault::new(wrong).path("/import/"));
    let letter = local.delivered().await;
    let delivery = &letter["delivery"];
    assert_eq!(delivery["status"], "dead_letter", "{letter}");
    assert!(delivery["cause"].as_str().unwrap().contains("onBefore") && delivery["remedy"] != "", "{letter}");
    assert_eq!(letter["payload"], parsed(ALERT));

    let redrive = format!("/api/deliveries/{}/redrive", delivery["id"].as_str().unwrap());
    local.shop.tool.faults().clear();
    assert_eq!(local.post(&redrive, "").await, json!({"redriven": true}));
    let ended = local.ended(delivery["id"].as_str().unwrap()).await;
    assert_eq!(ended["delivery"]["status"], "done", "{ended}");
    assert_eq!(local.post(&redrive, "").await, json!({"redriven": false}), "it is done");
    assert_eq!(local.post("/api/deliveries/redrive", "").await, json!({"redriven": 0}));
    local.running.stop().await;
}

#[tokio::test]
async fn a_check_says_what_the_command_says_whether_the_tool_is_well_or_not() {
    let local = Local::start(Shop::open().await).await;
    let report = local.post("/api/connections/snow/check", "").await;
    let probes = report["probes"].as_array().unwrap();
    assert!(probes.len() > 5 && probes.iter().all(|probe| probe["verdict"] != "failed"), "{report:#}");
    assert_eq!(local.command(&["check"]).await, json!([report]));
    // The route `night` makes events.
    assert!(probes.iter().any(|probe| probe["name"].as_str().unwrap().contains("em_event")), "{report:#}");

    local.shop.down();
    let report = local.post_in_time("/api/connections/snow/check").await;
    let failed = report["probes"].as_array().unwrap().iter().find(|probe| probe["verdict"] == "failed").unwrap();
    assert!(failed["remedy"] != "", "{report:#}");
    local.running.stop().await;
}

#[tokio::test]
async fn a_preview_says_what_the_command_says_and_makes_nothing() {
    let local = Local::start(Shop::open().await).await;
    local.shop.desk.file("alert.json", ALERT);
    let before = local.shop.tool.records("incident").len();
    let url = "/api/preview/snow/incident?per=ci&template=Network%20trouble&field.assignment_group=Network";
    let previewed = local.post(url, ALERT).await;
    let item = &previewed["work_items"][0];
    assert_eq!((&item["fields"]["assignment_group"], &item["template"]), (&json!("Network"), &json!("Network trouble")));
    let choices = ["--per", "ci", "--template", "Network trouble", "--field", "assignment_group=Network"];
    let command: Vec<&str> = ["preview", "snow", "@alert.json"].into_iter().chain(choices).collect();
    assert_eq!(local.command(&command).await, previewed);
    let event = local.post("/api/preview/night", ALERT).await;
    assert_eq!(local.command(&["preview", "snow", "@alert.json", "--type", "event"]).await, event);
    assert_eq!(local.shop.tool.records("incident").len(), before);
    assert_eq!(local.get("/api/status").await["counts"]["accepted"], 0);
    local.running.stop().await;
}

#[tokio::test]
async fn rows_are_those_of_the_embedded_tables_newest_first() {
    let local = Local::start(Shop::open().await).await;
    assert_eq!(local.get("/api/records").await["records"].as_array().unwrap().len(), 0);
    local.post("/api/connections/snow/sync?days=120", "").await;
    for (query, kind) in
        [("kind=incident", &["--kind", "incident"][..]), ("kind=change_request", &["--kind", "change-request"]), ("", &[])]
    {
        let rows = local.get(&format!("/api/records?limit=500&{query}")).await;
        let mut printed = local.shop.rows(kind).await;
        printed.reverse();
        assert!(!printed.is_empty() && rows["records"] == json!(printed), "{query}: {rows}");
        assert_eq!(rows.get("place"), None);
    }
    let all = local.get("/api/records").await;
    let few = local.get("/api/records?limit=3").await;
    assert_eq!(few["records"].as_array().unwrap()[..], all["records"].as_array().unwrap()[..3]);
    let log = local.get("/api/records?kind=log&limit=10").await;
    assert!(log["records"].as_array().unwrap().iter().all(|row| row["Message_s"].is_string()), "{log}");
    assert!(!log["records"].as_array().unwrap().is_empty(), "{log}");
    local.running.stop().await;
}

#[tokio::test]
async fn where_rows_go_to_a_workspace_that_is_said_instead() {
    let shop = Shop::open().await;
    let path = shop.desk.directory.path().join("connector.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let workspace = "[workspace]\nendpoint = \"http://127.0.0.1:1\"\nrule = \"dcr-00000000000000000000000000000000\"\n\
                     credential = { type = \"token\", token = \"$INTAKE_KEY\" }\n";
    std::fs::write(&path, format!("{settings}\n{workspace}")).unwrap();
    let local = Local::start(shop).await;
    let rows = local.get("/api/records?kind=incident").await;
    assert_eq!(rows["records"], json!([]));
    assert!(rows["place"].as_str().unwrap().contains("dcr-00000000000000000000000000000000"), "{rows}");
}
