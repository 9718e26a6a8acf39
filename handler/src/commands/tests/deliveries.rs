use std::sync::Arc;

use bytes::Bytes;
use connector::delivery::{Delivery, DeliveryId, Source, Summary, Verdict};
use connector::route::Choices;
use connector::store::DeliveryQueue;
use connector::store::sqlite::SqliteStore;
use connector::work_item::WorkItemType;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Desk, failed, good, json, wrong};
use crate::ending::Ending;

const UNKNOWN: &str = "01900000-0000-7000-8000-00000000ffff";

/// A database with a delivery that is done and two dead letters of different connections.
struct Shelf {
    desk: Desk,
    store: Arc<SqliteStore>,
    done: String,
    dead: [String; 2],
}

async fn shelf() -> Shelf {
    let desk = Desk::new();
    let store = SqliteStore::open(&desk.directory.path().join("connector.db")).unwrap();
    let summary = Summary { title: "Disk full".to_owned(), work_items: vec!["INC0010001".to_owned()], ..Summary::default() };
    let dead = |cause: &str| Verdict::DeadLetter { cause: cause.to_owned(), remedy: "grant the role itil".to_owned() };
    let done = settled(&store, 1, "snow", Verdict::Done(summary)).await;
    let first = settled(&store, 2, "snow", dead("no right to write incident \u{1b}[2J")).await;
    let second = settled(&store, 3, "other", dead("no right to write incident")).await;
    Shelf { desk, store, done, dead: [first, second] }
}

async fn settled(store: &SqliteStore, number: u128, connection: &str, verdict: Verdict) -> String {
    let now: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
    let later: Timestamp = "2026-01-02T03:01:00Z".parse().unwrap();
    let id = DeliveryId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number));
    let (choices, payload) = (Choices::default(), Bytes::from_static(b"{\"a\":1}"));
    let (connection_name, kind) = (connection.to_owned(), WorkItemType::Incident);
    let delivery = Delivery {
        id,
        connection: connection_name,
        work_item_type: kind,
        choices,
        source: Source::Alert,
        accepted_at: now,
        trace: None,
        payload,
    };
    store.enqueue(delivery).await.unwrap();
    let leased = store.lease(connection, now, later, 10).await.unwrap();
    store.settle(&leased[0], &verdict, now).await.unwrap();
    id.to_string()
}

impl Shelf {
    async fn run(&self, arguments: &[&str]) -> super::Run {
        let arguments: Vec<&str> = ["deliveries", "--data", "@"].into_iter().chain(arguments.iter().copied()).collect();
        self.desk.run(&arguments).await
    }
}

#[tokio::test]
async fn a_list_tells_what_became_of_each_and_steers_no_terminal() {
    let shelf = shelf().await;
    let printed = good(shelf.run(&["list"]).await);
    for expected in [&shelf.done, &shelf.dead[0], &shelf.dead[1], "INC0010001: Disk full", "grant the role itil"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    assert!(!printed.contains('\u{1b}'));
    let listed = json(&good(shelf.run(&["list", "--json", "--connection", "snow", "--status", "dead-letter"]).await));
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["id"], shelf.dead[0].as_str());
}

#[tokio::test]
async fn one_delivery_is_shown_with_its_payload() {
    let shelf = shelf().await;
    let printed = good(shelf.run(&["show", &shelf.dead[0]]).await);
    assert!(printed.contains("grant the role itil") && printed.contains("\"a\": 1"), "{printed}");
    let shown = json(&good(shelf.run(&["show", &shelf.dead[0], "--json"]).await));
    assert_eq!(shown["payload"]["a"], 1);
    assert!(failed(shelf.run(&["show", UNKNOWN]).await).contains("there is no delivery"));
}

#[tokio::test]
async fn all_dead_letters_of_one_connection_get_another_chance() {
    let shelf = shelf().await;
    assert_eq!(good(shelf.run(&["redrive", "--all", "--connection", "snow"]).await), "1 redriven\n");
    assert_eq!(shelf.store.counts(None).await.unwrap().dead_letters, 1);
    assert_eq!(good(shelf.run(&["redrive", "--all"]).await), "1 redriven\n");
    assert_eq!(shelf.store.counts(None).await.unwrap().dead_letters, 0);
    assert_eq!(good(shelf.run(&["redrive", "--all"]).await), "0 redriven\n");
}

#[tokio::test]
async fn what_cannot_be_redriven_or_dropped_is_named_and_ends_with_1() {
    let shelf = shelf().await;
    let (printed, ending) = shelf.run(&["redrive", &shelf.dead[0], &shelf.done]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert!(printed.starts_with("1 redriven\n") && printed.contains(&shelf.done), "{printed}");
    let (printed, ending) = shelf.run(&["drop", UNKNOWN, &shelf.dead[1], "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert_eq!(json(&printed), serde_json::json!({ "dropped": [shelf.dead[1]], "left": [UNKNOWN] }));
}

#[tokio::test]
async fn only_a_storage_account_has_a_poison_queue() {
    let shelf = shelf().await;
    for arguments in [&["poison"][..], &["redrive", "--poison"]] {
        let said = wrong(shelf.run(arguments).await);
        assert!(said.contains("in a database") && said.contains("--storage") && said.contains("[storage]"), "{said}");
    }
}

#[tokio::test]
async fn a_delivery_that_made_nothing_says_so_in_the_list() {
    let shelf = shelf().await;
    let summary = Summary { title: "cpu: resolved".to_owned(), ..Summary::default() };
    settled(&shelf.store, 4, "snow", Verdict::Done(summary)).await;
    let list = good(shelf.run(&["list"]).await);
    assert!(list.contains("  no work item: cpu: resolved"), "{list}");
}
