//! The churn story: records flow into a workspace while people change, add and delete them, while the tool and the workspace
//! misbehave, and while the process is killed again and again; in the end the newest row of every record says what the record
//! says, field by field. One seed makes one story; a failure prints it.

mod compare;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock, between, earlier};
use connector::rows::{ColumnType, LogRow, Row, ServiceDeskRow};
use emulators::logs_ingestion::{self, Kind, LogsIngestion, RULE, TOKEN};
use emulators::servicenow::{self, Effect, Fault, Partial, Seed, ServiceNow};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::process::Command;

use crate::process::{Plan, Scratch};
pub use compare::Duplicates;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// Order of changes, moments of death, failures.
    pub seed: u64,
    /// Incidents at the beginning.
    pub incidents: usize,
    /// Change requests at the beginning.
    pub changes: usize,
    /// Changes, new records and deletions while the sync runs.
    pub operations: usize,
    /// SIGKILLs.
    pub kills: usize,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Records in the tool at the end that can be read.
    pub records: usize,
    /// Records that were deleted while the sync ran.
    pub deleted: usize,
    /// Rows in the workspace.
    pub rows: usize,
    /// Rows with a version that is there already, and what explains them.
    pub duplicates: Duplicates,
}

/// Longer than anything takes on a busy machine, leases of processes that were killed included.
const PATIENCE: Duration = Duration::from_secs(900);

/// The Logs Ingestion API with the streams of our own rows.
pub async fn workspace(keep_rows: bool, call_limit: usize) -> LogsIngestion {
    let columns = |columns: &'static [connector::rows::Column]| -> Vec<(&'static str, Kind)> {
        let kind = |kind| match kind {
            ColumnType::String => Kind::String,
            ColumnType::DateTime => Kind::DateTime,
        };
        columns.iter().map(|column| (column.name, kind(column.kind))).collect()
    };
    let options = logs_ingestion::Options { keep_rows, call_limit, ..logs_ingestion::Options::default() }
        .stream(RULE, ServiceDeskRow::STREAM, &columns(ServiceDeskRow::COLUMNS))
        .stream(RULE, LogRow::STREAM, &columns(LogRow::COLUMNS));
    LogsIngestion::start_with(options).await
}

/// Settings for a sync from `tool` into `logs`, that runs by itself every second, or only when told to.
#[must_use]
pub fn settings(tool: &str, logs: &str, user: &str, connection: &str, every_second: bool) -> String {
    let schedule = if every_second { "* * * * * *" } else { "" };
    format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{tool}\"\ntimeout = \"5s\"\n\
         auth = {{ type = \"basic\", username = \"{user}\", password = \"$SNOW_PASSWORD\" }}\n\
         [connections.snow.sync]\ndays = 120\n{connection}\n\
         [intake]\napi_keys = [\"$INTAKE_KEY\"]\n\
         [schedule]\nsync = \"{schedule}\"\nconfiguration_refresh = \"\"\n\
         [workspace]\nendpoint = \"{logs}\"\nrule = \"{RULE}\"\ncredential = {{ type = \"token\", token = \"$LOGS_TOKEN\" }}\n"
    )
}

/// Tells the story with `binary`, the connector's executable, and checks its end.
pub async fn run(story: Story, binary: &str) -> anyhow::Result<Outcome> {
    tell(story, binary).await.with_context(|| format!("seed {}", story.seed))
}

async fn tell(story: Story, binary: &str) -> anyhow::Result<Outcome> {
    let mut random = StdRng::seed_from_u64(story.seed);
    let seed = Seed { incidents: story.incidents, change_requests: story.changes, ..Seed::default() };
    let tool = ServiceNow::start_with(servicenow::Options { seed, ..servicenow::Options::default() }).await;
    tool.faults().seed(story.seed);
    let logs = workspace(true, 1_000_000).await;
    let scratch = Scratch::new("churn")?;
    let plan = Plan::new(binary, &scratch, &settings(&tool.url(), &logs.url(), "admin", "page_size = 500", true))?;
    // Only an administrator sees by default which records were deleted.
    let plan = plan.secret("LOGS_TOKEN", TOKEN).secret("SNOW_PASSWORD", "admin");
    misbehave(&tool, &logs);
    hide(&tool);

    let mut people = People::new(&tool, &mut random);
    let window = earlier(SystemClock.now(), Duration::from_secs(120 * 86_400));
    let mut connector = plan.start().await?;
    for life in 0..=story.kills {
        // It dies in the middle of its work: some rows after its predecessor's lease has run out.
        let goal = logs.count(ServiceDeskRow::STREAM) + people.random.random_range(1..4000);
        people.work(&tool, story.operations / (story.kills + 1)).await;
        if life < story.kills {
            let clock: &dyn Clock = &SystemClock;
            let begun = clock.now();
            while logs.count(ServiceDeskRow::STREAM) < goal {
                ensure!(between(begun, clock.now()) < PATIENCE, "no rows come");
                pause(Duration::from_millis(2)).await;
            }
            connector.kill().await?;
            connector = plan.start().await?;
        }
    }
    connector.terminate().await?;
    tool.faults().clear();
    logs.faults().clear();
    hide(&tool);
    sync(&plan).await?;
    let truth = compare::truth(&tool).await?;
    let duplicates = compare::verify(&truth, &people.deleted, &logs, window, story.kills)?;
    Ok(Outcome { records: truth.len(), deleted: people.deleted.len(), rows: logs.rows(ServiceDeskRow::STREAM).len(), duplicates })
}

/// Compares every record with its newest row, where nothing was deleted.
pub async fn compare(tool: &ServiceNow, logs: &LogsIngestion, window: Timestamp, kills: usize) -> anyhow::Result<Duplicates> {
    compare::verify(&compare::truth(tool).await?, &BTreeMap::new(), logs, window, kills)
}

/// `sync` until nothing is left, on what the killed processes left behind.
async fn sync(plan: &Plan) -> anyhow::Result<()> {
    let begun = SystemClock.now();
    loop {
        let mut command = Command::new(&plan.binary);
        command.args(["sync", "--json", "--config"]).arg(&plan.config).arg("--data").arg(&plan.data);
        let output = plan.surround(&mut command).output().await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let summaries: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("sync said: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
        let summaries = summaries.as_array().context("sync prints a list")?;
        let done = |summary: &Value| {
            let is = |member: &str, wanted: Value| summary.get(member) == Some(&wanted);
            is("cause", "".into()) && is("more", false.into()) && is("first_load", Value::Null)
        };
        if output.status.success() && summaries.iter().all(done) {
            return Ok(());
        }
        ensure!(between(begun, SystemClock.now()) < PATIENCE, "the sync does not come to an end: {said}");
        pause(Duration::from_millis(500)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the story is about real processes in real time")]
async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Every now and then: rate limits, half pages, pages that are no answers, pages cut by ACLs, connections that break; and a
/// workspace that takes rows without saying so.
pub fn misbehave(tool: &ServiceNow, logs: &LogsIngestion) {
    let list = |effect, probability| Fault::new(effect).method("GET").path("/table/").probability(probability);
    for (effect, probability) in [
        (Effect::RateLimit { retry_after: 1 }, 0.01),
        (Effect::PartialPage(Partial::Valid), 0.02),
        (Effect::PartialPage(Partial::ArrayOpen), 0.02),
        (Effect::BrokenJson, 0.02),
        (Effect::ShortPage { rows: 7 }, 0.1),
        (Effect::ResetBeforeCommit, 0.02),
    ] {
        tool.faults().add(list(effect, probability));
    }
    let logs = logs.faults();
    for after in [3, 40, 60, 90, 130] {
        logs.add(logs_ingestion::Fault::new(logs_ingestion::Effect::DropAfterAccept).after(after).times(1));
        logs.add(logs_ingestion::Fault::new(logs_ingestion::Effect::RetryAfter(429, "1".to_owned())).after(after + 5).times(1));
        logs.add(logs_ingestion::Fault::new(logs_ingestion::Effect::Status(503, "Busy".to_owned())).after(after + 9).times(1));
    }
}

/// One incident in ten may not be read by the integration user, now and in the end.
fn hide(tool: &ServiceNow) {
    let hidden = Effect::ReadHidden { table: "incident".to_owned(), query: "numberENDSWITH7".to_owned() };
    tool.faults().add(Fault::new(hidden).method("GET"));
}

/// Those who work in the tool meanwhile.
struct People<'a> {
    random: &'a mut StdRng,
    alive: Vec<(&'static str, String)>,
    deleted: BTreeMap<String, &'static str>,
}

impl<'a> People<'a> {
    fn new(tool: &ServiceNow, random: &'a mut StdRng) -> Self {
        let of = |table: &'static str| {
            tool.records(table).into_iter().map(move |mut record| (table, record.remove("sys_id").unwrap_or_default()))
        };
        Self { random, alive: of("incident").chain(of("change_request")).collect(), deleted: BTreeMap::new() }
    }

    /// Bursts of changes, many in the same second, often of the same record.
    async fn work(&mut self, tool: &ServiceNow, operations: usize) {
        for operation in 0..operations {
            self.one(tool, operation);
            if operation % 50 == 49 {
                pause(Duration::from_millis(40)).await;
            }
        }
    }

    fn one(&mut self, tool: &ServiceNow, operation: usize) {
        let title = format!("changed {operation} \u{e9}\u{4e2d}\"\\ {}", self.random.random::<u32>());
        let impact = self.random.random_range(1..=3).to_string();
        let fields = [("short_description", title.as_str()), ("impact", &impact), ("assigned_to", "")];
        match self.random.random_range(0..100) {
            0..80 => {
                // Half of the changes hit the latest records: the same ones again and again.
                let recent = self.alive.len().saturating_sub(200);
                let pool = if self.random.random_bool(0.5) { self.alive.get(recent..).unwrap_or_default() } else { &self.alive };
                if let Some((table, id)) = pool.choose(self.random) {
                    tool.update(table, id, &fields);
                }
            }
            80..95 => {
                let table = if self.random.random_bool(0.8) { "incident" } else { "change_request" };
                let id = tool.insert(table, &fields);
                self.alive.push((table, id));
            }
            _ if !self.alive.is_empty() => {
                let at = self.random.random_range(0..self.alive.len());
                let (table, id) = self.alive.swap_remove(at);
                tool.delete(table, &id);
                self.deleted.insert(id, table);
            }
            _ => {}
        }
    }
}
