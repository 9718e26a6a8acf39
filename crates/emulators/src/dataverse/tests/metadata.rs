//! Definitions of tables, of stock ones and of a solution's.

use serde_json::json;

use super::{administrator, client, environment, options};
use crate::dataverse::{Dataverse, Description, Options};

#[tokio::test]
async fn choices_states_and_reasons_have_their_labels() {
    let environment = environment().await;
    let client = client(&environment).await;
    let base = "EntityDefinitions(LogicalName='incident')/Attributes/Microsoft.Dynamics.CRM";
    let path = format!(
        "{base}.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet($select=Options)"
    );
    let answer = client.get(&path).await;
    let row = |name: &str| answer.rows().iter().find(|row| row["LogicalName"] == name).unwrap().clone();
    let high = &row("prioritycode")["OptionSet"]["Options"][0];
    assert_eq!((&high["Value"], &high["Label"]["UserLocalizedLabel"]["Label"]), (&json!(1), &json!("High")));
    assert_eq!(row("prioritycode")["GlobalOptionSet"], json!(null));
    assert!(row("caseorigincode")["GlobalOptionSet"]["Options"].is_array());
    let states = client.get(&format!("{base}.StateAttributeMetadata?$select=LogicalName&$expand=OptionSet")).await;
    assert_eq!(states.rows()[0]["OptionSet"]["Options"][1]["Label"]["UserLocalizedLabel"]["Label"], "Resolved");
    let reasons = client.get(&format!("{base}.StatusAttributeMetadata?$select=LogicalName&$expand=OptionSet")).await;
    let solved =
        reasons.rows()[0]["OptionSet"]["Options"].as_array().unwrap().iter().find(|option| option["Value"] == 5).unwrap();
    assert_eq!(solved["State"], 1);
    let plain = client.get(&format!("{base}.PicklistAttributeMetadata?$select=LogicalName")).await;
    assert_eq!(plain.rows()[0].get("OptionSet"), None, "options come only when they are expanded");
    let uncast = client.get("EntityDefinitions(LogicalName='incident')/Attributes?$expand=OptionSet").await;
    assert_eq!(uncast.status, 400, "without the cast there are no options");
}

#[tokio::test]
async fn tables_are_found_by_name_and_by_being_custom() {
    let environment = Dataverse::start_with(Options { itsm: Some("abc".into()), ..options() }).await;
    let client = client(&environment).await;
    let select = "$select=LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,DisplayName";
    let custom = client.get(&format!("EntityDefinitions?{select}&$filter=IsCustomEntity eq true")).await;
    let names: Vec<&str> = custom.rows().iter().map(|row| row["LogicalName"].as_str().unwrap()).collect();
    assert_eq!(names, ["abc_incident", "abc_changerequest", "abc_configurationitem", "abc_category", "abc_template"]);
    let incident = &custom.rows()[0];
    assert_eq!(incident["DisplayName"]["UserLocalizedLabel"]["Label"], "Incident");
    assert_eq!(
        (incident["EntitySetName"].as_str(), incident["ChangeTrackingEnabled"].as_bool()),
        (Some("abc_incidents"), Some(true))
    );
    assert_eq!(incident.get("SchemaName"), None);
    let one = client.get("EntityDefinitions(LogicalName='abc_incident')?$select=SchemaName").await;
    assert_eq!(one.body["SchemaName"], "abc_Incident");
    let by_id = client.get(&format!("EntityDefinitions({})?$select=SchemaName", one.body["MetadataId"].as_str().unwrap())).await;
    assert_eq!(by_id.body["SchemaName"], "abc_Incident");
    assert_eq!(client.get("EntityDefinitions(LogicalName='nothing')").await.status, 404);
    assert_eq!(client.get("EntityDefinitions?$top=1").await.status, 400);
}

#[tokio::test]
async fn the_solution_reveals_its_publishers_prefix() {
    let environment = Dataverse::start_with(Options { itsm: Some("abc".into()), ..options() }).await;
    let client = client(&environment).await;
    let path = "solutions?$select=uniquename,friendlyname,version&$expand=publisherid($select=uniquename,friendlyname,customizationprefix)&$filter=isvisible eq true";
    let solutions = client.get(path).await;
    let itsm = solutions.rows().iter().find(|row| row["friendlyname"] == "Provance ITSM").unwrap();
    assert_eq!(itsm["publisherid"]["customizationprefix"], "abc");
    let id = itsm["solutionid"].as_str().unwrap();
    let parts = client.get(&format!("solutioncomponents?$filter=_solutionid_value eq {id} and componenttype eq 1")).await;
    assert_eq!(parts.rows().len(), 5);
}

#[tokio::test]
async fn lookups_tell_their_navigation_properties_and_keys_their_columns() {
    let environment = Dataverse::start_with(Options { itsm: Some("abc".into()), ..options() }).await;
    let client = client(&environment).await;
    let path = |table: &str| {
        format!(
            "EntityDefinitions(LogicalName='{table}')/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName"
        )
    };
    let stock = client.get(&path("incident")).await;
    let navigation = |read: &super::Read, attribute: &str, target: &str| {
        let found = read.rows().iter().find(|row| row["ReferencingAttribute"] == attribute && row["ReferencedEntity"] == target);
        found.unwrap()["ReferencingEntityNavigationPropertyName"].as_str().unwrap().to_owned()
    };
    assert_eq!(navigation(&stock, "customerid", "contact"), "customerid_contact");
    assert_eq!(navigation(&stock, "ownerid", "team"), "ownerid");
    let own = client.get(&path("abc_incident")).await;
    assert_eq!(navigation(&own, "abc_configurationitemid", "abc_configurationitem"), "abc_ConfigurationItemId");
    let keys = client.get("EntityDefinitions(LogicalName='abc_incident')/Keys").await;
    assert_eq!(keys.rows()[0]["KeyAttributes"], json!(["abc_externalid"]));
    let pairs = client.get("EntityDefinitions(LogicalName='abc_incident')/ManyToManyRelationships").await;
    assert_eq!(pairs.rows()[0]["Entity1NavigationPropertyName"], "abc_incident_configurationitem");
}

#[tokio::test]
async fn a_file_adds_columns_and_keys_to_a_stock_table() {
    let text = "[[tables]]\nlogical_name = 'incident'\ncolumns = [{ name = 'new_key', schema_name = 'new_Key', label = 'Key', max = 100 }]\nkeys = [{ name = 'new_keykey', label = 'Key', columns = ['new_key'] }]";
    let descriptions = vec![Description::from_toml(text).unwrap()];
    let environment = Dataverse::start_with(Options { descriptions, key_column: Some("new_key".into()), ..options() }).await;
    let client = administrator(&environment).await;
    let mut body = client.incident("x").await;
    let created = client.send("PATCH", "incidents(new_key='It''s%20mine')", body.clone()).await;
    assert_eq!(created.status, 204, "{created:?}");
    body["title"] = json!("again");
    assert_eq!(client.send("PATCH", "incidents(new_key='It''s%20mine')", body.clone()).await.status, 204);
    let found = client.get("incidents(new_key='It''s%20mine')").await;
    assert_eq!((found.body["title"].as_str(), found.body["new_key"].as_str()), (Some("again"), Some("It's mine")));
    assert_eq!(environment.count("incident"), 1);
    body["new_key"] = json!("IT'S MINE");
    assert_eq!(client.send("POST", "incidents", body).await.error().0, 412, "the case of letters does not matter");
    assert_eq!(client.get("incidents(new_key='other')").await.error().1, "0x80060891");
    assert_eq!(client.get("incidents(title='other')").await.status, 400);
}
