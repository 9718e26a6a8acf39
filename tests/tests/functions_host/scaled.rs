//! Two instances over one queue, killed again and again while alerts come in and the tool misbehaves: nothing is lost, nothing is
//! there twice. One seed makes one story; a failure prints it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock, earlier};
use connector::rows::{Row, ServiceDeskRow};
use emulators::logs_ingestion::{RULE, TOKEN};
use emulators::servicenow::{Options as ToolOptions, Seed, ServiceNow};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tests::alerts::metric;
use tests::churn::{self, workspace};
use tests::crash::{Story, misbehave, tell, verify};
use tests::functions_host::{FunctionsHost, Options, Trouble, Worker, until};

use crate::deployed::{Deployed, INCIDENT, options, status};
use crate::stage::client;

/// Waits short enough for a story.
const QUICK: &str = "timeout = \"1s\"\nambiguous_wait = \"1500ms\"\nconcurrency = 8\n\
                     [delivery]\nfirst_wait = \"100ms\"\nlongest_wait = \"1s\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_alert_is_reflected_exactly_once_though_instances_are_killed() -> anyhow::Result<()> {
    let seed = seed();
    story(Story { seed, alerts: 240, keys: 60, kills: 10 }).await.with_context(|| format!("seed {seed}"))
}

/// Another one: `CRASH_SEED=123 cargo test -p tests --test functions_host scaled -- --nocapture`.
fn seed() -> u64 {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed}");
    seed
}

async fn story(story: Story) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(story.seed);
    let tool = ServiceNow::start().await;
    misbehave(&tool);
    let Some(deployed) = Deployed::before(tool, QUICK, "") else { return Ok(()) };
    // What a killed instance had in hand is hidden for six seconds.
    let host = deployed.run_with(2, Options { faster: 100, ..options() }).await;
    let (told, last) = tell(story, &mut random);
    let mut posts = tokio::task::JoinSet::new();
    for share in 0..8 {
        let share: Vec<_> = told.iter().skip(share).step_by(8).copied().collect();
        let url = format!("{}{INCIDENT}?code=intake-key", host.url());
        posts.spawn(async move {
            for (key, episode, resolved) in share {
                accepted(&url, &metric(&format!("cpu-{key:04}"), episode, resolved)).await?;
            }
            anyhow::Ok(())
        });
    }
    let clock: &dyn Clock = &SystemClock;
    for _ in 0..story.kills {
        clock.sleep(Duration::from_millis(random.random_range(5..900))).await;
        die(&host, random.random_range(0..2)).await?;
    }
    while let Some(posted) = posts.join_next().await {
        posted??;
    }
    deployed.tool.faults().clear();
    // Every delivery that somebody was told of has a message until it is finished.
    until("an empty queue", async || deployed.queue("").count().await.unwrap() == Some(0)).await;
    verify(&deployed.tool, &last, &status(&host).await)?;
    // The others, which an instance had stored when it died and nobody was told of, would be found after half an hour. Woken now,
    // they change nothing: their alerts were posted again.
    let waiting = deployed.deliveries(&["list", "--limit", "1000", "--status", "waiting"]).await?;
    let waiting: Vec<&str> = waiting.as_array().context("a list")?.iter().filter_map(|one| one["id"].as_str()).collect();
    println!("{} deliveries were stored that nobody was told of", waiting.len());
    if !waiting.is_empty() {
        deployed.deliveries(&[&["redrive"], waiting.as_slice()].concat()).await?;
    }
    verify(&deployed.tool, &last, &deployed.settled(&host).await)?;
    // A message can be in hand each time an instance dies; what the host gives up for that the connector takes out again.
    host.stop().await?.expect_only(&[Trouble::Poisoned]);
    Ok(())
}

/// From one moment to the next, and another in its place.
async fn die(host: &FunctionsHost, instance: usize) -> anyhow::Result<()> {
    host.kill(instance).await?;
    host.restart(instance, Worker::Executable).await
}

/// Posts until it is accepted, as a caller does who is more stubborn than an action group: that one does not repeat after the 502
/// of an instance that dies under its request.
async fn accepted(url: &str, alert: &serde_json::Value) -> anyhow::Result<()> {
    let clock: &dyn Clock = &SystemClock;
    loop {
        match client().post(url).json(alert).send().await {
            Ok(answer) if answer.status() == 202 => return Ok(()),
            Ok(answer) => {
                let status = answer.status().as_u16();
                ensure!([408, 429, 502, 503, 504].contains(&status), "{status}: {}", answer.text().await?);
            }
            Err(_) => {}
        }
        clock.sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_comes_to_the_workspace_though_the_instances_that_sync_are_killed() -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seed());
    let records = Seed { incidents: 2500, change_requests: 500, ..Seed::default() };
    let tool = ServiceNow::start_with(ToolOptions { seed: records, ..ToolOptions::default() }).await;
    let logs = workspace(true, 1_000_000).await;
    churn::misbehave(&tool, &logs);
    let sections = format!(
        "[connections.snow.sync]\ndays = 120\npage_size = 200\n[workspace]\nendpoint = \"{}\"\nrule = \"{RULE}\"\n\
         credential = {{ type = \"token\", token = \"$LOGS_TOKEN\" }}\n",
        logs.url()
    );
    let Some(mut deployed) = Deployed::before(tool, &sections, "") else { return Ok(()) };
    deployed.settings.insert("LOGS_TOKEN".to_owned(), TOKEN.to_owned());
    let window = earlier(SystemClock.now(), Duration::from_secs(120 * 86_400));
    let host = deployed.run_with(2, Options { faster: 100, ..options() }).await;
    let kills = 2;
    let over = AtomicBool::new(false);
    // The timer comes again and again; a run that finds the lease of another, which may be dead, has nothing to do.
    let syncing = async {
        let clock: &dyn Clock = &SystemClock;
        while !over.load(Ordering::SeqCst) {
            host.run_timer("work_item_sync", false).await?;
            clock.sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    let dying = async {
        for _ in 0..kills {
            let goal = logs.count(ServiceDeskRow::STREAM) + random.random_range(1..800);
            until("rows come", async || logs.count(ServiceDeskRow::STREAM) >= goal).await;
            die(&host, 0).await?;
            die(&host, 1).await?;
        }
        over.store(true, Ordering::SeqCst);
        Ok(())
    };
    tokio::try_join!(syncing, dying)?;
    logs.faults().clear();
    deployed.tool.faults().clear();
    until("the workspace has everything", async || {
        host.run_timer("work_item_sync", true).await.is_ok_and(|run| run.outcome.is_ok())
            && churn::compare(&deployed.tool, &logs, window, kills).await.is_ok()
    })
    .await;
    println!("{:?}", churn::compare(&deployed.tool, &logs, window, kills).await?);
    host.stop().await?.expect_nothing();
    Ok(())
}
