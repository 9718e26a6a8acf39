//! Action groups of the old connector, moved over: their webhooks post to a running connector, and work items are made as the old
//! `ticketConfiguration` had it.

use connector::migration::{Export, Migration, Options, Target, migrate};
use serde_json::Value;
use url::Url;

use crate::alerts::{log, rows};
use crate::stage::{Stage, connection, did, options, value};

fn moved(file: &str) -> Migration {
    let path = format!("{}/fixtures/migrate/{file}", env!("CARGO_MANIFEST_DIR"));
    let content = std::fs::read(path).unwrap();
    let snow = Target { name: "snow".to_owned(), provider: "servicenow".to_owned() };
    let options = Options { connection: Some(snow), routes_only: true, ..Options::default() };
    migrate(&[Export { name: file, content: &content }], &options).unwrap()
}

async fn running(migration: &Migration) -> Stage {
    let tool = emulators::ServiceNow::start_with(options()).await;
    let settings = connection(&tool.url(), "") + "\n" + &migration.connector_toml;
    Stage::open(tool, &settings).await
}

/// Posts as the webhook of `receiver` would; what was done.
async fn posted(stage: &Stage, migration: &Migration, receiver: &str, alert: &Value) -> (u32, u32, u32) {
    let webhooks = migration.action_groups.iter().flat_map(|group| group.fragment["webhookReceivers"].as_array().unwrap());
    let named = format!("{receiver} (connector)");
    let webhook = webhooks.into_iter().find(|webhook| webhook["name"] == named.as_str()).unwrap();
    let uri = Url::parse(webhook["serviceUri"].as_str().unwrap()).unwrap();
    did(&stage.told_to(uri.path(), alert).await)
}

#[tokio::test]
async fn per_rule_with_default_fields() {
    let migration = moved("show_fields.json");
    let stage = running(&migration).await;
    let receiver = "ServiceNow incidents";
    let of_the_rule = |alert: &str, computer: &str| {
        let mut alert_of = log("heartbeat", &[computer], false);
        let essentials = &mut alert_of["data"]["essentials"];
        essentials["alertRuleID"] =
            "/subscriptions/s/resourceGroups/g/providers/microsoft.insights/scheduledqueryrules/heartbeat".into();
        for id in ["alertId", "originAlertId"] {
            essentials[id] = format!("/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/{alert}").into();
        }
        alert_of
    };
    assert_eq!(posted(&stage, &migration, receiver, &of_the_rule("1", "web01")).await, (1, 0, 0));
    assert_eq!(posted(&stage, &migration, receiver, &of_the_rule("2", "web02")).await, (0, 1, 0));
    let incident = stage.incident();
    let fields = ["contact_type", "impact", "urgency", "category", "subcategory"].map(|field| value(&incident, field));
    assert_eq!(fields, ["email", "3", "2", "request", "password"]);
}

#[tokio::test]
async fn per_configuration_item_and_per_row() {
    let migration = moved("list_kinds.json");
    let stage = running(&migration).await;
    assert_eq!(posted(&stage, &migration, "per computer", &log("heartbeat", &["web01", "web02"], false)).await, (2, 0, 0));
    assert_eq!(stage.incidents().len(), 2);
    assert_eq!(
        posted(&stage, &migration, "events", &rows("disk", &[("web01", "C:"), ("web01", "D:"), ("web02", "C:")])).await,
        (3, 0, 0)
    );
    let events = stage.ours("em_event");
    assert_eq!(events.iter().map(|event| value(event, "resource")).collect::<Vec<_>>(), ["firewall"; 3]);
}
