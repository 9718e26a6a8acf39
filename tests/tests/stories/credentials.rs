//! Signing in to the instance: wrong, expired, revoked; and what flows once it is mended.

use std::time::Duration;

use emulators::servicenow::Options;
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, did, options};

const PASSWORD_GRANT: &str = "auth = { type = \"oauth_password\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }";

#[tokio::test]
async fn a_wrong_password_holds_everything_until_it_is_mended() {
    let stage = Stage::new().await;
    stage.vault.set("SNOW_PASSWORD", "yesterday's");
    for rule in ["a", "b", "c"] {
        stage.post(INCIDENT, &metric(rule, 0, false)).await;
    }
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let status = stage.status().await;
    let gate = &status["connections"][0]["gate"];
    assert_eq!(gate["reason"], "credentials", "{gate}");
    assert!(gate["cause"].as_str().unwrap().contains("\"itsm\" is wrong"), "{gate}");
    assert!(gate["remedy"].as_str().unwrap().contains("snc_basic_auth_api_access"), "{gate}");
    assert!(!status.to_string().contains("yesterday"), "{status}");
    assert_eq!(status["counts"]["backlog"], 3);
    // However long it takes, the instance does not lock the user out over it. The other two were perhaps on their way
    // when the gate closed behind the first; each of those may still arrive.
    let asked = stage.tool.request_count();
    for _ in 0..12 {
        stage.advance(Duration::from_secs(300));
        stage.quiet().await;
    }
    assert!(stage.tool.request_count() - asked <= 12 + 2, "{} more requests in an hour", stage.tool.request_count() - asked);
    assert!(stage.incidents().is_empty());
    stage.vault.set("SNOW_PASSWORD", "p");
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 3);
    assert_eq!(stage.gate("snow").await["open"], true);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
}

#[tokio::test]
async fn a_password_that_worked_before_is_said_to_have_expired() {
    let stage = Stage::new().await;
    stage.told(&metric("a", 0, false)).await;
    stage.vault.set("SNOW_PASSWORD", "old");
    stage.post(INCIDENT, &metric("b", 0, false)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let cause = stage.gate("snow").await["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("worked until 2026-03-02") && cause.contains("expired"), "{cause}");
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_costs_a_refresh_and_no_attempt() {
    let stage = Stage::with(PASSWORD_GRANT).await;
    stage.told(&metric("a", 0, false)).await;
    stage.advance(Duration::from_secs(1900));
    let done = stage.told(&metric("b", 0, false)).await;
    assert_eq!((did(&done), done.attempts), ((1, 0, 0), 1));
    stage.tool.forget_tokens(false);
    assert_eq!(did(&stage.told(&metric("c", 0, false)).await), (1, 0, 0));
    let grants: Vec<_> = stage.tool.requests().into_iter().filter(|one| one.path == "/oauth_token.do").collect();
    let kinds: Vec<_> = grants.iter().map(|one| one.body.contains("grant_type=refresh_token")).collect();
    assert_eq!(kinds, [false, true, true]);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().retried, 0);
}

#[tokio::test]
async fn a_revoked_refresh_token_costs_one_sign_in() {
    let stage = Stage::with(PASSWORD_GRANT).await;
    stage.told(&metric("a", 0, false)).await;
    stage.tool.forget_tokens(true);
    let done = stage.told(&metric("b", 0, false)).await;
    assert_eq!((did(&done), done.attempts), ((1, 0, 0), 1));
    assert_eq!(stage.asked("POST", "/oauth_token.do"), 3, "sign-in, refused refresh, sign-in");
}

#[tokio::test]
async fn a_revoked_refresh_token_with_a_changed_password_waits_until_that_is_mended() {
    let stage = Stage::with(PASSWORD_GRANT).await;
    stage.told(&metric("a", 0, false)).await;
    stage.tool.forget_tokens(true);
    stage.vault.set("SNOW_PASSWORD", "old");
    stage.post(INCIDENT, &metric("a", 0, true)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let gate = stage.gate("snow").await;
    assert_eq!(gate["reason"], "credentials");
    assert!(gate["cause"].as_str().unwrap().contains("worked until"), "{gate}");
    stage.vault.set("SNOW_PASSWORD", "p");
    stage.settled().await;
    assert_eq!(stage.incident()["state"], "6");
}

#[tokio::test]
async fn client_credentials_and_api_keys_work_and_a_switched_off_grant_is_named() {
    let auth = "auth = { type = \"client_credentials\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\" }";
    let properties = vec![("glide.oauth.inbound.client.credential.grant_type.enabled".to_owned(), "true".to_owned())];
    let stage = Stage::on(Options { properties, ..options() }, auth).await;
    assert_eq!(did(&stage.told(&metric("a", 0, false)).await), (1, 0, 0));

    let stage = Stage::with("auth = { type = \"api_key\", key = \"$API_KEY\" }").await;
    assert_eq!(did(&stage.told(&metric("a", 0, false)).await), (1, 0, 0));

    let stage = Stage::with(auth).await;
    stage.post(INCIDENT, &metric("a", 0, false)).await;
    stage.happens("a closed gate", async || stage.gate("snow").await["open"] == false).await;
    let gate = stage.gate("snow").await;
    assert!(gate["remedy"].as_str().unwrap().contains("glide.oauth.inbound.client.credential.grant_type.enabled"), "{gate}");
    stage.tool.set_property("glide.oauth.inbound.client.credential.grant_type.enabled", "true");
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn a_sick_token_endpoint_is_an_outage_and_not_a_wrong_password() {
    use emulators::servicenow::{Effect, Fault};
    let page = |code| Effect::Status { code, body: "<html><title>Bad Gateway</title></html>".to_owned(), headers: Vec::new() };
    for effect in [page(502), page(503), Effect::Hibernating, Effect::BrokenJson, Effect::RateLimit { retry_after: 30 }] {
        let stage = Stage::with(PASSWORD_GRANT).await;
        stage.tool.faults().add(Fault::new(effect.clone()).path("/oauth_token.do").times(2));
        let id = stage.post(INCIDENT, &metric("a", 0, false)).await;
        stage.happens("a first failure", async || !stage.delivery(&id).await.cause.is_empty()).await;
        assert_ne!(stage.gate("snow").await["reason"], "credentials", "{effect:?}");
        stage.settled().await;
        assert_eq!(stage.incidents().len(), 1, "{effect:?}");
    }
}
