//! Many records.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{client, generic, still};
use crate::service_manager::{
    cireson::{Cireson, Options},
    model::{Seed, Settings},
};

#[tokio::test]
async fn slices_of_fifty_thousand_incidents_cost_what_they_hold() {
    let group = Settings { seed: Seed { incidents: 50_000, ..Seed::default() }, ..Settings::default() };
    let portal = Cireson::start_with(Options { group, ..still() }).await;
    let client = client(&portal).await;
    let mut seen = 0;
    let began = Instant::now();
    for hour in 0..100 {
        let at = |hour: i64| jiff::Timestamp::from_second(super::NOW - 100 * 3600 + hour * 3600).unwrap().to_string();
        let slice = [generic("LastModified", "GreaterEqual", &at(hour)), generic("LastModified", "Less", &at(hour + 1))];
        seen += client.find(&json!({"And": {"Expression": slice}})).await.len();
    }
    // One every 207.36 seconds.
    assert!((1735..=1738).contains(&seen), "{seen}");
    // Walking all of them for each slice takes many times this, also on a busy machine.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
