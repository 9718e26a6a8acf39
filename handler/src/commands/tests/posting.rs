use std::sync::Arc;

use connector::clock::Chance;
use connector::secret::FixedSecrets;
use connector::settings::Settings;
use connector::store::memory::MemoryStore;
use connector::store::{DeliveryQueue, Filter};
use functions::edge::Elsewhere;
use functions::{Edge, router, server};
use tokio::net::TcpListener;

use super::{Desk, SETTINGS, failed, good, json, wrong};
use crate::ending::Ending;

/// A running intake, and a desk to post from.
struct Office {
    desk: Desk,
    queue: Arc<MemoryStore>,
    url: String,
}

impl Office {
    async fn open() -> Self {
        let desk = Desk::new();
        desk.file("alert.json", "{\"schemaId\":\"x\"}");
        let queue = MemoryStore::new();
        let settings: Settings = Settings::load(&desk.file("server.toml", SETTINGS)).unwrap();
        let (secrets, clock) = (desk.outside.secrets.clone(), desk.outside.clock.clone());
        let chance = Arc::new(Chance::seeded(1));
        let edge = Edge::new(Arc::new(settings), queue.clone(), secrets, clock, chance, Arc::new(Elsewhere)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(server::serve(listener, router(Arc::new(edge)), std::future::pending::<()>()));
        Self { desk, queue, url }
    }

    async fn run(&self, arguments: &[&str]) -> super::Run {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--url", &self.url]).collect();
        self.desk.run(&arguments).await
    }

    async fn kinds(&self) -> Vec<String> {
        let listed = self.queue.list(&Filter { limit: 100, ..Filter::default() }).await.unwrap();
        listed.into_iter().map(|listed| format!("{}/{}", listed.connection, listed.work_item_type)).collect()
    }
}

#[tokio::test]
async fn an_alert_goes_to_a_connection_a_type_or_a_route_and_its_delivery_is_printed() {
    for (target, made) in [("snow/event", "snow/event"), ("snow", "snow/incident"), ("night", "snow/event")] {
        let office = Office::open().await;
        let id = good(office.run(&["send", "@alert.json", "--to", target]).await);
        assert!(id.trim().parse::<uuid::Uuid>().is_ok(), "{id}");
        assert_eq!(office.kinds().await, [made], "{target}");
    }
}

#[tokio::test]
async fn choices_reach_the_delivery_as_an_action_group_would_send_them() {
    let office = Office::open().await;
    let arguments =
        ["send", "@alert.json", "--to", "snow", "--per", "ci", "--template", "Disk & Co", "--field", "u_note=a=b&c", "--json"];
    assert!(json(&good(office.run(&arguments).await))["deliveryId"].is_string());
    let now = office.desk.outside.clock.now();
    let leased = office.queue.lease("snow", now, now, 1).await.unwrap();
    let choices = &leased[0].delivery.choices;
    assert_eq!(choices.per, connector::route::Per::Ci);
    assert_eq!(choices.template.as_deref(), Some("Disk & Co"));
    assert_eq!(choices.fields["u_note"], "a=b&c");
}

#[tokio::test]
async fn a_refusal_is_printed_with_its_remedy() {
    let office = Office::open().await;
    let text = failed(office.run(&["send", "@alert.json", "--to", "nigth"]).await);
    assert!(text.starts_with("not accepted (404)") && text.contains("night"), "{text}");

    let (printed, ending) = office.run(&["send", "@alert.json", "--to", "snow/incidnet", "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert!(json(&printed)["remedy"].as_str().unwrap().contains("incident"), "{printed}");
    assert!(office.kinds().await.is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_never_printed() {
    let mut office = Office::open().await;
    let secrets = FixedSecrets::default().with("INTAKE_KEY", "not-the-key-of-the-intake");
    office.desk.outside.secrets = Arc::new(secrets);
    let text = failed(office.run(&["send", "@alert.json", "--to", "snow/incident"]).await);
    assert!(text.starts_with("not accepted (401)"), "{text}");
    assert!(!text.contains("not-the-key"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_named_must_be_there() {
    let office = Office::open().await;
    let text = wrong(office.run(&["send", "@alert.json", "--to", "snow", "--key-env", "OTHER_KEY"]).await);
    assert!(text.contains("environment variable OTHER_KEY is not set") && text.contains("--key-env"), "{text}");
}

#[tokio::test]
async fn a_key_does_not_leave_the_machine_in_the_clear() {
    let desk = Desk::new();
    desk.file("alert.json", "{}");
    for (url, why) in [
        ("http://itsm.example.com", "plain http"),
        ("ftp://itsm.example.com", "the scheme ftp"),
        ("https://itsm.example.com?code=k", "--key-env"),
    ] {
        let text = wrong(desk.run(&["send", "@alert.json", "--to", "snow", "--url", url]).await);
        assert!(text.contains(why) && !text.contains("code=k"), "{text}");
    }
}

#[tokio::test]
async fn a_connector_that_does_not_run_is_said_with_the_remedy() {
    let desk = Desk::new();
    desk.file("alert.json", "{}");
    let text = failed(desk.run(&["send", "@alert.json", "--to", "snow", "--url", "http://127.0.0.1:1"]).await);
    assert!(text.contains("http://127.0.0.1:1") && text.contains("itsm-connector local"), "{text}");
}

#[tokio::test]
async fn a_work_item_by_hand_carries_all_that_was_said() {
    let office = Office::open().await;
    office.desk.file("rows.json", "[{\"Computer\":\"web01\"},{\"Computer\":\"web02\"}]");
    let arguments = [
        "create",
        "snow",
        "--title",
        "Failed logons",
        "--computer",
        "web01",
        "--severity",
        "sev1",
        "--field",
        "category=security",
        "--rows",
        "@rows.json",
        "--one-per-row",
    ];
    good(office.run(&arguments).await);
    let now = office.desk.outside.clock.now();
    let leased = office.queue.lease("snow", now, now, 1).await.unwrap();
    let request: serde_json::Value = serde_json::from_slice(&leased[0].delivery.payload).unwrap();
    assert_eq!(
        request,
        serde_json::json!({
            "title": "Failed logons", "description": "", "computer": "web01", "severity": "Sev1",
            "fields": { "category": "security" }, "rows": [{ "Computer": "web01" }, { "Computer": "web02" }], "one_per_row": true
        })
    );
}

#[tokio::test]
async fn a_request_sent_twice_with_one_idempotency_key_is_one_delivery() {
    let office = Office::open().await;
    let arguments = ["create", "snow/incident", "--title", "t", "--idempotency-key", "one"];
    let first = good(office.run(&arguments).await);
    assert_eq!(good(office.run(&arguments).await), first);
    assert_eq!(office.kinds().await.len(), 1);
    let arguments = ["create", "snow", "--title", "t", "--idempotency-key", "two words"];
    assert!(wrong(office.run(&arguments).await).contains("visible ASCII"));
}

#[tokio::test]
async fn without_a_key_the_remedy_is_one_of_this_command() {
    let mut office = Office::open().await;
    office.desk.outside.secrets = Arc::new(FixedSecrets::default());
    let text = failed(office.run(&["send", "@alert.json", "--to", "snow"]).await);
    assert!(text.contains("(401)") && text.contains("environment variable INTAKE_KEY") && text.contains("--key-env"), "{text}");
    assert!(!text.contains("x-functions-key"), "{text}");
}
