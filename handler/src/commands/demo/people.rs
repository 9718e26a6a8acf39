//! The second half of the demo: people work in ServiceNow, and what they did comes back as records. It is ordered the way an
//! operator orders it, over HTTP, and read from the table that `records query` reads.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use connector::rows::RecordKind;
use serde_json::Value;

use super::stage::{KEY, Stage};

/// What came back.
pub(super) struct Back {
    /// What people did, with the number of the work item.
    pub(super) deeds: Vec<(String, &'static str)>,
    /// Rows that were there before they did.
    pub(super) before: usize,
    /// The rows of what they did, oldest first.
    pub(super) rows: Vec<Value>,
}

/// Syncs, lets people work, and syncs again.
pub(super) async fn play(stage: &Stage) -> anyhow::Result<Back> {
    sync(stage).await?;
    let before = stage.rows().await?.len();
    let deeds = work(stage)?;
    // ServiceNow's times are whole seconds, and a sync reads only seconds that are over.
    let mut rows = Vec::new();
    for _ in 0..20 {
        sync(stage).await?;
        rows = stage.rows().await?.split_off(before);
        if rows.len() >= deeds.len() {
            break;
        }
        stage.wait(Duration::from_millis(250)).await;
    }
    account_for(stage).await?;
    Ok(Back { deeds, before, rows })
}

/// Presses the button until every kind of record was read; a sync by schedule may be at one of them.
async fn sync(stage: &Stage) -> anyhow::Result<()> {
    loop {
        let url = format!("{}/api/connections/snow/sync?code={KEY}", stage.url());
        let answer = stage.client.post(url).send().await.context("ordering a sync")?;
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap_or_default());
        ensure!(status == 200, "the sync was answered with {status}: {body}");
        let summaries = body.get("sync").and_then(Value::as_array).cloned().unwrap_or_default();
        for summary in &summaries {
            let cause = summary.get("cause").and_then(Value::as_str).unwrap_or_default();
            ensure!(cause.is_empty(), "the sync failed: {cause}");
        }
        if summaries.len() == RecordKind::ALL.len() {
            return Ok(());
        }
        stage.wait(Duration::from_millis(250)).await;
    }
}

/// Beth Anglin takes one incident over, raises another, and a change is requested.
fn work(stage: &Stage) -> anyhow::Result<Vec<(String, &'static str)>> {
    let open: Vec<_> = stage.incidents().filter(|record| record.get("state").is_some_and(|state| state == "1")).collect();
    let [first, second, ..] = &open[..] else { bail!("the alerts left no two open incidents") };
    let value = |record: &BTreeMap<String, String>, field: &str| record.get(field).cloned().unwrap_or_default();
    let people = stage.tool.records("sys_user");
    let beth = people.iter().find(|person| value(person, "user_name") == "beth.anglin").map(|person| value(person, "sys_id"));
    let beth = beth.unwrap_or_default();
    stage.tool.update("incident", &value(first, "sys_id"), &[("state", "2"), ("assigned_to", &beth)]);
    stage.tool.update("incident", &value(second, "sys_id"), &[("impact", "1"), ("urgency", "1")]);
    let change = stage.tool.insert(
        "change_request",
        &[("short_description", "Replace the disks of SQL01"), ("type", "normal"), ("risk", "3"), ("assigned_to", &beth)],
    );
    let change = stage.tool.record("change_request", &change).context("the change request is there")?;
    Ok(vec![
        (value(first, "number"), "Beth Anglin takes it over"),
        (value(second, "number"), "its impact and urgency are raised"),
        (value(&change, "number"), "a change is requested"),
    ])
}

/// The newest row of every record says what ServiceNow says.
async fn account_for(stage: &Stage) -> anyhow::Result<()> {
    let rows = stage.rows().await?;
    let text = |row: &Value, column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
    let newest: BTreeMap<String, &Value> = rows.iter().map(|row| (text(row, "SourceId_s"), row)).collect();
    for table in ["incident", "change_request"] {
        for record in stage.tool.records(table) {
            let value = |field: &str| record.get(field).cloned().unwrap_or_default();
            let row = newest.get(&value("sys_id")).with_context(|| format!("{} has no row", value("number")))?;
            let (version, title) = (text(row, "SourceVersion_s"), text(row, "Title_s"));
            ensure!(
                version == value("sys_mod_count") && title == value("short_description"),
                "the newest row of {} is version {version}, \"{title}\"; ServiceNow has version {}, \"{}\"",
                value("number"),
                value("sys_mod_count"),
                value("short_description")
            );
        }
    }
    Ok(())
}
