//! The crash story: alerts are posted while the process is killed again and again and the tool misbehaves; in the end every
//! accepted alert is reflected, exactly once. One seed makes one story; a failure prints it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use emulators::servicenow::{Effect, Fault, ServiceNow};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;

use crate::alerts::metric;
use crate::caller::Caller;
use crate::process::{Plan, Scratch};

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// Order of alerts, moments of death, failures of the tool.
    pub seed: u64,
    /// Alerts posted in all.
    pub alerts: usize,
    /// Things that can be wrong.
    pub keys: usize,
    /// SIGKILLs at least.
    pub kills: usize,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Alerts answered with 202.
    pub accepted: usize,
    /// SIGKILLs sent.
    pub kills: usize,
    /// Work items in the tool.
    pub work_items: usize,
    /// Of these: resolved.
    pub resolved: usize,
}

/// Tells the story with `binary`, the connector's executable, and checks its end.
pub async fn run(story: Story, binary: &str) -> anyhow::Result<Outcome> {
    let mut random = StdRng::seed_from_u64(story.seed);
    let tool = ServiceNow::start().await;
    misbehave(&tool);
    let scratch = Scratch::new("crash")?;
    let plan = Plan::new(binary, &scratch, &settings(&tool.url()))?;
    let (told, last) = tell(story, &mut random);

    let connector = plan.start().await?;
    let (url, followed) = watch::channel(connector.url.clone());
    let caller = Caller::new(followed)?;
    let mut posts = tokio::task::JoinSet::new();
    let shares: Vec<Vec<_>> = (0..16).map(|share| told.iter().skip(share).step_by(16).copied().collect()).collect();
    for share in shares {
        let caller = caller.clone();
        posts.spawn(async move {
            for (key, episode, resolved) in share {
                caller.post("/api/alerts/snow/incident?code=k", &metric(&format!("cpu-{key:04}"), episode, resolved)).await?;
            }
            anyhow::Ok(())
        });
    }

    // Deaths come while alerts are posted and while they are delivered.
    let mut connector = connector;
    for _ in 0..story.kills {
        let life = Duration::from_millis(random.random_range(5..900));
        #[expect(clippy::disallowed_methods, reason = "the story is about real time: a process dies at a random moment")]
        tokio::time::sleep(life).await;
        connector.kill().await?;
        connector = plan.start().await?;
        url.send_replace(connector.url.clone());
    }
    while let Some(posted) = posts.join_next().await {
        posted??;
    }
    tool.faults().clear();
    let status = tokio::time::timeout(Duration::from_secs(300), caller.drained())
        .await
        .with_context(|| format!("the backlog was not delivered; seed {}", story.seed))??;
    verify(&tool, &last, &status).with_context(|| format!("seed {}", story.seed))?;
    connector.kill().await?;
    let records = ours(&tool);
    Ok(Outcome {
        accepted: told.len(),
        kills: story.kills,
        work_items: records.len(),
        resolved: records.iter().filter(|record| value(record, "state") == "6").count(),
    })
}

/// Every now and then: rate limits, script errors, pages that are no answers, and connections that break before or after the work
/// was done.
pub fn misbehave(tool: &ServiceNow) {
    let error = r#"{"error":{"message":"script error","detail":null},"status":"failure"}"#;
    let script_error = Effect::Status { code: 500, body: error.to_owned(), headers: Vec::new() };
    for (effect, probability) in [
        (Effect::RateLimit { retry_after: 1 }, 0.002),
        (script_error, 0.005),
        (Effect::Hibernating, 0.0005),
        (Effect::BrokenJson, 0.01),
        (Effect::ResetBeforeCommit, 0.01),
        (Effect::ResetAfterCommit, 0.02),
    ] {
        tool.faults().add(Fault::new(effect).probability(probability));
    }
}

/// Settings as an operator would write them, with waits short enough for a test.
fn settings(url: &str) -> String {
    format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{url}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n\
         timeout = \"1s\"\nambiguous_wait = \"1500ms\"\nconcurrency = 8\n\n[intake]\napi_keys = [\"$INTAKE_KEY\"]\n\n\
         [delivery]\nfirst_wait = \"100ms\"\nlongest_wait = \"1s\"\n"
    )
}

/// An alert: what is wrong, which episode, and whether it is over.
pub type Told = (usize, u32, bool);
/// Per thing that is wrong the last episode that fired and the last that was resolved.
pub type Last = BTreeMap<usize, (Option<u32>, Option<u32>)>;

/// The alerts in the order they are posted, and how each thing stands in the end.
pub fn tell(story: Story, random: &mut StdRng) -> (Vec<Told>, Last) {
    let mut told: Vec<Told> = (0..story.keys).map(|key| (key, 0, false)).collect();
    while told.len() < story.alerts {
        let key = random.random_range(0..story.keys);
        // Repeats of one episode, later episodes, resolutions of either; some of them redeliveries.
        told.push((key, random.random_range(0..3), random.random_bool(0.4)));
    }
    told.shuffle(random);
    let mut last = Last::new();
    for (key, episode, resolved) in &told {
        let seen = last.entry(*key).or_default();
        let side = if *resolved { &mut seen.1 } else { &mut seen.0 };
        *side = (*side).max(Some(*episode));
    }
    (told, last)
}

/// Every alert is reflected, exactly once, and nothing is left for a person.
pub fn verify(tool: &ServiceNow, last: &Last, status: &serde_json::Value) -> anyhow::Result<()> {
    ensure!(
        status.pointer("/counts/dead_letters").and_then(serde_json::Value::as_u64) == Some(0),
        "there are dead letters: {status:#}"
    );
    let records = ours(tool);
    let mut by_correlation: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &records {
        *by_correlation.entry(value(record, "correlation_id")).or_default() += 1;
    }
    let twice: Vec<_> = by_correlation.iter().filter(|(_, count)| **count > 1).collect();
    ensure!(twice.is_empty(), "work items that exist twice: {twice:?}");
    ensure!(records.len() == last.len(), "{} work items for {} things that were wrong", records.len(), last.len());
    for (key, (fired, resolved)) in last {
        let name = format!("cpu-{key:04}");
        let record = records.iter().find(|record| value(record, "short_description").contains(&name));
        let record = record.with_context(|| format!("no work item for {name}"))?;
        let (state, expected) = (value(record, "state"), fired > resolved);
        ensure!(
            (state != "6") == expected,
            "{name} is in state {state}; it fired last at {fired:?} and was resolved last at {resolved:?}"
        );
        let notes = tool.notes(value(record, "sys_id"));
        let mut markers: Vec<_> = notes.iter().filter_map(|note| note.lines().last()).collect();
        let all = markers.len();
        markers.sort_unstable();
        markers.dedup();
        ensure!(markers.len() == all, "{name} has a note twice: {notes:#?}");
    }
    Ok(())
}

/// A record of the tool.
pub type Record = BTreeMap<String, String>;

/// The incidents of the connector.
#[must_use]
pub fn ours(tool: &ServiceNow) -> Vec<Record> {
    let mut records = tool.records("incident");
    records.retain(|record| value(record, "correlation_id").starts_with("az-"));
    records
}

fn value<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).map_or("", String::as_str)
}
