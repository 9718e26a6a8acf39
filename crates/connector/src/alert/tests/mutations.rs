//! Whatever arrives: no panic, and an object is always an alert with a title, a body and keys.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fixtures::{names, payload, received_at};
use crate::alert::{Alert, NotAnAlert};
use crate::route::Per;

fn check(alert: &Alert) {
    assert!(
        !alert.title.trim().is_empty() && !alert.title.contains('\n') && alert.title.chars().count() <= 200,
        "{:?}",
        alert.title
    );
    assert!(!alert.body.trim().is_empty());
    for key in [&alert.idempotency_key, &alert.correlation_key, &alert.rule_key] {
        assert!(key.len() == 32 && key.chars().all(|c| c.is_ascii_hexdigit()), "{key}");
    }
    for per in [Per::Alert, Per::Rule, Per::Ci, Per::Row] {
        assert!(!alert.parts(per).is_empty());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("<p>[{")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place in a payload, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| places(value, &step(key), found)),
        Value::Array(items) => items.iter().enumerate().for_each(|(key, value)| places(value, &step(&key.to_string()), found)),
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

fn remove(value: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => items.retain(|_| false),
        _ => {}
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(alert) = Alert::from_json(&body, received_at()) {
            check(&alert);
        }
    }

    #[test]
    fn arbitrary_objects_are_alerts(value in any_json()) {
        match Alert::from_json(value.to_string().as_bytes(), received_at()) {
            Ok(alert) => check(&alert),
            Err(error) => prop_assert!(!value.is_object() && error == NotAnAlert::NotAnObject),
        }
    }

    #[test]
    fn damaged_fixtures_are_alerts(
        name in prop::sample::select(names()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any_json())), 1..12),
    ) {
        let mut value = payload(&name);
        for (place, replacement) in damage {
            let mut found = Vec::new();
            places(&value, "", &mut found);
            if found.is_empty() {
                break;
            }
            let place = place.get(&found);
            match replacement {
                Some(replacement) => *value.pointer_mut(place).unwrap() = replacement,
                None => remove(&mut value, place),
            }
        }
        check(&Alert::from_json(value.to_string().as_bytes(), received_at()).unwrap());
    }
}

#[test]
fn what_is_not_json_is_refused_with_a_reason() {
    let reason = |body: &[u8]| Alert::from_json(body, received_at()).unwrap_err().to_string();
    assert_eq!(reason(b""), "the body is not JSON: it is empty");
    assert!(reason(br#"{"schemaId": "azure"#).starts_with("the body is not JSON: it ends too early"));
    assert_eq!(reason(b"{\"a\": \"\xff\"}"), "the body is not JSON: it is not UTF-8 at byte 7");
    let deep = format!("{}{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
    assert_eq!(reason(deep.as_bytes()), "the body is not JSON: it is nested more than 127 levels deep");
    assert!(reason(b"<html>").starts_with("the body is not JSON"));
    for other in ["[]", "1", "null", "\"text\""] {
        assert_eq!(reason(other.as_bytes()), NotAnAlert::NotAnObject.to_string());
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    check(&Alert::from_json(b"\xef\xbb\xbf{}", received_at()).unwrap());
}

#[test]
fn an_empty_object_is_an_alert() {
    let alert = Alert::from_json(b"{}", received_at()).unwrap();
    check(&alert);
    assert_eq!(alert.title, "Azure Monitor alert");
}

#[test]
fn a_common_alert_without_essentials_still_shows_what_it_holds() {
    let alert =
        Alert::from_json(br#"{"schemaId": "azureMonitorCommonAlertSchema", "data": {"note": "half a payload"}}"#, received_at())
            .unwrap();
    check(&alert);
    assert!(alert.body.contains("half a payload"), "{}", alert.body);
}
