//! Troubles, and people at the console.

use serde_json::{Value, json};

use super::{client, generic, portal, query};
use crate::desk::{Desk, Edit, Kind, Phase, Trouble};

#[tokio::test]
async fn people_change_what_they_see_and_the_client_sees_it() {
    let portal = portal().await;
    let client = client(&portal).await;
    let id = portal.file(Kind::Incident, "Printer on fire");
    portal.edit(Kind::Incident, &id, &Edit::Assign("Beth Anglin".to_owned()));
    portal.edit(Kind::Incident, &id, &Edit::Note("looking".to_owned()));
    portal.edit(Kind::Incident, &id, &Edit::Resolve);
    let read = client.read(&id).await;
    assert_eq!((&read["AssignedWorkItem"]["DisplayName"], &read["Status"]["Name"]), (&json!("Beth Anglin"), &json!("Resolved")));
    assert_eq!(
        (&read["AnalystComments"][0]["Comment"], &read["CreatedWorkItem"]["UserName"]),
        (&json!("looking"), &json!("beth.anglin"))
    );
    assert_eq!(portal.all(Kind::Incident)[0].phase, Phase::Resolved);
}

#[tokio::test]
async fn a_broken_connection_before_a_create_leaves_nothing_and_one_after_it_leaves_the_incident() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("first").await;
    for (trouble, count) in [(Trouble::CreateLost, 1), (Trouble::CreateAnswerLost, 2)] {
        assert!(portal.strike(&trouble));
        let mut changed = read.clone();
        changed["Title"] = json!(format!("{trouble:?}"));
        assert_eq!(client.commit(&changed, &Value::Null).await["success"], true, "a change is no create");
        let mut draft = client.draft().await;
        draft["Title"] = json!("x");
        let form = json!({"formJson": {"isDirty": true, "current": draft, "original": null}});
        let sent = client.request("POST", "Projection/Commit").json(&form).send().await;
        assert!(sent.is_err(), "the connection is closed without an answer");
        assert_eq!(portal.all(Kind::Incident).len(), count);
    }
}

#[tokio::test]
async fn creates_can_be_refused_in_words_until_it_is_calm() {
    let portal = portal().await;
    let client = client(&portal).await;
    assert!(portal.strike(&Trouble::CreateRefused("Support group is required".to_owned())));
    let mut draft = client.draft().await;
    draft["Title"] = json!("x");
    let refused = client.commit(&draft, &Value::Null).await;
    assert_eq!(refused, json!({"success": false, "exception": "Support group is required"}));
    portal.calm();
    assert_eq!(client.commit(&draft, &Value::Null).await["success"], true);
}

#[tokio::test]
async fn pages_tokens_and_credentials_go_wrong_as_at_a_portal() {
    let portal = portal().await;
    let client = client(&portal).await;
    client.incident("x").await;
    let all = query(&generic("LastModified", "Greater", "2026-01-01T00:00:00Z"));
    let ask = || client.text(client.request("POST", "Projection/GetProjectionByCriteria").json(&all));
    portal.strike(&Trouble::HalfPage);
    let (status, text) = ask().await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&text).is_err() && text.starts_with('['), "{text}");
    assert!(serde_json::from_str::<Value>(&ask().await.1).is_ok(), "the next is whole");
    for (trouble, status, words) in [
        (Trouble::Down, 503, "Service Unavailable"),
        (Trouble::LoginPage, 200, "loginForm"),
        (Trouble::CredentialsRefused, 401, "denied"),
    ] {
        assert!(portal.strike(&trouble));
        let (found, text) = ask().await;
        assert_eq!(found, status, "{trouble:?}");
        assert!(text.contains(words), "{text}");
        portal.calm();
    }
    assert_eq!(ask().await.0, 200);
    portal.strike(&Trouble::TokensExpired);
    assert_eq!(ask().await.0, 401);
    super::client(&portal).await.get("User/GetUserList").await;
    assert!(!portal.strike(&Trouble::RateLimited(std::time::Duration::from_secs(9))), "a portal counts nobody's calls");
}
