//! What a story can do to Cherwell, and what a client sees of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHANGE, INCIDENT, client, needed, password, system, token};
use crate::desk::{Desk, Edit, Kind, Phase, Trouble};

#[tokio::test]
async fn a_person_files_and_edits_and_the_last_modification_moves() {
    let system = system().await;
    let client = client(&system).await;
    let id = Desk::file(&system, Kind::Incident, "Printer on fire");
    let stamp = async || client.read(INCIDENT, &id).await["LastModifiedDateTime"].clone();
    let mut last = stamp().await;
    for edit in [
        Edit::Title("Printer still on fire".to_owned()),
        Edit::Field("Priority".to_owned(), "1".to_owned()),
        Edit::Assign("Eva Novak".to_owned()),
        Edit::Note("Called the fire brigade".to_owned()),
        Edit::Resolve,
        Edit::Reopen,
        Edit::Close,
    ] {
        Desk::advance(&system, Duration::from_secs(60));
        system.edit(Kind::Incident, &id, &edit);
        let now = stamp().await;
        assert_ne!(now, last, "{edit:?}");
        last = now;
        let phase = system.all(Kind::Incident)[0].phase;
        let expected = match edit {
            Edit::Resolve => Phase::Resolved,
            Edit::Close => Phase::Closed,
            _ => Phase::Open,
        };
        assert_eq!(phase, expected, "{edit:?}");
    }
    let record = client.read(INCIDENT, &id).await;
    let seen = system.all(Kind::Incident).remove(0);
    assert_eq!((seen.fields.clone(), seen.id.as_str(), &seen.number), (record.clone(), id.as_str(), &record["IncidentID"]));
    assert_eq!(
        (seen.title.as_str(), seen.notes, record["OwnedBy"].as_str()),
        ("Printer still on fire", vec!["Called the fire brigade".to_owned()], "Eva Novak")
    );
    assert_eq!(
        (record["LastModBy"].as_str(), record["CreatedBy"].as_str(), seen.state.as_str()),
        ("Ana Reyes", "Ana Reyes", "Closed")
    );
    let change = Desk::file(&system, Kind::ChangeRequest, "New printer");
    assert_eq!(client.read(CHANGE, &change).await["Title"], "New printer");
    system.remove(Kind::Incident, &id);
    assert_eq!((system.all(Kind::Incident).len(), system.all(Kind::ChangeRequest).len()), (0, 1));
}

#[tokio::test]
async fn a_story_sees_the_key_and_the_computers() {
    let system = system().await;
    let client = client(&system).await;
    let first = system.add_computer("db77");
    let id = client.create(&system, &[("ExternalID", "key-1"), ("ConfigItemRecID", &first)]).await;
    let seen = system.all(Kind::Incident).remove(0);
    assert_eq!((seen.id, seen.key.as_str(), seen.computers), (id, "key-1", vec!["db77".to_owned()]));
    assert_eq!(system.computers(), ["web01", "web02", "web03", "sql01", "sql02", "build01", "db77"]);
}

#[tokio::test]
async fn every_trouble_strikes_and_ends() {
    let system = system().await;
    let client = client(&system).await;
    let customer = system.records("Customer")[0]["RecID"].clone();
    let create = json!({"busObId": INCIDENT, "persist": true, "fields": client.items(INCIDENT, &needed(&customer)).await});
    let post = async || client.request("POST", "/api/V1/savebusinessobject").json(&create).send().await;
    let count = || system.all(Kind::Incident).len();

    assert!(!system.strike(&Trouble::RateLimited(Duration::from_secs(60))), "Cherwell has no limit on calls");
    assert!(system.strike(&Trouble::Down));
    assert_eq!(client.get("/api/V1/serviceinfo").await, (503, Value::Null));
    system.calm();
    assert!(system.strike(&Trouble::LoginPage));
    assert_eq!(client.get("/api/V1/getteams").await, (200, Value::Null));
    system.calm();
    assert!(system.strike(&Trouble::CreateLost));
    assert!(post().await.is_err());
    assert_eq!(count(), 0);
    assert!(system.strike(&Trouble::CreateAnswerLost));
    assert!(post().await.is_err());
    assert_eq!((count(), post().await.unwrap().status().as_u16(), count()), (1, 200, 2));
    assert!(system.strike(&Trouble::CreateRefused("Not on a Sunday".to_owned())));
    let refused: Value = post().await.unwrap().json().await.unwrap();
    assert_eq!((&refused["hasError"], &refused["fieldValidationErrors"][0]["error"]), (&json!(true), &json!("Not on a Sunday")));
    let id = system.all(Kind::Incident)[0].id.clone();
    assert_eq!(client.save(Some(&id), &[("Priority", "2")]).await.1["hasError"], false, "only creates are refused");
    system.calm();
    assert_eq!(post().await.unwrap().status(), 200);
    assert!(system.strike(&Trouble::HalfPage));
    let search = json!({"busObId": INCIDENT});
    assert_eq!(client.post("getsearchresults", search.clone()).await, (200, Value::Null));
    assert_eq!(client.post("getsearchresults", search).await.1["totalRows"], 3);
    assert!(system.strike(&Trouble::TokensExpired));
    assert_eq!((client.get("/api/V1/getteams").await.0, token(&system.url(), "", &password("itsm", "p")).await.0), (401, 200));
    assert!(system.strike(&Trouble::CredentialsRefused));
    assert_eq!(token(&system.url(), "", &password("itsm", "p")).await.0, 400);
    system.calm();
    assert_eq!(token(&system.url(), "", &password("itsm", "p")).await.0, 200);
    assert_eq!(Desk::requests(&system), system.requests().len() as u64);
}
