//! API keys: where they may stand, when they are refused, how they rotate.

use std::net::SocketAddr;
use std::time::Duration;

use connector::settings::Settings;
use serde_json::{Value, json};

use super::{Host, KEY, Setup, answer};
use crate::server::may_listen;

const PATH: &str = "/api/alerts/snow/incident";

#[tokio::test]
async fn a_key_is_accepted_in_either_header_and_in_the_query_encoded_or_not() {
    let host = Host::usual().await;
    let plain = host.url(PATH);
    for request in [
        host.client.post(&plain).header("x-functions-key", KEY),
        host.client.post(&plain).header("x-api-key", KEY),
        host.client.post(format!("{plain}?code=k-9%2B%2F%3D")),
        host.client.post(format!("{plain}?code={KEY}")),
        // On Azure the host's own key stands in `code`; ours may come beside it.
        host.client.post(format!("{plain}?code=other")).header("x-api-key", KEY),
    ] {
        assert_eq!(answer(request.body("{}")).await.0, 202);
    }
    assert_eq!(host.taken().len(), 5);
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_401_and_says_which() {
    let host = Host::usual().await;
    let plain = host.url(PATH);
    let wrong = "the key is not one of the accepted keys";
    for (request, detail) in [
        (host.client.post(&plain), "no key came"),
        (host.client.post(&plain).header("x-functions-key", ""), "no key came"),
        (host.client.post(format!("{plain}?code=")), "no key came"),
        (host.client.post(&plain).header("x-functions-key", "k-9"), wrong),
        (host.client.post(&plain).header("x-functions-key", format!("{KEY}x")), wrong),
        (host.client.post(format!("{plain}?code=wrong")), wrong),
        (host.client.post(format!("{plain}?Code={KEY}")), "no key came"),
        (host.client.post(&plain).bearer_auth(KEY), "a bearer token came, but this connector accepts keys only"),
        (host.client.post(&plain).basic_auth("x", Some(KEY)), "no key came"),
    ] {
        let (status, problem) = answer(request.body("{}")).await;
        assert_eq!((status, &problem["detail"]), (401, &json!(detail)));
    }
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn a_rotated_key_is_taken_up_within_30_seconds_and_the_old_one_refused() {
    let host = Host::usual().await;
    let try_key = async |key: &'static str| answer(host.client.post(host.url(PATH)).header("x-api-key", key).body("{}")).await.0;
    assert_eq!((try_key(KEY).await, try_key("new").await), (202, 401));
    host.vault.0.lock().unwrap().insert("INTAKE_KEY".to_owned(), "new".to_owned());
    host.vault.0.lock().unwrap().insert("OLD_KEY".to_owned(), "second".to_owned());
    host.clock.advance(Duration::from_secs(31));
    assert_eq!((try_key(KEY).await, try_key("new").await, try_key("second").await), (401, 202, 202));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_for_a_while_stays_accepted() {
    let host = Host::usual().await;
    assert_eq!(answer(host.post(PATH).body("{}")).await.0, 202);
    host.vault.0.lock().unwrap().clear();
    host.clock.advance(Duration::from_secs(31));
    assert_eq!(answer(host.post(PATH).body("{}")).await.0, 202);
}

#[tokio::test]
async fn without_any_known_key_the_caller_is_told_to_come_again() {
    let host = Host::usual().await;
    host.vault.0.lock().unwrap().clear();
    assert_eq!(answer(host.post(PATH).body("{}")).await.0, 503);
    host.vault.0.lock().unwrap().insert("INTAKE_KEY".to_owned(), String::new());
    host.clock.advance(Duration::from_secs(31));
    assert_eq!(answer(host.client.post(host.url(PATH)).header("x-api-key", "").body("{}")).await.0, 401, "the empty key");
    assert_eq!(answer(host.post(PATH).body("{}")).await.0, 503);
}

#[tokio::test]
async fn with_nothing_configured_everybody_is_refused_and_told_what_to_set() {
    let host = Host::start(Setup { intake: json!({}), ..Setup::default() }).await;
    let (status, problem) = answer(host.post(PATH).body("{}")).await;
    assert_eq!(status, 401);
    assert!(problem["remedy"].as_str().unwrap().contains("api_keys"), "{problem}");
}

#[test]
fn without_authentication_only_the_machine_itself_may_be_served() {
    let with = |intake: Value| serde_json::from_value::<Settings>(json!({"connections": {}, "intake": intake})).unwrap();
    let at = |address: &str| address.parse::<SocketAddr>().unwrap();
    let open = with(json!({}));
    assert!(may_listen(at("127.0.0.1:7071"), &open).is_ok());
    assert!(may_listen(at("[::1]:7071"), &open).is_ok());
    for address in ["0.0.0.0:7071", "[::]:7071", "10.0.0.4:80"] {
        assert!(may_listen(at(address), &open).unwrap_err().contains("api_keys"), "{address}");
        assert!(may_listen(at(address), &with(json!({"api_keys": ["$K"]}))).is_ok());
        assert!(may_listen(at(address), &with(json!({"entra": {"tenant": "t", "audiences": ["a"]}}))).is_ok());
    }
}
