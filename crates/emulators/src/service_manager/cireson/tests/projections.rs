//! Objects as they are shown, before and after they are in the database.

use serde_json::{Value, json};

use super::{client, portal, property, query, still};
use crate::{
    desk::{Desk, Kind},
    service_manager::{
        cireson::{Cireson, Missing, NewBaseId, Options},
        model::ids,
    },
};

#[tokio::test]
async fn every_projection_from_a_template_uses_up_a_number() {
    let portal = portal().await;
    let client = client(&portal).await;
    let (first, second) = (client.draft().await, client.draft().await);
    assert_eq!((&first["Id"], &second["Id"]), (&json!("IR1001"), &json!("IR1002")));
    assert_eq!(portal.all(Kind::Incident), [], "nothing is in the database yet");
    assert_eq!(first["ClassTypeId"], json!(ids::INCIDENT));
    assert_eq!(first["Status"], json!({"Id": ids::ACTIVE, "Name": "Active"}));
    assert_eq!(first["Impact"], json!({"Id": ids::IMPACT_LOW, "Name": "Low"}));
    assert_eq!(first["Classification"], json!({"Id": null, "Name": ""}), "an empty list value has no id");
    assert_eq!((&first["Title"], &first["TimeAdded"]), (&Value::Null, &json!("0001-01-01T00:00:00")));
    assert_eq!(first["CreatedWorkItem"]["DisplayName"], "ITSM Integration");
}

#[tokio::test]
async fn a_new_projection_may_have_a_guid_that_its_object_keeps_or_none() {
    for (new_base_id, has) in [(NewBaseId::Reserved, true), (NewBaseId::Null, false)] {
        let portal = Cireson::start_with(Options { new_base_id, ..still() }).await;
        let client = client(&portal).await;
        let mut draft = client.draft().await;
        assert_eq!(draft["BaseId"].is_string(), has);
        draft["Title"] = json!("x");
        // The published client sends what it got from the template as the original.
        let done = client.commit(&draft, &client.draft().await).await;
        assert_eq!(done["success"], true, "{done}");
        assert!(done["BaseId"].is_string());
        assert_eq!(has, done["BaseId"] == draft["BaseId"]);
        assert_eq!(client.read(done["BaseId"].as_str().unwrap()).await["Id"], draft["Id"]);
    }
}

#[tokio::test]
async fn an_unknown_template_is_a_500_with_a_text() {
    let portal = portal().await;
    let client = client(&portal).await;
    let nil = "00000000-0000-0000-0000-000000000000";
    let request = client.request("GET", &format!("Projection/CreateProjectionByTemplate?id={nil}&createdById={nil}"));
    let (status, text) = client.text(request).await;
    assert_eq!(status, 500);
    assert!(!text.starts_with('{') && text.contains("template"), "{text}");
}

#[tokio::test]
async fn an_object_is_found_by_its_id_and_by_its_guid() {
    let portal = portal().await;
    let client = client(&portal).await;
    let incident = client.incident("CPU over 90% on web01").await;
    assert_eq!(incident["DisplayName"], "IR1001 - CPU over 90% on web01");
    assert_eq!(incident["FullName"], "System.WorkItem.Incident:IR1001");
    assert_eq!(incident["LastModified"], "2026-09-01T10:00:00Z");
    assert_eq!(incident["Priority"], 9, "computed from low and low");
    assert_eq!(client.read("IR1001").await, incident);
    assert_eq!(client.read(incident["BaseId"].as_str().unwrap()).await, incident);
}

#[tokio::test]
async fn what_is_not_there_is_null_or_a_500() {
    for (missing, expected) in [(Missing::Null, (200, "null")), (Missing::Error, (500, "The object IR9 was not found."))] {
        let portal = Cireson::start_with(Options { missing, ..still() }).await;
        let client = client(&portal).await;
        let path = format!("Projection/GetProjection?id=IR9&typeProjectionId={}", ids::INCIDENT_PROJECTION);
        let (status, text) = client.text(client.request("GET", &path)).await;
        assert_eq!((status, text.as_str()), expected);
    }
}

#[tokio::test]
async fn computers_and_people_are_projections_too() {
    let portal = portal().await;
    let client = client(&portal).await;
    let mut body = query(&property("NetbiosComputerName", "Equal", "web01"));
    body["Id"] = json!(ids::COMPUTER_PROJECTION);
    let found = client.post("Projection/GetProjectionByCriteria", &body).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["PrincipalName"], "web01.contoso.com");
    let by_guid = super::generic("Id", "Equal", found[0]["BaseId"].as_str().unwrap());
    let body = json!({"id": ids::COMPUTER_PROJECTION, "criteria": {"base": {"expression": by_guid}}});
    assert_eq!(client.post("Projection/GetProjectionByCriteria", &body).await, found);
    let mut body = query(&super::generic("DisplayName", "Like", "Beth%"));
    body["Id"] = json!(ids::USER_PROJECTION);
    assert_eq!(client.post("Projection/GetProjectionByCriteria", &body).await[0]["UserName"], "beth.anglin");
}

#[tokio::test]
async fn a_deleted_object_is_shown_with_its_status_where_the_portal_shows_them() {
    for shows_deleted in [true, false] {
        let portal = Cireson::start_with(Options { shows_deleted, ..still() }).await;
        let client = client(&portal).await;
        client.incident("x").await;
        portal.remove(Kind::Incident, "IR1001");
        let read = client.read("IR1001").await;
        assert_eq!(read["ObjectStatus"]["Id"] == json!(ids::OBJECT_PENDING_DELETE), shows_deleted, "{read}");
        let active = property("ObjectStatus", "Equal", &ids::OBJECT_ACTIVE.to_string());
        assert_eq!(client.find(&active).await, [""; 0]);
    }
}
