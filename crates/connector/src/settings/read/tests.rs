use crate::settings::problem::Problem;
use crate::settings::{Document, Settings};

const GOOD: &str = "[connections.snow]\n\
provider = \"servicenow\"\n\
url = \"https://example.service-now.com\"\n\
auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n";

fn problems(text: &str) -> Vec<String> {
    Settings::from_toml(text, "connector.toml").unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_smallest_file_reads() {
    let settings = Settings::from_toml(GOOD, "connector.toml").unwrap();
    assert_eq!(settings.connections["snow"].concurrency, 4);
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_valid_one() {
    let text = GOOD.replace("url =", "urll =");
    assert_eq!(
        problems(&text)[0],
        "connector.toml:1:1: connections.snow.url: is missing; it says: Address of the instance, `https://NAME.service-now.com`. Plain http is allowed to loopback only."
    );
    assert_eq!(problems(&text)[1], "connector.toml:3:1: connections.snow.urll: unknown key; did you mean \"url\"?");
}

#[test]
fn all_unknown_keys_and_wrong_types_are_told_at_once_in_the_order_of_the_file() {
    let text =
        format!("colour = 1\n{GOOD}timeout = 30\ndry_run = \"yes\"\nconcurrency = -1\n[intake]\napi_keys = \"$K\"\nkeys = []\n");
    assert_eq!(
        problems(&text),
        [
            "connector.toml:1:1: colour: unknown key; valid are connections, delivery, intake, key_vault, retention, route, schedule, storage, telemetry, workspace",
            "connector.toml:6:11: connections.snow.timeout: must be a text in quotes, not a whole number",
            "connector.toml:7:11: connections.snow.dry_run: must be true or false, not a text",
            "connector.toml:8:15: connections.snow.concurrency: must be a whole number of at least 0",
            "connector.toml:10:12: intake.api_keys: must be a list, not a text",
            "connector.toml:11:1: intake.keys: unknown key; did you mean \"api_keys\"?",
        ]
    );
}

#[test]
fn a_slip_in_the_name_that_tells_what_else_may_be_here_is_found() {
    let found = problems(&GOOD.replace("provider =", "provder ="));
    assert!(found.iter().any(|problem| problem.contains("snow.provder: unknown key; did you mean \"provider\"?")), "{found:?}");
    assert!(found.iter().any(|problem| problem.contains("snow.provider: is missing; valid are servicenow")), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn an_unknown_key_of_the_authentication_is_found_too() {
    let text = GOOD.replace("username =", "user =");
    let found = problems(&text);
    assert!(
        found.iter().any(|problem| problem.contains("connector.toml:4:26: connections.snow.auth.user: unknown key")),
        "{found:?}"
    );
    assert!(found.iter().any(|problem| problem.contains("connections.snow.auth.username: is missing")), "{found:?}");
    let text = GOOD.replace("\"basic\"", "\"basik\"");
    assert_eq!(
        problems(&text),
        ["connector.toml:4:17: connections.snow.auth.type: \"basik\" is not one of its values; did you mean \"basic\"?"]
    );
    assert!(
        problems(&GOOD.replace("type = \"basic\", ", ""))[0].contains("connections.snow.auth.type: is missing; valid are basic")
    );
    assert!(problems(&GOOD.replace("{ type", "\"x\" #"))[0].contains("connections.snow.auth: must be a table, not a text"));
}

#[test]
fn words_durations_and_addresses_are_checked_with_their_place() {
    let text = GOOD.replace("https://example.service-now.com", "example.service-now.com")
        + "timeout = \"half an hour\"\n[connections.snow.policy]\non_resolve = \"resolv\"\n[connections.snow.severity]\nSev9 = {}\n";
    let found = problems(&text);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].starts_with("connector.toml:3:7: connections.snow.url: is not a URL: "), "{found:?}");
    assert!(
        found[1].starts_with("connector.toml:5:11: connections.snow.timeout: \"half an hour\" is not a duration"),
        "{found:?}"
    );
    assert!(found[2].ends_with("\"resolv\" is not one of its values; did you mean \"resolve\"?"), "{found:?}");
    assert!(found[3].starts_with("connector.toml:9:1: connections.snow.severity.Sev9: unknown key"), "{found:?}");
}

#[test]
fn a_syntax_error_is_placed_and_does_not_quote_the_line() {
    let found = problems("[connections.snow]\npassword = hunter2\n");
    assert!(found[0].starts_with("connector.toml:2:"), "{found:?}");
    assert!(!found.concat().contains("hunter2"), "{found:?}");
}

#[test]
fn a_file_without_connections_says_so() {
    assert!(problems("")[0].starts_with("connector.toml:1:1: connections: is missing"), "{:?}", problems(""));
}

#[test]
fn a_file_that_is_not_there_is_named_with_what_to_do() {
    let found = Settings::load(std::path::Path::new("/nowhere/connector.toml")).unwrap_err();
    assert!(found[0].to_string().starts_with("/nowhere/connector.toml: cannot be read: "), "{found:?}");
    assert!(found[0].remedy.contains("--config"), "{found:?}");
}

#[test]
fn a_problem_that_knows_its_key_is_placed_afterwards() {
    let document = Document { name: "connector.toml".to_owned(), text: format!("{GOOD}[intake]\napi_keys = [\"$A\"]\n") };
    let mut problems = ["connections.snow.auth.password", "intake.api_keys[0]", "connections.snow.policy.close_notes", ""]
        .map(|key| Problem::new(key, "", ""));
    document.locate(&mut problems);
    assert_eq!(problems.map(|problem| problem.line), [Some(4), Some(6), Some(1), None]);
}

#[test]
fn a_file_that_is_far_too_large_or_no_toml_at_all_is_told_in_a_moment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("connector.toml");
    std::fs::write(&path, "not toml\n".repeat(200_000)).unwrap();
    let problem = Document::open(&path).unwrap_err().remove(0).to_string();
    assert!(problem.contains("is larger than 1 MiB") && problem.contains("--config"), "{problem}");
    let found = problems(&"not toml\n".repeat(1000));
    assert!((1..=20).contains(&found.len()), "{} problems", found.len());
}

#[test]
fn a_file_in_another_encoding_is_told_with_the_line_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("connector.toml");
    std::fs::write(&path, b"# one\n# two\n# caf\xe9\n").unwrap();
    let problem = Document::open(&path).unwrap_err().remove(0).to_string();
    assert!(problem.contains("line 3") && problem.contains("save it as UTF-8") && !problem.contains("--config"), "{problem}");
}

#[test]
fn an_address_that_is_none_gets_an_example_of_its_own_kind() {
    let text = format!("{GOOD}[workspace]\nendpoint = \"itsm.ingest.monitor.azure.com\"\nrule = \"dcr-0\"\n");
    let found = problems(&text).concat();
    assert!(found.contains("workspace.endpoint: is not a URL") && !found.contains("service-now"), "{found}");
}

#[test]
fn a_number_may_be_whole_or_a_fraction_and_nothing_else() {
    let with = |sample: &str| format!("{GOOD}[telemetry]\nsample = {sample}\n");
    for (written, sample) in [("0.25", 0.25), ("1", 1.0)] {
        let settings = Settings::from_toml(&with(written), "connector.toml").unwrap();
        assert!((settings.telemetry.unwrap().sample - sample).abs() < f64::EPSILON);
    }
    assert_eq!(problems(&with("\"1\"")), ["connector.toml:6:10: telemetry.sample: must be a number, not a text"]);
}
