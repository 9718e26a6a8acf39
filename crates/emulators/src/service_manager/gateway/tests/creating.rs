//! Exactly one incident for a key.

use serde_json::json;

use super::{client, code, draft, gateway, gateway_with};
use crate::{
    desk::{Desk, Kind, Trouble},
    service_manager::{
        gateway::{Effect, Fault, Options},
        model::{Class, Kind as PropertyKind, Property, Settings},
    },
};

#[tokio::test]
async fn an_incident_has_what_was_asked_for_and_computed() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let body = json!({
        "templateId": client.get("/v1/metadata").await.1["templates"][1]["id"],
        "properties": {"Title": "CPU over 90%", "Impact": "High", "Urgency": "System.WorkItem.TroubleTicket.UrgencyEnum.Low", "Escalated": true},
        "affectedComputers": ["WEB01", "sql01.contoso.com", "db9"],
        "comment": "Azure says so",
        "correlationKey": "az-7f-1",
    });
    let (status, headers, made) = client.create("one", &body).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (201, "/v1/incidents/IR1001"));
    assert_eq!(made["linked"], json!(["web01.contoso.com", "sql01.contoso.com"]));
    assert_eq!(made["notLinked"], json!([{"name": "db9", "reason": "not_found"}]));
    assert_eq!(made["comment"], json!({"added": true, "reason": null}));
    let (_, item) = client.get("/v1/incidents/IR1001").await;
    assert_eq!((&item["title"], &item["priority"], &item["escalated"]), (&json!("CPU over 90%"), &json!(3), &json!(true)));
    assert_eq!(item["classification"]["name"], "IncidentClassificationEnum.Networking", "from the template");
    assert_eq!(item["correlationKey"], "az-7f-1");
    assert_eq!((&item["createdBy"], &item["etag"]), (&json!("ITSM Integration"), &made["etag"]));
    assert_eq!(headers["etag"].to_str().unwrap(), item["etag"].as_str().unwrap());
}

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer_and_another_body_is_refused() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let (_, _, first) = client.create("one", &draft("x")).await;
    let (status, headers, again) = client.create("one", &draft("x")).await;
    assert_eq!((status, &again), (200, &first));
    assert_eq!(headers["idempotent-replayed"], "true");
    let (status, _, body) = client.create("one", &draft("y")).await;
    assert_eq!((status, code(&body)), (422, "key_reused"));
    assert_eq!(gateway.all(Kind::Incident).len(), 1);
    let (status, body) = client.send("POST", "/v1/incidents", &draft("z")).await;
    assert_eq!((status, code(&body)), (400, "bad_request"), "without a key");
}

#[tokio::test]
async fn another_key_with_the_same_correlation_key_adopts_the_incident() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let with = |title: &str| {
        let mut body = draft(title);
        body["correlationKey"] = "az-1-1".into();
        body["comment"] = "once".into();
        body
    };
    let (_, _, first) = client.create("one", &with("x")).await;
    let (status, _, second) = client.create("two", &with("y")).await;
    assert_eq!((status, &second["id"], &second["adopted"]), (200, &first["id"], &json!(true)));
    let all = gateway.all(Kind::Incident);
    assert_eq!((all.len(), all[0].notes.len(), all[0].title.as_str()), (1, 1, "x"));
    gateway.remove(Kind::Incident, "IR1001");
    let (status, _, third) = client.create("three", &with("z")).await;
    assert_eq!((status, &third["id"]), (201, &json!("IR1002")), "a deleted one does not count");
}

#[tokio::test]
async fn after_every_kind_of_crash_a_repeat_ends_with_one_whole_incident() {
    let troubles: [(&str, Effect); 5] = [
        ("before anything", Effect::ResetBeforeCommit),
        ("after the key was reserved", Effect::CrashBeforeCommit),
        ("after the commit", Effect::CrashAfterCommit),
        ("after everything", Effect::ResetAfterCommit),
        ("in the server", Effect::SdkTimeout { done: true }),
    ];
    for (when, effect) in troubles {
        let gateway = gateway().await;
        let client = client(&gateway);
        let mut body = draft("x");
        body["affectedComputers"] = json!(["web01"]);
        body["comment"] = "marked".into();
        gateway.faults().add(Fault::new(effect.clone()).path("create ").times(1));
        let request = client.request("POST", "/v1/incidents").header("Idempotency-Key", "az-1-1").json(&body);
        match request.send().await {
            Ok(answer) => assert_eq!(answer.status(), 503, "{when}"),
            Err(_) => assert_ne!(effect, Effect::SdkTimeout { done: true }, "{when}"),
        }
        let (_, _, made) = client.create("az-1-1", &body).await;
        assert_eq!(made["id"], "IR1001", "{when}: {made}");
        let all = gateway.all(Kind::Incident);
        assert_eq!(
            (all.len(), &all[0].notes[..], &all[0].computers[..]),
            (1, &["marked".to_owned()][..], &["web01.contoso.com".to_owned()][..]),
            "{when}"
        );
        assert_eq!(all[0].key, "az-1-1");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_propertys_name_and_nothing_is_done() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for (body, status, told, property) in [
        (json!({"properties": {"Title": "x", "Impact": "Huge", "Urgency": "Low"}}), 422, "invalid_enum", "Impact"),
        (json!({"properties": {"Title": "x", "Impact": "Mittel", "Urgency": "Low"}}), 422, "invalid_enum", "Impact"),
        (json!({"properties": {"Title": "x".repeat(201), "Impact": "Low", "Urgency": "Low"}}), 422, "invalid_value", "Title"),
        (json!({"properties": {"Title": "x", "Priority": 1}}), 422, "invalid_value", "Priority"),
        (json!({"properties": {"Title": "x", "Colour": "red"}}), 422, "invalid_value", "Colour"),
        (json!({"properties": {"Title": "x", "ContactMethod": "phone"}}), 422, "invalid_value", "ContactMethod"),
        (json!({"properties": {"Title": "x"}}), 422, "invalid_value", "Impact"),
        (json!({"properties": {"Impact": "Low", "Urgency": "Low"}}), 422, "invalid_value", "Title"),
        (json!({"templateId": "none", "properties": {"Title": "x"}}), 422, "invalid_value", "templateId"),
        (json!({"correlationKey": "a b", "properties": {"Title": "x"}}), 422, "invalid_value", "correlationKey"),
    ] {
        let (found, _, answer) = client.create("one", &body).await;
        assert_eq!((found, code(&answer), answer["property"].as_str().unwrap()), (status, told, property), "{body}");
        assert_eq!((&answer["outcome"], &answer["retryable"]), (&json!("not_done"), &json!(false)));
    }
    let (_, _, answer) = client.create("one", &json!({"propertys": {}})).await;
    assert_eq!(code(&answer), "bad_request");
    assert_eq!(gateway.all(Kind::Incident).len(), 0);
    assert_eq!(client.create("one", &draft("x")).await.0, 201, "a refused create leaves its key free");
}

#[tokio::test]
async fn an_ambiguous_computer_is_not_linked_and_a_missing_one_is_created_only_by_two_switches() {
    let gateway = gateway_with(Options { create_computers: true, ..Options::default() }).await;
    let client = client(&gateway);
    gateway.add_computer("web01.fabrikam.com");
    let mut body = draft("x");
    body["affectedComputers"] = json!(["web01", "new01.contoso.com"]);
    let (_, _, made) = client.create("one", &body).await;
    let reasons = json!([{"name": "web01", "reason": "ambiguous"}, {"name": "new01.contoso.com", "reason": "not_found"}]);
    assert_eq!(made["notLinked"], reasons);
    body["createMissingComputers"] = true.into();
    let (_, _, made) = client.create("two", &body).await;
    assert_eq!(made["linked"], json!(["new01.contoso.com"]));
    let (_, found) = client.get("/v1/computers?name=NEW01").await;
    assert_eq!(found["items"][0]["netbiosName"], "NEW01");
    let name = json!({"principalName": "web01"});
    assert_eq!(client.send("POST", "/v1/computers", &name).await.0, 409);
    let name = json!({"principalName": "new01.contoso.com"});
    assert_eq!(client.send("POST", "/v1/computers", &name).await.0, 200, "it is there");
}

#[tokio::test]
async fn the_server_can_refuse_a_create() {
    let gateway = gateway().await;
    let client = client(&gateway);
    assert!(gateway.strike(&Trouble::CreateRefused("A support group is required".into())));
    let (status, _, body) = client.create("one", &draft("x")).await;
    assert_eq!((status, code(&body), body["detail"].as_str().unwrap()), (422, "rejected", "A support group is required"));
    gateway.calm();
    assert_eq!(client.create("one", &draft("x")).await.0, 201);
}

#[tokio::test]
async fn the_key_may_stand_in_a_property_of_a_class_extension() {
    let key = Property::new("AzureCorrelation", PropertyKind::Text(100));
    let resource = Property::new("AzureResource", PropertyKind::Text(500));
    let extensions = vec![(Class::Incident, key), (Class::Incident, resource)];
    let group = Settings { key_property: "AzureCorrelation".into(), extensions, ..Settings::default() };
    let gateway = gateway_with(Options { group, ..Options::default() }).await;
    let client = client(&gateway);
    let mut body = draft("x");
    body["properties"]["ContactMethod"] = "phone".into();
    body["properties"]["AzureResource"] = "/subscriptions/1".into();
    assert_eq!(client.create("az-1-1", &body).await.0, 201);
    let (_, found) = client.get("/v1/incidents?correlationKey=az-1-1").await;
    let item = &found["items"][0];
    assert_eq!((&item["contactMethod"], &item["correlationKey"]), (&json!("phone"), &json!("az-1-1")));
    assert_eq!(item["properties"]["AzureResource"], "/subscriptions/1");
    body["properties"]["AzureCorrelation"] = "mine".into();
    assert_eq!(client.create("az-1-2", &body).await.0, 422);
}

#[tokio::test]
async fn links_that_fail_do_not_stop_an_incident_and_are_finished_by_another_key() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let mut body = draft("x");
    body["affectedComputers"] = json!(["web01", "WEB01.contoso.com"]);
    body["correlationKey"] = "az-1-1".into();
    gateway.faults().add(Fault::new(Effect::LinksFail).path("create ").times(1));
    let (status, _, made) = client.create("one", &body).await;
    assert_eq!((status, &made["notLinked"][0]["reason"], &made["linked"]), (201, &json!("sdk_timeout"), &json!([])));
    let (status, _, made) = client.create("two", &body).await;
    assert_eq!((status, &made["linked"]), (200, &json!(["web01.contoso.com"])));
    assert_eq!(gateway.all(Kind::Incident)[0].computers, ["web01.contoso.com"]);
}

#[tokio::test]
async fn a_computer_may_be_named_by_its_id_which_is_never_ambiguous() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let ids = [gateway.add_computer("twin.contoso.com"), gateway.add_computer("twin.contoso.com")];
    let mut body = draft("x");
    body["affectedComputers"] = json!([ids[1], "twin.contoso.com", "00000000-0000-4000-8000-000000000000"]);
    let (_, _, made) = client.create("one", &body).await;
    assert_eq!(made["linked"], json!(["twin.contoso.com"]));
    let reasons: Vec<_> = made["notLinked"].as_array().unwrap().iter().map(|link| link["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["ambiguous", "not_found"]);
}
