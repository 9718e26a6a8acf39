//! What happens by itself in `local`: syncs and refreshes at the times of the settings. On Azure the Functions host has the same
//! expressions and calls the same code.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use connector::settings::Settings;
use connector::sync::Order;
use connector::sync::schedule::{self, Schedule};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::watch;

use super::RecordFlow;

/// A copy of the tools' configuration that is older was missed by the schedule. A little more than a day, so that this and a daily
/// schedule do not meet.
const STALE: Duration = Duration::from_secs(25 * 3600);
/// How long a run gets, when the process shall stop, to come to a safe place.
const GRACE: Duration = Duration::from_secs(10);

/// The schedules of the settings; nothing where they say never.
#[derive(Debug)]
pub struct Schedules {
    sync: Option<Schedule>,
    refresh: Option<Schedule>,
    budget: Duration,
    told: Vec<String>,
}

impl Schedules {
    /// Reads the section `[schedule]`. The error names the setting.
    pub fn new(settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        let section = &settings.schedule;
        let read = |name: &str, text: &str| Schedule::parse(text).map_err(|why| anyhow!("schedule.{name}: {why}"));
        let sync = read("sync", &section.sync)?;
        let refresh = read("configuration_refresh", &section.configuration_refresh)?;
        let when = |schedule: Option<&Schedule>, text: &str| match schedule.map(|schedule| schedule.next_after(now)) {
            Some(Some(next)) => format!("at \"{text}\" UTC, next {next:.0}"),
            _ => "never by themselves".to_owned(),
        };
        let names: Vec<&str> = settings.connections.keys().map(String::as_str).collect();
        let names = names.join(", ");
        let told = vec![
            format!("records of {names} are synced {}", when(sync.as_ref(), &section.sync)),
            format!(
                "templates, choices and groups of {names} are read {}",
                when(refresh.as_ref(), &section.configuration_refresh)
            ),
        ];
        Ok(Self { sync, refresh, budget: section.sync_budget.get(), told })
    }

    /// What happens when, a line each, for people.
    #[must_use]
    pub fn told(&self) -> &[String] {
        &self.told
    }
}

impl RecordFlow {
    /// Keeps the journal written, how connections stand told, and the schedules until `stop` says so; then a run under way ends at its next safe place.
    pub async fn run(self: Arc<Self>, schedules: Schedules, stop: watch::Receiver<bool>) {
        let journal = self.clone().keep_journal(stop.clone());
        let syncs = async {
            if let Some(schedule) = &schedules.sync {
                schedule::run(schedule, self.clock.clone(), stop.clone(), || self.scheduled_sync(schedules.budget)).await;
            }
        };
        let refreshes = async {
            if let Some(schedule) = &schedules.refresh {
                self.until_stopped(self.refresh_stale()).await;
                schedule::run(schedule, self.clock.clone(), stop.clone(), || self.scheduled_refresh()).await;
            }
        };
        let standing = self.until_stopped(self.keep_telling());
        tokio::join!(journal, syncs, refreshes, standing);
    }

    async fn scheduled_sync(&self, budget: Duration) {
        let order = Order { budget: Some(budget), ..Order::default() };
        let run = self.sync(None, &order);
        let mut run = std::pin::pin!(run);
        let summaries = tokio::select! {
            biased;
            summaries = &mut run => summaries,
            () = stopped(self.stop.clone()) => match tokio::time::timeout(GRACE, &mut run).await {
                Ok(summaries) => summaries,
                Err(_) => return tracing::warn!("a sync did not come to a safe place in time; its lease runs out by itself"),
            },
        };
        for summary in summaries.iter().filter(|summary| summary.written > 0) {
            tracing::debug!(
                connection = summary.connection,
                kind = summary.kind.key(),
                read = summary.read,
                written = summary.written,
                lag_seconds = summary.lag_seconds,
                more = summary.more,
                "records were synced"
            );
        }
    }

    async fn scheduled_refresh(&self) {
        // Only reads, and is read again by the next one: nothing to wait for.
        self.until_stopped(async { drop(self.refresh(None).await) }).await;
    }

    /// Reads what was never read, or longer ago than a schedule leaves it.
    pub async fn refresh_stale(&self) {
        let refreshes = self.settings.connections.keys().map(async |name| {
            if self.configuration_age(name).await.is_none_or(|age| age >= STALE) {
                self.refresh(Some(name)).await;
            }
        });
        join_all(refreshes).await;
    }

    async fn until_stopped(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = stopped(self.stop.clone()) => {}
        }
    }
}

/// Ready when `stop` says so, or nobody is left to say it.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
