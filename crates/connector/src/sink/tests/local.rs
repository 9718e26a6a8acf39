use std::sync::Arc;

use super::{noon, row};
use crate::journal::{Entry, LogType};
use crate::rows::LogRow;
use crate::sink::local::LocalSink;
use crate::sink::{Sink, Written};
use crate::store::sqlite::SqliteStore;
use crate::store::{Reading, RecordFilter, RecordTable};

#[tokio::test]
async fn rows_can_be_read_as_they_were_written_and_found_by_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    let sink = LocalSink(store.clone());
    let rows: Vec<_> = (0..600).map(row).collect();
    assert_eq!(sink.records(&rows).await.unwrap(), Written { accepted: 600, ..Written::default() });
    let read = async |filter| Reading::new(&*store, filter).next().await.unwrap().unwrap();
    let all = read(RecordFilter::default()).await;
    let wanted: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    assert_eq!(all, wanted);
    let one = RecordFilter {
        number: Some("INC0000007".to_owned()),
        kind: Some("ChangeRequest".to_owned()),
        connection: Some("snow".to_owned()),
        latest: true,
        ..RecordFilter::default()
    };
    assert_eq!(read(one).await, wanted[7..8]);

    let entry = Entry {
        log_type: LogType::Warning,
        connection: "snow".to_owned(),
        operation: "sync",
        message: "slow".to_owned(),
        cause: String::new(),
        remedy: String::new(),
        work_item: String::new(),
        alert: String::new(),
        correlation_id: "run".to_owned(),
        details: String::new(),
    };
    sink.log(&[LogRow::new(entry, noon())]).await.unwrap();
    let log = RecordFilter { table: RecordTable::Log, kind: Some("WARNING".to_owned()), ..RecordFilter::default() };
    assert!(read(log).await[0].contains(r#""Message_s":"slow""#));
}

#[tokio::test]
async fn a_store_that_cannot_write_says_so_in_a_whole_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE service_desk").unwrap();
    let error = LocalSink(Arc::clone(&store) as _).records(&[row(1)]).await.unwrap_err();
    assert!(error.cause.starts_with("The embedded database cannot take rows: ") && error.cause.ends_with('.'), "{error}");
}
