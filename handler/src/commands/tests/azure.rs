use connector::secret::{FixedSecrets, Variables};
use serde_json::{Value, json};

use super::{Desk, Run, SETTINGS, good, json, wrong};
use crate::ending::Ending;

const SAMPLE: &str = include_str!("../../../../local.settings.json.sample");
const WORKSPACE: &str =
    "[workspace]\nendpoint = \"https://x.ingest.monitor.azure.com\"\nrule = \"dcr-00000000000000000000000000abcdef\"\n";

const SIGNED: &str = "BlobEndpoint=https://itsmconnector.blob.core.windows.net;\
    QueueEndpoint=https://itsmconnector.queue.core.windows.net;SharedAccessSignature=sv=2021-12-02&sig=hunter2";

/// App settings with which a function app works.
fn app() -> Value {
    json!({
        "AzureWebJobsStorage__accountName": "itsmconnector",
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": "11111111-1111-1111-1111-111111111111",
        "ITSM_CONNECTOR_CONFIG": "connector.toml",
        "ITSM_QUEUE": "workitems",
        "ITSM_SYNC_SCHEDULE": "0 */5 * * * *",
        "ITSM_REFRESH_SCHEDULE": "0 0 3 * * *",
        "SNOW_PASSWORD": "@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/secrets/snow-password)",
        "INTAKE_KEY": "@Microsoft.KeyVault(VaultName=itsm;SecretName=intake-key)",
    })
}

fn with(changes: &Value) -> Value {
    let mut values = app();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            values.as_object_mut().unwrap().remove(name);
        } else {
            values[name] = value.clone();
        }
    }
    values
}

fn desk() -> Desk {
    let desk = Desk::with(FixedSecrets::default());
    desk.file("connector.toml", &format!("{SETTINGS}{WORKSPACE}"));
    desk
}

/// Validates with the app settings of a file.
async fn of_file(desk: &Desk, values: &Value) -> Run {
    desk.file("local.settings.json", &json!({ "IsEncrypted": false, "Values": values }).to_string());
    desk.run(&["validate", "--config", "@connector.toml", "--settings", "@local.settings.json", "--json"]).await
}

/// The problems of a file, as `KEY: message; remedy`.
async fn told(desk: &Desk, values: &Value) -> Vec<String> {
    let (printed, ending) = of_file(desk, values).await;
    assert_eq!(ending.unwrap(), Ending::Wrong, "{printed}");
    let text = |problem: &Value| format!("{}: {}; {}", problem["key"], problem["message"], problem["remedy"]).replace('"', "");
    json(&printed)["problems"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn app_settings_can_be_checked_before_they_are_deployed() {
    let desk = desk();
    let report = json(&good(of_file(&desk, &app()).await));
    assert_eq!((&report["good"], &report["warnings"]), (&true.into(), &json!([])));
    let arguments = ["validate", "--config", "@connector.toml", "--settings", "@local.settings.json"];
    let printed = good(desk.run(&arguments).await);
    assert!(printed.contains("the app settings in") && printed.contains("local.settings.json are good"), "{printed}");

    let list: Vec<Value> =
        app().as_object().unwrap().iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    desk.file("local.settings.json", &json!(list).to_string());
    good(desk.run(&arguments).await);
}

#[tokio::test]
async fn each_app_setting_that_a_function_names_must_be_set() {
    let desk = desk();
    for (name, says) in [
        ("ITSM_QUEUE", "function work_item_delivery needs it as its queueName; set it, for example to \\workitems\\"),
        ("ITSM_SYNC_SCHEDULE", "for example to \\0 */5 * * * *\\"),
        ("ITSM_REFRESH_SCHEDULE", "AzureWebJobs.configuration_refresh.Disabled"),
    ] {
        for missing in [Value::Null, json!("")] {
            let told = told(&desk, &with(&json!({ name: missing }))).await;
            assert!(told.len() == 1 && told[0].starts_with(&format!("{name}: ")) && told[0].contains(says), "{told:?}");
        }
    }
}

#[tokio::test]
async fn the_workspace_may_be_named_by_the_app_settings() {
    let desk = desk();
    desk.file("connector.toml", SETTINGS);
    let report = json(&good(of_file(&desk, &app()).await));
    assert!(report["warnings"][0]["remedy"].as_str().unwrap().contains("ITSM_WORKSPACE_RULE"), "{report}");
    let endpoint = json!({ "ITSM_WORKSPACE_ENDPOINT": "https://x.ingest.monitor.azure.com" });
    let told = told(&desk, &with(&endpoint)).await;
    assert_eq!(told, ["ITSM_WORKSPACE_RULE: is not set, and ITSM_WORKSPACE_ENDPOINT is; set both or neither"]);
    let mut both = endpoint;
    both["ITSM_WORKSPACE_RULE"] = "dcr-00000000000000000000000000abcdef".into();
    let report = json(&good(of_file(&desk, &with(&both)).await));
    assert_eq!(report["warnings"], json!([]));
}

#[tokio::test]
async fn the_function_that_tidies_must_not_be_disabled() {
    let desk = desk();
    let told = told(&desk, &with(&json!({ "AzureWebJobs.work_item_sync.Disabled": "True" }))).await;
    assert!(told.len() == 1 && told[0].contains("lost messages"), "{told:?}");
    let other = with(&json!({ "AzureWebJobs.configuration_refresh.Disabled": "true" }));
    good(of_file(&desk, &other).await);
}

#[tokio::test]
async fn queue_and_schedules_are_those_that_the_host_takes() {
    let desk = desk();
    for (name, value, says) in [
        ("ITSM_QUEUE", "WorkItems", "lower case"),
        ("ITSM_QUEUE", "work--items", "lower case"),
        ("ITSM_QUEUE", "-workitems", "lower case"),
        ("ITSM_QUEUE", "wi", "lower case"),
        ("ITSM_QUEUE", &"w".repeat(57), "at most 56"),
        ("ITSM_SYNC_SCHEDULE", "*/5 * * * *", "0 */5 * * * *"),
        ("ITSM_REFRESH_SCHEDULE", "00:05:00", "six"),
    ] {
        let told = told(&desk, &with(&json!({ name: value }))).await;
        assert!(told.len() == 1 && told[0].starts_with(&format!("{name}: ")) && told[0].contains(says), "{value}: {told:?}");
    }
    good(of_file(&desk, &with(&json!({ "ITSM_QUEUE": "w".repeat(56) }))).await);
}

#[tokio::test]
async fn the_host_needs_a_storage_account_and_the_connector_one_that_it_can_use() {
    let desk = desk();
    let none = json!({ "AzureWebJobsStorage__accountName": null });
    let told_none = told(&desk, &with(&none)).await;
    assert!(told_none.len() == 1 && told_none[0].contains("set AzureWebJobsStorage__accountName"), "{told_none:?}");

    let blobs = "AzureWebJobsStorage__blobServiceUri";
    let half = json!({ "AzureWebJobsStorage__accountName": null, blobs: "https://itsm.blob.core.windows.net" });
    let told_half = told(&desk, &with(&half)).await;
    assert!(told_half.len() == 1 && told_half[0].starts_with("AzureWebJobsStorage__queueServiceUri: "), "{told_half:?}");
    let both = json!({
        "AzureWebJobsStorage__accountName": null, blobs: "https://itsm.blob.core.windows.net",
        "AzureWebJobsStorage__queueServiceUri": "https://itsm.queue.core.windows.net",
    });
    good(of_file(&desk, &with(&both)).await);

    // A connection string is enough for the host only.
    let shared_key =
        json!({ "AzureWebJobsStorage__accountName": null, "AzureWebJobsStorage": "AccountName=itsm;AccountKey=hunter2" });
    let told_key = told(&desk, &with(&shared_key)).await;
    assert!(told_key.len() == 1 && told_key[0].contains("shared key") && !told_key[0].contains("hunter2"), "{told_key:?}");
    let mut signed = with(&shared_key);
    signed["AzureWebJobsStorage"] = SIGNED.into();
    good(of_file(&desk, &signed).await);
}

#[tokio::test]
async fn two_accounts_for_the_host_are_told_apart() {
    let desk = desk();
    good(of_file(&desk, &with(&json!({ "AzureWebJobsStorage": SIGNED }))).await);
    let other = SIGNED.replace("itsmconnector", "other");
    let told = told(&desk, &with(&json!({ "AzureWebJobsStorage": other }))).await;
    assert!(told.len() == 1 && told[0].contains("is account itsmconnector, and the Functions host"), "{told:?}");
    assert!(told[0].contains("remove one") && !told[0].contains("hunter2"), "{told:?}");
}

#[tokio::test]
async fn a_storage_account_that_is_waited_for_longer_than_an_action_group_waits_is_warned_of() {
    let desk = desk();
    for (timeout, warned) in [("4s", false), ("5s", true)] {
        let storage = format!(
            "[storage]\nblobs = \"https://itsmconnector.blob.core.windows.net\"\n\
             queues = \"https://itsmconnector.queue.core.windows.net\"\ntimeout = \"{timeout}\"\n"
        );
        desk.file("connector.toml", &format!("{SETTINGS}{WORKSPACE}{storage}"));
        let report = json(&good(of_file(&desk, &app()).await));
        let keys: Vec<&str> = report["warnings"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
        assert_eq!(keys.contains(&"storage.timeout"), warned, "{report}");
    }
}

#[tokio::test]
async fn deliveries_go_where_the_function_listens() {
    let desk = desk();
    let storage = |queue: &str, account: &str| {
        format!(
            "{SETTINGS}{WORKSPACE}[storage]\nblobs = \"https://{account}.blob.core.windows.net\"\n\
             queues = \"https://{account}.queue.core.windows.net\"\nqueue = \"{queue}\"\n"
        )
    };
    desk.file("connector.toml", &storage("workitems", "itsmconnector"));
    good(of_file(&desk, &app()).await);
    desk.file("connector.toml", &storage("deliveries", "itsmconnector"));
    let queue = told(&desk, &app()).await;
    assert!(queue.len() == 1 && queue[0].starts_with("storage.queue: is \\deliveries\\, and the function"), "{queue:?}");
    desk.file("connector.toml", &storage("workitems", "other"));
    let by_string = with(&json!({ "AzureWebJobsStorage__accountName": null, "AzureWebJobsStorage": SIGNED }));
    for values in [app(), by_string] {
        let account = told(&desk, &values).await;
        assert!(account.len() == 1 && account[0].starts_with("storage.queues: is account other"), "{account:?}");
        assert!(!account[0].contains("hunter2"), "{account:?}");
    }
    let printed = of_file(&desk, &app()).await.0;
    assert!(json(&printed)["problems"][0]["line"].is_number(), "it is placed in the file: {printed}");
}

#[tokio::test]
async fn every_secret_must_be_an_app_setting_and_every_reference_be_written_well() {
    let desk = desk();
    let missing = told(&desk, &with(&json!({ "SNOW_PASSWORD": null }))).await;
    assert!(missing.len() == 1 && missing[0].contains("environment variable SNOW_PASSWORD is not set"), "{missing:?}");
    for reference in [
        "@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/secrets/hunter2",
        "@Microsoft.KeyVault(SecretUri=http://itsm.vault.azure.net/secrets/hunter2)",
        "@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/keys/hunter2)",
        "@Microsoft.KeyVault(SecretUri=hunter2)",
        "@Microsoft.KeyVault(VaultName=hunter2)",
        "@microsoft.keyvault(hunter2)",
    ] {
        let told = told(&desk, &with(&json!({ "SNOW_PASSWORD": reference }))).await;
        assert!(told.len() == 1 && told[0].starts_with("SNOW_PASSWORD: is a Key Vault reference that cannot"), "{told:?}");
        assert!(!told[0].contains("hunter2"), "{told:?}");
    }
    let pinned = "@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/secrets/snow-password/0123456789abcdef/)";
    let report = json(&good(of_file(&desk, &with(&json!({ "SNOW_PASSWORD": pinned }))).await));
    assert_eq!(report["warnings"][0]["key"], "SNOW_PASSWORD");
}

#[tokio::test]
async fn warnings_are_told_and_are_no_failure() {
    let desk = Desk::with(FixedSecrets::default());
    let azurite = "BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://127.0.0.1:10001/a;SharedAccessSignature=sig=x";
    let values = with(&json!({ "AzureWebJobsStorage": azurite }));
    let report = json(&good(of_file(&desk, &values).await));
    let keys: Vec<&str> = report["warnings"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["workspace", "AzureWebJobsStorage"]);
    let printed = good(desk.run(&["validate", "--config", "@connector.toml", "--settings", "@local.settings.json"]).await);
    assert!(printed.starts_with("warning: ") && printed.contains("records are not synced"), "{printed}");
}

#[tokio::test]
async fn a_user_assigned_identity_is_chosen_by_two_settings() {
    let desk = desk();
    let report = json(&good(of_file(&desk, &with(&json!({ "AzureWebJobsStorage__credential": null }))).await));
    assert_eq!(report["warnings"][0]["key"], "AzureWebJobsStorage__credential");
}

#[tokio::test]
async fn behind_the_host_the_app_settings_are_checked_unasked_and_elsewhere_only_when_asked() {
    let values = |values: &Value| -> Variables {
        values.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let mut desk = Desk::new();
    desk.file("connector.toml", &format!("{SETTINGS}{WORKSPACE}"));
    let plain = ["validate", "--config", "@connector.toml", "--json"];
    good(desk.run(&plain).await);
    let asked = desk.run(&["validate", "--config", "@connector.toml", "--azure", "--json"]).await.0;
    let keys = |printed: &str| -> Vec<String> {
        json(printed)["problems"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&asked), ["ITSM_REFRESH_SCHEDULE", "ITSM_QUEUE", "ITSM_SYNC_SCHEDULE", "AzureWebJobsStorage"]);
    assert!(asked.contains("the environment"), "{asked}");
    for (name, value) in [("FUNCTIONS_CUSTOMHANDLER_PORT", "40123"), ("FUNCTIONS_WORKER_RUNTIME", "Custom")] {
        desk.variables = values(&json!({ name: value }));
        assert_eq!(keys(&desk.run(&plain).await.0).len(), 4, "{name}");
        let mut all = with(&json!({ "SNOW_PASSWORD": null, "INTAKE_KEY": null }));
        all[name] = value.into();
        desk.variables = values(&all);
        good(desk.run(&plain).await);
    }

    // The platform had its chance to resolve it.
    desk.variables = values(&with(&json!({ "FUNCTIONS_WORKER_RUNTIME": "custom" })));
    let unresolved = desk.run(&plain).await.0;
    assert_eq!(keys(&unresolved), Vec::<String>::new(), "those that connector.toml names are told with their place");
    desk.variables = values(&with(&json!({
        "FUNCTIONS_WORKER_RUNTIME": "custom", "OTHER": "@Microsoft.KeyVault(VaultName=itsm;SecretName=other)"
    })));
    let unresolved = desk.run(&plain).await.0;
    assert_eq!(keys(&unresolved), ["OTHER"]);
    assert!(unresolved.contains("keyVaultReferenceIdentity"), "{unresolved}");
}

#[tokio::test]
async fn no_authentication_of_our_own_is_needed_where_the_host_asks_for_keys() {
    let desk = desk();
    let without = format!("{SETTINGS}{WORKSPACE}").replace("api_keys = [\"$INTAKE_KEY\"]", "");
    desk.file("connector.toml", &without);
    good(of_file(&desk, &app()).await);
    let (printed, ending) = desk.run(&["validate", "--config", "@connector.toml"]).await;
    assert_eq!(ending.unwrap(), Ending::Wrong, "{printed}");
}

#[tokio::test]
async fn secrets_in_key_vault_are_counted_and_not_looked_up() {
    let desk = Desk::with(FixedSecrets::default().with("INTAKE_KEY", "k"));
    let vault = "[key_vault]\nurl = \"https://itsm.vault.azure.net\"\n";
    desk.file("connector.toml", &format!("{}{vault}", SETTINGS.replace("$SNOW_PASSWORD", "@snow-password")));
    let printed = good(desk.run(&["validate", "--config", "@connector.toml"]).await);
    assert!(printed.contains("not looked up: 1 secret in Key Vault; `itsm-connector check`"), "{printed}");
}

#[tokio::test]
async fn a_file_without_app_settings_is_wrong_usage_and_not_quoted() {
    let desk = desk();
    for (content, says) in [
        ("{ hunter2", "is not JSON: see line 1"),
        ("{\"IsEncrypted\": true, \"Values\": {}}", "func settings decrypt"),
        ("{\"values\": {}}", "holds no app settings"),
        ("[\"hunter2\"]", "holds no app settings"),
    ] {
        desk.file("app.json", content);
        let text = wrong(desk.run(&["validate", "--config", "@connector.toml", "--settings", "@app.json"]).await);
        assert!(text.contains("app.json") && text.contains(says) && !text.contains("hunter2"), "{text}");
    }
    let text = wrong(desk.run(&["validate", "--settings", "@nowhere.json"]).await);
    assert!(text.contains("nowhere.json cannot be read"), "{text}");
}

#[tokio::test]
async fn the_sample_lacks_nothing_but_the_secrets() {
    let desk = desk();
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let told = told(&desk, &sample["Values"].take()).await;
    let keys: Vec<&str> = told.iter().map(|line| line.trim_matches('"').split(": ").next().unwrap()).collect();
    assert_eq!(keys, ["connections.snow.auth.password", "intake.api_keys[0]"], "{told:?}");
}
