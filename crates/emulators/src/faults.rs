//! Switches that make an emulated tool fail the way the real one does. Each fault says which requests it takes and how often; chance comes
//! from a seeded generator, so that a run can be repeated. What the effects are is each tool's own affair.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::http::Call;

/// Names a fault, for taking it away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

/// Which requests fail, how often, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault<E> {
    method: Option<String>,
    path: Option<String>,
    after: u64,
    times: Option<u64>,
    probability: Option<f64>,
    effect: E,
}

impl<E> Fault<E> {
    /// On every request, for ever.
    #[must_use]
    pub fn new(effect: E) -> Self {
        Self { method: None, path: None, after: 0, times: None, probability: None, effect }
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
pub struct Faults<E> {
    state: Mutex<State<E>>,
}

#[derive(Debug)]
struct State<E> {
    active: Vec<(FaultId, Fault<E>)>,
    next: u64,
    chance: StdRng,
}

impl<E: Clone> Faults<E> {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: Mutex::new(State { active: Vec::new(), next: 1, chance: StdRng::seed_from_u64(seed) }) }
    }

    /// Adds a fault; it acts from the next request on.
    pub fn add(&self, fault: Fault<E>) -> FaultId {
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

    /// The effects on one request; counts it.
    pub(crate) fn strike(&self, call: &Call) -> Vec<E> {
        let mut state = self.state();
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

    fn state(&self) -> MutexGuard<'_, State<E>> {
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
        faults.add(Fault::new("refused").method("post").path("incident").after(1).times(2));
        let struck = |method, path| !faults.strike(&call(method, path)).is_empty();
        assert!(!struck("GET", "/incident"));
        assert_eq!([0; 4].map(|_| struck("POST", "/api/now/table/incident")), [false, true, true, false]);
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let run = || {
            let faults = Faults::new(7);
            faults.add(Fault::new("broken").probability(0.5));
            (0..50).map(|_| faults.strike(&call("GET", "/")).len()).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let count: usize = first.iter().sum();
        assert!((10..40).contains(&count), "{count}");
    }

    #[test]
    fn a_removed_fault_strikes_no_more() {
        let faults = Faults::new(0);
        let id = faults.add(Fault::new("asleep"));
        faults.remove(id);
        assert!(faults.strike(&call("GET", "/")).is_empty());
    }
}
