//! Reading a large system page by page costs what the pages cost.

use std::collections::BTreeSet;

use serde_json::json;

use super::{INCIDENT, client, options};
use crate::cherwell::{Cherwell, Options, Seed};

const MODIFIED: &str = "93543557882ad94503745843c9a380aa0c380935c8";
const RECORD: &str = "fa03d51b709e4a6eb2d52885b2ef7e04";

#[tokio::test]
async fn pages_by_last_modification_give_every_record_once_and_in_order() {
    let seed = Seed { incidents: 1500, change_requests: 0 };
    let system = Cherwell::start_with(Options { seed, ..options() }).await;
    let client = client(&system).await;
    for direction in [1, 0] {
        let mut walked = Vec::new();
        for first in (1..).step_by(400) {
            let search = json!({"busObId": INCIDENT, "fields": [RECORD], "pageNumber": first, "pageSize": 400,
                "sorting": [{"fieldId": MODIFIED, "sortDirection": direction}, {"fieldId": RECORD, "sortDirection": direction}]});
            let page = client.column(search, "RecID").await;
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        // Another field first, so that this is not the order that is kept all the time.
        let sorting = json!([{"fieldId": "6ae282c55e8e4266ae66ffc070c17fa3", "sortDirection": 1}]);
        let all =
            client.column(json!({"busObId": INCIDENT, "fields": [RECORD], "pageSize": 5000, "sorting": sorting}), "RecID").await;
        assert_eq!((walked.len(), walked.iter().collect::<BTreeSet<_>>()), (1500, all.iter().collect()));
    }
    let after = json!([{"fieldId": MODIFIED, "operator": "gt", "value": "8/1/2026 12:00 AM"}]);
    let by_title = json!([{"fieldId": "6ae282c55e8e4266ae66ffc070c17fa3", "sortDirection": 1}]);
    let by_time = json!([{"fieldId": MODIFIED, "sortDirection": 1}]);
    let mut found = Vec::new();
    for sorting in [by_title, by_time] {
        let search = json!({"busObId": INCIDENT, "fields": [RECORD], "pageSize": 5000, "filters": after, "sorting": sorting});
        found.push(client.column(search, "RecID").await.into_iter().collect::<BTreeSet<_>>());
    }
    assert!(found[0] == found[1] && found[0].len() > 300 && found[0].len() < 1000, "{}", found[0].len());
}

/// Prints what a large system costs: `cargo test --release -p emulators fifty_thousand -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes long and is for looking at"]
async fn fifty_thousand_incidents_are_read_page_by_page() {
    let start = std::time::Instant::now();
    let seed = Seed { incidents: 50_000, change_requests: 0 };
    let system = Cherwell::start_with(Options { seed, ..options() }).await;
    println!("seeded in {:?}", start.elapsed());
    let client = client(&system).await;
    let start = std::time::Instant::now();
    let mut count = 0;
    for first in (1..50_000).step_by(500) {
        let search = json!({"busObId": INCIDENT, "includeAllFields": true, "pageNumber": first, "pageSize": 500,
            "sorting": [{"fieldId": MODIFIED, "sortDirection": 1}, {"fieldId": RECORD, "sortDirection": 1}]});
        count += client.column(search, "RecID").await.len();
    }
    println!("{count} records in pages of 500 in {:?}", start.elapsed());
}
