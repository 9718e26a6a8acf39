//! Stories of senders and listeners over real sockets.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::{
    desk::{Desk, Kind},
    http::{Answer, Call, Decision},
    service_manager::{Gateway, gateway::SECRET},
};

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;

/// Answers what it was asked; `/answer/STATUS` with this status, `/large/BYTES` with this many bytes, `/silent` not at all.
#[derive(Debug)]
struct Echo;

impl Service for Echo {
    fn decide(&self, call: Call) -> Decision {
        let segments: Vec<&str> = call.path.rsplit('/').collect();
        let answer = match segments.as_slice() {
            [status, "answer", ..] => Answer::json(status.parse().unwrap(), &json!({})),
            [bytes, "large", ..] => Answer::new(200, "text/plain", "x".repeat(bytes.parse().unwrap())),
            ["silent", ..] => return Decision::Drop(Duration::ZERO),
            _ => {
                let headers: Value = call
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                let told = json!({"method": call.method, "path": call.path, "query": call.query, "headers": headers, "length": call.body.len(), "ends": call.body.last()});
                Answer::json(200, &told).with_header("X-Own", "kept")
            }
        };
        Decision::Answer(answer, Duration::ZERO)
    }
}

async fn relay() -> Relay {
    Relay::start_with(Options { time: Time::Manual(NOW), ..Options::default() }).await
}

async fn with_echo() -> (Relay, Listener) {
    let relay = relay().await;
    let listener = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    (relay, listener)
}

fn post(relay: &Relay, path: &str, body: impl Into<Bytes>) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().post(format!("{}{path}", relay.url())).body(body.into());
    request.header("ServiceBusAuthorization", relay.send_token("scsm"))
}

/// Status, whether a listener answered, and the body.
async fn told(request: reqwest::RequestBuilder) -> (u16, bool, Value) {
    let answer = request.send().await.unwrap();
    let (status, via) = (answer.status().as_u16(), answer.headers().contains_key("via"));
    (status, via, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn a_gateway_is_reached_through_relay_with_both_tokens() {
    let (relay, gateway) = (relay().await, Gateway::start().await);
    let _listener = relay.listen("scsm", gateway.service()).await.unwrap();
    let send = |secret: &str| {
        let body = json!({"properties": {"Title": "Through Relay", "Impact": "Low", "Urgency": "Low"}});
        let request = post(&relay, "/scsm/v1/incidents", body.to_string()).header("Content-Type", "application/json");
        request.header("Idempotency-Key", "az-1-1").bearer_auth(secret)
    };
    let answer = send(SECRET).send().await.unwrap();
    assert_eq!(answer.headers()["via"], "1.1 contoso-relay.servicebus.windows.net");
    assert_eq!(answer.status(), 201);
    assert_eq!(gateway.all(Kind::Incident)[0].title, "Through Relay");
    let (status, via, body) = told(send("wrong")).await;
    assert_eq!((status, via, &body["code"]), (401, true, &json!("unauthorized")), "the gateway's own refusal");
}

#[tokio::test]
async fn relay_takes_its_own_things_off_a_request_and_leaves_the_rest() {
    let (relay, _listener) = with_echo().await;
    let request = post(&relay, "/scsm/a%20b?x=1%2F2&sb-hc-id=7&y", "hello")
        .bearer_auth("end-to-end")
        .header("Via", "1.0 proxy")
        .header("TE", "trailers")
        .header("X-Two", "1")
        .header("X-Two", "2");
    let (status, via, seen) = told(request).await;
    assert_eq!((status, via, &seen["method"], &seen["length"]), (200, true, &json!("POST"), &json!(5)));
    assert_eq!((&seen["path"], &seen["query"]), (&json!("/scsm/a%20b"), &json!("x=1%2F2&y")));
    let headers = &seen["headers"];
    assert_eq!(headers["authorization"], "Bearer end-to-end");
    assert_eq!(headers["via"], "1.0 proxy, 1.1 contoso-relay.servicebus.windows.net");
    assert_eq!(headers["x-two"], "1, 2");
    for gone in ["servicebusauthorization", "host", "content-length", "te", "connection"] {
        assert!(headers.get(gone).is_none(), "{gone}: {headers}");
    }
    let plain = || reqwest::Client::new().get(format!("{}/scsm", relay.url()));
    let (status, _, seen) = told(plain().header("Authorization", relay.send_token("scsm"))).await;
    assert_eq!((status, seen["headers"].get("authorization")), (200, None), "it was Relay's own");
    let in_query = plain().query(&[("sb-hc-token", relay.send_token("scsm"))]).bearer_auth("end-to-end");
    let (status, _, seen) = told(in_query).await;
    assert_eq!((status, &seen["query"], &seen["headers"]["authorization"]), (200, &json!(""), &json!("Bearer end-to-end")));
    assert!(!format!("{:?}", relay.requests()).contains("SharedAccessSignature"));
}

#[tokio::test]
async fn without_client_authorization_a_token_is_stripped_all_the_same() {
    let open = HybridConnection { path: "scsm".into(), sender_authorization: false };
    let relay = Relay::start_with(Options { hybrid_connections: vec![open], ..Options::default() }).await;
    let _listener = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    let request = reqwest::Client::new().get(format!("{}/scsm?sb-hc-token=nonsense", relay.url()));
    let (status, _, seen) = told(request.header("ServiceBusAuthorization", "nonsense").bearer_auth("own")).await;
    assert_eq!((status, &seen["query"], &seen["headers"]["authorization"]), (200, &json!(""), &json!("Bearer own")));
    assert!(seen["headers"].get("servicebusauthorization").is_none());
}

#[tokio::test]
async fn what_relay_itself_answers_has_no_via() {
    let (relay, listener) = with_echo().await;
    let get = |path: &str, token: &str| {
        reqwest::Client::new().get(format!("{}{path}", relay.url())).header("ServiceBusAuthorization", token)
    };
    let send = relay.send_token("scsm");
    let expired = relay.token("scsm", "send", SEND_KEY, 0);
    let forged = relay.token("scsm", "send", LISTEN_KEY, 60);
    let listen = relay.token("scsm", "listen", LISTEN_KEY, 60);
    let elsewhere = relay.token("other", "send", SEND_KEY, 60);
    for (path, token, status) in [
        ("/nothing", &send, 404),
        ("/scsmx", &send, 404),
        ("/scsm", &String::new(), 401),
        ("/scsm", &expired, 401),
        ("/scsm", &forged, 401),
        ("/scsm", &listen, 403),
        ("/scsm", &elsewhere, 403),
    ] {
        let (found, via, _) = told(get(path, token)).await;
        assert_eq!((found, via), (status, false), "{path} {token}");
    }
    assert_eq!(told(reqwest::Client::new().get(format!("{}/scsm", relay.url()))).await.0, 401);
    assert!(told(get("/scsm/answer/404", &send)).await.1, "that one is the listener's");
    assert_eq!(told(get("/scsm/answer/503", &send)).await, (503, true, json!({})));
    for forbidden in [502, 504] {
        let (status, via, _) = told(get(&format!("/scsm/answer/{forbidden}"), &send)).await;
        assert_eq!((status, via), (500, false));
    }
    drop(listener);
    while relay.listeners("scsm") > 0 {
        tokio::task::yield_now().await;
    }
    let (status, via, _) = told(get("/scsm", &send)).await;
    assert_eq!((status, via), (502, false));
}

#[tokio::test]
async fn a_listener_that_does_not_answer_makes_504() {
    let relay = Relay::start_with(Options { answer_within: Duration::from_millis(50), ..Options::default() }).await;
    let _listener = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    let (status, via, _) = told(post(&relay, "/scsm/silent", "")).await;
    assert_eq!((status, via), (504, false));
    assert_eq!(relay.listeners("scsm"), 1, "its control channel stays");
}

#[tokio::test]
async fn more_than_64_kilobytes_go_over_a_rendezvous_socket() {
    let (relay, _listener) = with_echo().await;
    for (path, sent, received, rendezvous) in [
        ("/scsm", 60_000, 0, 0),
        ("/scsm/large/65536", 0, 65_536, 0),
        ("/scsm/large/65537", 0, 65_537, 1),
        ("/scsm", 65_536, 0, 2),
        ("/scsm", 1_000_000, 0, 3),
        ("/scsm/large/1000000", 100_000, 1_000_000, 4),
    ] {
        let mut body = vec![b'x'; sent];
        if let Some(last) = body.last_mut() {
            *last = b'!';
        }
        let answer = post(&relay, path, body).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("via")), (200, true));
        let text = answer.text().await.unwrap();
        if received > 0 {
            assert_eq!(text.len(), received);
        } else {
            let seen: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&seen["length"], &seen["ends"]), (&json!(sent), &json!(b'!')));
        }
        assert_eq!(relay.rendezvous(), rendezvous, "{path} {sent}");
    }
    let address = format!("{}/$hc/scsm?sb-hc-action=request&sb-hc-id=used", relay.url());
    assert!(Listener::connect(&address.replace("http", "ws"), None, Arc::new(Echo)).await.is_err());
}

#[tokio::test]
async fn a_listener_needs_a_good_token_and_stays_as_long_as_it_is() {
    let relay = relay().await;
    for (path, token) in [
        ("scsm", relay.send_token("scsm")),
        ("scsm", relay.token("scsm", "listen", LISTEN_KEY, -1)),
        ("scsm", String::new()),
        ("nothing", relay.token("nothing", "listen", LISTEN_KEY, 60)),
    ] {
        assert!(Listener::connect(&relay.listen_address(path, &token), None, Arc::new(Echo)).await.is_err(), "{path} {token}");
    }
    let connect = async || {
        let token = relay.token("scsm", "listen", LISTEN_KEY, 60);
        Listener::connect(&relay.listen_address("scsm", &token), None, Arc::new(Echo)).await.unwrap()
    };
    let (mut expiring, renewed) = (connect().await, connect().await);
    renewed.renew(&relay.token("scsm", "listen", LISTEN_KEY, 3600));
    // Its answer comes behind the renewal on the same channel; enough of them that both listeners have answered.
    for _ in 0..20 {
        assert_eq!(told(post(&relay, "/scsm", "")).await.0, 200);
    }
    relay.advance(Duration::from_secs(61));
    expiring.end().await;
    assert!(!renewed.ended());
    assert_eq!(told(post(&relay, "/scsm", "")).await.0, 200);
    let mut renewed = renewed;
    relay.delete("scsm");
    renewed.end().await;
    assert_eq!(told(post(&relay, "/scsm", "")).await.0, 404);
}

#[tokio::test]
async fn there_are_25_listeners_at_most_and_a_cut_takes_all() {
    let relay = relay().await;
    let mut listeners = Vec::new();
    for _ in 0..25 {
        listeners.push(relay.listen("scsm", Arc::new(Echo)).await.unwrap());
    }
    assert!(relay.listen("scsm", Arc::new(Echo)).await.is_err());
    relay.cut();
    for listener in &mut listeners {
        listener.end().await;
    }
    assert_eq!(relay.listeners("scsm"), 0);
    let _back = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    assert_eq!(told(post(&relay, "/scsm", "")).await.0, 200);
}

#[tokio::test]
async fn requests_are_spread_and_answered_side_by_side() {
    let (relay, _one) = with_echo().await;
    let _two = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    let mut work = tokio::task::JoinSet::new();
    for number in 0..40 {
        let request = post(&relay, &format!("/scsm/{number}"), number.to_string());
        work.spawn(async move { (number, told(request).await) });
    }
    let mut seen = 0;
    while let Some(done) = work.join_next().await {
        let (number, (status, _, body)) = done.unwrap();
        assert_eq!((status, &body["path"]), (200, &json!(format!("/scsm/{number}"))));
        seen += 1;
    }
    assert_eq!(seen, 40);
}

#[tokio::test]
async fn everything_works_over_tls_too() {
    let directory = tempfile::tempdir().unwrap();
    let tls = Some(Tls { directory: directory.path().to_owned() });
    let relay = Relay::start_with(Options { tls, ..Options::default() }).await;
    let _listener = relay.listen("scsm", Arc::new(Echo)).await.unwrap();
    let authority = std::fs::read(relay.certificate_file().unwrap()).unwrap();
    let client =
        reqwest::Client::builder().add_root_certificate(reqwest::Certificate::from_pem(&authority).unwrap()).build().unwrap();
    let request = client.post(format!("{}/scsm", relay.url())).header("ServiceBusAuthorization", relay.send_token("scsm"));
    let (status, via, seen) = told(request.body(vec![b'x'; 100_000])).await;
    assert_eq!((status, via, &seen["length"]), (200, true, &json!(100_000)));
}
