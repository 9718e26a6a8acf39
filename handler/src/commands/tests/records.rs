//! `sync`, `refresh` and `records query` against an emulated ServiceNow whose clock stands where ours does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector::clock::{Clock, SystemClock};
use connector::delivery::{Delivery, DeliveryId, Source};
use connector::route::Choices;
use connector::rows::{LogRow, RecordKind, Row, ServiceDeskRow};
use connector::settings::Settings;
use connector::store::sqlite::SqliteStore;
use connector::store::{DeliveryQueue, StateStore};
use connector::sync::cursor::{Cursor, Lease, key};
use connector::sync::{Order, Unwatched};
use connector::work_item::WorkItemType;
use emulators::servicenow::{Effect, Fault, Options, Seed, ServiceNow, Time};
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Desk, SETTINGS, failed, good, json, wrong};
use crate::ending::Ending;
use crate::record_flow::RecordFlow;
use crate::stores::DATABASE;

const HERE: [&str; 4] = ["--config", "@connector.toml", "--data", "@data"];
const SEED: Seed = Seed { incidents: 30, change_requests: 5, problems: 0, servers: 3, tables: 0 };

/// A desk beside an instance.
pub(super) struct Shop {
    pub(super) desk: Desk,
    pub(super) tool: ServiceNow,
}

impl Shop {
    pub(super) async fn open() -> Self {
        Self::with("").await
    }

    /// With `more` in the section of the connection, sections at its end.
    pub(super) async fn with(more: &str) -> Self {
        let desk = Desk::new();
        let now = desk.outside.clock.now().as_second();
        let tool = ServiceNow::start_with(Options { time: Time::Manual(now), seed: SEED, ..Options::default() }).await;
        let settings = SETTINGS.replace("http://127.0.0.1:1", &tool.url());
        desk.file("connector.toml", &settings.replace("[intake]", &format!("{more}\n[intake]")));
        Self { desk, tool }
    }

    async fn run(&self, arguments: &[&str]) -> super::Run {
        let arguments: Vec<&str> = arguments.iter().chain(&HERE).copied().collect();
        self.desk.run(&arguments).await
    }

    /// The same while time passes, for what waits and tries again.
    async fn run_in_time(&self, arguments: &[&str]) -> super::Run {
        let system: &dyn Clock = &SystemClock;
        let passing = async {
            loop {
                self.pass(1);
                system.sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            run = self.run(arguments) => run,
            () = passing => unreachable!("time has no end"),
        }
    }

    /// The rows that `records query --json` prints, one on each line.
    pub(super) async fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments: Vec<&str> = ["records", "query", "--json"].iter().chain(arguments).copied().collect();
        good(self.run(&arguments).await).lines().map(json).collect()
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.tool.advance(Duration::from_secs(seconds));
        self.desk.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) fn down(&self) {
        let page = "<html><head><title>503 Service Unavailable</title></head></html>".to_owned();
        self.tool.faults().add(Fault::new(Effect::Status { code: 503, body: page, headers: Vec::new() }));
    }
}

fn numbers(rows: &[Value]) -> BTreeSet<&str> {
    rows.iter().map(|row| row["ServiceDeskId_s"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_first_sync_loads_every_record_of_the_window_and_the_next_one_only_what_changed() {
    let shop = Shop::open().await;
    let summaries = json(&good(shop.run(&["sync", "--days", "120", "--json"]).await));
    let written = |summaries: &Value| {
        let each = summaries.as_array().unwrap().iter().map(|summary| summary["written"].as_u64().unwrap());
        each.sum::<u64>()
    };
    assert_eq!((&summaries[0]["kind"], &summaries[1]["kind"]), (&"Incident".into(), &"ChangeRequest".into()), "{summaries}");
    assert_eq!(written(&summaries), 35, "{summaries}");
    assert!(summaries[0]["first_load"].is_null() && summaries[0]["lag_seconds"].is_u64(), "{summaries}");

    shop.pass(600);
    let incident = &shop.tool.records("incident")[3];
    shop.tool.update("incident", &incident["sys_id"], &[("short_description", "changed by hand")]);
    shop.pass(600);
    let summaries = json(&good(shop.run(&["sync", "snow", "--json"]).await));
    assert_eq!(written(&summaries), 1, "{summaries}");
    let rows = shop.rows(&["--number", &incident["number"]]).await;
    let titles: Vec<&Value> = rows.iter().map(|row| &row["Title_s"]).collect();
    assert_eq!(titles, [incident["short_description"].as_str(), "changed by hand"]);
    assert_eq!(shop.rows(&["--number", &incident["number"], "--latest"]).await[0]["Title_s"], "changed by hand");
}

#[tokio::test]
async fn records_that_another_run_is_at_are_left_to_it_and_it_is_said_who_has_them_and_until_when() {
    let shop = Shop::open().await;
    let now = shop.desk.clock.now();
    let until = now + Duration::from_secs(200);
    let mut cursor = Cursor::new(now, Duration::from_secs(300), 30);
    cursor.lease = Some(Lease { run_id: "the-other-run".to_owned(), since: now, until });
    let store = SqliteStore::open(&shop.desk.directory.path().join("data").join(DATABASE)).unwrap();
    let bytes = cursor.encode().unwrap();
    store.put(&key("snow", RecordKind::Incident), None, bytes, now).await.unwrap();

    let (printed, ending) = shop.run(&["sync", "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed, "{printed}");
    let summaries = json(&printed);
    let cause = summaries[0]["cause"].as_str().unwrap();
    assert!(cause.contains("the-other-run") && cause.contains(&until.to_string()), "{cause}");
    assert_eq!((&summaries[0]["written"], &summaries[1]["cause"]), (&0.into(), &"".into()), "changes are nobody's: {printed}");
    shop.pass(201);
    good(shop.run(&["sync"]).await);
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_does_so_where_nothing_is_lost_and_leaves_no_lease() {
    let shop = Shop::open().await;
    let settings = Settings::load(&shop.desk.directory.path().join("connector.toml")).unwrap();
    let (_stop, stopped) = watch::channel(true);
    let data = shop.desk.directory.path().join("data");
    let flow = RecordFlow::open(settings, &data, &shop.desk.outside(), Arc::new(Unwatched), stopped).unwrap();
    let summaries = flow.sync(None, &Order { days: Some(120), ..Order::default() }).await;
    assert!(summaries.iter().all(|summary| summary.more && summary.cause.is_empty()), "{summaries:#?}");
    good(shop.run(&["sync"]).await);
    assert_eq!(numbers(&shop.rows(&[]).await).len(), 35);
}

#[tokio::test]
async fn how_a_connection_stands_is_a_row_with_what_waits_and_how_late_records_are() {
    let shop = Shop::open().await;
    good(shop.run(&["sync", "--days", "120"]).await);
    let data = shop.desk.directory.path().join("data");
    let store = SqliteStore::open(&data.join(DATABASE)).unwrap();
    let delivery = Delivery {
        id: DeliveryId(Uuid::from_u128(7)),
        connection: "snow".to_owned(),
        work_item_type: WorkItemType::Incident,
        choices: Choices::default(),
        source: Source::Alert,
        accepted_at: shop.desk.clock.now(),
        trace: None,
        payload: Bytes::from_static(b"{}"),
    };
    store.enqueue(delivery).await.unwrap();
    shop.pass(700);

    let settings = Settings::load(&shop.desk.directory.path().join("connector.toml")).unwrap();
    let (_stop, stopped) = watch::channel(false);
    let flow = RecordFlow::open(settings, &data, &shop.desk.outside(), Arc::new(Unwatched), stopped).unwrap();
    flow.tell_standing().await;
    assert!(flow.write_journal().await);
    let log = shop.rows(&["--kind", "log"]).await;
    let told: Vec<&Value> = log.iter().filter(|row| row["Operation_s"] == "status").collect();
    let [told] = told.as_slice() else { panic!("{log:#?}") };
    assert_eq!((&told["ServiceDeskConnectionName_s"], &told["LogType_s"]), (&"snow".into(), &"INFO".into()));
    let details = json(told["Details_s"].as_str().unwrap());
    let wanted = serde_json::json!({
        "backlog": 1, "oldest_seconds": 700, "dead_letters": 0, "incidents_lag_seconds": 700, "change_requests_lag_seconds": 700,
    });
    assert_eq!(details, wanted, "the configuration was never read");
}

#[tokio::test]
async fn a_summary_is_a_table_that_says_where_rows_went() {
    let shop = Shop::open().await;
    let printed = good(shop.run(&["sync", "--days", "120"]).await);
    assert!(printed.starts_with("rows go to ") && printed.contains("embedded database"), "{printed}");
    let incident = printed.lines().find(|line| line.contains("incident")).unwrap();
    assert!(incident.contains("snow") && incident.contains("30") && incident.contains("good"), "{printed}");
}

#[tokio::test]
async fn rows_are_printed_one_on_a_line_under_their_column_names_oldest_first() {
    let shop = Shop::open().await;
    good(shop.run(&["sync", "--days", "120"]).await);
    shop.pass(60);
    shop.tool.update("incident", &shop.tool.records("incident")[0]["sys_id"], &[("short_description", "last")]);
    shop.pass(60);
    good(shop.run(&["sync"]).await);
    let rows = shop.rows(&[]).await;
    assert_eq!(rows.len(), 36);
    let known: BTreeSet<&str> = ServiceDeskRow::COLUMNS.iter().map(|column| column.name).collect();
    for row in &rows {
        let unknown = row.as_object().unwrap().keys().find(|name| !known.contains(name.as_str()));
        assert!(unknown.is_none(), "{unknown:?}");
    }
    assert!(rows.is_sorted_by_key(|row| row["TimeGenerated"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()));
    assert_eq!(rows[35]["Title_s"], "last");
    assert_eq!(numbers(&rows).len(), 35);
}

#[tokio::test]
async fn rows_are_chosen_by_connection_kind_time_and_count() {
    let shop = Shop::open().await;
    good(shop.run(&["sync", "--days", "120"]).await);
    let count = async |arguments: &[&str]| shop.rows(arguments).await.len();
    assert_eq!(count(&["--kind", "change-request"]).await, 5);
    assert_eq!(count(&["--kind", "incident", "--connection", "snow"]).await, 30);
    assert_eq!(count(&["--connection", "other"]).await, 0);
    assert_eq!(count(&["--limit", "7"]).await, 7);
    shop.pass(7200);
    assert_eq!(count(&["--since", "1h"]).await, 0);
    assert_eq!(count(&["--since", "3h"]).await, 35);
    assert_eq!(count(&["--since", "2026-01-02"]).await, 35);
    let all = shop.rows(&[]).await;
    assert_eq!(shop.rows(&["--limit", "2"]).await, all[33..], "the newest ones");
}

#[tokio::test]
async fn people_get_a_table_of_what_tells_most() {
    let shop = Shop::open().await;
    good(shop.run(&["sync", "--days", "120"]).await);
    let change = &shop.tool.records("change_request")[0];
    let printed = good(shop.run(&["records", "query", "--kind", "change-request"]).await);
    assert!(printed.contains("assigned to") && printed.contains(&change["number"]), "{printed}");
    assert!(printed.contains(&change["short_description"]), "{printed}");
    assert_eq!(good(shop.run(&["records", "query", "--connection", "other"]).await), "no rows\n");
    let printed = good(shop.run(&["records", "query", "--limit", "3"]).await);
    assert_eq!(printed.lines().count(), 4, "{printed}");
}

#[tokio::test]
async fn a_sync_of_an_instance_that_is_down_fails_with_cause_and_remedy_and_the_log_keeps_them() {
    let shop = Shop::open().await;
    shop.down();
    let (printed, ending) = shop.run_in_time(&["sync", "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed, "{printed}");
    assert!(json(&printed)[0]["cause"].as_str().unwrap().contains("503"), "{printed}");
    let log = shop.rows(&["--kind", "log"]).await;
    let known: BTreeSet<&str> = LogRow::COLUMNS.iter().map(|column| column.name).collect();
    assert!(log[0].as_object().unwrap().keys().all(|name| known.contains(name.as_str())), "{log:#?}");
    let told = log.iter().find(|row| row["Operation_s"] == "sync").unwrap();
    assert!(told["LogType_s"] != "INFO" && told["Cause_s"].as_str().unwrap().contains("503"), "{told}");
    let (printed, ending) = shop.run_in_time(&["sync"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert!(printed.contains("FAILED: ") && printed.contains("503"), "{printed}");
}

#[tokio::test]
async fn a_refresh_counts_what_was_read_and_names_references_that_point_at_nothing() {
    let shop = Shop::with("incident = { template = \"No such template\" }").await;
    let outcome = &json(&good(shop.run(&["refresh", "--json"]).await))[0];
    assert_eq!((&outcome["connection"], &outcome["cause"]), (&"snow".into(), &"".into()), "{outcome}");
    assert!(outcome["choice_lists"].as_u64().unwrap() > 0, "{outcome}");
    let findings = outcome["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["setting"] == "connections.snow.incident.template").unwrap();
    assert!(finding["problem"].as_str().unwrap().contains("No such template"), "{finding}");
    assert_ne!(finding["remedy"], "");
    let printed = good(shop.run(&["refresh", "snow"]).await);
    assert!(printed.starts_with("snow: read\n") && printed.contains("connections.snow.incident.template"), "{printed}");
}

#[tokio::test]
async fn a_refresh_that_fails_says_how_old_the_copy_in_use_is() {
    let shop = Shop::open().await;
    shop.down();
    let (printed, ending) = shop.run_in_time(&["refresh"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    assert!(printed.contains("FAILED: ") && printed.contains("there is no earlier copy"), "{printed}");
    shop.tool.faults().clear();
    good(shop.run(&["refresh"]).await);
    shop.pass(7200);
    shop.down();
    let (printed, ending) = shop.run_in_time(&["refresh", "--json"]).await;
    assert_eq!(ending.unwrap(), Ending::Failed);
    let outcome = &json(&printed)[0];
    assert!(outcome["cause"].as_str().unwrap().contains("503"), "{outcome}");
    assert!((7200..7800).contains(&outcome["age_seconds"].as_u64().unwrap()), "{outcome}");
    let (printed, _) = shop.run_in_time(&["refresh"]).await;
    assert!(printed.contains("the last good copy stays in use; it is 2h "), "{printed}");
}

#[tokio::test]
async fn records_of_a_machine_that_never_ran_are_refused_and_no_database_is_made() {
    let desk = Desk::new();
    let text = wrong(desk.run(&["records", "query", "--data", "@data"]).await);
    assert!(text.contains("there is no database at") && text.contains("itsm-connector sync"), "{text}");
    assert!(!desk.directory.path().join("data").exists());
}

#[tokio::test]
async fn a_connection_that_does_not_exist_is_wrong_usage_and_begins_nothing() {
    let desk = Desk::new();
    for command in ["sync", "refresh"] {
        let arguments: Vec<&str> = [command, "snw"].into_iter().chain(HERE).collect();
        let text = wrong(desk.run(&arguments).await);
        assert_eq!(text, "there is no connection \"snw\"; the settings have snow");
    }
    assert!(!desk.directory.path().join("data").exists());
}

#[tokio::test]
async fn rows_that_go_to_a_workspace_are_asked_for_there() {
    let desk = Desk::new();
    let workspace =
        "[workspace]\nendpoint = \"https://itsm.ingest.monitor.azure.com\"\nrule = \"dcr-00000000000000000000000000000000\"\n";
    desk.file("connector.toml", &format!("{SETTINGS}\n{workspace}"));
    let arguments = ["records", "query", "--kind", "incident", "--number", "INC\"1", "--latest", "--since", "1d", "--limit", "9"];
    let arguments: Vec<&str> = arguments.into_iter().chain(HERE).collect();
    let text = wrong(desk.run(&arguments).await);
    let query = "ServiceDesk_CL\n\
        | where TimeGenerated >= datetime(2026-01-01T03:04:05Z)\n\
        | where ServiceDeskWorkItemType_s == \"Incident\"\n\
        | where ServiceDeskId_s == \"INC\\\"1\"\n\
        | summarize arg_max(TimeGenerated, *) by ServiceDeskConnectionName_s, ServiceDeskWorkItemType_s, SourceId_s\n\
        | top 9 by TimeGenerated desc\n\
        | sort by TimeGenerated asc";
    assert!(text.contains("workspace") && text.ends_with(query), "{text}");
}

#[tokio::test]
async fn settings_that_were_named_and_are_not_there_are_wrong_usage() {
    let desk = Desk::new();
    let text = wrong(desk.run(&["records", "query", "--config", "@nowhere.toml"]).await);
    assert!(text.contains("nowhere.toml"), "{text}");
    let text = failed(desk.run(&["sync", "--config", "@connector.toml", "--data", "@connector.toml"]).await);
    assert!(text.contains("connector.toml"), "{text}");
}
