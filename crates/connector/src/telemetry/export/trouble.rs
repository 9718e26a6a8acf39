//! What goes wrong with the collector, told in the log: at once when it is news, again only now and then, and once when it is over.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::between;

/// The same is told again after so long.
const AGAIN: Duration = Duration::from_secs(30 * 60);

/// What is wrong and what to do, without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::telemetry) struct Trouble {
    pub(in crate::telemetry) cause: String,
    pub(in crate::telemetry) remedy: String,
}

impl Trouble {
    pub(super) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

/// Tells of one signal.
#[derive(Debug)]
pub(super) struct Telling {
    what: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was last told, and when.
    told: Option<(String, Timestamp)>,
    /// When it was last told that spans are dropped.
    full: Option<Timestamp>,
    /// Lost since all was well.
    lost: u64,
}

impl Telling {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, state: Mutex::default() }
    }

    /// A call failed, and `lost` spans or data points with it.
    pub(super) fn failed(&self, trouble: &Trouble, lost: u64, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lost += lost;
        let news = state.told.as_ref().is_none_or(|(cause, at)| *cause != trouble.cause || between(*at, now) >= AGAIN);
        if !news {
            return;
        }
        state.told = Some((trouble.cause.clone(), now));
        let (signal, lost) = (self.what, state.lost);
        drop(state);
        tracing::warn!(
            signal,
            lost,
            cause = trouble.cause,
            remedy = trouble.remedy,
            "telemetry could not be exported; deliveries go on"
        );
    }

    /// There was no place for `count` spans.
    pub(super) fn dropped(&self, count: u64, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lost += count;
        if state.full.is_some_and(|at| between(at, now) < AGAIN) {
            return;
        }
        state.full = Some(now);
        let lost = state.lost;
        drop(state);
        let remedy = "look at the collector; where it is merely slower than the connector, set telemetry.sample below 1.0";
        tracing::warn!(lost, remedy, "as many spans wait for the collector as may; new ones are dropped until it takes some");
    }

    /// A call was taken.
    pub(super) fn worked(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((cause, since)) = state.told.take() else { return };
        let lost = std::mem::take(&mut state.lost);
        state.full = None;
        drop(state);
        let seconds = between(since, now).as_secs();
        tracing::info!(signal = self.what, lost, cause, seconds, "telemetry is exported again");
    }
}
