//! How long to wait before the next attempt: capped exponential with full jitter. What the tool asks for always wins when it
//! is longer.

use std::time::Duration;

use crate::clock::Chance;

/// The wait after the `attempt`-th failure (from 1): at random between nothing and `first` doubled so often, at most
/// `longest`; never less than `asked`, what the tool itself asked for.
#[must_use]
pub fn wait(attempt: u32, first: Duration, longest: Duration, asked: Option<Duration>, chance: &Chance) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(30)));
    let jittered = chance.up_to(doubled.min(longest));
    match asked {
        // A little more than asked, so that not everything that waited comes back in the same instant.
        Some(asked) => asked.max(jittered).saturating_add(chance.up_to(first)),
        None => jittered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(600);

    #[test]
    fn waits_grow_but_never_beyond_the_longest() {
        let chance = Chance::seeded(1);
        for attempt in 1..200 {
            let most = FIRST.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(LONGEST);
            assert!(wait(attempt, FIRST, LONGEST, None, &chance) <= most);
        }
        let late: Duration = (0..100).map(|_| wait(50, FIRST, LONGEST, None, &chance)).sum();
        assert!(late > LONGEST * 30, "full jitter averages half of the longest wait, got {late:?} in 100");
    }

    #[test]
    fn what_the_tool_asks_for_wins_when_it_is_longer() {
        let chance = Chance::seeded(2);
        let asked = Duration::from_secs(1740);
        let waited = wait(1, FIRST, LONGEST, Some(asked), &chance);
        assert!(waited >= asked && waited <= asked + FIRST);
    }
}
