//! Reading single records and several at once.

use serde_json::json;

use super::{INCIDENT, ITEMS, client, system};

#[tokio::test]
async fn a_record_that_is_not_there_is_a_500_with_a_code() {
    let system = system().await;
    let client = client(&system).await;
    for path in ["publicid/999999", "busobrecid/94none"] {
        let (status, body) = client.get(&format!("/api/V1/getbusinessobject/busobid/{INCIDENT}/{path}")).await;
        assert_eq!(status, 500);
        let expected = json!({"busObId": null, "busObPublicId": null, "busObRecId": null, "fields": null, "links": null,
            "errorCode": "RECORDNOTFOUND", "errorMessage": "Record not found", "hasError": true, "httpStatusCode": "InternalServerError"});
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn a_record_has_texts_for_values_and_the_tail() {
    let system = system().await;
    let client = client(&system).await;
    let server = system.records("ConfigServer")[0].clone();
    let (_, record) = client.get(&format!("/api/V1/getbusinessobject/busobid/{ITEMS}/busobrecid/{}", server["RecID"])).await;
    assert_eq!(record["busObId"], "93dada9f640056ce1dc67b4d4bb801f69104894dc8", "the member of the group");
    let fields = super::named(&record);
    assert_eq!(
        (fields["Virtual"].as_str(), fields["MemoryGB"].as_str(), fields["HostName"].as_str()),
        ("True", "16", "web01.contoso.com")
    );
    assert_eq!(
        (&record["errorCode"], &record["hasError"], &record["httpStatusCode"]),
        (&json!(null), &json!(false), &json!("OK"))
    );
    assert_eq!((&record["fields"][0]["dirty"], &record["fields"][0]["html"]), (&json!(false), &json!(null)));
}

#[tokio::test]
async fn several_are_read_at_once_each_with_its_own_error() {
    let system = system().await;
    let client = client(&system).await;
    let id = client.create(&system, &[]).await;
    let asked = json!([{"busObId": INCIDENT, "busObPublicId": "1"}, {"busObId": INCIDENT, "busObRecId": id}, {"busObId": INCIDENT, "busObPublicId": "102300"}]);
    let (status, answer) = client.post("getbusinessobjectbatch", json!({"readRequests": asked, "stopOnError": false})).await;
    let found: Vec<_> = answer["responses"].as_array().unwrap().iter().map(|one| one["busObRecId"].clone()).collect();
    assert_eq!((status, found), (200, vec![json!(null), json!(id), json!(id)]));
    assert_eq!((&answer["responses"][0]["errorCode"], answer.get("hasError")), (&json!("RECORDNOTFOUND"), None));
    let (_, answer) = client.post("getbusinessobjectbatch", json!({"readRequests": asked, "stopOnError": true})).await;
    assert_eq!(answer["responses"].as_array().unwrap().len(), 1);
}
