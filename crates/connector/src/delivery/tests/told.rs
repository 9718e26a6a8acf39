//! What is told of a delivery that came to its end: the queries of the workbook read it.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{alert, bench, minute};
use super::tool::Fate;
use crate::journal::details::{Delivered, Details};
use crate::journal::{Entry, LogType};

fn details(entry: &Entry) -> Value {
    assert_eq!((entry.operation, entry.message.as_str()), (Delivered::OPERATION, Delivered::MESSAGE));
    serde_json::from_str(&entry.details).unwrap()
}

#[tokio::test]
async fn an_end_is_told_with_what_it_did_and_how_long_it_took() {
    let bench = bench(31, "");
    *bench.tool.next.lock().unwrap() = vec![Fate::Retry];
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    bench.clock.advance(Duration::from_secs(90));
    bench.settle(&delivery).await;
    let told: Vec<Entry> = bench.notes.of("deliver").into_iter().filter(|entry| !entry.details.is_empty()).collect();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.log_type, told.connection.as_str(), told.work_item.as_str()), (LogType::Info, "snow", "INC0001"));
    assert_eq!(told.correlation_id, delivery.id.to_string());
    assert!(told.alert.starts_with("cpu"), "{told:?}");
    let mut said = details(told);
    let latency = said["latency_ms"].take().as_u64().unwrap();
    assert!(latency > 90_000, "the wait for the second attempt is in it: {latency}");
    let wanted = json!({
        "rule": "cpu", "state": "fired", "work_item_type": "incident", "created": 1, "updated": 0, "duplicates": 0, "attempts": 2,
        "latency_ms": null,
    });
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn a_duplicate_and_a_resolution_are_told_as_such() {
    let bench = bench(32, "");
    bench.done(&alert("cpu", false, minute(0))).await;
    bench.done(&alert("cpu", false, minute(0))).await;
    bench.done(&alert("cpu", true, minute(0))).await;
    let told: Vec<Value> = bench.notes.of("deliver").iter().map(details).collect();
    let counts = |said: &Value| ["created", "updated", "duplicates"].map(|name| said[name].as_u64().unwrap());
    assert_eq!(told.iter().map(counts).collect::<Vec<_>>(), [[1, 0, 0], [0, 0, 1], [0, 1, 0]]);
    assert_eq!(told.iter().map(|said| said["state"].as_str().unwrap()).collect::<Vec<_>>(), ["fired", "fired", "resolved"]);
}

#[tokio::test]
async fn a_dead_letter_names_its_alert_and_is_no_end() {
    let bench = bench(33, "");
    *bench.tool.next.lock().unwrap() = vec![Fate::Retry];
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    bench.clock.advance(Duration::from_secs(30 * 86_400));
    bench.settle(&delivery).await;
    let told = bench.notes.of("deliver");
    let [_put_off, dead] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((dead.log_type, dead.message.as_str()), (LogType::Error, "the delivery became a dead letter"));
    assert!(dead.alert.starts_with("cpu") && dead.details.is_empty(), "{dead:?}");
}
