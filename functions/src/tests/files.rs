//! The files that the Functions host reads agree with each other and with the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::host::{Host, HttpFunction};

const FUNCTIONS: [&str; 7] =
    ["alert_intake", "configuration_refresh", "status", "sync_now", "work_item_create", "work_item_delivery", "work_item_sync"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(root().join(path)).unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names between percent signs in the texts of a document.
fn settings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(text.split('%').skip(1).step_by(2).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| settings(value, found)),
        Value::Object(members) => members.values().for_each(|value| settings(value, found)),
        _ => {}
    }
}

#[test]
fn each_function_has_one_trigger_and_every_app_setting_it_names_is_in_the_sample() {
    let sample = json("local.settings.json.sample");
    let mut named = BTreeSet::new();
    for function in FUNCTIONS {
        let file = json(&format!("functions/{function}/function.json"));
        let bindings = file["bindings"].as_array().unwrap();
        let kind = |binding: &&Value| binding["type"].as_str().unwrap().ends_with("Trigger");
        assert_eq!(bindings.iter().filter(kind).count(), 1, "{function}");
        settings(&file, &mut named);
    }
    assert_eq!(
        named.iter().map(String::as_str).collect::<Vec<_>>(),
        ["ITSM_QUEUE", "ITSM_REFRESH_SCHEDULE", "ITSM_SYNC_SCHEDULE"]
    );
    let [values, explained] = ["Values", "Explained"].map(|member| sample[member].as_object().unwrap());
    for name in named.iter().chain(values.keys()) {
        assert!(
            values.contains_key(name) && explained.contains_key(name),
            "{name} is not explained in local.settings.json.sample"
        );
    }
    assert_eq!(values.len(), explained.len());
}

/// Variables that nobody need set: they are the system's, the Functions host's or the platform's; and words that look like one: `migrate`
/// makes names of secrets.
const OF_OTHERS: [&str; 19] = [
    "ALL_PROXY",
    "AZURE_FEDERATED_TOKEN_FILE",
    "CARGO_PKG_VERSION",
    "CLIENT_SECRET",
    "FUNCTIONS_APP_ROOT_PATH",
    "FUNCTIONS_CUSTOMHANDLER_PORT",
    "FUNCTIONS_EXTENSION_VERSION",
    "HTTPS_PROXY",
    "IDENTITY_ENDPOINT",
    "ITSM_",
    "OBJECT_ID",
    "REGION_NAME",
    "WEBSITE_AUTH_ENABLED",
    "WEBSITE_INSTANCE_ID",
    "WEBSITE_MEMORY_LIMIT_MB",
    "WEBSITE_OWNER_NAME",
    "WEBSITE_RESOURCE_GROUP",
    "WEBSITE_SITE_NAME",
    "WEBSITE_SLOT_NAME",
];

/// What stands in quotation marks in the program's own sources, tests and the demo (which has secrets of its own) aside, and looks like the name of a variable.
fn variables(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" && name != "demo" {
            variables(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let program = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let quoted = program.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
            let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let is_variable = |text: &&str| {
                text.starts_with("AzureWebJobsStorage")
                    || (text.starts_with(|c: char| c.is_ascii_uppercase()) && text.contains('_') && text.chars().all(capital))
            };
            found.extend(quoted.filter(is_variable).map(str::to_owned));
        }
    }
}

#[test]
fn every_variable_that_the_program_reads_is_explained_in_the_sample() {
    let mut read = BTreeSet::new();
    for sources in ["handler/src", "functions", "crates/connector/src", "crates/custom-handler/src", "crates/logs-ingestion/src"]
    {
        variables(&root().join(sources), &mut read);
    }
    // Found at all, in each of the ways to name one.
    for known in ["ITSM_CONNECTOR_CONFIG", "ITSM_CREDENTIAL", "AZURE_CLIENT_ID", "ITSM_PLATFORM_AUTHENTICATION", "ITSM_QUEUE"] {
        assert!(read.contains(known), "{known} is not found: {read:?}");
    }
    for others in OF_OTHERS {
        assert!(read.remove(others), "{others} is not read any more");
    }
    let sample = json("local.settings.json.sample");
    let told = |name: &str| match name.strip_prefix("AzureWebJobsStorage__") {
        Some(_) => sample["Explained"]["AzureWebJobsStorage"].as_str().unwrap().contains(name),
        None => sample["Explained"].get(name).is_some(),
    };
    let untold: Vec<_> = read.iter().filter(|name| !told(name)).collect();
    assert_eq!(untold, Vec::<&String>::new(), "explain them in local.settings.json.sample");
}

#[test]
fn every_secret_of_the_sample_settings_is_an_app_setting_of_the_sample() {
    let text = std::fs::read_to_string(root().join("connector.toml.sample")).unwrap();
    let in_use = text.lines().filter(|line| !line.starts_with('#'));
    let secrets: BTreeSet<&str> =
        in_use.flat_map(|line| line.split('"').skip(1).step_by(2)).filter_map(|text| text.strip_prefix('$')).collect();
    assert!(secrets.len() >= 3, "{secrets:?}");
    let values = &json("local.settings.json.sample")["Values"];
    for secret in secrets {
        assert_eq!(values[secret], "", "{secret}: there must be one, and nobody's in particular");
    }
}

#[test]
fn http_functions_can_be_forwarded_and_ask_for_a_key() {
    let host = Host::read(&root().join("functions"), false);
    let prefix = json("host.json")["extensions"]["http"]["routePrefix"].as_str().unwrap().to_owned();
    assert_eq!(prefix, "api");
    for function in HttpFunction::ALL {
        assert!(host.asks_for_key(function), "{function:?}");
        let file = json(&format!("functions/{}/function.json", function.folder()));
        let bindings = file["bindings"].as_array().unwrap();
        let kinds: Vec<_> = bindings.iter().map(|binding| binding["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["httpTrigger", "http"], "only such a function is forwarded");
        assert_eq!(bindings[1]["name"], "res", "the output that envelopes are answered with");
    }
}

#[test]
fn the_queue_is_read_as_plain_text_and_there_is_time_for_an_attempt() {
    let host = json("host.json");
    assert_eq!(host["extensions"]["queues"]["messageEncoding"], "none");
    assert_eq!(host["functionTimeout"], "00:10:00", "`serve` ends an invocation half a minute earlier");
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], "itsm-connector");
}
