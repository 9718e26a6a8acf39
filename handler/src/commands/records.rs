//! `records query`: rows as they were synced, from the embedded database. Where rows go to a workspace instead, it says how to find
//! them there.

mod kusto;
pub(super) mod table;

use connector::clock::Clock;
use connector::rows::RecordKind;
use connector::store::sqlite::SqliteStore;
use connector::store::{Reading, RecordFilter, RecordTable};
use serde_json::Value;

use crate::cli::values::RecordsOf;
use crate::cli::{Query, Records, RecordsAction};
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;
use crate::stores::DATABASE;

/// Rows that a table has unless told otherwise.
const TABLE_ROWS: u32 = 50;

/// Does what is asked with the database below the data directory.
pub async fn run(args: &Records, clock: &dyn Clock, output: &mut Output<'_>) -> Result<Ending, Failure> {
    match &args.action {
        RecordsAction::Query(args) => query(args, clock, output).await,
    }
}

async fn query(args: &Query, clock: &dyn Clock, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let since = args.since.map(|since| since.instant(clock.now()));
    if let Some(workspace) = commands::usual(args.config.as_ref(), clock).await?.and_then(|settings| settings.workspace) {
        return Err(Failure::Wrong(format!(
            "rows are not here, they are in the workspace behind {}; run this there, in Logs or with \
             `az monitor log-analytics query`:\n{}",
            workspace.rule,
            kusto::query(args, since)
        )));
    }
    let path = args.data.join(DATABASE);
    // Opening would make an empty one.
    if !path.is_file() {
        return Err(Failure::Wrong(format!(
            "there is no database at {}; name the directory that was given to `local` with --data, or bring records in with \
             `itsm-connector sync`",
            path.display()
        )));
    }
    let log = args.kind == Some(RecordsOf::Log);
    let filter = RecordFilter {
        table: if log { RecordTable::Log } else { RecordTable::ServiceDesk },
        connection: args.connection.clone(),
        kind: args.kind.and_then(RecordsOf::kind).map(RecordKind::as_str).map(str::to_owned),
        number: args.number.clone(),
        since,
        latest: args.latest && !log,
        limit: args.limit.or((!args.json).then_some(TABLE_ROWS)),
    };
    let store = SqliteStore::open(&path)?;
    let mut reading = Reading::new(&*store, filter);
    if args.json {
        while let Some(rows) = reading.next().await? {
            for row in rows {
                output.json_line(&row)?;
            }
        }
        return Ok(Ending::Good);
    }
    let mut rows: Vec<Value> = Vec::new();
    while let Some(page) = reading.next().await? {
        rows.extend(page.iter().map(|row| serde_json::from_str::<Value>(row).unwrap_or_default()));
    }
    match (rows.is_empty(), log) {
        (true, _) => output.line("no rows")?,
        (false, true) => table::log(&rows, output)?,
        (false, false) => table::records(&rows, output)?,
    }
    Ok(Ending::Good)
}
