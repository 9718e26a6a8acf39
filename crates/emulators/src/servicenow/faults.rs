//! Switches that make the instance fail the way instances do: before the work, after it, or inside it. Each fault says which requests it takes
//! and how often; chance comes from a seeded generator, so that a run can be repeated.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::http::Call;

/// Names a fault, for taking it away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This answer, and nothing is done: a 502 with HTML, say.
    Status {
        /// HTTP status.
        code: u16,
        /// As sent.
        body: String,
        /// Further headers; `Content-Type` defaults to HTML when the body begins with `<`, else to JSON.
        headers: Vec<(String, String)>,
    },
    /// 429 with the headers of a rate limit rule.
    RateLimit {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 401, as for an expired token.
    Unauthorized,
    /// 200 with the page of a sleeping developer instance.
    Hibernating,
    /// 200 with a sign-in page.
    LoginPage,
    /// 200 with a list cut off by the transaction quota.
    PartialPage(Partial),
    /// 200 with the good answer cut in the middle.
    BrokenJson,
    /// The good answer, later.
    Slow(Duration),
    /// The connection is closed before anything is done.
    ResetBeforeCommit,
    /// The connection is closed after everything is done.
    ResetAfterCommit,
    /// A column that is silently not written.
    IgnoreField {
        /// Table as in the path, or a parent of it.
        table: String,
        /// Column.
        field: String,
    },
    /// A business rule that refuses every write.
    BusinessRuleAbort {
        /// `NAME^sys_id` as in the text.
        name: String,
    },
    /// A write ACL: on the table (403) or on one column (silently dropped).
    WriteDenied {
        /// Table.
        table: String,
        /// Column; `None` for the whole table.
        field: Option<String>,
    },
    /// A read ACL: rows filtered away, or one column missing.
    ReadDenied {
        /// Table.
        table: String,
        /// Column; `None` for the whole table.
        field: Option<String>,
    },
    /// A read ACL with a condition: records that match are taken off a page after the limit has cut it, and counted all the same.
    ReadHidden {
        /// Table.
        table: String,
        /// Which records, as an encoded query.
        query: String,
    },
    /// A data policy: columns that a written record has to fill.
    DataPolicy {
        /// Table.
        table: String,
        /// Columns.
        fields: Vec<String>,
    },
    /// A list misses this many rows at its end, as when a read ACL filters after the limit.
    ShortPage {
        /// Rows left out.
        rows: usize,
    },
}

/// How a list looks after its transaction was cancelled in mid-stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// `{"result":[…],"error":{…},"status":"failure"}`
    Valid,
    /// The array is not closed before `,"error"`.
    ArrayOpen,
    /// A `]` too many.
    StrayBracket,
    /// The sentence stands as a text where the next record would.
    Sentence,
}

/// Which requests fail, how often, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    method: Option<String>,
    path: Option<String>,
    after: u64,
    times: Option<u64>,
    until: Option<i64>,
    probability: Option<f64>,
    effect: Effect,
}

impl Fault {
    /// On every request, for ever.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self { method: None, path: None, after: 0, times: None, until: None, probability: None, effect }
    }

    /// Only on this method (after an override header).
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Only where the path contains this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Leaves the first `requests` that would match alone.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// At most this often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only before these seconds since 1970 on the instance's clock.
    #[must_use]
    pub fn until(mut self, seconds: i64) -> Self {
        self.until = Some(seconds);
        self
    }

    /// With this chance, 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    fn takes(&self, call: &Call) -> bool {
        self.method.as_ref().is_none_or(|method| *method == call.method)
            && self.path.as_ref().is_none_or(|part| call.path.contains(part))
    }
}

/// The faults of one instance; may be changed at any time.
#[derive(Debug)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    active: Vec<(FaultId, Fault)>,
    next: u64,
    chance: StdRng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: Mutex::new(State { active: Vec::new(), next: 1, chance: StdRng::seed_from_u64(seed) }) }
    }

    /// Adds a fault; it acts from the next request on.
    pub fn add(&self, fault: Fault) -> FaultId {
        let mut state = self.state();
        let id = FaultId(state.next);
        state.next += 1;
        state.active.push((id, fault));
        id
    }

    /// Takes one away.
    pub fn remove(&self, id: FaultId) {
        self.state().active.retain(|(other, _)| *other != id);
    }

    /// Takes all away.
    pub fn clear(&self) {
        self.state().active.clear();
    }

    /// Starts the chance again from a seed.
    pub fn seed(&self, seed: u64) {
        self.state().chance = StdRng::seed_from_u64(seed);
    }

    /// The effects on one request at `now`; counts it.
    pub(crate) fn strike(&self, call: &Call, now: i64) -> Vec<Effect> {
        let mut state = self.state();
        state.active.retain(|(_, fault)| fault.until.is_none_or(|until| now < until));
        let State { active, chance, .. } = &mut *state;
        let mut effects = Vec::new();
        for (_, fault) in active.iter_mut().filter(|(_, fault)| fault.takes(call)) {
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            if fault.times == Some(0) || fault.probability.is_some_and(|probability| chance.random::<f64>() >= probability) {
                continue;
            }
            fault.times = fault.times.map(|times| times - 1);
            effects.push(fault.effect.clone());
        }
        active.retain(|(_, fault)| fault.times != Some(0));
        effects
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call { method: method.to_owned(), path: path.to_owned(), ..Call::default() }
    }

    #[test]
    fn a_fault_strikes_after_and_as_often_as_it_says() {
        let faults = Faults::new(0);
        faults.add(Fault::new(Effect::Unauthorized).method("post").path("incident").after(1).times(2));
        let struck = |method, path| !faults.strike(&call(method, path), 0).is_empty();
        assert!(!struck("GET", "/incident"));
        assert_eq!([0; 4].map(|_| struck("POST", "/api/now/table/incident")), [false, true, true, false]);
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let run = || {
            let faults = Faults::new(7);
            faults.add(Fault::new(Effect::BrokenJson).probability(0.5));
            (0..50).map(|_| faults.strike(&call("GET", "/"), 0).len()).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let count: usize = first.iter().sum();
        assert!((10..40).contains(&count), "{count}");
    }

    #[test]
    fn a_fault_ends_when_its_time_is_over() {
        let faults = Faults::new(0);
        faults.add(Fault::new(Effect::Hibernating).until(10));
        assert_eq!([9, 10, 9].map(|now| faults.strike(&call("GET", "/"), now).len()), [1, 0, 0]);
    }

    #[test]
    fn a_removed_fault_strikes_no_more() {
        let faults = Faults::new(0);
        let id = faults.add(Fault::new(Effect::Hibernating));
        faults.remove(id);
        assert!(faults.strike(&call("GET", "/"), 0).is_empty());
    }
}
