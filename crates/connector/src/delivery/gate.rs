//! The circuit of one connection. Closed while the tool as a whole does not work (outage, rate limit, hibernation,
//! credentials): deliveries wait without spending attempts. When the wait is over one delivery goes first; the others follow
//! when it came through.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::backoff;
use crate::clock::{Chance, between, later};
use crate::provider::WaitReason;

/// Why a connection waits, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// Why.
    pub reason: WaitReason,
    /// What happened, in a sentence.
    pub cause: String,
    /// What to do; empty when waiting is enough.
    pub remedy: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub until: Timestamp,
}

/// Whether a delivery may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Yes.
    Go,
    /// Yes, as the first one after a wait.
    First,
    /// Not before this instant.
    Wait(Timestamp),
}

/// What a failure did to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// Until when it is closed.
    pub until: Timestamp,
    /// Whether that is news to people: it was open, or closed for another reason.
    pub news: bool,
    /// By how much longer it waits on account of this failure.
    pub longer: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    closed: Option<Closed>,
    failures: u32,
    first_until: Option<Timestamp>,
}

/// The circuit.
#[derive(Debug, Default)]
pub struct Gate(Mutex<Inner>);

impl Gate {
    /// Asks for a pass. `First` is given to one caller at a time; should it never report back, the next one gets it after
    /// `patience`.
    pub fn pass(&self, now: Timestamp, patience: Duration) -> Pass {
        let mut inner = self.lock();
        let Some(closed) = &inner.closed else { return Pass::Go };
        if closed.until > now {
            return Pass::Wait(closed.until);
        }
        match inner.first_until {
            Some(until) if until > now => Pass::Wait(later(now, Duration::from_millis(250)).min(until)),
            _ => {
                inner.first_until = Some(later(now, patience));
                Pass::First
            }
        }
    }

    /// When it may be worth asking again; nothing when it is open.
    pub fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().closed.as_ref().map(|closed| closed.until).filter(|until| *until > now)
    }

    /// The tool did what it was asked: open. A call that began before it closed proves nothing; only the first one after the
    /// wait opens it. Answers what it was closed for.
    pub fn worked(&self, first: bool) -> Option<Closed> {
        let mut inner = self.lock();
        if inner.closed.is_some() && !first {
            return None;
        }
        inner.failures = 0;
        inner.first_until = None;
        inner.closed.take()
    }

    /// The first one has to wait for something of its own and cannot tell whether the tool works: another may go first.
    pub fn give_back(&self) {
        self.lock().first_until = None;
    }

    /// The tool as a whole does not work.
    pub fn failed(
        &self,
        reason: WaitReason,
        asked: Option<Duration>,
        cause: &str,
        remedy: &str,
        now: Timestamp,
        chance: &Chance,
    ) -> Shut {
        let mut inner = self.lock();
        inner.first_until = None;
        if let Some(closed) = &inner.closed
            && closed.until > now
            && closed.reason == reason
        {
            // Others that were under way when it closed report the same thing; a longer request still counts.
            let until = asked.map_or(closed.until, |asked| later(now, asked)).max(closed.until);
            let longer = between(closed.until, until);
            if let Some(closed) = &mut inner.closed {
                closed.until = until;
            }
            return Shut { until, news: false, longer };
        }
        inner.failures = inner.failures.saturating_add(1);
        let (first, longest) = pace(reason);
        // At least half of the pace, so that full jitter does not knock at once.
        let wait = backoff::wait(inner.failures, first, longest, asked, chance).max(first / 2);
        let until = later(now, wait);
        let news = inner.closed.as_ref().is_none_or(|closed| closed.reason != reason);
        let since = inner.closed.as_ref().filter(|_| !news).map_or(now, |closed| closed.since);
        inner.closed = Some(Closed { reason, cause: cause.to_owned(), remedy: remedy.to_owned(), since, until });
        Shut { until, news, longer: wait }
    }

    /// Why it is closed, if it is.
    pub fn closed(&self) -> Option<Closed> {
        self.lock().closed.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// First and longest wait by reason.
const fn pace(reason: WaitReason) -> (Duration, Duration) {
    match reason {
        WaitReason::RateLimit => (Duration::from_secs(1), Duration::from_secs(300)),
        WaitReason::Outage => (Duration::from_millis(250), Duration::from_secs(60)),
        WaitReason::Hibernating => (Duration::from_secs(30), Duration::from_secs(120)),
        WaitReason::Credentials => (Duration::from_secs(30), Duration::from_secs(300)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_closed_gate_lets_one_through_when_the_wait_is_over_and_all_when_it_worked() {
        let (gate, chance) = (Gate::default(), Chance::seeded(3));
        assert_eq!(gate.pass(at(0), PATIENCE), Pass::Go);
        let asked = Some(Duration::from_secs(1740));
        let Shut { until, news, .. } = gate.failed(WaitReason::RateLimit, asked, "429", "", at(0), &chance);
        assert!(news && until >= at(1740));
        let again = gate.failed(WaitReason::RateLimit, Some(Duration::from_secs(600)), "429", "", at(0), &chance);
        assert_eq!(again, Shut { until, news: false, longer: Duration::ZERO }, "others that were under way add nothing");
        assert_eq!(gate.pass(at(100), PATIENCE), Pass::Wait(until));
        let over = later(until, Duration::from_secs(1));
        assert_eq!(gate.pass(over, PATIENCE), Pass::First);
        assert!(matches!(gate.pass(over, PATIENCE), Pass::Wait(_)), "the others wait for the first");
        assert!(gate.worked(false).is_none(), "a call from before it closed does not open it");
        assert!(gate.worked(true).is_some());
        assert_eq!(gate.pass(over, PATIENCE), Pass::Go);
    }

    #[test]
    fn a_first_one_that_never_reports_back_is_replaced() {
        let (gate, chance) = (Gate::default(), Chance::seeded(4));
        let Shut { until, .. } = gate.failed(WaitReason::Outage, None, "down", "", at(0), &chance);
        assert_eq!(gate.pass(until, PATIENCE), Pass::First);
        assert_eq!(gate.pass(later(until, PATIENCE), PATIENCE), Pass::First);
    }

    #[test]
    fn a_first_one_that_has_to_wait_lets_the_next_go_first() {
        let (gate, chance) = (Gate::default(), Chance::seeded(6));
        let Shut { until, .. } = gate.failed(WaitReason::Outage, None, "down", "", at(0), &chance);
        assert_eq!(gate.pass(until, PATIENCE), Pass::First);
        gate.give_back();
        assert_eq!(gate.pass(until, PATIENCE), Pass::First);
        assert!(gate.closed().is_some(), "it is not open before one came through");
    }

    #[test]
    fn the_same_failure_is_news_once_and_keeps_its_beginning() {
        let (gate, chance) = (Gate::default(), Chance::seeded(5));
        let Shut { until, news, .. } = gate.failed(WaitReason::Outage, None, "down", "", at(0), &chance);
        assert!(news);
        let Shut { news, .. } = gate.failed(WaitReason::Outage, None, "down", "", at(0), &chance);
        assert!(!news);
        let Shut { news, .. } = gate.failed(WaitReason::Outage, None, "down", "", later(until, PATIENCE), &chance);
        assert!(!news);
        assert_eq!(gate.closed().unwrap().since, at(0));
    }
}
