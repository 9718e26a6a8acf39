//! The second half of the demo: people work in the tool, and what they did comes back as records. It is ordered the way an
//! operator orders it, over HTTP, and read from the table that `records query` reads.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use connector::rows::RecordKind;
use emulators::desk::{Edit, Kind, Phase};
use serde_json::Value;

use super::stage::{KEY, Stage};

/// What came back.
pub(super) struct Back {
    /// What people did, with the number of the work item.
    pub(super) deeds: Vec<(String, String)>,
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
    // Tools tell times in whole seconds or minutes, and a sync reads only what is over.
    let mut rows = Vec::new();
    for _ in 0..30 {
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
        let url = format!("{}/api/connections/{}/sync?code={KEY}", stage.url(), stage.tool.connection);
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

/// Somebody takes one incident over, renames another, and requests a change.
fn work(stage: &Stage) -> anyhow::Result<Vec<(String, String)>> {
    let open: Vec<_> = stage.incidents().filter(|incident| incident.phase == Phase::Open).collect();
    let [first, second, ..] = &open[..] else { bail!("the alerts left no two open incidents") };
    let (desk, person) = (&stage.tool.desk, stage.tool.person);
    desk.edit(Kind::Incident, &first.id, &Edit::Assign(person.to_owned()));
    desk.edit(Kind::Incident, &second.id, &Edit::Title(format!("{} (looked at)", second.title)));
    let change = desk.file(Kind::ChangeRequest, "Replace the disks of SQL01");
    let mut deeds = vec![
        (first.number.clone(), format!("{person} takes it over")),
        (second.number.clone(), "its title says more".to_owned()),
    ];
    // Not every tool has change requests.
    let change = desk.all(Kind::ChangeRequest).into_iter().find(|seen| seen.id == change);
    deeds.extend(change.map(|seen| (seen.number, "a change is requested".to_owned())));
    Ok(deeds)
}

/// The newest row of every record says what the tool says.
async fn account_for(stage: &Stage) -> anyhow::Result<()> {
    let rows = stage.rows().await?;
    let text = |row: &Value, column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
    let newest: BTreeMap<_, &Value> =
        rows.iter().map(|row| ((text(row, "ServiceDeskWorkItemType_s"), text(row, "ServiceDeskId_s")), row)).collect();
    for (kind, name, state) in
        [(Kind::Incident, "Incident", "IncidentState_s"), (Kind::ChangeRequest, "ChangeRequest", "CRState_s")]
    {
        for seen in stage.tool.desk.all(kind) {
            let row = newest.get(&(name.to_owned(), seen.number.clone()));
            let row = row.with_context(|| format!("{} has no row", seen.number))?;
            let (title, is) = (text(row, "Title_s"), text(row, state));
            ensure!(
                title == seen.title && is == seen.state,
                "the newest row of {} says \"{title}\", {is}; the tool says \"{}\", {}",
                seen.number,
                seen.title,
                seen.state
            );
        }
    }
    Ok(())
}
