//! Records created, changed, resolved, tied together.

use std::time::Duration;

use serde_json::json;

use super::{CHOSEN, administrator, client, environment, options, read};
use crate::dataverse::{Dataverse, Options};

#[tokio::test]
async fn a_new_incident_has_number_defaults_and_owner() {
    let environment = environment().await;
    let client = client(&environment).await;
    let body = client.incident("CPU over 90%").await;
    let prefer = "return=representation,odata.include-annotations=\"*\"";
    let answer = read(client.request("POST", "incidents").header("Prefer", prefer).json(&body)).await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("odata-entityid").contains(answer.body["incidentid"].as_str().unwrap()));
    assert!(answer.header("preference-applied").starts_with("return=representation"));
    let number = answer.body["ticketnumber"].as_str().unwrap();
    assert!(number.starts_with("CAS-01001-") && number.len() == 16, "{number}");
    assert_eq!(answer.body["statecode@OData.Community.Display.V1.FormattedValue"], "Active");
    assert_eq!(answer.body["statuscode@OData.Community.Display.V1.FormattedValue"], "In Progress");
    assert_eq!(answer.body["_ownerid_value@OData.Community.Display.V1.FormattedValue"], "# Azure ITSM Connector");
    assert_eq!(answer.body["description"], json!(null), "empty columns come as null");
    assert_eq!(answer.body["@odata.etag"], format!("W/\"{}\"", answer.body["versionnumber"]));
    assert!(answer.body["@odata.context"].as_str().unwrap().ends_with("$metadata#incidents/$entity"));
}

#[tokio::test]
async fn what_the_table_does_not_take_is_refused() {
    let environment = environment().await;
    let client = client(&environment).await;
    let good = client.incident("x").await;
    let account = client.account().await;
    for (name, value, status, code, part) in [
        (
            "nothing",
            json!("x"),
            400,
            "0x80048d19",
            "Invalid property 'nothing' was found in entity 'Microsoft.Dynamics.CRM.incident'",
        ),
        ("title", json!("x".repeat(201)), 400, "0x80044331", "exceeded the maximum allowed length of '200'"),
        ("prioritycode", json!(9), 400, "0x8004431a", "is outside the valid range. Accepted Values: 1,2,3"),
        ("prioritycode", json!("High"), 400, "0x80048d19", "expected type 'Edm.Int32'"),
        (
            "_customerid_value",
            json!(account),
            400,
            "0x80060888",
            "CRM do not support direct update of Entity Reference properties",
        ),
        (
            "CustomerId_account@odata.bind",
            json!(format!("/accounts({account})")),
            400,
            "0x80048d19",
            "An undeclared property 'CustomerId_account'",
        ),
        (
            "customerid_contact@odata.bind",
            json!(format!("/accounts({account})")),
            400,
            "0x80048d19",
            "does not lead to 'account'",
        ),
        ("customerid_account@odata.bind", json!(format!("/accounts({CHOSEN})")), 404, "0x80040217", "Does Not Exist"),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let answer = client.send("POST", "incidents", body).await;
        assert_eq!((answer.error().0, answer.error().1), (status, code), "{name}: {answer:?}");
        assert!(answer.error().2.contains(part), "{answer:?}");
    }
    let lonely = client.send("POST", "incidents", json!({"title": "x"})).await;
    assert_eq!((lonely.status, lonely.error().2), (400, "You should specify a parent contact or account."));
    assert_eq!(environment.count("incident"), 0);
    let broken = read(client.request("POST", "incidents").header("Content-Type", "application/json").body("{")).await;
    assert_eq!(broken.error().1, "0x80048d19");
    assert_eq!(client.send("PUT", "incidents", json!({})).await.status, 405);
}

#[tokio::test]
async fn a_chosen_key_can_be_posted_and_a_second_time_is_a_duplicate() {
    for status in [412, 400, 500] {
        let environment = Dataverse::start_with(Options { duplicate_status: status, ..options() }).await;
        let client = client(&environment).await;
        let mut body = client.incident("x").await;
        body["incidentid"] = json!(CHOSEN);
        assert_eq!(client.send("POST", "incidents", body.clone()).await.status, 204);
        let second = client.send("POST", "incidents", body).await;
        assert_eq!((second.error().0, second.error().1), (status, "0x80040237"));
    }
}

#[tokio::test]
async fn columns_that_nobody_may_write_are_passed_over() {
    let environment = environment().await;
    let client = client(&environment).await;
    let id = client.create("x").await;
    environment.advance(Duration::from_millis(2900));
    let path = format!("incidents({id})");
    let before = client.get(&path).await;
    let body = json!({"createdon": "2001-01-01T00:00:00Z", "ticketnumber": "CAS-1", "versionnumber": 1, "title": "y"});
    assert_eq!(client.send("PATCH", &path, body).await.status, 204);
    let after = client.get(&path).await;
    for column in ["createdon", "ticketnumber"] {
        assert_eq!(before.body[column], after.body[column], "{column}");
    }
    assert_eq!((after.body["title"].as_str(), after.body["modifiedon"].as_str()), (Some("y"), Some("2026-09-01T10:00:02Z")));
    assert!(after.body["versionnumber"].as_i64() > before.body["versionnumber"].as_i64());
}

#[tokio::test]
async fn resolving_needs_the_action_and_cancelling_does_not() {
    let environment = environment().await;
    let client = client(&environment).await;
    let path = format!("incidents({})", client.create("x").await);
    let refused = client.send("PATCH", &path, json!({"statecode": 1, "statuscode": 5})).await;
    assert!(refused.status == 400 && refused.error().2.ends_with("use the CloseIncidentRequest message instead."), "{refused:?}");
    let mismatch = client.send("PATCH", &path, json!({"statuscode": 6})).await;
    assert_eq!(mismatch.error().1, "0x80048408");
    let resolution = json!({"subject": "Alert resolved", "incidentid@odata.bind": format!("/{path}")});
    let close = |status: i64| client.send("POST", "CloseIncident", json!({"IncidentResolution": resolution, "Status": status}));
    assert_eq!(close(6).await.error().1, "0x80048408");
    assert_eq!(close(-1).await.status, 204);
    let closed = client.get(&path).await;
    assert_eq!((closed.body["statecode"].as_i64(), closed.body["statuscode"].as_i64()), (Some(1), Some(5)));
    let resolutions = client.get("incidentresolutions?$select=subject").await;
    assert_eq!((resolutions.rows().len(), resolutions.rows()[0]["subject"].as_str()), (1, Some("Alert resolved")));
    assert_eq!(close(5).await.status, 400, "it is resolved already");
    assert_eq!(client.send("PATCH", &path, json!({"statecode": 0, "statuscode": 1})).await.status, 204, "and can be reopened");
    assert_eq!(client.send("PATCH", &path, json!({"statecode": 2})).await.status, 204);
    assert_eq!(client.get(&path).await.body["statuscode"], 6, "a state brings its first reason");
    let missing = client.send("POST", "CloseIncident", json!({"IncidentResolution": {"subject": "x"}, "Status": 5})).await;
    assert_eq!(missing.status, 400);
}

#[tokio::test]
async fn notes_regard_a_record_and_leave_its_date_alone() {
    let environment = environment().await;
    let client = client(&environment).await;
    let id = client.create("x").await;
    environment.advance(Duration::from_secs(60));
    let note =
        json!({"subject": "Azure", "notetext": "It fired again.", "objectid_incident@odata.bind": format!("/incidents({id})")});
    assert_eq!(client.send("POST", "annotations", note).await.status, 204);
    let found = client.get(&format!("annotations?$select=notetext&$filter=_objectid_value eq {id}")).await;
    assert_eq!(found.rows()[0]["notetext"], "It fired again.");
    assert_eq!(client.get(&format!("incidents({id})/Incident_Annotations")).await.rows().len(), 1);
    assert_eq!(client.get(&format!("incidents({id})")).await.body["modifiedon"], "2026-09-01T10:00:00Z");
}

#[tokio::test]
async fn an_incident_is_given_to_a_team_and_read_with_its_name() {
    let environment = environment().await;
    let client = client(&environment).await;
    let path = format!("incidents({})", client.create("x").await);
    let team = client.get("teams?$filter=name eq 'Service Desk'").await.rows()[0]["teamid"].as_str().unwrap().to_owned();
    let bind = json!({"ownerid@odata.bind": format!("{}/teams({team})", client.base)});
    assert_eq!(client.send("PATCH", &path, bind).await.status, 204);
    let read = client.prefer(&path, "odata.include-annotations=\"*\"").await;
    assert_eq!(read.body["_ownerid_value@OData.Community.Display.V1.FormattedValue"], "Service Desk");
    assert_eq!(read.body["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "team");
}

#[tokio::test]
async fn single_columns_are_read_put_and_emptied() {
    let environment = environment().await;
    let client = client(&environment).await;
    let path = format!("incidents({})", client.create("x").await);
    assert_eq!(client.send("PUT", &format!("{path}/description"), json!({"value": "text"})).await.status, 204);
    assert_eq!(client.get(&format!("{path}/description")).await.body["value"], "text");
    assert_eq!(client.send("DELETE", &format!("{path}/description"), json!({})).await.status, 204);
    assert_eq!(client.get(&format!("{path}/description")).await.status, 204);
}

#[tokio::test]
async fn a_solutions_records_are_tied_by_lookup_and_in_pairs() {
    let environment = Dataverse::start_with(Options { itsm: Some("abc".into()), ..options() }).await;
    let client = administrator(&environment).await;
    let computer = client.get("abc_configurationitems?$filter=abc_fqdn eq 'web01.contoso.com'").await;
    let computer = computer.rows()[0]["abc_configurationitemid"].as_str().unwrap().to_owned();
    let wrong = json!({"abc_title": "x", "abc_configurationitemid@odata.bind": format!("/abc_configurationitems({computer})")});
    assert_eq!(client.send("POST", "abc_incidents", wrong).await.error().1, "0x80048d19", "the schema name's case counts");
    let body = json!({"abc_title": "x", "abc_ConfigurationItemId@odata.bind": format!("/abc_configurationitems({computer})")});
    assert_eq!(client.send("PATCH", &format!("abc_incidents({CHOSEN})"), body).await.status, 204);
    let path = format!("abc_incidents({CHOSEN})/abc_incident_configurationitem");
    let tie = json!({"@odata.id": format!("{}/abc_configurationitems({computer})", client.base)});
    assert_eq!(client.send("POST", &format!("{path}/$ref"), tie).await.status, 204);
    assert_eq!(client.get(&path).await.rows()[0]["abc_name"], "web01");
    let expanded = client
        .get(&format!("abc_incidents({CHOSEN})?$select=abc_number&$expand=abc_ConfigurationItemId($select=abc_name)"))
        .await;
    assert_eq!(expanded.body["abc_ConfigurationItemId"]["abc_name"], "web01");
    assert_eq!(
        client
            .send("DELETE", &format!("abc_incidents({CHOSEN})/abc_incident_configurationitem({computer})/$ref"), json!({}))
            .await
            .status,
        204
    );
    assert_eq!(client.get(&path).await.rows().len(), 0);
}

#[tokio::test]
async fn many_are_created_all_or_none() {
    let environment = environment().await;
    let client = client(&environment).await;
    let mut good = client.incident("x").await;
    good["@odata.type"] = json!("Microsoft.Dynamics.CRM.incident");
    let mut bad = good.clone();
    bad["nothing"] = json!(1);
    let path = "incidents/Microsoft.Dynamics.CRM.CreateMultiple";
    assert_eq!(client.send("POST", path, json!({"Targets": [good, bad]})).await.status, 400);
    assert_eq!(environment.count("incident"), 0);
    let answer = client.send("POST", path, json!({"Targets": [good, good]})).await;
    assert_eq!((answer.status, answer.body["Ids"].as_array().unwrap().len(), environment.count("incident")), (200, 2, 2));
}
