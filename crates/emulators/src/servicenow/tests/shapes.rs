//! The shapes of values: one test for each cell of the table in the documentation.

use serde_json::{Value, json};

use super::{client, incident, instance};

const NETWORK: &str = "287ebd7da9fe198100f92cc8d1d2154e";

async fn shape(column: &str, parameters: &str) -> Value {
    let instance = instance().await;
    let sys_id = instance.insert(
        "incident",
        &[
            ("state", "3"),
            ("assignment_group", NETWORK),
            ("business_duration", "1970-01-01 08:00:00"),
            ("work_notes", "first"),
            ("short_description", "x"),
        ],
    );
    instance.update("incident", &sys_id, &[("work_notes", "second")]);
    let (_, answer) =
        client(&instance).get(&format!("/api/now/table/incident/{sys_id}?sysparm_fields={column}&{parameters}")).await;
    let text = answer["result"][column].to_string().replace(&instance.url(), "URL");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn every_kind_of_column_has_its_shape_in_every_mode() {
    let link = format!("URL/api/now/table/sys_user_group/{NETWORK}");
    let bare = "sysparm_exclude_reference_link=true";
    for (column, parameters, expected) in [
        ("state", String::new(), json!("3")),
        ("state", "sysparm_display_value=true".into(), json!("On Hold")),
        ("state", "sysparm_display_value=all".into(), json!({"display_value": "On Hold", "value": "3"})),
        ("assignment_group", String::new(), json!({"link": link, "value": NETWORK})),
        ("assignment_group", "sysparm_display_value=true".into(), json!({"display_value": "Network", "link": link})),
        (
            "assignment_group",
            "sysparm_display_value=all".into(),
            json!({"display_value": "Network", "value": NETWORK, "link": link}),
        ),
        ("assignment_group", bare.into(), json!(NETWORK)),
        ("assignment_group", format!("sysparm_display_value=true&{bare}"), json!("Network")),
        ("assignment_group", format!("sysparm_display_value=all&{bare}"), json!({"display_value": "Network", "value": NETWORK})),
        ("caller_id", String::new(), json!("")),
        ("caller_id", "sysparm_display_value=all".into(), json!({"display_value": "", "value": ""})),
        ("sys_domain", String::new(), json!({"link": "URL/api/now/table/sys_user_group/global", "value": "global"})),
        ("business_duration", String::new(), json!("1970-01-01 08:00:00")),
        ("business_duration", "sysparm_display_value=true".into(), json!("8 Hours")),
        (
            "opened_at",
            "sysparm_display_value=all".into(),
            json!({"display_value": "2026-09-01 03:00:00", "value": "2026-09-01 10:00:00"}),
        ),
        ("assignment_group.name", String::new(), json!("Network")),
        ("work_notes", String::new(), json!("")),
    ] {
        assert_eq!(shape(column, &parameters).await, expected, "{column} {parameters}");
    }
}

#[tokio::test]
async fn work_notes_are_read_newest_first_and_only_for_display() {
    let notes = shape("work_notes", "sysparm_display_value=all").await;
    assert_eq!(notes["value"], "");
    let text = notes["display_value"].as_str().unwrap();
    assert!(text.starts_with("2026-09-01 03:00:00 - Beth Anglin (Work notes)\nsecond\n\n"), "{text}");
    assert!(text.find("second").unwrap() < text.find("first").unwrap());
}

#[tokio::test]
async fn unknown_fields_are_left_out_and_dot_walks_keep_their_name() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("x")).await;
    let (_, answer) =
        client.get(&format!("/api/now/table/incident/{sys_id}?sysparm_fields=number,no_such,assigned_to.manager.name")).await;
    assert_eq!(answer["result"], json!({"number": "INC0010001", "assigned_to.manager.name": ""}));
}

#[tokio::test]
async fn a_write_can_take_display_values() {
    let instance = instance().await;
    let body = json!({"assigned_to": "Beth Anglin", "assignment_group": "Network", "impact": "1 - High", "due_date": "2026-09-02 03:00:00", "cmdb_ci": "WEB01"});
    let (_, answer) = client(&instance)
        .send("POST", "/api/now/table/incident?sysparm_input_display_value=true&sysparm_exclude_reference_link=true", Some(body))
        .await;
    let result = &answer["result"];
    assert_eq!((result["assignment_group"].as_str().unwrap(), result["impact"].as_str().unwrap()), (NETWORK, "1"));
    assert_eq!(result["due_date"], "2026-09-02 10:00:00");
    assert_ne!(result["cmdb_ci"], "");
}

#[tokio::test]
async fn the_echo_can_be_suppressed() {
    let instance = instance().await;
    let request =
        client(&instance).request("POST", "/api/now/table/incident").header("X-no-response-body", "true").json(&incident("x"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(answer.headers().contains_key("location"));
    assert!(answer.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_post_can_stand_for_a_patch() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("old")).await;
    let path = format!("/api/now/table/incident/{sys_id}");
    let request = client.request("POST", &path).header("X-HTTP-Method-Override", "PATCH").json(&incident("new"));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(instance.record("incident", &sys_id).unwrap()["short_description"], "new");
}
