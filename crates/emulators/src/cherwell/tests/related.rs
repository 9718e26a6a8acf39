//! Links and children.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, INCIDENT, ITEMS, client, options, system};
use crate::cherwell::{Cherwell, Options};

async fn relationship(client: &Client, ending: &str) -> Value {
    let (_, schema) = client.get(&format!("/api/V1/getbusinessobjectschema/busobid/{INCIDENT}?includerelationships=true")).await;
    let all = schema["relationships"].as_array().unwrap().iter();
    all.into_iter().find(|one| one["displayName"].as_str().unwrap().ends_with(ending)).cloned().unwrap()
}

#[tokio::test]
async fn a_get_links_and_twice_is_once() {
    let system = system().await;
    let client = client(&system).await;
    let id = client.create(&system, &[]).await;
    let items = relationship(&client, "Configuration Items").await;
    let items = items["relationshipId"].as_str().unwrap();
    let server = system.records("ConfigServer")[0]["RecID"].clone();
    let path = |version: &str, verb: &str, server: &str| {
        format!(
            "/api/{version}/{verb}relatedbusinessobject/parentbusobid/{INCIDENT}/parentbusobrecid/{id}/relationshipid/{items}/busobid/{ITEMS}/busobrecid/{server}"
        )
    };
    let (status, first) = client.get(&path("V1", "link", &server)).await;
    assert_eq!((status, &first["parentBusObRecId"], &first["relatedBusinessObjects"]), (200, &json!(id), &json!([])));
    let (status, second) = client.get(&path("V2", "link", &server)).await;
    assert_eq!(
        (status, second),
        (200, json!({"errorCode": null, "errorMessage": null, "hasError": false, "httpStatusCode": "OK"}))
    );
    let children =
        format!("/api/V1/getrelatedbusinessobject/parentbusobid/{INCIDENT}/parentbusobrecid/{id}/relationshipid/{items}");
    let (_, found) = client.get(&children).await;
    assert_eq!((&found["totalRecords"], &found["relatedBusinessObjects"][0]["busObRecId"]), (&json!(1), &json!(server)));
    for broken in [
        path("V1", "link", "94none"),
        path("V1", "link", &server).replace(items, "94none"),
        path("V1", "link", &id).replace(ITEMS, INCIDENT),
    ] {
        assert_eq!(client.get(&broken).await.0, 500, "{broken}");
    }
    assert_eq!(client.send("DELETE", &path("V1", "unlink", &server), None).await.0, 200);
    assert_eq!(client.get(&children).await.1["totalRecords"], 0);
    assert_eq!(client.send("DELETE", &path("V2", "unlink", &server), None).await.0, 500);
}

#[tokio::test]
async fn a_journal_is_made_and_linked_in_one_call() {
    for (child_touches_parent, stamp) in [(false, "9/1/2026 4:00 AM"), (true, "9/1/2026 4:02 AM")] {
        let system = Cherwell::start_with(Options { child_touches_parent, ..options() }).await;
        let client = client(&system).await;
        let id = client.create(&system, &[]).await;
        let journals = relationship(&client, "owns Journals").await;
        let (_, note) = client.get("/api/V1/getbusinessobjectsummary/busobname/JournalNote").await;
        let note = note[0]["busObId"].as_str().unwrap();
        system.advance(Duration::from_secs(120));
        let save = async |values: &[(&str, &str)], persist: bool| {
            let body = json!({"parentBusObId": INCIDENT, "parentBusObRecId": id, "relationshipId": journals["relationshipId"],
                "busObId": note, "persist": persist, "fields": client.items(note, values).await});
            client.post("saverelatedbusinessobject", body).await.1
        };
        let saved = save(&[("Details", "Fired again")], true).await;
        assert_eq!((&saved["hasError"], &saved["parentBusObRecId"]), (&json!(false), &json!(id)));
        assert_eq!(save(&[], true).await["fieldValidationErrors"].as_array().unwrap().len(), 1);
        save(&[("Details", "Only cached")], false).await;
        let ask = json!({"parentBusObId": INCIDENT, "parentBusObRecId": id, "relationshipId": journals["relationshipId"], "allFields": true});
        let (_, found) = client.post("getrelatedbusinessobject", ask).await;
        assert_eq!(found["totalRecords"], 1);
        let journal = super::named(&found["relatedBusinessObjects"][0]);
        assert_eq!((journal["Details"].as_str(), journal["ParentRecID"].as_str()), ("Fired again", id.as_str()));
        assert_eq!(client.read(INCIDENT, &id).await["LastModifiedDateTime"], stamp);
    }
}
