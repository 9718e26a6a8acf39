//! Why a run ends early: what people are told, how bad it is, and whether a little patience helps first.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::cursor::Lease;
use super::engine::Engine;
use crate::clock::{between, later};
use crate::delivery::backoff;
use crate::journal::LogType;
use crate::provider::{ProviderError, WaitReason};
use crate::sink::SinkError;
use crate::store::StoreError;

/// Longer waits are left to the next run, so that a run never sits on its lease.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Failures in a row before the run ends; the provider and the sink have tried for a while themselves.
const ATTEMPTS: u32 = 4;
/// Rows later than this make an outage a matter for a person.
const LATE: Duration = Duration::from_secs(3600);

const GOES_ON: &str = "nothing to do: the next run goes on where this one stopped";

/// Why a run ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("rows cannot be written: {0}")]
    Sink(#[from] SinkError),
    #[error("how far the sync has come cannot be saved: {0}")]
    Store(#[from] StoreError),
    /// The document is not readable.
    #[error("the record of how far the sync has come ({key}) cannot be read: {why}")]
    Damaged { key: String, why: String },
    /// Somebody else changed the document: the lease was lost.
    #[error("another run took over: {0}")]
    Lost(String),
    /// Another run has the lease.
    #[error("run {} is at work on it since {}; without a sign of life from it, others may begin at {}", .0.run_id, .0.since, .0.until)]
    Busy(Lease),
    /// A provider that does not come forward.
    #[error("the ITSM tool gave the same place again and again and never a record behind it")]
    Stuck,
    #[error("there is no connection \"{0}\" with a sync")]
    NoConnection(String),
    /// A defect of ours.
    #[error("a defect of the connector ended the run: {0}")]
    Defect(String),
}

impl Stop {
    pub(super) fn remedy(&self) -> String {
        let told = match self {
            Self::Provider(ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. }) => remedy.as_str(),
            Self::Sink(error) => error.remedy.as_str(),
            Self::Damaged { .. } | Self::Store(StoreError::Damaged(_)) => {
                "begin anew with `itsm-connector sync CONNECTION --full`; rows that are there already come twice"
            }
            Self::Store(StoreError::Unavailable(_)) => "check that the store can be reached and has room; the next run goes on",
            Self::Busy(_) => "wait for it, or end it; nothing is lost",
            Self::Stuck | Self::Defect(_) => "report it, with the log of this run",
            Self::NoConnection(_) => "name a connection of connector.toml",
            Self::Provider(_) | Self::Lost(_) => "",
        };
        if told.is_empty() { GOES_ON.to_owned() } else { told.to_owned() }
    }

    /// An outage is a warning until rows are late.
    pub(super) fn log_type(&self, lag: Duration) -> LogType {
        let passes = match self {
            Self::Provider(ProviderError::Wait { reason, .. }) => *reason != WaitReason::Credentials,
            Self::Provider(ProviderError::Refused { .. })
            | Self::Damaged { .. }
            | Self::Store(StoreError::Damaged(_))
            | Self::Stuck
            | Self::NoConnection(_)
            | Self::Defect(_) => false,
            Self::Sink(error) => passes(error),
            Self::Provider(_) | Self::Store(StoreError::Unavailable(_)) | Self::Lost(_) | Self::Busy(_) => true,
        };
        if passes && lag <= LATE { LogType::Warning } else { LogType::Error }
    }

    /// The least wait that may help: what was asked for, or any; nothing when waiting does not help.
    fn wait(&self) -> Option<Duration> {
        let asked = match self {
            Self::Provider(
                ProviderError::Retry { after, .. }
                | ProviderError::Wait { reason: WaitReason::RateLimit | WaitReason::Outage, after, .. },
            ) => *after,
            // A read that ended without an answer is read again.
            Self::Provider(ProviderError::Ambiguous { .. }) | Self::Store(StoreError::Unavailable(_)) => None,
            Self::Sink(error) if passes(error) => error.retry_after,
            _ => return None,
        };
        Some(asked.unwrap_or_default())
    }
}

fn passes(error: &SinkError) -> bool {
    error.retry_after.is_some() || error.remedy.is_empty()
}

/// When a run ends though more is left.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// Its budget is used up then.
    pub(super) deadline: Option<Timestamp>,
    /// The process shall end.
    pub(super) stop: Option<watch::Receiver<bool>>,
}

impl Limits {
    /// Whether the run shall end `now`, at the next place where nothing is lost.
    pub(super) fn over(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline) || self.stop.as_ref().is_some_and(|stop| *stop.borrow())
    }

    /// Returns when the process shall end.
    pub(super) async fn stopped(&self) {
        let told = match self.stop.clone() {
            Some(mut stop) => stop.wait_for(|stop| *stop).await.is_ok(),
            None => false,
        };
        if !told {
            std::future::pending::<()>().await;
        }
    }
}

/// How often and how long a step is tried again within a run.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// Waits until the step may be tried again and answers how long; the error comes back when the run had better end.
    pub(super) async fn wait(&mut self, stop: Stop, limits: &Limits, engine: &Engine) -> Result<Duration, Stop> {
        let Some(asked) = stop.wait() else { return Err(stop) };
        self.0 += 1;
        let wait = backoff::wait(self.0, FIRST_WAIT, LONGEST_WAIT, Some(asked), &engine.chance);
        let fits = limits.deadline.is_none_or(|deadline| later(engine.clock.now(), wait) < deadline);
        // What was asked for may be a little longer by the jitter that is put on it.
        let short = asked <= LONGEST_WAIT;
        if self.0 >= ATTEMPTS || !fits || !short {
            return Err(stop);
        }
        tokio::select! {
            biased;
            () = limits.stopped() => Err(stop),
            () = engine.clock.sleep(wait) => Ok(wait),
        }
    }
}

/// How late rows are, for the severity of a failure: since the first run when no increment ever came to its end.
pub(super) fn lateness(current_to: Option<Timestamp>, started: Timestamp, now: Timestamp) -> Duration {
    between(current_to.unwrap_or(started), now)
}
