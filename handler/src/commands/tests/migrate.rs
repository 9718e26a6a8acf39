use std::path::Path;

use clap::Parser;

use super::{Desk, good, json, wrong};
use crate::cli::Cli;
use crate::ending::Ending;

const FIELDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/migrate/show_fields.json");
const KINDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/migrate/list_kinds.json");
const BAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/migrate/bad_tickets.json");
const NONE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/migrate/none.json");

#[tokio::test]
async fn what_is_printed_is_the_receivers_and_the_settings() {
    let printed = good(Desk::new().run(&["migrate", FIELDS, "--url", "https://itsm.example", "--connection", "snow"]).await);
    assert!(printed.starts_with("# Receivers for action group ops of resource group rg-monitor\n{"), "{printed}");
    for line in [
        "\"serviceUri\": \"https://itsm.example/api/alerts/ops-ServiceNow-incidents?code=KEY\"",
        "[connections.snow]",
        "[route.ops-ServiceNow-incidents]",
        "remark: ",
        "action groups: 1, ITSM receivers: 1, of them with a route: 1",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
}

#[tokio::test]
async fn what_is_written_is_good_settings_and_a_file_for_each_group() {
    let desk = Desk::new();
    let printed = good(desk.run(&["migrate", KINDS, "--write", "@moved", "--connection", "snow"]).await);
    let moved = desk.directory.path().join("moved");
    let mut files: Vec<String> =
        std::fs::read_dir(&moved).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let groups = ["rg-monitor-alerts", "rg-monitor-network", "rg-monitor-security"].map(|name| format!("{name}.webhooks.json"));
    assert_eq!(files, ["connector.toml"].into_iter().chain(groups.iter().map(String::as_str)).collect::<Vec<_>>());
    assert!(files.iter().all(|file| printed.contains(&format!("written: {}", moved.join(file).display()))), "{printed}");

    let fragment = json(&std::fs::read_to_string(moved.join(&groups[1])).unwrap());
    assert_eq!(fragment["webhookReceivers"].as_array().unwrap().len(), 1);
    // The template of settings asks for an OAuth client, whose secret nobody has here.
    let (printed, ending) = desk.run(&["validate", "--config", "@moved/connector.toml"]).await;
    assert_eq!(ending.unwrap(), Ending::Wrong);
    assert!(printed.lines().all(|line| line.contains("SNOW_CLIENT_SECRET is not set")), "{printed}");
    let secrets = connector::secret::FixedSecrets::default();
    let secrets =
        ["SNOW_PASSWORD", "SNOW_CLIENT_SECRET", "INTAKE_KEY"].into_iter().fold(secrets, |all, name| all.with(name, "s"));
    let config = moved.join("connector.toml");
    let printed = good(Desk::with(secrets).run(&["validate", "--config", config.to_str().unwrap()]).await);
    assert!(printed.ends_with("is good: 1 connection, 3 routes\n"), "{printed}");
}

#[tokio::test]
async fn files_that_are_there_stay() {
    let desk = Desk::new();
    let before = std::fs::read_to_string(desk.directory.path().join("connector.toml")).unwrap();
    let directory = desk.directory.path().to_str().unwrap().to_owned();
    let text = wrong(desk.run(&["migrate", FIELDS, "--write", &directory]).await);
    assert!(text.contains("connector.toml is there already"), "{text}");
    assert_eq!(std::fs::read_to_string(desk.directory.path().join("connector.toml")).unwrap(), before);
    assert!(!Path::new(&directory).join("rg-monitor-ops.webhooks.json").exists());
}

#[tokio::test]
async fn what_is_not_carried_over_ends_with_1_and_is_named() {
    let (printed, ending) = Desk::new().run(&["migrate", BAD]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    let line = format!(
        "not carried over: {BAD}: action group \"bad\" of rg-monitor, receiver \"broken\": its ticketConfiguration cannot be read"
    );
    assert!(printed.contains(&line), "{printed}");

    let (printed, ending) = Desk::new().run(&["migrate", BAD, "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    let report = json(&printed);
    assert_eq!(report["action_groups"][0]["itsm_receivers"], 12);
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| finding["weight"] == "not_carried_over"));
}

#[tokio::test]
async fn a_group_without_itsm_receivers_is_good_and_makes_nothing() {
    let desk = Desk::new();
    assert_eq!(good(desk.run(&["migrate", NONE]).await), "action groups: 1, ITSM receivers: 0, of them with a route: 0\n");
    good(desk.run(&["migrate", NONE, "--write", "@empty"]).await);
    assert_eq!(std::fs::read_dir(desk.directory.path().join("empty")).unwrap().count(), 0);
}

#[tokio::test]
async fn wrong_usage_says_what_is_right() {
    let desk = Desk::new();
    desk.file("ag.bicep", "resource ag 'Microsoft.Insights/actionGroups@2023-01-01' = {}");
    desk.file("empty.json", "[]");
    for (arguments, words) in [
        (vec!["migrate", "@nowhere.json"], "nowhere.json cannot be read"),
        (vec!["migrate", "@ag.bicep"], "az bicep build"),
        (vec!["migrate", "@empty.json"], "there is no action group in it"),
        (vec!["migrate", FIELDS, "--connection", "1234=snow"], "no ITSM receiver has the connection 1234"),
        (vec!["migrate", FIELDS, "--connection", "a", "--connection", "b"], "given twice"),
    ] {
        let text = wrong(desk.run(&arguments).await);
        assert!(text.contains(words), "{text}");
    }
    for arguments in [
        "migrate",
        "migrate x --url http://itsm.example",
        "migrate x --url https://itsm.example?code=1",
        "migrate x --connection snow:remedy",
        "migrate x --connection a.b",
        "migrate x --connection =snow",
        "migrate x --template only",
        "migrate x --secure 1",
        "migrate x --tenant 1",
        "migrate x --not-per-ci row",
    ] {
        let parsed = Cli::try_parse_from(std::iter::once("itsm-connector").chain(arguments.split(' ')));
        assert_eq!(parsed.unwrap_err().exit_code(), 2, "{arguments}");
    }
}
