//! Which of two numbers sorts upwards: documented nowhere, so it is learned from what is seen, and kept for the process.

use std::sync::atomic::{AtomicU8, Ordering};

/// The two meanings of `sortDirection`, which is documented nowhere. Learned from pages whose order can be seen.
#[derive(Debug, Default)]
pub(super) struct Direction(AtomicU8);

impl Direction {
    /// The number that sorts upwards, as far as is known: 1 until something else is seen.
    pub(super) fn upwards(&self) -> u8 {
        u8::from(self.0.load(Ordering::Relaxed) != ZERO)
    }

    /// Whether that was seen.
    pub(super) fn proven(&self) -> bool {
        self.0.load(Ordering::Relaxed) != UNKNOWN
    }

    /// It was seen that this number sorts upwards.
    pub(super) fn learn(&self, number: u8) {
        self.0.store(if number == 0 { ZERO } else { ONE }, Ordering::Relaxed);
    }
}

const UNKNOWN: u8 = 0;
const ONE: u8 = 1;
const ZERO: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_number_sorts_upwards_is_learned_and_kept() {
        let direction = Direction::default();
        assert_eq!((direction.upwards(), direction.proven()), (1, false));
        direction.learn(0);
        // Two pages may see it at once.
        direction.learn(0);
        assert_eq!((direction.upwards(), direction.proven()), (0, true));
        direction.learn(1);
        assert_eq!((direction.upwards(), direction.proven()), (1, true));
    }
}
