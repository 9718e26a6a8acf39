//! Small answers of the tool (choice lists, templates) that are read seldom and needed often. A stale one is better than none,
//! and an adopted one, from the last refresh of the configuration, is better than none as well; either says how old it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::ProviderError;
use crate::clock::{Clock, between};

/// Most names kept; names come from settings and routes, so this is never reached in earnest.
const MOST: usize = 256;

/// Values by name, each read again when older than the time to live.
#[derive(Debug)]
pub struct Cached<T> {
    clock: Arc<dyn Clock>,
    life: Duration,
    held: Mutex<Names<T>>,
    adopted: Mutex<Names<T>>,
}

/// When each was read, and what.
type Names<T> = BTreeMap<String, (Timestamp, Arc<T>)>;

/// A value, and how sure it is.
#[derive(Debug)]
pub struct Answer<T> {
    /// The value.
    pub value: Arc<T>,
    /// When it could not be read now: when it was read, and why not now.
    pub stale: Option<(Timestamp, ProviderError)>,
}

impl<T> Cached<T> {
    /// An empty cache whose values live for `life`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, life: Duration) -> Self {
        Self { clock, life, held: Mutex::default(), adopted: Mutex::default() }
    }

    /// The present instant, by which ages are told.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes `values`, read at `at`, to fall back on. Those adopted before are forgotten.
    pub fn adopt(&self, at: Timestamp, values: impl IntoIterator<Item = (String, T)>) {
        let values = values.into_iter().map(|(name, value)| (name, (at, Arc::new(value)))).collect();
        *lock(&self.adopted) = values;
    }

    /// Takes a value that was just read.
    pub fn put(&self, name: &str, value: Arc<T>) {
        lock(&self.held).insert(name.to_owned(), (self.clock.now(), value));
    }

    /// The value of `name` if it was read before, however old.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<Arc<T>> {
        lock(&self.held).get(name).map(|(_, value)| Arc::clone(value))
    }

    /// The value of `name` is read anew when it is next asked for.
    pub fn doubt(&self, name: &str) {
        if let Some((at, _)) = lock(&self.held).get_mut(name) {
            *at = Timestamp::MIN;
        }
    }

    /// The value of `name`, read with `read` when it is missing or too old. When reading fails, the youngest old value is used:
    /// one that was read before or one that was adopted.
    pub async fn get<F>(&self, name: &str, read: F) -> Result<Answer<T>, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>> + Send,
    {
        let old = lock(&self.held).get(name).cloned();
        if let Some((at, value)) = &old
            && between(*at, self.clock.now()) < self.life
        {
            return Ok(Answer { value: Arc::clone(value), stale: None });
        }
        // Not held while reading: two calls may both read, but none waits for another's slow answer.
        match read.await {
            Ok(value) => {
                let value = Arc::new(value);
                let mut held = lock(&self.held);
                if held.len() >= MOST {
                    held.clear();
                }
                held.insert(name.to_owned(), (self.clock.now(), Arc::clone(&value)));
                Ok(Answer { value, stale: None })
            }
            Err(error) => {
                let adopted = lock(&self.adopted).get(name).cloned();
                match old.into_iter().chain(adopted).max_by_key(|(at, _)| *at) {
                    Some((at, value)) => Ok(Answer { value, stale: Some((at, error)) }),
                    None => Err(error),
                }
            }
        }
    }
}

fn lock<T>(names: &Mutex<Names<T>>) -> MutexGuard<'_, Names<T>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const LIFE: Duration = Duration::from_secs(900);

    fn fails() -> std::future::Ready<Result<&'static str, ProviderError>> {
        std::future::ready(Err(ProviderError::Retry { after: None, cause: "not now".to_owned() }))
    }

    async fn value(cache: &Cached<&'static str>) -> (&'static str, Option<Timestamp>) {
        let answer = cache.get("list", fails()).await.unwrap();
        (*answer.value, answer.stale.map(|(at, _)| at))
    }

    #[tokio::test]
    async fn a_failing_read_is_answered_with_the_youngest_old_value_and_its_time() {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let cache = Cached::new(Arc::clone(&clock) as Arc<dyn Clock>, LIFE);
        assert!(cache.get("list", fails()).await.is_err());
        cache.adopt(at(-3600), [("list".to_owned(), "adopted")]);
        assert_eq!(value(&cache).await, ("adopted", Some(at(-3600))));
        assert!(cache.get("list", async { Ok("live") }).await.unwrap().stale.is_none());
        // Believed as long as it lives, then still younger than the adopted one.
        clock.advance(Duration::from_secs(899));
        assert_eq!(value(&cache).await, ("live", None));
        clock.advance(Duration::from_secs(1));
        assert_eq!(value(&cache).await, ("live", Some(at(0))));
        cache.adopt(at(300), [("list".to_owned(), "adopted later")]);
        assert_eq!(value(&cache).await, ("adopted later", Some(at(300))));
    }

    #[tokio::test]
    async fn what_is_adopted_replaces_what_was() {
        let cache = Cached::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)), LIFE);
        cache.adopt(Timestamp::UNIX_EPOCH, [("list".to_owned(), "old")]);
        cache.adopt(Timestamp::UNIX_EPOCH, [("another".to_owned(), "new")]);
        assert!(cache.get("list", fails()).await.is_err());
    }
}
