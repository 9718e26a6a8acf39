//! Connections that only read, on threads that may block. A read sees everything that was answered before it began.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::error::explain;
use super::schema::open_reader;
use crate::store::StoreError;

/// Reads at the same time.
const READERS: usize = 4;

pub(super) struct Readers {
    shared: Arc<Shared>,
    turns: Arc<Semaphore>,
}

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        let shared = Arc::new(Shared { path: path.to_owned(), idle: Mutex::default() });
        Self { shared, turns: Arc::new(Semaphore::new(READERS)) }
    }

    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let ended = || StoreError::Unavailable("the process is ending".to_owned());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| ended())?;
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            shared.read(read)
        });
        task.await.map_err(|_| ended())?
    }
}

impl Shared {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = kept.map_or_else(|| open_reader(&self.path), Ok).map_err(|error| explain(&self.path, &error))?;
        let result = read(&connection).map_err(|error| explain(&self.path, &error))?;
        // After a failure the connection is not kept: the next reader begins with a fresh one.
        idle().push(connection);
        Ok(result)
    }
}
