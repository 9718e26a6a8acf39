//! One empty store of each kind, for stories of others that are told over all of them.

use std::cell::RefCell;
use std::sync::Arc;

use tempfile::TempDir;

use super::{Store, azurite as account};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;

pub(crate) fn memory() -> Arc<dyn Store> {
    MemoryStore::new()
}

/// Its directory goes with the thread, which is the test's own.
pub(crate) fn sqlite() -> Arc<dyn Store> {
    thread_local! {
        static DIRECTORIES: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
    }
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    DIRECTORIES.with_borrow_mut(|kept| kept.push(directory));
    store
}

/// In memory again where Azurite does not run, which is said (see [`account::skipped`]).
pub(crate) fn azurite() -> Arc<dyn Store> {
    match account::store() {
        Some(store) => store,
        None => memory(),
    }
}
