use connector::secret::FixedSecrets;

use super::{Desk, SETTINGS, good, json, wrong};
use crate::ending::Ending;

const CONFIG: [&str; 2] = ["--config", "@connector.toml"];

const ALERT: &str = include_str!("../../../../tests/fixtures/alerts/common_metric_static_resolved.json");

fn with_config<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().chain(&CONFIG).copied().collect()
}

#[tokio::test]
async fn good_settings_are_counted() {
    let printed = good(Desk::new().run(&with_config(&["validate"])).await);
    assert!(printed.ends_with("connector.toml is good: 1 connection, 1 route\n"), "{printed}");
}

#[tokio::test]
async fn every_problem_is_printed_and_the_command_ends_with_2() {
    let desk = Desk::with(FixedSecrets::default());
    let (printed, ending) = desk.run(&with_config(&["validate"])).await;
    assert_eq!(ending.unwrap(), Ending::Wrong);
    assert!(printed.contains("SNOW_PASSWORD") && printed.contains("INTAKE_KEY"), "{printed}");

    let (printed, ending) = desk.run(&with_config(&["validate", "--json"])).await;
    assert_eq!(ending.unwrap(), Ending::Wrong);
    let report = json(&printed);
    assert_eq!(report["good"], false);
    assert_eq!(report["problems"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_line() {
    let desk = Desk::new();
    desk.file("connector.toml", &SETTINGS.replace("url =", "urll ="));
    let (printed, ending) = desk.run(&with_config(&["validate"])).await;
    assert_eq!(ending.unwrap(), Ending::Wrong);
    assert!(printed.contains("connector.toml:4") && printed.contains("urll"), "{printed}");
}

#[tokio::test]
async fn settings_that_are_not_there_are_wrong_usage_for_every_command_that_reads_them() {
    let desk = Desk::new();
    let alert = desk.file("alert.json", ALERT);
    for command in [vec!["check"], vec!["preview", "snow", alert.to_str().unwrap()]] {
        let arguments: Vec<&str> = command.into_iter().chain(["--config", "@nowhere.toml"]).collect();
        let text = wrong(desk.run(&arguments).await);
        assert!(text.contains("nowhere.toml"), "{text}");
    }
}

#[tokio::test]
async fn a_connection_that_does_not_exist_gets_the_list_of_those_that_do() {
    let desk = Desk::new();
    let text = wrong(desk.run(&with_config(&["check", "--connection", "snw"])).await);
    assert_eq!(text, "there is no connection \"snw\"; the settings have snow");
}

#[tokio::test]
async fn a_check_of_an_instance_that_is_down_ends_with_1_and_says_the_remedy() {
    let desk = Desk::new();
    let (printed, ending) = desk.run(&with_config(&["check", "--json"])).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    let reports = json(&printed);
    assert_eq!(reports[0]["connection"], "snow");
    let failed = reports[0]["probes"].as_array().unwrap().iter().find(|probe| probe["verdict"] == "failed").unwrap();
    assert!(!failed["remedy"].as_str().unwrap().is_empty());

    let (printed, _) = desk.run(&with_config(&["check"])).await;
    assert!(printed.starts_with("snow: not good, failed: 1") && printed.contains("FAILED"), "{printed}");
}

#[tokio::test]
async fn a_preview_shows_the_fields_as_they_would_be_sent() {
    let desk = Desk::new();
    desk.file("alert.json", ALERT);
    let arguments = ["preview", "snow", "@alert.json", "--json", "--field", "assignment_group=Network"];
    let previewed = json(&good(desk.run(&with_config(&arguments)).await));
    let item = &previewed["work_items"][0];
    assert_eq!(item["fields"]["assignment_group"], "Network");
    assert_eq!(item["fields"]["correlation_id"], item["key"]);
    assert!(previewed["close_notes"].as_str().unwrap().contains("over"));

    let printed = good(desk.run(&with_config(&["preview", "snow", "@alert.json"])).await);
    assert!(printed.contains("incident 1 of 1") && printed.contains("short_description"), "{printed}");
}

#[tokio::test]
async fn a_preview_of_an_event_speaks_of_no_resolution() {
    let desk = Desk::new();
    desk.file("alert.json", ALERT);
    let previewed = json(&good(desk.run(&with_config(&["preview", "snow", "@alert.json", "--type", "event", "--json"])).await));
    assert_eq!(previewed["close_notes"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_preview_makes_no_more_work_items_than_the_policy_lets() {
    let desk = Desk::new();
    desk.file("connector.toml", &format!("{SETTINGS}\n[connections.snow.policy]\nmax_work_items = 1\n"));
    desk.file("rows.json", include_str!("../../../../tests/fixtures/alerts/legacy_log_analytics_2018.json"));
    let previewed = json(&good(desk.run(&with_config(&["preview", "snow", "@rows.json", "--per", "row", "--json"])).await));
    assert_eq!(previewed["work_items"].as_array().unwrap().len(), 1);
    let remark = previewed["remarks"][0].as_str().unwrap();
    assert!(remark.ends_with("policy.max_work_items lets it make 1"), "{remark}");
}

#[tokio::test]
async fn a_file_that_is_no_alert_is_wrong_usage() {
    let desk = Desk::new();
    desk.file("alert.json", "[1, 2]");
    let text = wrong(desk.run(&with_config(&["preview", "snow", "@alert.json"])).await);
    assert!(text.contains("alert.json") && text.contains("not an object"), "{text}");
    let text = wrong(desk.run(&with_config(&["preview", "snow", "@nothing.json"])).await);
    assert!(text.contains("nothing.json cannot be read"), "{text}");
}

#[tokio::test]
async fn a_field_given_twice_is_wrong_usage() {
    let desk = Desk::new();
    desk.file("alert.json", ALERT);
    let arguments = ["preview", "snow", "@alert.json", "--field", "a=1", "--field", "a=2"];
    assert_eq!(wrong(desk.run(&with_config(&arguments)).await), "--field a is given twice; give each field once");
}

#[tokio::test]
async fn the_schemas_describe_what_people_write() {
    let desk = Desk::new();
    assert!(json(&good(desk.run(&["schema"]).await))["properties"]["connections"].is_object());
    assert!(json(&good(desk.run(&["schema", "work-item"]).await))["properties"]["one_per_row"].is_object());
}

#[tokio::test]
async fn tables_and_streams_are_told_as_a_workspace_wants_them() {
    let desk = Desk::new();
    let tables = json(&good(desk.run(&["schema", "tables"]).await));
    assert_eq!((&tables[0]["name"], &tables[1]["name"]), (&"ServiceDesk_CL".into(), &"ServiceDeskLog_CL".into()));
    assert_eq!(tables[0]["columns"][0]["name"], "TimeGenerated");
    let streams = json(&good(desk.run(&["schema", "streams"]).await));
    assert!(streams["streamDeclarations"]["Custom-ServiceDesk"]["columns"].is_array(), "{streams}");
}

#[tokio::test]
async fn deliveries_of_a_machine_that_never_ran_are_refused_and_no_database_is_made() {
    let desk = Desk::new();
    let text = wrong(desk.run(&["deliveries", "list", "--data", "@data"]).await);
    assert!(text.contains("there is no database at") && text.contains("--data"), "{text}");
    assert!(!desk.directory.path().join("data").exists());
}

#[tokio::test]
async fn there_is_nothing_to_discover_in_a_tool_that_is_the_same_everywhere() {
    let desk = Desk::new();
    let told = wrong(desk.run(&with_config(&["discover", "snow"])).await);
    assert!(told.contains("ServiceNow") && told.contains("nothing to discover"), "{told}");
    let told = wrong(desk.run(&with_config(&["discover", "snowy"])).await);
    assert!(told.contains("snowy") && told.contains("the settings have snow"), "{told}");
}

#[tokio::test]
async fn an_environment_that_cannot_be_reached_is_told_and_no_file_is_made() {
    let desk = Desk::new();
    let provance = "[connections.prov]\nprovider = \"provance\"\nurl = \"http://127.0.0.1:1\"\n\
                    auth = { type = \"client_credentials\", client_id = \"x\", client_secret = \"$SNOW_PASSWORD\" }\n";
    desk.file("connector.toml", &format!("{SETTINGS}{provance}"));
    let (printed, ending) = desk.run(&with_config(&["discover", "prov", "--output", "@profile.toml"])).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert!(printed.contains("127.0.0.1") && printed.contains("what to do"), "{printed}");
    assert!(!desk.directory.path().join("profile.toml").exists());
}
