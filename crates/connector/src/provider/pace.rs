//! How long pages of a table may be: shorter for a while after the tool sent half of one, then slowly longer again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A page is not made smaller than this when the tool sends half of it.
pub const SMALLEST: u32 = 10;
/// So many whole pages, then a page that was made smaller grows by a quarter.
const GROWS_AFTER: u32 = 8;

/// What was learnt about the tables of one tool.
#[derive(Debug)]
pub struct Pace {
    largest: u32,
    caps: Mutex<BTreeMap<String, Cap>>,
}

#[derive(Debug, Clone, Copy)]
struct Cap {
    limit: u32,
    whole: u32,
}

impl Pace {
    /// Nothing learnt yet. `largest` is the longest page of the tool.
    #[must_use]
    pub const fn new(largest: u32) -> Self {
        Self { largest, caps: Mutex::new(BTreeMap::new()) }
    }

    /// The length to ask for when `wanted` is wanted.
    #[must_use]
    pub fn limit(&self, table: &str, wanted: u32) -> u32 {
        let mut caps = self.caps();
        match caps.get(table) {
            Some(cap) if cap.limit < wanted => cap.limit,
            Some(cap) if cap.limit >= self.largest => {
                caps.remove(table);
                wanted
            }
            _ => wanted,
        }
    }

    /// A page of `limit` came half or not at all.
    pub fn half(&self, table: &str, limit: u32) {
        let limit = (limit / 2).max(SMALLEST);
        self.caps().insert(table.to_owned(), Cap { limit, whole: 0 });
    }

    /// A page came whole.
    pub fn whole(&self, table: &str) {
        if let Some(cap) = self.caps().get_mut(table) {
            cap.whole += 1;
            if cap.whole >= GROWS_AFTER {
                *cap = Cap { limit: cap.limit.saturating_add(cap.limit / 4).saturating_add(1), whole: 0 };
            }
        }
    }

    fn caps(&self) -> MutexGuard<'_, BTreeMap<String, Cap>> {
        self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_made_smaller_grows_again_slowly() {
        let pace = Pace::new(10_000);
        assert_eq!(pace.limit("incident", 1000), 1000);
        pace.half("incident", 1000);
        assert_eq!(pace.limit("incident", 1000), 500);
        assert_eq!(pace.limit("change_request", 1000), 1000);
        pace.half("incident", 12);
        assert_eq!(pace.limit("incident", 1000), SMALLEST);
        let mut pages = 0;
        while pace.limit("incident", 1000) < 1000 {
            pace.whole("incident");
            pages += 1;
        }
        assert!((100..400).contains(&pages), "{pages}");
    }
}
