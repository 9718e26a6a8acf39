//! Reading by key costs what is read, whatever stands before it.

use super::{client, gateway_with};
use crate::service_manager::{
    gateway::Options,
    model::{Seed, Settings},
};

#[tokio::test]
async fn fifty_thousand_incidents_are_walked_in_seconds() {
    let seed = Seed { incidents: 50_000, change_requests: 0, servers: 0 };
    let gateway = gateway_with(Options { group: Settings { seed, ..Settings::default() }, ..Options::default() }).await;
    let client = client(&gateway);
    let mut path = "/v1/incidents?modifiedSince=2026-01-01T00:00:00Z".to_owned();
    let (mut found, mut pages) = (0, 0);
    #[expect(clippy::disallowed_methods, reason = "measures the machine")]
    let began = std::time::SystemTime::now();
    loop {
        let (_, body) = client.get(&path).await;
        found += body["items"].as_array().unwrap().len();
        pages += 1;
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/v1/incidents?cursor={cursor}");
    }
    assert_eq!((found, pages), (50_000, 250));
    // Generous: a debug build on a busy machine. Were it quadratic, it would be minutes.
    assert!(began.elapsed().unwrap().as_secs() < 90, "{:?}", began.elapsed());
}
