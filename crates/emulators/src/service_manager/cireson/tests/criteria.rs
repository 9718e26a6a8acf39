//! Criteria: what fits, what is refused, and in which words.

use std::time::Duration;

use serde_json::{Value, json};

use super::{client, generic, portal, property, query, still};
use crate::service_manager::{
    cireson::{Cireson, InstantTexts, Options},
    model::ids,
};

fn and(parts: &[Value]) -> Value {
    json!({"And": {"Expression": parts}})
}

/// Three incidents, an hour apart.
async fn three() -> (Cireson, super::Client) {
    let portal = Cireson::start_with(Options { token_life: 100_000, ..still() }).await;
    let client = client(&portal).await;
    for title in ["Disk full on web01", "CPU on web02", "Disk full on sql01"] {
        client.incident(title).await;
        portal.advance(Duration::from_secs(3600));
    }
    (portal, client)
}

#[tokio::test]
async fn every_operator_compares_as_the_database_does() {
    let (_portal, client) = three().await;
    let at = "2026-09-01T11:00:00Z";
    for (expression, expected) in [
        (property("Title", "Equal", "cpu ON web02"), &["IR1002"][..]),
        (property("Title", "NotEqual", "CPU on web02"), &["IR1001", "IR1003"]),
        (property("Title", "Like", "disk%"), &["IR1001", "IR1003"]),
        (property("Title", "Like", "disk"), &[]),
        (property("Id", "Equal", "ir1003"), &["IR1003"]),
        (property("Impact", "Equal", &ids::IMPACT_LOW.to_string()), &["IR1001", "IR1002", "IR1003"]),
        (property("Impact", "NotEqual", &ids::IMPACT_LOW.to_string()), &[]),
        (property("Classification", "NotEqual", &ids::IMPACT_LOW.to_string()), &[]),
        (property("Priority", "GreaterEqual", "9"), &["IR1001", "IR1002", "IR1003"]),
        (property("Priority", "Less", "9"), &[]),
        (generic("LastModified", "Greater", at), &["IR1003"]),
        (generic("LastModified", "GreaterEqual", at), &["IR1002", "IR1003"]),
        (generic("LastModified", "Less", at), &["IR1001"]),
        (generic("LastModified", "LessEqual", at), &["IR1001", "IR1002"]),
        (generic("LastModified", "Equal", at), &["IR1002"]),
        (property("CreatedDate", "Less", "2026-09-01 10:30:00"), &["IR1001"]),
        (generic("DisplayName", "Like", "IR1002 - %"), &["IR1002"]),
        (generic("FullName", "Equal", "System.WorkItem.Incident:IR1001"), &["IR1001"]),
    ] {
        assert_eq!(client.find(&expression).await, expected, "{expression}");
    }
}

#[tokio::test]
async fn the_generic_id_is_the_guid_of_the_object() {
    let (_portal, client) = three().await;
    let base_id = client.read("IR1002").await["BaseId"].as_str().unwrap().to_owned();
    assert_eq!(client.find(&generic("Id", "Equal", &base_id)).await, ["IR1002"]);
    assert_eq!(client.find(&generic("Id", "Equal", "IR1002")).await, [""; 0]);
}

#[tokio::test]
async fn groups_have_two_members_or_more_and_can_be_nested() {
    let (_portal, client) = three().await;
    let disk = property("Title", "Like", "Disk%");
    let late = generic("LastModified", "GreaterEqual", "2026-09-01T11:00:00Z");
    let cpu = property("Title", "Like", "CPU%");
    assert_eq!(client.find(&and(&[disk.clone(), late.clone()])).await, ["IR1003"]);
    let either = json!({"Or": {"Expression": [disk.clone(), cpu]}});
    assert_eq!(client.find(&either).await, ["IR1001", "IR1002", "IR1003"]);
    assert_eq!(client.find(&and(&[either, late])).await, ["IR1002", "IR1003"]);
    for group in [and(std::slice::from_ref(&disk)), and(&[]), json!({"Or": {"Expression": [disk]}})] {
        let (status, text) = client.text(client.request("POST", "Projection/GetProjectionByCriteria").json(&query(&group))).await;
        assert_eq!(status, 500);
        assert!(text.contains("at least two"), "{text}");
    }
}

#[tokio::test]
async fn slices_of_time_meet_without_gap_or_overlap() {
    let (_portal, client) = three().await;
    let mut seen = Vec::new();
    for hour in 9..14 {
        let from = generic("LastModified", "GreaterEqual", &format!("2026-09-01T{hour:02}:00:00.000Z"));
        let to = generic("LastModified", "Less", &format!("2026-09-01T{:02}:00:00.000Z", hour + 1));
        seen.extend(client.find(&and(&[from, to])).await);
    }
    assert_eq!(seen, ["IR1001", "IR1002", "IR1003"]);
}

#[tokio::test]
async fn wrong_criteria_are_a_500_with_a_text_even_when_nothing_could_fit() {
    let portal = portal().await;
    let client = client(&portal).await;
    let elsewhere = json!({"SimpleExpression": {
        "ValueExpressionLeft": {"Property": format!("$Context/Property[Type='{}']/Title$", ids::CHANGE_REQUEST)},
        "Operator": "Equal", "ValueExpressionRight": {"Value": "x"}}});
    for (body, words) in [
        (query(&property("Nothing", "Equal", "x")), "'Nothing' does not exist"),
        (query(&generic("Title", "Equal", "x")), "'Title' does not exist"),
        (query(&property("LastModified", "Equal", "2026-09-01")), "'LastModified' does not exist"),
        (query(&elsewhere), "not part of the type projection"),
        (query(&property("Title", "Equals", "x")), "'Equals'"),
        (query(&property("Status", "Equal", "Active")), "cannot be converted"),
        (query(&property("Status", "Like", "Active")), "Like"),
        (query(&generic("LastModified", "Greater", "yesterday")), "valid DateTime"),
        (query(&json!({})), "incomplete content"),
        (json!({"Id": ids::INCIDENT_PROJECTION}), "Base"),
        (json!({"Id": ids::INCIDENT, "Criteria": {}}), "type projection"),
    ] {
        let (status, text) = client.text(client.request("POST", "Projection/GetProjectionByCriteria").json(&body)).await;
        assert_eq!(status, 500, "{body}");
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_portal_may_take_no_iso_instants_in_criteria() {
    let portal = Cireson::start_with(Options { instants: InstantTexts::WithoutIso, ..still() }).await;
    let client = client(&portal).await;
    client.incident("x").await;
    let iso = query(&generic("LastModified", "GreaterEqual", "2026-09-01T10:00:00Z"));
    let (status, text) = client.text(client.request("POST", "Projection/GetProjectionByCriteria").json(&iso)).await;
    assert_eq!((status, text.as_str()), (500, "String was not recognized as a valid DateTime."));
    for text in ["2026-09-01 10:00:00", "9/1/2026 10:00:00 AM"] {
        assert_eq!(client.find(&generic("LastModified", "GreaterEqual", text)).await, ["IR1001"]);
    }
}

#[tokio::test]
async fn too_many_rows_time_out_where_the_database_is_slow() {
    let portal = Cireson::start_with(Options { row_limit: Some(2), ..still() }).await;
    let client = client(&portal).await;
    for title in ["a", "b"] {
        client.incident(title).await;
    }
    let all = generic("LastModified", "Greater", "2026-01-01T00:00:00Z");
    assert_eq!(client.find(&all).await.len(), 2);
    client.incident("c").await;
    let (status, text) = client.text(client.request("POST", "Projection/GetProjectionByCriteria").json(&query(&all))).await;
    assert_eq!(status, 500);
    assert!(text.contains("Timeout"), "{text}");
}
