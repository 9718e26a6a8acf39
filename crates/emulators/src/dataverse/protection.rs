//! Service protection limits: requests of each user in a sliding window of the clock.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use super::{faults::Limit, options::ServiceProtection, refusal::Refusal};

/// Seconds of execution time in the window; nothing here takes any worth counting.
const EXECUTION: i64 = 1200;

#[derive(Debug, Default)]
pub(super) struct Protection {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limit: Option<ServiceProtection>,
    /// Times of the requests (seconds) by user.
    used: HashMap<u128, VecDeque<i64>>,
    /// Everything is refused until then, in milliseconds.
    closed_until: Option<i64>,
}

impl Protection {
    pub(super) fn new(limit: Option<ServiceProtection>) -> Self {
        Self { state: Mutex::new(State { limit, ..State::default() }) }
    }

    pub(super) fn set(&self, limit: Option<ServiceProtection>) {
        *self.state() = State { limit, ..State::default() };
    }

    /// Refuses everything until a time in milliseconds.
    pub(super) fn close(&self, until: Option<i64>) {
        self.state().closed_until = until;
    }

    /// Counts a request at `now` milliseconds; the headers of a good answer, or the refusal.
    pub(super) fn count(&self, user: u128, now: i64) -> Result<Vec<(String, String)>, Refusal> {
        let mut state = self.state();
        let State { limit, used, closed_until } = &mut *state;
        let rule = limit.unwrap_or_default();
        if let Some(until) = closed_until.filter(|until| *until > now) {
            return Err(refusal(Limit::Requests, rule, u64::try_from((until - now + 999) / 1000).unwrap_or(1)));
        }
        *closed_until = None;
        if limit.is_none() {
            return Ok(Vec::new());
        }
        let now = now.div_euclid(1000);
        let times = used.entry(user).or_default();
        while times.front().is_some_and(|time| *time <= now - rule.window) {
            times.pop_front();
        }
        if times.len() >= rule.requests {
            let first = times.front().copied().unwrap_or(now);
            return Err(refusal(Limit::Requests, rule, u64::try_from(first + rule.window - now).unwrap_or(1).max(1)));
        }
        times.push_back(now);
        let left = rule.requests - times.len();
        Ok(vec![
            ("x-ms-ratelimit-burst-remaining-xrm-requests".to_owned(), left.to_string()),
            // A number with a comma, as live servers write it; nobody should depend on it.
            ("x-ms-ratelimit-time-remaining-xrm-requests".to_owned(), format!("{},{:03}.00", EXECUTION / 1000, EXECUTION % 1000)),
        ])
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 429 with `Retry-After` in seconds.
pub(super) fn refusal(limit: Limit, rule: ServiceProtection, retry_after: u64) -> Refusal {
    Refusal::new(429, limit.code(), limit.message(rule.requests, rule.window)).with_header("Retry-After", retry_after.to_string())
}
