//! The queue trigger over Azurite: what is taken, held, deleted, shown again, and given up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::azurite::{azurite, unique};
use tests::functions_host::{FunctionsHost, Options, StorageAccount, StorageQueue, Trouble, Worker, until};

use crate::stage::{Handler, Root};

/// Ten minutes are four seconds.
const FASTER: u32 = 150;

/// An app with a function that listens to a queue of its own.
struct Stage {
    root: Root,
    name: String,
    account: StorageAccount,
}

impl Stage {
    async fn new() -> Option<Self> {
        let connection = azurite()?.connection_string();
        let account = StorageAccount::parse(&connection).unwrap();
        let name = unique("due");
        let trigger =
            json!({ "type": "queueTrigger", "direction": "in", "name": "order", "queueName": "%QUEUE%", "connection": "Jobs" });
        let out = json!({ "type": "queue", "direction": "out", "name": "invoices", "queueName": format!("{name}-out"), "connection": "Jobs" });
        let root = Root::new().setting("Jobs", &connection).setting("QUEUE", &name);
        let root = root.function("order", &json!({ "bindings": [trigger, out] }));
        let stage = Self { root, name, account };
        stage.queue("").create().await.unwrap();
        Some(stage)
    }

    fn host(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.root = self.root.host(pointer, value);
        self
    }

    /// The queue, or one beside it.
    fn queue(&self, suffix: &str) -> StorageQueue {
        self.account.queue(&format!("{}{suffix}", self.name)).unwrap()
    }

    async fn run(&self, workers: &[Worker]) -> FunctionsHost {
        let options = Options { faster: FASTER, ..Options::default() };
        FunctionsHost::run(self.root.read().unwrap(), options, workers).await.unwrap()
    }

    async fn is_empty(&self) -> bool {
        self.queue("").count().await.unwrap() == Some(0)
    }
}

#[tokio::test]
async fn a_message_that_was_worked_on_is_deleted() {
    let Some(stage) = Stage::new().await else { return };
    let handler = Handler::outputs(json!({}));
    let host = stage.run(&[handler.serve().await]).await;
    let text = "{\"a\": \"<&>\u{e9}\\n\"} ]]>";
    stage.queue("").put(text).await.unwrap();
    until("the queue is empty", async || stage.is_empty().await).await;
    let sent = handler.got()[0].json();
    assert_eq!(sent["Data"]["order"], Value::from(text).to_string());
    assert_eq!(sent["Metadata"]["DequeueCount"], "1");
    let expires = sent["Metadata"]["ExpirationTime"].as_str().unwrap();
    assert!(expires.starts_with("9999-"), "{expires}");
    assert_eq!(stage.queue("-poison").count().await.unwrap(), None);
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test]
async fn one_that_fails_is_shown_again_and_goes_to_the_poison_queue_after_the_last_try() {
    let Some(stage) = Stage::new().await else { return };
    let stage = stage.host("/extensions/queues/maxDequeueCount", 3);
    let handler = Handler::new(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let host = stage.run(&[handler.serve().await]).await;
    stage.queue("").put("bad").await.unwrap();
    until("the message is poison", async || !host.report().of(Trouble::Poisoned).is_empty()).await;
    assert!(stage.is_empty().await);
    assert_eq!(stage.queue("-poison").peek().await.unwrap()[0].text, "bad");
    let counts: Vec<_> = handler.got().iter().map(|got| got.json()["Metadata"]["DequeueCount"].clone()).collect();
    assert_eq!(counts, ["1", "2", "3"]);
    assert_eq!(host.report().of(Trouble::Failed).len(), 3);
    host.report().expect_only(&[Trouble::Failed, Trouble::Poisoned]);
}

#[tokio::test]
async fn nothing_hides_that_an_empty_answer_would_hang() {
    let Some(stage) = Stage::new().await else { return };
    let stage = stage.host("/extensions/queues/maxDequeueCount", 1);
    let host = stage.run(&[Handler::new(|_| StatusCode::NO_CONTENT.into_response()).serve().await]).await;
    stage.queue("").put("x").await.unwrap();
    until("the message is poison", async || !host.report().of(Trouble::Poisoned).is_empty()).await;
    host.report().expect_only(&[Trouble::Hangs, Trouble::Poisoned]);
}

#[tokio::test]
async fn what_takes_longer_than_its_hold_is_not_given_to_another() {
    let Some(stage) = Stage::new().await else { return };
    let handler = Handler::outputs(json!({})).gated();
    let host = stage.run(&[handler.serve().await, handler.serve().await]).await;
    stage.queue("").put("long").await.unwrap();
    until("the message is in hand", async || !handler.got().is_empty()).await;
    let begun = Instant::now();
    until("the first hold would be over", async || begun.elapsed() > Duration::from_secs(6)).await;
    handler.gate.add_permits(10);
    until("the queue is empty", async || stage.is_empty().await).await;
    assert_eq!(handler.got().len(), 1);
    host.report().expect_nothing();
}

#[tokio::test]
async fn an_instance_has_at_most_a_batch_and_the_threshold_in_hand() {
    let Some(stage) = Stage::new().await else { return };
    let stage = stage.host("/extensions/queues/batchSize", 2).host("/extensions/queues/newBatchThreshold", 1);
    for number in 0..6 {
        stage.queue("").put(&number.to_string()).await.unwrap();
    }
    let handler = Handler::outputs(json!({})).gated();
    let host = stage.run(&[handler.serve().await]).await;
    // Two, and two more when one is done; three only if a batch came when one was left.
    until("a batch is in hand", async || handler.got().len() == 2).await;
    handler.gate.add_permits(1);
    until("the next batch is in hand", async || handler.got().len() == 4).await;
    assert_eq!(host.invoked("order").len(), 1);
    handler.gate.add_permits(10);
    until("the queue is empty", async || stage.is_empty().await).await;
    host.report().expect_nothing();
}

#[tokio::test]
async fn what_a_killed_instance_had_in_hand_comes_again_on_another() {
    let Some(stage) = Stage::new().await else { return };
    let (first, second) = (Handler::outputs(json!({})).gated(), Handler::outputs(json!({})));
    let host = stage.run(&[first.serve().await]).await;
    stage.queue("").put("x").await.unwrap();
    until("the message is in hand", async || !first.got().is_empty()).await;
    host.kill(0).await.unwrap();
    host.restart(0, second.serve().await).await.unwrap();
    until("the queue is empty", async || stage.is_empty().await).await;
    assert_eq!(second.got()[0].json()["Metadata"]["DequeueCount"], "2");
    host.report().expect_nothing();
}

#[tokio::test]
async fn two_instances_share_the_work() {
    let Some(stage) = Stage::new().await else { return };
    let stage = stage.host("/extensions/queues/batchSize", 1);
    let handler = Handler::outputs(json!({})).gated();
    for number in 0..8 {
        stage.queue("").put(&number.to_string()).await.unwrap();
    }
    let host = stage.run(&[handler.serve().await, handler.serve().await]).await;
    until("both have one in hand", async || handler.got().len() == 2).await;
    handler.gate.add_permits(100);
    until("the queue is empty", async || stage.is_empty().await).await;
    until("all are noted", async || host.invoked("order").len() == 8).await;
    let instances: BTreeSet<_> = host.invoked("order").iter().map(|invoked| invoked.instance).collect();
    assert_eq!(instances, BTreeSet::from([0, 1]));
    host.report().expect_nothing();
}

#[tokio::test]
async fn base64_is_expected_unless_host_json_says_none() {
    let Some(stage) = Stage::new().await else { return };
    let stage = stage.host("/extensions/queues", json!({ "maxDequeueCount": 1 }));
    let handler = Handler::outputs(json!({}));
    let host = stage.run(&[handler.serve().await]).await;
    stage.queue("").put(&BASE64_STANDARD.encode("{}")).await.unwrap();
    stage.queue("").put("{}").await.unwrap();
    until("the plain one is poison", async || !host.report().of(Trouble::Poisoned).is_empty()).await;
    until("the queue is empty", async || stage.is_empty().await).await;
    let texts: Vec<_> = handler.got().iter().map(|got| got.json()["Data"]["order"].clone()).collect();
    assert_eq!(texts, ["\"{}\""]);
}

#[tokio::test]
async fn the_host_does_not_make_the_queue_and_waits_for_it() {
    let Some(mut stage) = Stage::new().await else { return };
    stage.name = unique("late");
    stage.root = stage.root.setting("QUEUE", &stage.name);
    let handler = Handler::outputs(json!({}));
    let host = stage.run(&[handler.serve().await]).await;
    assert_eq!(stage.queue("").count().await.unwrap(), None);
    stage.queue("").create().await.unwrap();
    stage.queue("").put("x").await.unwrap();
    until("the message is in hand", async || !handler.got().is_empty()).await;
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test]
async fn outputs_become_messages() {
    let Some(stage) = Stage::new().await else { return };
    let outputs = json!({ "invoices": ["one", { "two": 2 }] });
    let host = stage.run(&[Handler::outputs(outputs).serve().await]).await;
    stage.queue("").put("x").await.unwrap();
    until("the queue is empty", async || stage.is_empty().await).await;
    let texts: BTreeSet<_> = stage.queue("-out").peek().await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, BTreeSet::from(["one".to_owned(), "{\n  \"two\": 2\n}".to_owned()]));
    host.report().expect_nothing();
}

#[tokio::test]
async fn the_runtime_works_on_messages_gives_up_the_hopeless_and_lets_the_unreadable_become_poison() {
    let Some(mut stage) = Stage::new().await else { return };
    stage.root = stage.root.executable(env!("CARGO_BIN_EXE_example-queue"));
    let stage = stage.host("/extensions/queues/maxDequeueCount", 2);
    let host = stage.run(&[Worker::Executable]).await;
    let queue = stage.queue("");
    queue.put(r#"{"number":7,"lines":["tea"],"DequeueCount":"planted","Id":5,"order":"hidden"}"#).await.unwrap();
    queue.put(r#"{"number":8,"lines":[]}"#).await.unwrap();
    queue.put("no order").await.unwrap();
    until("the unreadable one is poison", async || !host.report().of(Trouble::Poisoned).is_empty()).await;
    until("the queue is empty", async || stage.is_empty().await).await;
    let invoice = stage.queue("-out").peek().await.unwrap().remove(0);
    assert_eq!(invoice.text, r#"{"order":7,"positions":["tea"]}"#);
    assert_eq!(stage.queue("-poison").peek().await.unwrap()[0].text, "no order");
    host.stop().await.unwrap().expect_only(&[Trouble::Failed, Trouble::Poisoned]);
}
