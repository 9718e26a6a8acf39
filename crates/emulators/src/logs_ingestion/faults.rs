//! Failures on demand. Each is counted by the calls that it may strike, so that a story can say "the second call is throttled".

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This status, with an error body of this code; nothing is stored.
    Status(u16, String),
    /// 429 (or another status) with this `Retry-After`, as sent.
    RetryAfter(u16, String),
    /// The connection closes without an answer; nothing is stored.
    Drop,
    /// The rows are stored, then the connection closes without an answer.
    DropAfterAccept,
    /// The call is handled, its answer comes late.
    Slow(Duration),
}

/// One failure with the calls it strikes; every call when nothing narrows it.
#[derive(Debug, Clone)]
pub struct Fault {
    effect: Effect,
    containing: Option<String>,
    after: u64,
    times: Option<u64>,
}

impl Fault {
    /// Strikes every call.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self { effect, containing: None, after: 0, times: None }
    }

    /// Only calls whose inflated body contains this text: a record that the service cannot take.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Lets so many calls pass first.
    #[must_use]
    pub fn after(mut self, calls: u64) -> Self {
        self.after = calls;
        self
    }

    /// Strikes at most so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

/// The active failures of a service.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds one; it acts from the next call on.
    pub fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Takes all away.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The first failure that strikes a call with this inflated body.
    pub(super) fn strike(&self, body: &[u8]) -> Option<Effect> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in faults.iter_mut() {
            if fault.times == Some(0) || fault.containing.as_ref().is_some_and(|text| !contains(body, text.as_bytes())) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.times = fault.times.map(|times| times - 1);
            return Some(fault.effect.clone());
        }
        None
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}
