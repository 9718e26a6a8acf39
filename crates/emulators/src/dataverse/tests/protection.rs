//! Limits and failures.

use std::time::Duration;

use serde_json::json;

use super::{administrator, client, environment, options};
use crate::dataverse::{Dataverse, Effect, Fault, Limit, Options, ServiceProtection};

#[tokio::test]
async fn too_many_requests_are_refused_until_the_window_has_moved_on() {
    let environment = environment().await;
    let client = client(&environment).await;
    environment.set_protection(Some(ServiceProtection { requests: 2, window: 300 }));
    let first = client.get("WhoAmI").await;
    assert_eq!(first.header("x-ms-ratelimit-burst-remaining-xrm-requests"), "1");
    assert!(!first.header("x-ms-ratelimit-time-remaining-xrm-requests").is_empty());
    environment.advance(Duration::from_secs(100));
    client.get("WhoAmI").await;
    let refused = client.get("WhoAmI").await;
    let text = "Number of requests exceeded the limit of 2 over time window of 300 seconds.";
    assert_eq!((refused.error(), refused.header("retry-after")), ((429, "0x80072322", text), "200"));
    assert_eq!(administrator(&environment).await.get("WhoAmI").await.status, 200, "the limit is each user's own");
    environment.advance(Duration::from_secs(200));
    assert_eq!(client.get("WhoAmI").await.status, 200);
    assert_eq!(client.get("WhoAmI").await.header("retry-after"), "100");
}

#[tokio::test]
async fn the_other_limits_have_codes_of_their_own() {
    let environment = environment().await;
    let client = client(&environment).await;
    for (limit, code) in [(Limit::Time, "0x80072321"), (Limit::Concurrency, "0x80072326")] {
        environment.faults().add(Fault::new(Effect::Throttled { limit, retry_after: 37 }).times(1));
        let answer = client.get("WhoAmI").await;
        assert_eq!((answer.error().0, answer.error().1, answer.header("retry-after")), (429, code, "37"));
    }
}

#[tokio::test]
async fn a_plug_in_refuses_with_the_solutions_own_text() {
    for status in [400, 500] {
        let environment = Dataverse::start_with(Options { plugin_status: status, ..options() }).await;
        let client = client(&environment).await;
        let plugin = Effect::Plugin { table: "incident".into(), message: "A service has to be chosen.".into() };
        environment.faults().add(Fault::new(plugin).method("POST"));
        let answer = client.send("POST", "incidents", client.incident("x").await).await;
        assert_eq!(answer.error(), (status, "0x80040265", "A service has to be chosen."));
        assert_eq!(environment.count("incident"), 0);
    }
}

#[tokio::test]
async fn an_access_check_can_fail_although_the_privilege_is_there() {
    let environment = environment().await;
    let client = client(&environment).await;
    environment.faults().add(Fault::new(Effect::AccessDenied { table: "incident".into() }));
    let answer = client.send("POST", "incidents", client.incident("x").await).await;
    assert_eq!((answer.error().0, answer.error().1), (403, "0x80048306"));
    assert!(answer.error().2.contains("does not have CreateAccess right(s)"));
}

#[tokio::test]
async fn connections_break_before_and_after_the_work() {
    let environment = environment().await;
    let client = client(&environment).await;
    let body = client.incident("x").await;
    for (effect, count) in [(Effect::ResetBeforeCommit, 0), (Effect::ResetAfterCommit, 1)] {
        environment.faults().add(Fault::new(effect).method("POST").times(1));
        assert!(client.request("POST", "incidents").json(&body).send().await.is_err());
        assert_eq!(environment.count("incident"), count);
    }
    environment.faults().add(Fault::new(Effect::BrokenJson).times(1));
    let half = client.get("incidents").await;
    assert_eq!((half.status, half.body), (200, json!(null)));
    let log = environment.requests();
    assert_eq!(log.iter().map(|request| request.status).collect::<Vec<_>>(), [200, 0, 0, 200]);
}
