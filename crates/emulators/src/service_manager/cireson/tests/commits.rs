//! Commits: what is written, what is refused, and that the status says nothing about it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{client, client_as, portal, still};
use crate::{
    desk::{Desk, Edit, Kind, Phase},
    service_manager::{
        cireson::{Cireson, Effect, Fault, Options, TakenId, faults::CREATE},
        model::ids,
    },
};

fn changed(read: &Value, name: &str, value: Value) -> Value {
    let mut current = read.clone();
    current[name] = value;
    current
}

#[tokio::test]
async fn what_differs_from_the_original_is_written_and_moves_last_modified() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("old").await;
    portal.advance(Duration::from_secs(60));
    let mut current = changed(&read, "Title", json!("new"));
    current["Impact"] = json!({"Id": ids::IMPACT_HIGH, "Name": "any text"});
    current["Priority"] = json!(1);
    current["NotAProperty"] = json!("x");
    let done = client.commit(&current, &read).await;
    assert_eq!(done, json!({"BaseId": read["BaseId"], "success": true}));
    let now = client.read("IR1001").await;
    assert_eq!((&now["Title"], &now["Impact"]["Name"]), (&json!("new"), &json!("High")));
    assert_eq!(now["Priority"], 3, "computed, whatever was sent");
    assert_eq!(now["LastModified"], "2026-09-01T10:01:00Z");
    assert_eq!((now.get("NotAProperty"), &now["CreatedDate"]), (None, &read["CreatedDate"]));
}

#[tokio::test]
async fn a_stale_form_is_refused_with_200_unless_the_check_is_off() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    portal.advance(Duration::from_secs(1));
    portal.edit(Kind::Incident, "IR1001", &Edit::Field("Urgency".to_owned(), "High".to_owned()));
    let current = changed(&read, "Title", json!("mine"));
    let refused = client.commit(&current, &read).await;
    assert_eq!(refused["success"], false);
    assert!(refused["exception"].as_str().unwrap().contains("stale"));
    assert_eq!(client.read("IR1001").await["Title"], "x");
    let form = json!({"formJson": {"isDirty": true, "current": current, "original": read}});
    let done = client.post("Projection/Commit?runConcurrencyCheck=False", &form).await;
    assert_eq!(done["success"], true);
    let now = client.read("IR1001").await;
    assert_eq!((&now["Title"], &now["Urgency"]["Name"]), (&json!("mine"), &json!("High")), "only what the form changed");
}

#[tokio::test]
async fn a_workflow_can_touch_a_new_incident_before_the_next_commit() {
    let portal = portal().await;
    let client = client(&portal).await;
    portal.faults().add(Fault::new(Effect::WorkflowTouches).path(CREATE).times(1));
    let mut draft = client.draft().await;
    draft["Title"] = json!("x");
    let done = client.commit(&draft, &Value::Null).await;
    let mut original = client.read(done["BaseId"].as_str().unwrap()).await;
    // What the client believes the object to be after its own commit.
    original["LastModified"] = json!("2026-09-01T10:00:00Z");
    let current = changed(&original, "Title", json!("y"));
    assert_eq!(client.commit(&current, &original).await["success"], false);
    let fresh = client.read("IR1001").await;
    assert_eq!(client.commit(&changed(&fresh, "Title", json!("y")), &fresh).await["success"], true);
}

#[tokio::test]
async fn what_the_server_refuses_is_200_with_success_false() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    let nil = "11111111-1111-1111-1111-111111111111";
    for (name, value, words) in [
        ("Title", json!("x".repeat(201)), "longer than 200"),
        ("Impact", json!({"Id": ids::URGENCY_HIGH}), "not a value of the list"),
        ("Impact", json!({"Id": "high"}), "wrong type"),
        ("Impact", json!("High"), "wrong type"),
        ("CreatedDate", json!("yesterday"), "wrong type"),
        ("RelatesToConfigItem", json!([{"BaseId": nil}]), "does not exist"),
        ("AnalystComments", json!([{"Comment": "x".repeat(4001)}]), "longer than 4000"),
    ] {
        let answer = client.commit(&changed(&read, name, value), &read).await;
        assert_eq!(answer["success"], false, "{name}");
        assert!(answer["exception"].as_str().unwrap().contains(words), "{answer}");
    }
    assert_eq!(client.read("IR1001").await, read, "nothing was written");
    let no_class = client.commit(&json!({"BaseId": null, "Title": "x"}), &Value::Null).await;
    assert_eq!(no_class["success"], false);
    let body = json!({"current": {}});
    assert_eq!(client.text(client.request("POST", "Projection/Commit").json(&body)).await.0, 500, "without formJson");
}

#[tokio::test]
async fn list_values_can_be_emptied_and_texts_of_values_are_taken_as_the_published_client_sends_them() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    let mut current = changed(&read, "Impact", json!({"Id": null, "Name": ""}));
    current["Escalated"] = json!("True");
    current["FirstResponseDate"] = json!("9/1/2026 10:00:00 AM");
    assert_eq!(client.commit(&current, &read).await["success"], true);
    let now = client.read("IR1001").await;
    assert_eq!((&now["Impact"]["Id"], &now["Priority"], &now["Escalated"]), (&Value::Null, &Value::Null, &json!(true)));
    assert_eq!(now["FirstResponseDate"], "2026-09-01T10:00:00Z");
}

#[tokio::test]
async fn relations_are_added_and_taken_away_and_leave_last_modified_alone() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    let web01 = portal.look(|group| group.computers_named("web01")[0].base_id);
    portal.advance(Duration::from_secs(5));
    let mut current = changed(&read, "AboutConfigItem", json!([{"BaseId": web01}]));
    current["AnalystComments"] = json!([{"Comment": "seen", "IsPrivate": true}]);
    current["RequestedWorkItem"] = json!({"BaseId": client.me().await});
    assert_eq!(client.commit(&current, &read).await["success"], true);
    let now = client.read("IR1001").await;
    assert_eq!(now["AboutConfigItem"][0]["DisplayName"], "web01.contoso.com");
    assert_eq!((&now["AnalystComments"][0]["Comment"], &now["AnalystComments"][0]["IsPrivate"]), (&json!("seen"), &json!(true)));
    assert_eq!(now["AnalystComments"][0]["EnteredBy"], "CONTOSO\\svc-itsm");
    assert_eq!(now["RequestedWorkItem"]["DisplayName"], "ITSM Integration");
    assert_eq!(now["LastModified"], read["LastModified"]);
    let mut current = changed(&now, "AboutConfigItem", json!([]));
    current["RequestedWorkItem"] = Value::Null;
    assert_eq!(client.commit(&current, &now).await["success"], true);
    let last = client.read("IR1001").await;
    assert_eq!((&last["AboutConfigItem"], last.get("RequestedWorkItem")), (&json!([]), None), "nobody is no member");
    assert_eq!(last["AnalystComments"].as_array().unwrap().len(), 1, "an entry that was read is not written again");
}

#[tokio::test]
async fn an_alias_that_the_projection_does_not_have_is_silently_not_written() {
    let portal = Cireson::start_with(Options { about_config_item: false, ..still() }).await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    assert_eq!(read.get("AboutConfigItem"), None);
    let web01 = portal.look(|group| group.computers_named("web01")[0].base_id);
    let done = client.commit(&changed(&read, "AboutConfigItem", json!([{"BaseId": web01}])), &read).await;
    assert_eq!((&done["success"], portal.all(Kind::Incident)[0].computers.len()), (&json!(true), 0));
    let done = client.commit(&changed(&read, "RelatesToConfigItem", json!([{"BaseId": web01}])), &read).await;
    assert_eq!((&done["success"], portal.all(Kind::Incident)[0].computers.len()), (&json!(true), 1));
}

#[tokio::test]
async fn the_same_new_id_twice_is_refused_or_written_over() {
    for (taken_id, success) in [(TakenId::Refused, false), (TakenId::Overwritten, true)] {
        let options = Options { taken_id, new_base_id: super::super::NewBaseId::Null, ..still() };
        let portal = Cireson::start_with(options).await;
        let client = client(&portal).await;
        let mut draft = client.draft().await;
        draft["Title"] = json!("first");
        assert_eq!(client.commit(&draft, &Value::Null).await["success"], true);
        draft["Title"] = json!("second");
        assert_eq!(client.commit(&draft, &Value::Null).await["success"], success);
        let all = portal.all(Kind::Incident);
        assert_eq!((all.len(), all[0].title == "second"), (1, success));
    }
}

#[tokio::test]
async fn closed_incidents_are_the_administrators_alone() {
    let portal = portal().await;
    let integration = client(&portal).await;
    integration.incident("x").await;
    portal.edit(Kind::Incident, "IR1001", &Edit::Close);
    let read = integration.read("IR1001").await;
    let current = changed(&read, "Title", json!("y"));
    let refused = integration.commit(&current, &read).await;
    assert_eq!(refused["success"], false);
    assert!(refused["exception"].as_str().unwrap().contains("closed"));
    let administrator = client_as(&portal, "scsm.admin", "admin", "ENU").await;
    assert_eq!(administrator.commit(&current, &read).await["success"], true);
}

#[tokio::test]
async fn resolving_is_setting_the_status_and_nothing_comes_by_itself() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    let current = changed(&read, "Status", json!({"Id": ids::RESOLVED}));
    assert_eq!(client.commit(&current, &read).await["success"], true);
    let seen = &portal.all(Kind::Incident)[0];
    assert_eq!((seen.phase, seen.fields["ResolvedDate"].as_str()), (Phase::Resolved, ""));
}

#[tokio::test]
async fn a_form_of_an_object_that_was_groomed_makes_no_new_one() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    portal.remove(Kind::Incident, "IR1001");
    let deleted = client.commit(&changed(&read, "Title", json!("y")), &Value::Null).await;
    assert_eq!(deleted["success"], false, "marked as deleted");
    portal.administer(crate::service_manager::model::ManagementGroup::groom);
    let gone = client.commit(&changed(&read, "Title", json!("y")), &read).await;
    assert_eq!((&gone["success"], portal.all(Kind::Incident).len()), (&json!(false), 0));
}

#[tokio::test]
async fn an_untouched_form_is_not_saved() {
    let portal = portal().await;
    let client = client(&portal).await;
    let read = client.incident("x").await;
    portal.advance(Duration::from_secs(9));
    let form = json!({"formJson": {"isDirty": false, "current": changed(&read, "Title", json!("y")), "original": read}});
    assert_eq!(client.post("Projection/Commit", &form).await["success"], true);
    assert_eq!(client.read("IR1001").await, read);
}

#[tokio::test]
async fn a_computer_can_be_made_once() {
    let portal = portal().await;
    let client = client(&portal).await;
    let computer = json!({"ClassTypeId": ids::COMPUTER, "BaseId": null, "PrincipalName": "app07.contoso.com"});
    let made = client.commit(&computer, &Value::Null).await;
    assert_eq!(made["success"], true, "{made}");
    assert!(portal.computers().contains(&"app07.contoso.com".to_owned()));
    let again = client.commit(&computer, &Value::Null).await;
    assert!(again["exception"].as_str().unwrap().contains("exists already"), "{again}");
    let nameless = client.commit(&json!({"ClassTypeId": ids::COMPUTER}), &Value::Null).await;
    assert_eq!(nameless["success"], false);
}
