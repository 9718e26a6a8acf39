//! Rows that could not be written before the process ends wait in the store for the next one: what keeps a workspace from taking
//! rows is often mended in the settings, with a restart.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{RowJournal, WAITING};
use crate::rows::LogRow;
use crate::store::{StateStore, StoreError};

/// Where they wait. A few megabytes at most.
const KEY: &str = "journal/waiting";
/// Others that were faster, before we give up.
const TRIES: usize = 5;

impl RowJournal {
    /// Hands what still waits to the store, behind what is there already; the oldest go when it is too much. Rows that the store
    /// does not take either are in the log of the process only.
    pub async fn put_aside(&self, store: &dyn StateStore) {
        let waiting: Vec<LogRow> = self.queue().rows.iter().cloned().collect();
        if waiting.is_empty() {
            return;
        }
        match self.append(store, &waiting).await {
            Ok(()) => {
                let mut queue = self.queue();
                for _ in 0..waiting.len() {
                    queue.gone += u64::from(queue.rows.pop_front().is_some());
                }
                tracing::info!(rows = waiting.len(), "rows of the connector's log wait for the next run");
            }
            Err(error) => {
                tracing::warn!(rows = waiting.len(), %error, "rows of the connector's log are in this log only");
            }
        }
    }

    /// Takes up what an earlier process put aside, before everything else.
    pub async fn take_up(&self, store: &dyn StateStore) {
        // Rows that are being written leave the queue at its front.
        let _writing = self.writing.lock().await;
        match take(store).await {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => {
                let mut queue = self.queue();
                for row in rows.into_iter().rev() {
                    queue.rows.push_front(row);
                }
                drop(queue);
                self.more.notify_one();
            }
            Err(error) => tracing::warn!(%error, "rows of the connector's log that an earlier run left cannot be read yet"),
        }
    }

    async fn append(&self, store: &dyn StateStore, rows: &[LogRow]) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let document = store.get(KEY).await?;
            // What cannot be read is worth less than what is at hand.
            let earlier: Option<VecDeque<LogRow>> =
                document.as_ref().and_then(|document| serde_json::from_slice(&document.bytes).ok());
            let mut all = earlier.unwrap_or_default();
            all.extend(rows.iter().cloned());
            all.drain(..all.len().saturating_sub(WAITING));
            let bytes = serde_json::to_vec(&all).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let version = document.map(|document| document.version);
            if store.put(KEY, version.as_ref(), Bytes::from(bytes), self.clock.now()).await?.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("{KEY} is changed all the time by somebody else")))
    }
}

/// What was put aside; it is ours alone, or stays where it is.
async fn take(store: &dyn StateStore) -> Result<Vec<LogRow>, StoreError> {
    let Some(document) = store.get(KEY).await? else { return Ok(Vec::new()) };
    let rows = serde_json::from_slice(&document.bytes).map_err(|error| StoreError::Damaged(error.to_string()));
    // What cannot be read would be told at each start for ever.
    if store.remove(KEY, &document.version).await? { rows } else { Ok(Vec::new()) }
}
