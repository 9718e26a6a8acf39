//! Rows that could not be written before the process ends wait in the store for the next one: what keeps a workspace from taking
//! rows is often mended in the settings, with a restart.

use bytes::Bytes;

use super::{BATCH, RowJournal, WAITING};
use crate::rows::LogRow;
use crate::sink::SinkError;
use crate::store::{StateStore, StoreError, Version};

/// Where they wait. A few megabytes at most.
const KEY: &str = "journal/waiting";
/// Others that were faster, before we give up.
const TRIES: usize = 5;

impl RowJournal {
    /// Hands what still waits to the store, behind what is there already; the oldest go when it is too much. Rows that the store
    /// does not take either are in the log of the process only.
    pub(super) async fn put_aside(&self, store: &dyn StateStore) {
        let (first, waiting) = {
            let queue = self.queue();
            (queue.gone, queue.rows.iter().cloned().collect::<Vec<_>>())
        };
        if waiting.is_empty() {
            return;
        }
        let append = |rows: &mut Vec<LogRow>| {
            rows.extend_from_slice(&waiting);
            rows.drain(..rows.len().saturating_sub(WAITING));
        };
        match self.change(store, append).await {
            Ok(()) => {
                self.leave(first, waiting.len());
                tracing::info!(rows = waiting.len(), "rows of the connector's log wait for the next run");
            }
            Err(error) => {
                tracing::warn!(rows = waiting.len(), %error, "rows of the connector's log are in this log only");
            }
        }
    }

    /// Writes what an earlier process put aside. It leaves the store batch by batch, each when it is written: being killed costs
    /// nothing but a batch that comes twice, and so may two processes that begin in the same moment.
    pub(super) async fn write_left(&self, store: &dyn StateStore) -> Result<(), SinkError> {
        let error = loop {
            let batch = match read(store).await {
                Ok((rows, _)) => rows.into_iter().take(BATCH).collect::<Vec<_>>(),
                Err(error) => break error,
            };
            if batch.is_empty() {
                return Ok(());
            }
            self.send(&batch).await?;
            // Others may have put more behind them meanwhile, for which the oldest had to go.
            if let Err(error) = self.change(store, |rows| rows.retain(|row| !batch.contains(row))).await {
                break error;
            }
        };
        tracing::warn!(%error, "rows of the connector's log that an earlier run left cannot be read now; the next run tries again");
        Ok(())
    }

    async fn change(&self, store: &dyn StateStore, change: impl Fn(&mut Vec<LogRow>)) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let (mut rows, version) = read(store).await?;
            change(&mut rows);
            let done = match &version {
                None if rows.is_empty() => true,
                Some(version) if rows.is_empty() => store.remove(KEY, version).await?,
                version => {
                    let bytes = serde_json::to_vec(&rows).map_err(|error| StoreError::Damaged(error.to_string()))?;
                    store.put(KEY, version.as_ref(), Bytes::from(bytes), self.clock.now()).await?.is_some()
                }
            };
            if done {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("{KEY} is changed all the time by somebody else")))
    }
}

/// What was put aside. What cannot be read is worth less than what comes next, and would be told at each start for ever: it goes.
async fn read(store: &dyn StateStore) -> Result<(Vec<LogRow>, Option<Version>), StoreError> {
    let Some(document) = store.get(KEY).await? else { return Ok((Vec::new(), None)) };
    match serde_json::from_slice(&document.bytes) {
        Ok(rows) => Ok((rows, Some(document.version))),
        Err(error) => {
            tracing::warn!(%error, "rows of the connector's log that an earlier run left cannot be read; they are in the log of that run only");
            store.remove(KEY, &document.version).await?;
            Ok((Vec::new(), None))
        }
    }
}
