//! Which copies of the tools' configuration this process falls back on when a tool does not let it read. A copy that another process
//! has read since is found in the store; one that this process read itself is never replaced by an older one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector::clock::between;
use jiff::Timestamp;

use super::RecordFlow;

/// A copy that is in use is looked after again when this long has passed. Where there is none, every call looks.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// The copies in use, by connection.
#[derive(Debug, Default)]
pub(super) struct Adopted(Mutex<BTreeMap<String, InUse>>);

#[derive(Debug, Clone, Copy)]
struct InUse {
    /// When it was read from the tool.
    read_at: Timestamp,
    /// When the store was last asked for a newer one.
    looked_at: Timestamp,
}

impl Adopted {
    /// Whether there is one, and the store was asked a short while ago.
    fn settled(&self, connection: &str, now: Timestamp) -> bool {
        self.lock().get(connection).is_some_and(|used| between(used.looked_at, now) < LOOK_AGAIN)
    }

    /// Notes a copy that was read at `read_at`; `adopt` is called when it is newer than the one in use.
    pub(super) fn note(&self, connection: &str, read_at: Timestamp, now: Timestamp, adopt: impl FnOnce()) {
        let mut all = self.lock();
        let used = all.get(connection).map(|used| used.read_at);
        if used.is_none_or(|used| used < read_at) {
            adopt();
        }
        let read_at = used.map_or(read_at, |used| used.max(read_at));
        all.insert(connection.to_owned(), InUse { read_at, looked_at: now });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, InUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordFlow {
    /// Hands the provider of a connection the last good copy of its tool's configuration, unless the store was asked for it within the
    /// hour and had one.
    pub async fn adopt(&self, connection: &str) {
        let now = self.clock.now();
        let Some(source) = self.engine.sources.get(connection) else { return };
        if self.adopted.settled(connection, now) {
            return;
        }
        if let Some(last) = self.refresher.last(connection).await {
            self.adopted.note(connection, last.read_at, now, || source.provider.adopt(&last));
        }
    }

    /// The same for all connections.
    pub async fn adopt_all(&self) {
        for name in self.engine.sources.keys() {
            self.adopt(name).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn nothing_found_is_looked_for_again_and_a_copy_after_an_hour() {
        let adopted = Adopted::default();
        assert!(!adopted.settled("snow", at(0)));
        adopted.note("snow", at(-5), at(0), || {});
        assert!(adopted.settled("snow", at(3599)) && !adopted.settled("snow", at(3600)));
        assert!(!adopted.settled("another", at(0)));
    }

    #[test]
    fn an_older_copy_never_replaces_a_newer_one() {
        let adopted = Adopted::default();
        let taken = |read_at| {
            let mut taken = false;
            adopted.note("snow", at(read_at), at(10), || taken = true);
            taken
        };
        assert_eq!([5, 5, 4, 6, 5].map(taken), [true, false, false, true, false]);
    }
}
