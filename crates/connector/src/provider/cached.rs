//! Small answers of the tool (choice lists, templates) that are read seldom and needed often. A stale one is better than none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::ProviderError;
use crate::clock::{Clock, later};

/// Most names kept; names come from settings and routes, so this is never reached in earnest.
const MOST: usize = 256;

/// Values by name, each read again when older than the time to live.
#[derive(Debug)]
pub struct Cached<T> {
    clock: Arc<dyn Clock>,
    life: Duration,
    held: Mutex<BTreeMap<String, (Timestamp, Arc<T>)>>,
}

impl<T> Cached<T> {
    /// An empty cache whose values live for `life`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, life: Duration) -> Self {
        Self { clock, life, held: Mutex::new(BTreeMap::new()) }
    }

    /// The value of `name`, read with `read` when it is missing or too old. When reading fails, an old value is used again.
    pub async fn get<F>(&self, name: &str, read: F) -> Result<Arc<T>, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>> + Send,
    {
        let old = self.held.lock().await.get(name).cloned();
        if let Some((until, value)) = &old
            && self.clock.now() < *until
        {
            return Ok(Arc::clone(value));
        }
        // Not held while reading: two calls may both read, but none waits for another's slow answer.
        match (read.await, old) {
            (Ok(value), _) => {
                let value = Arc::new(value);
                let mut held = self.held.lock().await;
                if held.len() >= MOST {
                    held.clear();
                }
                held.insert(name.to_owned(), (later(self.clock.now(), self.life), Arc::clone(&value)));
                Ok(value)
            }
            (Err(_), Some((_, value))) => Ok(value),
            (Err(error), None) => Err(error),
        }
    }
}
