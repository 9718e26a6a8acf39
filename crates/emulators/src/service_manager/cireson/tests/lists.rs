//! Lists, templates and people.

use serde_json::{Value, json};

use super::{client, client_as, portal};
use crate::service_manager::model::ids;

fn texts(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["Text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_one_level_of_a_tree_unless_it_is_flattened() {
    let portal = portal().await;
    let client = client(&portal).await;
    let list = ids::INCIDENT_STATUS;
    let level = client.get(&format!("Enum/GetList?id={list}")).await;
    assert_eq!(texts(&level), ["Active", "Resolved", "Closed"]);
    assert_eq!(level[0]["ID"], json!(ids::ACTIVE));
    assert_eq!((&level[0]["HasChildren"], &level[1]["HasChildren"]), (&json!(true), &json!(false)));
    let whole = client.get(&format!("Enum/GetList?id={list}&Flatten=true")).await;
    assert_eq!(texts(&whole), ["Active", "Pending", "Resolved", "Closed"]);
}

#[tokio::test]
async fn a_flat_list_begins_with_nothing_and_has_no_ordinals() {
    let portal = portal().await;
    let client = client(&portal).await;
    let list = ids::INCIDENT_STATUS;
    let flat = client.get(&format!("Enum/GetFlatList?id={list}&itemFilter=")).await;
    assert_eq!(texts(&flat), ["", "Active", "Pending", "Resolved", "Closed"]);
    assert_eq!(flat[0]["Id"], "00000000-0000-0000-0000-000000000000");
    assert!(flat.as_array().unwrap().iter().all(|item| item["Ordinal"].is_null()));
    let filtered = client.get(&format!("Enum/GetFlatList?id={list}&itemFilter=PEND")).await;
    assert_eq!(texts(&filtered), ["", "Pending"]);
}

#[tokio::test]
async fn labels_are_in_the_language_of_the_sign_in_and_names_are_not() {
    let portal = portal().await;
    let client = client_as(&portal, "svc-itsm", "p", "DEU").await;
    let level = client.get(&format!("Enum/GetList?id={}", ids::IMPACT)).await;
    let high = level.as_array().unwrap().iter().find(|item| item["ID"] == json!(ids::IMPACT_HIGH)).unwrap();
    assert_eq!((&high["Text"], &high["Name"]), (&json!("Hoch"), &json!("System.WorkItem.TroubleTicket.ImpactEnum.High")));
    assert_eq!(client.get(&format!("Enum/GetEnumDisplayName?id={}", ids::IMPACT_HIGH)).await, "Hoch");
}

#[tokio::test]
async fn templates_are_those_of_the_class() {
    let portal = portal().await;
    let client = client(&portal).await;
    let names = |found: Value| -> Vec<String> {
        found.as_array().unwrap().iter().map(|template| template["Name"].as_str().unwrap().to_owned()).collect()
    };
    let incidents = names(client.get(&format!("Template/GetTemplates?classId={}", ids::INCIDENT)).await);
    assert_eq!(
        incidents,
        ["Default Incident Template", "Networking Issue Incident Template", "Hardware Issue Incident Template"]
    );
    let changes = names(client.get(&format!("Template/GetTemplates?classId={}", ids::CHANGE_REQUEST)).await);
    assert_eq!(changes, ["Standard Change Request"]);
}

#[tokio::test]
async fn a_person_is_told_with_rights_and_a_stranger_is_null() {
    let portal = portal().await;
    let client = client(&portal).await;
    let me = client.post("User/IsUserAuthorized?userName=svc-itsm&domain=CONTOSO", &json!(null)).await;
    assert_eq!((&me["Security"]["CanCreateIncident"], &me["Analyst"], &me["IsAdmin"]), (&json!(true), &json!(1), &json!(false)));
    let joe = client.post("User/IsUserAuthorized?userName=joe.employee&domain=CONTOSO", &json!(null)).await;
    assert_eq!(joe["Security"]["CanCreateIncident"], false);
    assert_eq!(client.post("User/IsUserAuthorized?userName=nobody&domain=CONTOSO", &json!(null)).await, Value::Null);
    let queues = client.get(&format!("User/GetUsersTierQueueEnumerations?id={}", me["Id"].as_str().unwrap())).await;
    assert_eq!(texts(&queues), ["Tier 1", "Tier 2", "Tier 3", "Cloud Operations"]);
    let joe = client.get(&format!("User/GetUsersTierQueueEnumerations?id={}", joe["Id"].as_str().unwrap())).await;
    assert_eq!(joe, json!([]));
}

#[tokio::test]
async fn people_are_found_by_a_part_of_their_name() {
    let portal = portal().await;
    let client = client(&portal).await;
    let found = client.get("User/GetUserList?userFilter=ang&filterByAnalyst=True&groupsOnly=False&maxNumberOfResults=5").await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["Name"], "Beth Anglin");
    assert_eq!(client.get("User/GetUserList?userFilter=joe&filterByAnalyst=true").await, json!([]));
    assert_eq!(client.get("User/GetUserList?userFilter=&groupsOnly=true").await, json!([]));
    assert_eq!(client.text(client.request("GET", "User/GetUserList?maxNumberOfResults=many")).await.0, 400);
    assert_eq!(client.get("User/GetUserList?userFilter=&maxNumberOfResults=2").await.as_array().unwrap().len(), 2);
}
