//! What business objects are made of.

use serde_json::json;

use super::{CHANGE, INCIDENT, ITEMS, client, options, system};
use crate::cherwell::{Cherwell, FieldIds, Options};

#[tokio::test]
async fn an_object_is_found_by_name_and_an_unknown_name_is_an_empty_list() {
    let system = system().await;
    let client = client(&system).await;
    let (status, found) = client.get("/api/v1/GetBusinessObjectSummary/BusObName/incident?locale=en-US").await;
    assert_eq!((status, found.as_array().unwrap().len()), (200, 1), "paths and names mind no capitals");
    assert_eq!((&found[0]["busObId"], &found[0]["major"]), (&json!(INCIDENT), &json!(true)));
    assert_eq!(found[0]["firstRecIdField"], "fa03d51b709e4a6eb2d52885b2ef7e04");
    assert_eq!(found[0]["states"], "Pending,Closed,Reopened,New,In Progress,Resolved,Assigned");
    assert_eq!(client.get("/api/V1/getbusinessobjectsummary/busobname/Nothing").await, (200, json!([])));
    let (_, change) = client.get(&format!("/api/V1/getbusinessobjectsummary/busobid/{CHANGE}")).await;
    assert_eq!(change[0]["name"], "ChangeRequest");
    let (_, groups) = client.get("/api/V1/getbusinessobjectsummaries/type/Groups").await;
    let items = groups.as_array().unwrap().iter().find(|group| group["busObId"] == ITEMS).unwrap();
    assert_eq!(items["groupSummaries"][0]["name"], "ConfigServer");
    let (_, lookups) = client.get("/api/V1/getbusinessobjectsummaries/type/Lookup").await;
    assert_eq!(lookups, json!([]));
}

#[tokio::test]
async fn a_schema_has_fields_and_when_asked_relationships() {
    let system = Cherwell::start_with(Options {
        external_id_field: Some("AzureKey".to_owned()),
        renames: vec![("Incident".to_owned(), "CallSource".to_owned(), "Source".to_owned())],
        ..options()
    })
    .await;
    let client = client(&system).await;
    let path = format!("/api/V1/getbusinessobjectschema/busobid/{INCIDENT}");
    let (_, plain) = client.get(&path).await;
    assert_eq!((&plain["relationships"], &plain["hasError"]), (&json!([]), &json!(false)));
    let field = |name: &str| plain["fieldDefinitions"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned();
    let modified = field("LastModifiedDateTime").unwrap();
    assert_eq!(
        (&modified["type"], &modified["hasTime"], &modified["readOnly"]),
        (&json!("DateTime"), &json!(true), &json!(true))
    );
    assert_eq!(modified["displayName"], "Last Modified Date Time");
    let category = field("Category").unwrap();
    assert_eq!(
        (&category["required"], &category["validated"], &category["maximumSize"]),
        (&json!(true), &json!(true), &json!("100"))
    );
    assert_eq!((field("CallSource"), field("Source").is_some()), (None, true), "a customer may rename fields");
    assert_eq!(field("AzureKey").unwrap()["maximumSize"], "255");
    let (_, full) = client.get(&format!("{path}?includerelationships=true")).await;
    let names: Vec<&str> =
        full["relationships"].as_array().unwrap().iter().map(|one| one["displayName"].as_str().unwrap()).collect();
    assert!(names.contains(&"Incident links Configuration Items"), "{names:?}");
    assert_eq!(full["relationships"][0]["target"], ITEMS);
    let (status, body) = client.get("/api/V1/getbusinessobjectschema/busobid/93none").await;
    assert_eq!((status, &body["hasError"], &body["fieldDefinitions"]), (500, &json!(true), &json!(null)));
}

#[tokio::test]
async fn a_template_is_the_blank_form_with_defaults() {
    let system = system().await;
    let client = client(&system).await;
    let ask = async |body| {
        let (_, template) = client.post("getbusinessobjecttemplate", body).await;
        super::named(&template)
    };
    let required = ask(json!({"busObId": INCIDENT, "includeRequired": true, "includeAll": false})).await;
    assert_eq!((required["Priority"].as_str(), required["CustomerRecID"].as_str(), required.get("Status")), ("3", "", None));
    let named = ask(json!({"busObId": INCIDENT, "fieldNames": ["Status"], "fieldIds": [format!("BO:{INCIDENT},FI:83c36313e97b4e6b9028aff3b401b71c")]})).await;
    assert_eq!(
        named.into_iter().collect::<Vec<_>>(),
        [("Priority".to_owned(), "3".to_owned()), ("Status".to_owned(), "New".to_owned())]
    );
    assert!(ask(json!({"busObId": INCIDENT, "includeAll": true})).await.len() > 25);
    let (status, body) = client.post("getbusinessobjecttemplate", json!({"busObId": INCIDENT, "fieldNames": ["Nothing"]})).await;
    assert_eq!((status, &body["fields"]), (500, &json!(null)));
}

#[tokio::test]
async fn values_of_a_validated_field_follow_from_the_fields_above_it() {
    let system = system().await;
    let client = client(&system).await;
    let fields = client.fields(INCIDENT).await;
    let ask = async |field: &str, items, id: &str| {
        let body = json!({"busObId": INCIDENT, "fieldId": fields[field], "fields": items, "busObRecId": id, "busbPublicId": ""});
        let (_, answer) = client.post("fieldvalueslookup", body).await;
        answer["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask("Priority", json!([]), "").await, ["1", "2", "3", "4", "5"]);
    assert_eq!(ask("Service", json!([]), "").await.len(), 6);
    assert!(ask("Category", json!([]), "").await.is_empty());
    let service = json!([{"fieldId": fields["Service"], "value": "server management"}]);
    assert_eq!(ask("Category", service, "").await, ["Server", "Virtual Machine"]);
    let id = client.create(&system, &[]).await;
    assert!(ask("Subcategory", json!([]), &id).await.contains(&"Disk Space".to_owned()));
    let public = client.read(INCIDENT, &id).await["IncidentID"].clone();
    let body = |key: &str| json!({"busObId": INCIDENT, "fieldName": "Subcategory", key: public});
    let (_, spelt_as_in_the_api) = client.post("fieldvalueslookup", body("busbPublicId")).await;
    let (_, spelt_well) = client.post("fieldvalueslookup", body("busObPublicId")).await;
    assert_eq!((spelt_as_in_the_api["values"].as_array().unwrap().len(), &spelt_well["values"]), (4, &json!([])));
    assert_eq!(ask("OwnedByTeam", json!([]), "").await.len(), 4);
    assert!(ask("OwnedBy", json!([]), "").await.contains(&"Eva Novak".to_owned()));
}

#[tokio::test]
async fn teams_have_members_and_two_versions() {
    let system = system().await;
    let client = client(&system).await;
    let (_, second) = client.get("/api/V2/getteams").await;
    assert_eq!((second["teams"].as_array().unwrap().len(), &second["errorMessage"]), (4, &json!(null)));
    let (_, first) = client.get("/api/V1/getteams").await;
    assert_eq!((first["teams"].as_array().unwrap().len(), first.get("errorMessage"), &first["error"]), (4, None, &json!(null)));
    let user = system.records("UserInfo").into_iter().find(|user| user["FullName"] == "Ben Okafor").unwrap()["RecID"].clone();
    let (_, his) = client.get(&format!("/api/V2/getusersteams/userrecordid/{user}")).await;
    assert_eq!(his["teams"][0]["teamName"], "Server Team");
    let (_, one) = client.get(&format!("/api/V1/getteam/{}", his["teams"][0]["teamId"].as_str().unwrap())).await;
    assert_eq!(one["name"], "Server Team");
    assert_eq!(client.get("/api/V1/getworkgroups").await.1["teams"], json!([]));
}

#[tokio::test]
async fn field_ids_come_short_or_long() {
    for (field_ids, schema_long, record_long) in
        [(FieldIds::Mixed, false, true), (FieldIds::Short, false, false), (FieldIds::Long, true, true)]
    {
        let system = Cherwell::start_with(Options { field_ids, ..options() }).await;
        let client = client(&system).await;
        let id = client.create(&system, &[]).await;
        let (_, schema) = client.get(&format!("/api/V1/getbusinessobjectschema/busobid/{INCIDENT}")).await;
        let (_, record) = client.get(&format!("/api/V1/getbusinessobject/busobid/{INCIDENT}/busobrecid/{id}")).await;
        let long = |field: &serde_json::Value| field["fieldId"].as_str().unwrap().starts_with(&format!("BO:{INCIDENT},FI:"));
        assert_eq!(
            (long(&schema["fieldDefinitions"][0]), long(&record["fields"][0])),
            (schema_long, record_long),
            "{field_ids:?}"
        );
        assert!(record["fields"][0]["fullFieldId"].as_str().unwrap().contains(",FI:"));
    }
}
