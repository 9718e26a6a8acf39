//! Whatever comes is decoded or refused; it never panics, and it never lies.

use axum::http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::message;
use crate::{DecodeError, Envelope, Invocation, QueueTrigger};

fn queue(body: &str) -> QueueTrigger {
    Envelope::decode(body.as_bytes(), Invocation::default()).unwrap().queue("order").unwrap()
}

/// What the host says about a message, and what it makes of it when the message has these members.
fn mixed(members: &Map<String, Value>) -> Value {
    let mut metadata = json!({"DequeueCount": "3", "Id": "\"real\"", "PopReceipt": "\"real\"",
        "InsertionTime": "2026-03-02T04:11:58+00:00", "ExpirationTime": "2026-03-09T04:11:58+00:00", "NextVisibleTime": "2026-03-02T04:22:00+00:00"});
    let known = metadata.as_object_mut().unwrap();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_array()) {
        // .NET's dictionary keeps the first spelling.
        let name = known.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned().unwrap_or(name.clone());
        let planted = match value {
            Value::Object(_) => value.clone(),
            Value::String(text) => Value::String(serde_json::to_string(text).unwrap()),
            other => Value::String(serde_json::to_string(&other.to_string()).unwrap()),
        };
        known.insert(name, planted);
    }
    metadata
}

#[test]
fn a_message_whose_members_shadow_metadata_names_does_no_harm() {
    let planted = json!({"DequeueCount": 99, "id": "planted", "POPRECEIPT": {"a": 1}, "InsertionTime": "1999-01-01T00:00:00Z", "sys": "x", "order": "y", "Data": 1});
    let message = queue(&message(&planted.to_string(), &mixed(planted.as_object().unwrap())));
    assert_eq!(message.json::<Value>().unwrap(), planted);
    assert_eq!((message.dequeue_count(), message.id(), message.pop_receipt(), message.inserted_at()), (None, None, None, None));
    // What it does not hide is still known.
    assert!(message.expires_at().is_some() && message.next_visible_at().is_some());
}

#[test]
fn a_message_that_only_the_hosts_parser_takes_for_json_does_no_harm() {
    for text in
        ["{'DequeueCount': 99}", "\u{feff} {\"DequeueCount\": 99}", "/* */ {\"DequeueCount\": 99}", "{\"DequeueCount\": 99,}"]
    {
        let planted = json!({"DequeueCount": 99});
        assert_eq!(queue(&message(text, &mixed(planted.as_object().unwrap()))).dequeue_count(), None, "{text}");
    }
}

#[test]
fn a_deeply_nested_message_is_a_message() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        "{{\"Data\":{{\"order\":{}}},\"Metadata\":{deep}}}",
        serde_json::to_string(&serde_json::to_string(&deep).unwrap()).unwrap()
    );
    let message = queue(&body);
    assert_eq!(message.text(), deep);
    assert!(message.json::<Value>().is_err());
    assert_eq!(message.dequeue_count(), None);
}

#[test]
fn a_deeply_nested_envelope_is_refused() {
    let deep = format!("{{\"Data\":{}", "{\"a\":".repeat(100_000));
    assert!(matches!(Envelope::decode(deep.as_bytes(), Invocation::default()), Err(DecodeError::Envelope(_))));
}

#[test]
fn what_the_host_would_not_say_in_a_header_is_not_believed() {
    let mut headers = HeaderMap::new();
    headers.insert("x-azure-functions-invocationid", "x".repeat(10_000).parse().unwrap());
    headers.insert("x-azure-functions-hostversion", axum::http::HeaderValue::from_bytes(b"\xff").unwrap());
    let invocation = Invocation::new("/a", &headers);
    assert_eq!((invocation.id(), invocation.host_version()), (None, None));
}

#[test]
fn of_several_ids_the_hosts_is_the_last() {
    for told in [vec!["forged", "real"], vec!["forged, real"], vec![" real "]] {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append("x-azure-functions-invocationid", value.parse().unwrap());
        }
        assert_eq!(Invocation::new("/a", &headers).id(), Some("real"));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Data",
        "Metadata",
        "order",
        "Url",
        "Method",
        "Headers",
        "Params",
        "Identities",
        "Claims",
        "Type",
        "Value",
        "Body",
        "Schedule",
        "ScheduleStatus",
        "Last",
        "Next",
        "IsPastDue",
        "RetryContext",
        "RetryCount",
        "DequeueCount",
        "Id",
        "InsertionTime",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "\"",
            "\"\"",
            "\"\\ud800\"",
            "https://e.org/a?b",
            "GET",
            "{",
            "[]",
            "9999-12-31T23:59:59Z",
            "-009999-01-01T00:00:00",
            "True"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

/// Everything that can be asked of a body.
fn ask_all(body: &[u8]) {
    let Ok(envelope) = Envelope::decode(body, Invocation::default()) else { return };
    let _ = envelope.input::<Value>("order");
    if let Ok(timer) = envelope.clone().timer("order") {
        let _ = format!("{timer:?}");
    }
    if let Ok(message) = envelope.clone().queue("order") {
        let _ = (message.json::<Value>(), message.bytes(), message.id(), message.dequeue_count(), message.pop_receipt());
        let _ = (message.inserted_at(), message.expires_at(), message.next_visible_at(), format!("{message:?}"));
    }
    if let Ok(request) = envelope.clone().http("order") {
        let _ = (request.identities.access_level(), format!("{request:?}"));
        let _ = request.into_request();
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        ask_all(&body);
    }

    #[test]
    fn no_envelope_makes_a_panic(trigger in any_json(), metadata in any_json()) {
        ask_all(json!({"Data": {"order": trigger}, "Metadata": metadata}).to_string().as_bytes());
    }

    #[test]
    fn every_text_arrives_as_it_was_sent(text in any::<String>()) {
        let message = queue(&message(&text, &json!({})));
        prop_assert_eq!(message.text(), text.as_str());
    }

    #[test]
    fn a_text_without_quotes_around_it_arrives_in_the_other_encoding_too(text in "[^\"](?s:.)*|") {
        let body = json!({"Data": {"order": text}}).to_string();
        let message = queue(&body);
        prop_assert_eq!(message.text(), text.as_str());
    }

    #[test]
    fn no_member_of_a_message_is_taken_for_what_the_host_says(members in prop::collection::btree_map("(?i:id|dequeuecount|popreceipt|insertiontime)", any_json(), 0..4)) {
        let members: Map<String, Value> = members.into_iter().collect();
        let message = queue(&message(&Value::Object(members.clone()).to_string(), &mixed(&members)));
        prop_assert!(message.id().is_none_or(|id| id == "real"));
        prop_assert!(message.pop_receipt().is_none_or(|receipt| receipt == "real"));
        prop_assert!(message.dequeue_count().is_none_or(|count| count == 3));
        prop_assert!(message.inserted_at().is_none_or(|at| at.to_string() == "2026-03-02T04:11:58Z"));
    }
}
