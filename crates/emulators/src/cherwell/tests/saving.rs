//! Creating and changing records, and what is refused.

use std::time::Duration;

use serde_json::json;

use super::{INCIDENT, client, client_as, needed, options, system};
use crate::cherwell::{Cherwell, Lifecycle, Options, UnknownField};

#[tokio::test]
async fn a_new_incident_has_its_defaults_its_ids_and_its_stamps() {
    let system = system().await;
    let client = client(&system).await;
    let server = system.records("ConfigServer")[0]["RecID"].clone();
    let id = client.create(&system, &[("ConfigItemRecID", &server), ("Impact", "small group")]).await;
    let record = client.read(INCIDENT, &id).await;
    for (name, value) in [
        ("RecID", id.as_str()),
        ("IncidentID", "102300"),
        ("Status", "New"),
        ("Priority", "3"),
        ("CallSource", "Phone"),
        ("CreatedDateTime", "9/1/2026 4:00 AM"),
        ("CreatedBy", "Azure ITSM Connector"),
        ("CustomerDisplayName", "Azure Monitor"),
        ("ConfigItemDisplayName", "web01"),
        ("Impact", "Small Group"),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    let (_, same) = client.get(&format!("/api/V1/getbusinessobject/busobid/{INCIDENT}/publicid/102300")).await;
    assert_eq!(same["busObRecId"], json!(id));
}

#[tokio::test]
async fn what_is_required_or_not_in_its_list_is_named_and_nothing_is_saved() {
    let system = system().await;
    let client = client(&system).await;
    let (status, answer) = client.save(None, &[("Description", "x")]).await;
    assert_eq!((status, &answer["hasError"], &answer["busObRecId"]), (200, &json!(true), &json!(null)));
    let fields = client.fields(INCIDENT).await;
    let refused = |answer: &serde_json::Value| {
        let errors = answer["fieldValidationErrors"].as_array().unwrap().iter();
        errors.map(|error| error["fieldId"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let expected = ["Service", "Category", "Subcategory", "CustomerRecID"].map(|name| fields[name].clone());
    assert_eq!(refused(&answer), expected);
    let customer = system.records("Customer")[0]["RecID"].clone();
    for (name, value) in [
        ("Category", "Cloud"),
        // Good below another service only.
        ("Category", "Database"),
        ("CustomerRecID", "9337"),
        ("Status", "Done"),
        ("OwnedByTeam", "No Team"),
        ("OwnedBy", "Nobody"),
    ] {
        let mut values = needed(&customer);
        values.retain(|(other, _)| *other != name);
        values.push((name, value));
        let (_, answer) = client.save(None, &values).await;
        assert!(refused(&answer).contains(&fields[name]), "{name}: {answer}");
        if name == "Category" {
            assert!(answer["fieldValidationErrors"].to_string().contains(&format!("Category: value '{value}' is not valid")));
        }
    }
    let long = "x".repeat(256);
    let mut values = needed(&customer);
    values.push(("ShortDescription", &long));
    assert_eq!(refused(&client.save(None, &values).await.1), [fields["ShortDescription"].clone()]);
    assert_eq!(system.records("Incident").len(), 0);
    let strict = Cherwell::start_with(Options { validation_status: 500, ..options() }).await;
    assert_eq!(super::client(&strict).await.save(None, &[]).await.0, 500, "other errors come with 500; a client must bear both");
}

#[tokio::test]
async fn only_dirty_fields_are_written_and_only_with_persist() {
    let system = system().await;
    let client = client(&system).await;
    let id = client.create(&system, &[]).await;
    let mut items = client.items(INCIDENT, &[("ShortDescription", "new"), ("Priority", "1")]).await;
    items[0]["dirty"] = json!(false);
    system.advance(Duration::from_secs(60));
    let body = json!({"busObId": INCIDENT, "busObRecId": id, "persist": true, "fields": items});
    assert_eq!(client.post("savebusinessobject", body).await.1["hasError"], false);
    let record = client.read(INCIDENT, &id).await;
    assert_eq!((record["ShortDescription"].as_str(), record["Priority"].as_str()), ("", "1"));
    assert_eq!(record["LastModifiedDateTime"], "9/1/2026 4:01 AM");
    // Nothing dirty: it looks like success, and not even the stamp moves.
    system.advance(Duration::from_secs(60));
    items[1]["dirty"] = json!(false);
    let body = json!({"busObId": INCIDENT, "busObRecId": id, "persist": true, "fields": items});
    assert_eq!(client.post("savebusinessobject", body).await.1["busObRecId"], json!(id));
    assert_eq!(client.read(INCIDENT, &id).await["LastModifiedDateTime"], "9/1/2026 4:01 AM");
    // Without persist it looks like success too, but for the ids.
    let customer = system.records("Customer")[0]["RecID"].clone();
    let body = json!({"busObId": INCIDENT, "fields": client.items(INCIDENT, &needed(&customer)).await});
    let (status, cached) = client.post("savebusinessobject", body).await;
    assert_eq!((status, &cached["hasError"], &cached["busObRecId"]), (200, &json!(false), &json!(null)));
    assert_eq!(system.records("Incident").len(), 1);
    let body = json!({"busObId": INCIDENT, "cacheKey": cached["cacheKey"], "persist": true, "fields": []});
    let (_, saved) = client.post("savebusinessobject", body).await;
    assert_eq!((&saved["hasError"], system.records("Incident").len()), (&json!(false), 2));
}

#[tokio::test]
async fn a_batch_is_good_as_a_whole_and_says_inside_what_failed() {
    let system = system().await;
    let client = client(&system).await;
    let customer = system.records("Customer")[0]["RecID"].clone();
    let good = json!({"busObId": INCIDENT, "persist": true, "fields": client.items(INCIDENT, &needed(&customer)).await});
    let bad = json!({"busObId": INCIDENT, "persist": true, "fields": []});
    let missing = json!({"busObId": INCIDENT, "busObPublicId": "1", "persist": true, "fields": []});
    let (status, answer) =
        client.post("savebusinessobjectbatch", json!({"saveRequests": [bad, missing, good], "stopOnError": false})).await;
    assert_eq!((status, &answer["hasError"]), (200, &json!(false)));
    let errors: Vec<bool> =
        answer["responses"].as_array().unwrap().iter().map(|one| one["hasError"].as_bool().unwrap()).collect();
    assert_eq!((errors, &answer["responses"][1]["errorCode"]), (vec![true, true, false], &json!("RECORDNOTFOUND")));
    let (_, answer) = client.post("savebusinessobjectbatch", json!({"saveRequests": [bad, good], "stopOnError": true})).await;
    assert_eq!((answer["responses"].as_array().unwrap().len(), system.records("Incident").len()), (1, 1));
}

#[tokio::test]
async fn an_incident_is_closed_with_a_description_and_stamped() {
    let system = system().await;
    let client = client(&system).await;
    let id = client.create(&system, &[]).await;
    let (_, refused) = client.save(Some(&id), &[("Status", "Resolved")]).await;
    assert!(refused["fieldValidationErrors"].to_string().contains("CloseDescription is required"), "{refused}");
    assert_eq!(client.read(INCIDENT, &id).await["Status"], "New");
    client.save(Some(&id), &[("Status", "Resolved"), ("CloseDescription", "Gone")]).await;
    assert_eq!(client.read(INCIDENT, &id).await["Stat_DateTimeResolved"], "9/1/2026 4:00 AM");
    client.save(Some(&id), &[("Status", "Closed")]).await;
    assert_eq!(client.read(INCIDENT, &id).await["ClosedBy"], "Azure ITSM Connector");
    client.save(Some(&id), &[("Status", "Reopened")]).await;
    let record = client.read(INCIDENT, &id).await;
    assert_eq!((record["Status"].as_str(), record["ClosedDateTime"].as_str()), ("Reopened", ""));
}

#[tokio::test]
async fn statuses_change_along_the_life_cycle_where_there_is_one() {
    let system = Cherwell::start_with(Options { lifecycle: Lifecycle::Enforced, ..options() }).await;
    let client = client(&system).await;
    let id = client.create(&system, &[]).await;
    let (_, refused) = client.save(Some(&id), &[("Status", "Closed"), ("CloseDescription", "x")]).await;
    assert!(refused["errorMessage"].as_str().unwrap().contains("no transition from 'New' to 'Closed'"), "{refused}");
    let (_, statuses) = client.get(&format!("/api/V1/{INCIDENT}/lifecycle/statuses")).await;
    assert_eq!((&statuses["statuses"][0]["name"], &statuses["statuses"][0]["isInitial"]), (&json!("New"), &json!(true)));
    let (_, stages) = client.get(&format!("/api/V1/{INCIDENT}/lifecycle/stages")).await;
    assert_eq!(stages["stages"].as_array().unwrap().len(), 3);
    let (_, all) = client.get(&format!("/api/V1/{INCIDENT}/lifecycle/transitions")).await;
    assert_eq!(all["transitions"][0]["fromStatusId"], statuses["statuses"][0]["id"]);
    let option = async |name: &str| {
        let (_, options) = client.get(&format!("/api/V1/{INCIDENT}/records/{id}/transitionOptions")).await;
        options["transitions"].as_array().unwrap().iter().find(|option| option["name"] == name).cloned().unwrap()
    };
    let step = async |option: &serde_json::Value| {
        client.post(&format!("{INCIDENT}/records/{id}/transitions"), json!({"transitionOptionId": option["id"]})).await
    };
    let resolve = option("Resolve").await;
    assert_eq!((&resolve["isAvailable"], resolve["criteria"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(step(&resolve).await.1["hasError"], true);
    client.save(Some(&id), &[("CloseDescription", "Gone")]).await;
    assert_eq!(step(&option("Resolve").await).await.1["hasError"], false);
    let (_, status) = client.get(&format!("/api/V1/{INCIDENT}/records/{id}/status")).await;
    let (_, stage) = client.get(&format!("/api/V1/{INCIDENT}/records/{id}/stage")).await;
    assert_eq!((&status["name"], &stage["name"]), (&json!("Resolved"), &json!("Resolution")));
    let old = Cherwell::start_with(Options { lifecycle: Lifecycle::Absent, ..options() }).await;
    assert_eq!(super::client(&old).await.get(&format!("/api/V1/{INCIDENT}/lifecycle/statuses")).await.0, 404);
}

#[tokio::test]
async fn unknown_fields_are_refused_or_ignored_and_the_servers_own_are_passed_over() {
    for (unknown_field, status) in [(UnknownField::Refused, 500), (UnknownField::Ignored, 200)] {
        let system = Cherwell::start_with(Options { unknown_field, ..options() }).await;
        let client = client(&system).await;
        let id = client.create(&system, &[]).await;
        let fields = json!([{"dirty": true, "fieldId": "93none", "value": "x"}]);
        let (found, answer) = client
            .post("savebusinessobject", json!({"busObId": INCIDENT, "busObRecId": id, "persist": true, "fields": fields}))
            .await;
        assert_eq!(found, status, "{answer}");
        let (_, answer) = client.save(Some(&id), &[("IncidentID", "1"), ("CreatedDateTime", "1/1/2020 1:00 AM")]).await;
        assert_eq!(answer["hasError"], false);
        let record = client.read(INCIDENT, &id).await;
        assert_eq!((record["IncidentID"].as_str(), record["CreatedDateTime"].as_str()), ("102300", "9/1/2026 4:00 AM"));
    }
}

#[tokio::test]
async fn dates_and_numbers_are_written_in_the_culture_of_the_call() {
    let system = system().await;
    let admin = client_as(&system, "CSDAdmin", "CSDAdmin").await;
    let id = system.insert("ChangeRequest", &[("Title", "x")]);
    let write = async |locale: &str, value: &str| {
        let fields = admin.items(super::CHANGE, &[("ScheduledStartDate", value)]).await;
        let body = json!({"busObId": super::CHANGE, "busObRecId": id, "persist": true, "fields": fields});
        admin.send("POST", &format!("/api/V1/savebusinessobject?locale={locale}"), Some(body)).await.1["hasError"].clone()
    };
    assert_eq!(write("en-US", "9/2/2026 1:30 PM").await, false);
    assert_eq!(admin.read(super::CHANGE, &id).await["ScheduledStartDate"], "9/2/2026 1:30 PM");
    // The same digits are another day elsewhere.
    assert_eq!(write("en-GB", "9/2/2026 13:30").await, false);
    assert_eq!(admin.read(super::CHANGE, &id).await["ScheduledStartDate"], "2/9/2026 1:30 PM");
    assert_eq!(write("en-US", "31.12.2026").await, true);
    assert_eq!(admin.send("PUT", "/api/V1/setculture/culturecode/de-DE", None).await.0, 200);
    assert_eq!(admin.read(super::CHANGE, &id).await["ScheduledStartDate"], "09.02.2026 13:30");
    let fields = json!([{"dirty": true, "fieldId": admin.fields(super::ITEMS).await["MemoryGB"], "value": "much"}]);
    let server = system.records("ConfigServer")[0]["RecID"].clone();
    let body = json!({"busObId": super::ITEMS, "busObRecId": server, "persist": true, "fields": fields});
    assert_eq!(admin.post("savebusinessobject", body).await.1["hasError"], true);
}
