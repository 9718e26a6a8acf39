//! The questions that a connector asks all day are answered without reading the table.

use super::{NOW, client};
use crate::servicenow::{Options, Seed, ServiceNow, Time};

#[tokio::test]
async fn lookups_and_pages_agree_with_a_full_reading_of_a_large_table() {
    let seed = Seed { incidents: 3000, change_requests: 300, problems: 0, servers: 0, tables: 0 };
    let instance = ServiceNow::start_with(Options { seed, time: Time::Manual(NOW), ..Options::default() }).await;
    let sys_id = instance.insert("incident", &[("correlation_id", "needle")]);
    let client = client(&instance);
    let found = client
        .column(
            "/api/now/table/incident?sysparm_query=correlation_id=NEEDLE^stateNOT IN6,7,8^ORDERBYDESCsys_created_on",
            "sys_id",
        )
        .await;
    assert_eq!(found, [sys_id]);
    let from = "2026-07-01 00:00:00";
    let mut expected: Vec<(String, String)> = instance
        .records("task")
        .iter()
        .filter(|record| record["sys_updated_on"].as_str() > from)
        .map(|record| (record["sys_updated_on"].clone(), record["sys_id"].clone()))
        .collect();
    expected.sort();
    let path = format!(
        "/api/now/table/task?sysparm_offset=100&sysparm_limit=500&sysparm_fields=sys_id&sysparm_query=sys_updated_on>{from}^ORDERBYsys_updated_on^ORDERBYsys_id"
    );
    let answer = client.request("GET", &path).send().await.unwrap();
    assert_eq!(answer.headers()["x-total-count"].to_str().unwrap(), expected.len().to_string());
    let body: serde_json::Value = answer.json().await.unwrap();
    let ids: Vec<&str> = body["result"].as_array().unwrap().iter().map(|row| row["sys_id"].as_str().unwrap()).collect();
    let expected: Vec<&str> = expected.iter().skip(100).take(500).map(|(_, sys_id)| sys_id.as_str()).collect();
    assert_eq!(ids, expected);
}

/// Prints what a large instance costs: `cargo test --release -p emulators a_million -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes long and is for looking at"]
async fn a_million_incidents_are_paged_through_without_reading_the_table() {
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned();
        line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default() / 1024
    };
    let (before, start) = (memory(), std::time::Instant::now());
    let seed = Seed { incidents: 1_000_000, change_requests: 0, problems: 0, servers: 0, tables: 0 };
    let instance = ServiceNow::start_with(Options { seed, time: Time::Manual(NOW), ..Options::default() }).await;
    println!("seeded in {:?}, {} MB", start.elapsed(), memory() - before);
    let sys_id = instance.record("incident", &instance.insert("incident", &[])).unwrap()["sys_id"].clone();
    let client = client(&instance);
    for (name, query) in [
        ("from", "sys_updated_on>=2026-07-01 00:00:00^ORDERBYsys_updated_on^ORDERBYsys_id".to_owned()),
        (
            "stretch",
            "sys_updated_on>=2026-07-01 00:00:00^sys_updated_on<=2026-08-01 00:00:00^ORDERBYsys_updated_on^ORDERBYsys_id"
                .to_owned(),
        ),
        ("same second", format!("sys_updated_on=2026-09-01 10:00:00^sys_id>{sys_id}^ORDERBYsys_id")),
        ("narrowed", "active=true^sys_updated_on>=2026-07-01 00:00:00^ORDERBYsys_updated_on^ORDERBYsys_id".to_owned()),
    ] {
        let path = format!(
            "/api/now/table/incident?sysparm_limit=1000&sysparm_display_value=all&sysparm_exclude_reference_link=true&sysparm_query={query}"
        );
        let start = std::time::Instant::now();
        for _ in 0..10 {
            assert!(!client.request("GET", &path).send().await.unwrap().bytes().await.unwrap().is_empty());
        }
        println!("a page of 1000, {name}: {:?}", start.elapsed() / 10);
    }
}
