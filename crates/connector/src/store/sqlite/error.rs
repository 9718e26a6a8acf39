//! What SQLite's failures mean to an operator: which file, what happened, what to do.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// `error`, which happened on the database at `path`, in an operator's words.
pub(super) fn explain(path: &Path, error: &Error) -> StoreError {
    let path = path.display();
    if let Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) = error {
        return StoreError::Damaged(format!(
            "{path} holds a row that this version cannot read ({error}); use the version that wrote it"
        ));
    }
    let unavailable = |what: &str| StoreError::Unavailable(format!("{path} {what} ({error})"));
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => unavailable("cannot grow: the disk is full; free some space, then it goes on by itself"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            unavailable("may not be written; give this process the right to write to the file and to its directory")
        }
        Some(ErrorCode::CannotOpen) => {
            unavailable("cannot be opened; check that its directory exists and that this process may write there")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            unavailable("is locked by another process; end the process that holds it, or wait until it is done")
        }
        Some(ErrorCode::SystemIoFailure) => {
            unavailable("cannot be read or written: the disk failed; check the disk and the system's log")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(format!(
            "{path} is not a database or is damaged ({error}); restore it from a backup, or move it away to begin with an \
             empty one"
        )),
        _ => unavailable("did not do what was asked"),
    }
}
