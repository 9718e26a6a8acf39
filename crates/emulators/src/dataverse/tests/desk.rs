//! The desk that every tool's stories are told at.

use std::time::Duration;

use serde_json::json;

use super::{CHOSEN, Client, client, environment, options};
use crate::{
    dataverse::{Dataverse, Options, Seed},
    desk::{Desk, Edit, Kind, Phase, Trouble},
};

async fn itsm() -> Dataverse {
    Dataverse::start_with(Options { itsm: Some("abc".into()), ..options() }).await
}

#[tokio::test]
async fn people_file_edit_resolve_and_reopen_incidents_of_either_kind_of_table() {
    for environment in [environment().await, itsm().await] {
        let id = environment.file(Kind::Incident, "Printer on fire");
        environment.advance(Duration::from_secs(5));
        for edit in [
            Edit::Title("Printer out".into()),
            Edit::Note("It is out.".into()),
            Edit::Assign("Service Desk".into()),
            Edit::Resolve,
        ] {
            environment.edit(Kind::Incident, &id, &edit);
        }
        let seen = &environment.all(Kind::Incident)[0];
        assert_eq!((seen.id.as_str(), seen.title.as_str(), seen.phase), (id.as_str(), "Printer out", Phase::Resolved));
        assert_eq!(
            (seen.notes.as_slice(), seen.fields["modifiedon"].as_str()),
            (["It is out.".to_owned()].as_slice(), "2026-09-01T10:00:05Z")
        );
        assert!(!seen.number.is_empty());
        let client = client(&environment).await;
        let owner = &seen.fields["ownerid"];
        assert_eq!(client.get(&format!("teams({owner})")).await.body["name"], "Service Desk");
        for (edit, phase) in [(Edit::Reopen, Phase::Open), (Edit::Close, Phase::Closed)] {
            environment.edit(Kind::Incident, &id, &edit);
            assert_eq!(environment.all(Kind::Incident)[0].phase, phase);
        }
        environment.remove(Kind::Incident, &id);
        assert_eq!(environment.all(Kind::Incident), []);
    }
}

#[tokio::test]
async fn keys_and_computers_that_an_integration_leaves_are_seen() {
    let environment = itsm().await;
    let client = client(&environment).await;
    let computer = environment.add_computer("db09");
    assert_eq!(environment.computers().len(), 7);
    let bind = format!("/abc_configurationitems({computer})");
    let body = json!({"abc_title": "x", "abc_externalid": "key-1", "abc_ConfigurationItemId@odata.bind": bind});
    assert_eq!(client.send("PATCH", &format!("abc_incidents({CHOSEN})"), body).await.status, 204);
    let seen = &environment.all(Kind::Incident)[0];
    assert_eq!(
        (seen.key.as_str(), seen.computers.as_slice(), seen.state.as_str()),
        ("key-1", ["db09".to_owned()].as_slice(), "New")
    );
}

async fn post(client: &Client) -> Option<u16> {
    let body = json!({"abc_title": "x"});
    client.request("POST", "abc_incidents").json(&body).send().await.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn every_trouble_strikes_and_ends() {
    let environment = itsm().await;
    let count = || environment.all(Kind::Incident).len();
    let first = client(&environment).await;
    for (trouble, status, left) in [
        (Trouble::Down, Some(503), 0),
        (Trouble::LoginPage, Some(200), 0),
        (Trouble::TokensExpired, Some(401), 0),
        (Trouble::CredentialsRefused, Some(401), 0),
        (Trouble::RateLimited(Duration::from_secs(90)), Some(429), 0),
        (Trouble::CreateLost, None, 0),
        (Trouble::CreateRefused("No service.".into()), Some(400), 0),
        (Trouble::CreateAnswerLost, None, 1),
    ] {
        let client = client(&environment).await;
        assert!(environment.strike(&trouble), "{trouble:?}");
        assert_eq!((post(&client).await, count()), (status, left), "{trouble:?}");
        environment.calm();
    }
    assert_eq!(first.get("WhoAmI").await.status, 401, "old tokens stay worthless");
    assert!(environment.strike(&Trouble::HalfPage));
    let client = client(&environment).await;
    assert_eq!(client.get("abc_incidents").await.body, json!(null));
    assert_eq!(client.get("abc_incidents").await.rows().len(), 1);
    assert_eq!(post(&client).await, Some(204));
}

#[tokio::test]
async fn seeded_work_items_are_spread_over_120_days_and_were_changed_at_various_times() {
    let seed = Seed { incidents: 300, change_requests: 40, computers: 3 };
    let environment = Dataverse::start_with(Options { itsm: Some("abc".into()), seed, ..options() }).await;
    let (incidents, changes) = (environment.all(Kind::Incident), environment.all(Kind::ChangeRequest));
    assert_eq!((incidents.len(), changes.len(), environment.computers().len()), (300, 40, 9));
    let dates: std::collections::BTreeSet<&str> = incidents.iter().map(|seen| seen.fields["modifiedon"].as_str()).collect();
    assert!(dates.len() > 250 && *dates.last().unwrap() <= "2026-09-01T10:00:00Z", "{}", dates.len());
    assert_eq!(incidents[0].fields["createdon"], "2026-05-04T10:00:00Z");
    assert!(incidents.iter().any(|seen| seen.phase == Phase::Open) && incidents.iter().any(|seen| seen.phase == Phase::Resolved));
    assert!(incidents.iter().all(|seen| seen.computers.len() == 1));
}

#[tokio::test]
async fn the_stock_tables_have_no_changes_and_no_computers() {
    let environment = environment().await;
    assert_eq!((environment.file(Kind::ChangeRequest, "x").as_str(), environment.all(Kind::ChangeRequest).len()), ("", 0));
    assert_eq!((environment.add_computer("x").as_str(), environment.computers().len()), ("", 0));
}
