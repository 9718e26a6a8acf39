//! The shape of the database and how a connection to it is set up. A new version appends a migration and never changes one.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::error::explain;
use crate::store::StoreError;

/// How long one process waits for another's transaction.
const BUSY: Duration = Duration::from_secs(5);
/// And looks again after so long, where SQLite does not do it by itself.
const PAUSE: Duration = Duration::from_millis(5);
/// The log is copied into the database after so many pages. Larger: fewer copies, longer ones.
const CHECKPOINT_PAGES: u32 = 2000;
/// Measured: 2 KB payloads waste half of every 4 KiB page; 8 KiB hold three of them.
const PAGE_BYTES: u32 = 8192;
/// What the write-ahead log is cut down to when it is begun anew.
pub(super) const LOG_BYTES: u32 = 2 * CHECKPOINT_PAGES * PAGE_BYTES;

/// `status` is the place in `Status::ALL`; times are microseconds since 1970; payload stands last so that the rest is
/// read without it.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE delivery (
        row INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        connection TEXT NOT NULL,
        work_item_type TEXT NOT NULL,
        source TEXT NOT NULL,
        choices TEXT NOT NULL,
        accepted_at INTEGER NOT NULL,
        since INTEGER NOT NULL,
        status INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        lease INTEGER NOT NULL DEFAULT 0,
        cause TEXT NOT NULL DEFAULT '',
        remedy TEXT NOT NULL DEFAULT '',
        summary TEXT,
        payload BLOB
    ) STRICT;
    CREATE INDEX delivery_unfinished ON delivery (connection, due, accepted_at, status) WHERE status < 2;
    CREATE INDEX delivery_finished ON delivery (status, due, connection) WHERE status >= 2;
    CREATE TABLE document (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        collection TEXT NOT NULL,
        version INTEGER NOT NULL DEFAULT 0,
        written INTEGER NOT NULL,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX document_written ON document (collection, written, key);
    CREATE TABLE total (
        connection TEXT PRIMARY KEY,
        accepted INTEGER NOT NULL,
        work_items INTEGER NOT NULL,
        updates INTEGER NOT NULL,
        duplicates_suppressed INTEGER NOT NULL,
        retried INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE service_desk (
        row INTEGER PRIMARY KEY,
        time_generated INTEGER NOT NULL,
        connection TEXT NOT NULL,
        kind TEXT NOT NULL,
        source_id TEXT NOT NULL,
        number TEXT NOT NULL,
        json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX service_desk_time ON service_desk (time_generated);
    CREATE INDEX service_desk_item ON service_desk (source_id, connection, kind, time_generated);
    CREATE INDEX service_desk_number ON service_desk (number, time_generated);
    CREATE TABLE service_desk_log (
        row INTEGER PRIMARY KEY,
        time_generated INTEGER NOT NULL,
        connection TEXT NOT NULL,
        kind TEXT NOT NULL,
        source_id TEXT NOT NULL,
        number TEXT NOT NULL,
        json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX service_desk_log_time ON service_desk_log (time_generated);
    CREATE INDEX service_desk_log_number ON service_desk_log (number, time_generated);
",
    "
    ALTER TABLE delivery ADD COLUMN trace TEXT;
",
];

/// The connection that writes: makes the file if there is none and brings its schema up to date.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|error| {
            StoreError::Unavailable(format!(
                "cannot make the directory {} ({error}); make it yourself and let this process write there",
                directory.display()
            ))
        })?;
    }
    let failed = |error| explain(path, &error);
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    if version(&connection).map_err(failed)? == 0 {
        // These two must precede the first table; later they change nothing, but the second would write and wait for the disk.
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    }
    let mode = write_ahead(&connection).map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "{} cannot have a write-ahead log; put it on a local disk, not on a network share",
            path.display()
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(failed)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(failed)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Turns the write-ahead log on. Where others open the same new file at this moment, SQLite says "busy" at once instead of waiting
/// as long as it was told to, since two that wait for each other would wait for ever.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let begun = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        let busy = mode.as_ref().err().and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::DatabaseBusy);
        if !busy || begun.elapsed() > BUSY {
            return mode;
        }
        #[expect(clippy::disallowed_methods, reason = "what SQLite itself does while it waits for another process")]
        std::thread::sleep(PAUSE);
    }
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| explain(path, &error);
    if version(connection).map_err(failed)? == MIGRATIONS.len() {
        return Ok(());
    }
    // Another process may be doing the same: look again once the database is ours.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let present = version(&transaction).map_err(failed)?;
    let Some(missing) = MIGRATIONS.get(present..) else {
        return Err(StoreError::Damaged(format!(
            "{} was written by a newer version of the connector (schema {present}, known here: {}); start that version, or \
             move the file away to begin with an empty one",
            path.display(),
            MIGRATIONS.len()
        )));
    };
    for step in missing {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// How many migrations were done.
fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u16>(0).map(usize::from))
}
