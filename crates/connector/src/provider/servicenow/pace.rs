//! What reading a table taught about it: how long its pages may be, and what its answers can be believed to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::keyset::LARGEST;

/// A page is not made smaller than this when the instance sends half of it.
pub(super) const SMALLEST: u32 = 10;
/// So many whole pages, then a page that was made smaller grows by a quarter.
const GROWS_AFTER: u32 = 8;

/// What was learnt about tables: how long pages may be (shorter for a while after the instance sent half of one), whether
/// anything was ever read, and whether hidden records are counted.
#[derive(Debug, Default)]
pub(super) struct Pace {
    caps: Mutex<BTreeMap<&'static str, Cap>>,
    readable: Mutex<BTreeSet<&'static str>>,
    counted: Mutex<BTreeSet<&'static str>>,
}

#[derive(Debug, Clone, Copy)]
struct Cap {
    limit: u32,
    whole: u32,
}

impl Pace {
    pub(super) fn limit(&self, table: &'static str, wanted: u32) -> u32 {
        let mut caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        match caps.get(table) {
            Some(cap) if cap.limit < wanted => cap.limit,
            Some(cap) if cap.limit >= LARGEST => {
                caps.remove(table);
                wanted
            }
            _ => wanted,
        }
    }

    /// Whether a record of the table was ever read.
    pub(super) fn readable(&self, table: &'static str) -> bool {
        self.readable.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    pub(super) fn counts_hidden(&self, table: &'static str) -> bool {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    pub(super) fn saw_hidden_counted(&self, table: &'static str) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).insert(table);
    }

    pub(super) fn half(&self, table: &'static str, limit: u32) {
        let limit = (limit / 2).max(SMALLEST);
        self.caps.lock().unwrap_or_else(PoisonError::into_inner).insert(table, Cap { limit, whole: 0 });
    }

    pub(super) fn whole(&self, table: &'static str, read: bool) {
        if read {
            self.readable.lock().unwrap_or_else(PoisonError::into_inner).insert(table);
        }
        if let Some(cap) = self.caps.lock().unwrap_or_else(PoisonError::into_inner).get_mut(table) {
            cap.whole += 1;
            if cap.whole >= GROWS_AFTER {
                *cap = Cap { limit: cap.limit.saturating_add(cap.limit / 4).saturating_add(1), whole: 0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_made_smaller_grows_again_slowly() {
        let pace = Pace::default();
        assert_eq!(pace.limit("incident", 1000), 1000);
        pace.half("incident", 1000);
        assert_eq!(pace.limit("incident", 1000), 500);
        assert_eq!(pace.limit("change_request", 1000), 1000);
        pace.half("incident", 12);
        assert_eq!(pace.limit("incident", 1000), SMALLEST);
        let mut pages = 0;
        while pace.limit("incident", 1000) < 1000 {
            pace.whole("incident", true);
            pages += 1;
        }
        assert!((100..400).contains(&pages), "{pages}");
    }
}
