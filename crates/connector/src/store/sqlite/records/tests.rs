//! Rows in the database: order, filters, the newest of each work item, an end to all of them, and alerts that need not wait.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::SqliteStore;
use crate::settings::Retention;
use crate::store::retention::{Pruned, prune_records};
use crate::store::tests::at;
use crate::store::{DeliveryQueue, Reading, Record, RecordFilter, RecordStore, RecordTable, StoreError};

const DAY: i64 = 86_400;

/// Version `version` of work item `item`, read in second `second`.
fn record(item: usize, version: usize, second: i64) -> Record {
    Record {
        time_generated: at(second),
        connection: "snow".to_owned(),
        kind: "Incident".to_owned(),
        source_id: format!("id{item}"),
        number: format!("INC{item}"),
        json: format!("{item}.{version}"),
    }
}

struct House {
    store: Arc<SqliteStore>,
    directory: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { store: SqliteStore::open(&directory.path().join("store.db")).unwrap(), directory }
    }

    async fn holding(records: Vec<Record>) -> Self {
        let house = Self::new();
        house.store.write(RecordTable::ServiceDesk, records).await.unwrap();
        house
    }

    async fn read(&self, filter: RecordFilter) -> Vec<String> {
        let mut reading = Reading::new(&*self.store, filter);
        let mut all = Vec::new();
        while let Some(rows) = reading.next().await.unwrap() {
            all.extend(rows);
        }
        all
    }

    async fn all(&self) -> Vec<String> {
        self.read(RecordFilter::default()).await
    }

    async fn latest(&self) -> Vec<String> {
        self.read(RecordFilter { latest: true, ..RecordFilter::default() }).await
    }
}

#[tokio::test]
async fn rows_come_oldest_first_and_equally_old_ones_as_they_were_written() {
    let house = House::holding(vec![record(1, 1, 20), record(2, 1, 10), record(3, 1, 10), record(4, 1, 5)]).await;
    assert_eq!(house.all().await, ["4.1", "2.1", "3.1", "1.1"]);
    let held = house.store.held(&RecordFilter::default()).await.unwrap();
    assert_eq!((held.count, held.oldest, held.newest), (4, Some(at(5)), Some(at(20))));
}

#[tokio::test]
async fn a_limit_leaves_the_newest_and_they_too_come_oldest_first() {
    let house = House::holding(vec![record(1, 1, 20), record(2, 1, 10), record(3, 1, 10), record(4, 1, 5)]).await;
    let newest = async |limit| house.read(RecordFilter { limit: Some(limit), ..RecordFilter::default() }).await;
    assert!(newest(0).await.is_empty());
    assert_eq!(newest(2).await, ["3.1", "1.1"]);
    for all in [4, 5] {
        assert_eq!(newest(all).await, ["4.1", "2.1", "3.1", "1.1"]);
    }
}

#[tokio::test]
async fn each_filter_narrows_and_all_together_too() {
    let other = Record { connection: "west".to_owned(), ..record(1, 9, 3) };
    let change = Record { kind: "ChangeRequest".to_owned(), ..record(1, 8, 4) };
    let house = House::holding(vec![record(1, 1, 1), record(2, 1, 2), other, change, record(1, 2, 5)]).await;
    let read = |filter| house.read(filter);
    let connection = Some("snow".to_owned());
    let kind = Some("Incident".to_owned());
    let number = Some("INC1".to_owned());
    let none = RecordFilter::default;
    assert_eq!(read(RecordFilter { connection: connection.clone(), ..none() }).await, ["1.1", "2.1", "1.8", "1.2"]);
    assert_eq!(read(RecordFilter { kind: kind.clone(), ..none() }).await, ["1.1", "2.1", "1.9", "1.2"]);
    assert_eq!(read(RecordFilter { number: number.clone(), ..none() }).await, ["1.1", "1.9", "1.8", "1.2"]);
    assert_eq!(read(RecordFilter { since: Some(at(3)), ..none() }).await, ["1.9", "1.8", "1.2"]);
    let all = RecordFilter { connection, kind, number, since: Some(at(2)), latest: true, ..none() };
    assert_eq!(house.store.held(&all).await.unwrap().count, 1);
    assert_eq!(read(all).await, ["1.2"]);
    let nothing = house.store.held(&RecordFilter { number: Some("INC7".to_owned()), ..none() }).await.unwrap();
    assert_eq!((nothing.count, nothing.oldest), (0, None));
}

#[tokio::test]
async fn the_newest_row_of_a_work_item_is_the_one_generated_last_then_written_last() {
    let other = Record { connection: "west".to_owned(), ..record(1, 7, 1) };
    let house =
        House::holding(vec![record(1, 2, 9), record(1, 1, 3), record(2, 1, 4), record(2, 1, 4), record(2, 2, 4), other]).await;
    assert_eq!(house.latest().await, ["1.7", "2.2", "1.2"]);
}

#[tokio::test]
async fn a_reading_sees_what_was_there_when_it_began() {
    let house = House::holding((0..2500).map(|item| record(item, 1, 10)).collect()).await;
    for latest in [false, true] {
        let filter = RecordFilter { latest, ..RecordFilter::default() };
        let before = house.read(filter.clone()).await;
        let mut reading = Reading::new(&*house.store, filter);
        let mut seen = reading.next().await.unwrap().unwrap();
        // A later version of an item that is still to come, and one of an item that was read.
        house.store.write(RecordTable::ServiceDesk, vec![record(2400, 2, 20), record(1, 2, 20)]).await.unwrap();
        while let Some(rows) = reading.next().await.unwrap() {
            seen.extend(rows);
        }
        assert_eq!(seen, before);
    }
}

#[tokio::test]
async fn the_tables_are_apart() {
    let house = House::holding(vec![record(1, 1, 1)]).await;
    house.store.write(RecordTable::Log, vec![record(2, 1, 1), record(2, 2, 2)]).await.unwrap();
    let log = RecordFilter { table: RecordTable::Log, ..RecordFilter::default() };
    assert_eq!(house.read(log.clone()).await, ["2.1", "2.2"]);
    let latest = RecordFilter { latest: true, number: Some("INC2".to_owned()), ..log };
    assert_eq!(house.read(latest).await, ["2.1", "2.2"], "the log has no newest row of something");
    assert_eq!(house.all().await, ["1.1"]);
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_too() {
    let large = |item| Record { json: "x".repeat(1 << 20), ..record(item, 1, 1) };
    let house = House::holding((0..10).map(large).collect()).await;
    let first = house.store.page(&RecordFilter::default(), None).await.unwrap();
    assert_eq!(first.rows.len(), 4);
    assert_eq!(house.all().await.len(), 10);
}

#[tokio::test]
async fn rows_go_after_their_time_but_the_newest_of_a_work_item_stays_for_the_longest_window() {
    let days = |days: u64| Duration::from_secs(days * 86_400).into();
    let retention = Retention { records: days(30), log: days(10), ..Retention::default() };
    let house = House::holding(vec![record(1, 1, 0), record(1, 2, DAY), record(2, 1, DAY), record(2, 2, 40 * DAY)]).await;
    house.store.write(RecordTable::Log, vec![record(1, 1, 0), record(1, 2, 39 * DAY)]).await.unwrap();
    let prune = async |day: i64| prune_records(&*house.store, &retention, at(day * DAY + 1)).await.unwrap();
    assert_eq!(prune(9).await, Pruned::default());
    assert_eq!(prune(41).await, Pruned { records: 2, log: 1, ..Pruned::default() });
    assert_eq!(house.all().await, ["1.2", "2.2"]);
    assert_eq!(prune(121).await, Pruned { records: 1, log: 1, ..Pruned::default() });
    assert_eq!(prune(161).await.records, 1);
    assert_eq!(house.all().await, Vec::<String>::new());
}

#[tokio::test]
async fn pruning_looks_past_the_newest_rows_that_stay() {
    let stay = (0..1000).map(|item| record(item, 1, 0));
    let go = (0..1000).flat_map(|item| [record(5000 + item, 1, 1), record(5000 + item, 2, 50 * DAY)]);
    let house = House::holding(stay.chain(go).collect()).await;
    let before = at(30 * DAY);
    assert_eq!(house.store.prune_records(RecordTable::ServiceDesk, before, at(-DAY)).await.unwrap(), 1000);
    assert_eq!(house.all().await.len(), 2000);
}

#[tokio::test]
async fn a_write_larger_than_a_step_is_whole_and_a_failed_one_says_what_to_do() {
    let house = House::holding((0..1000).map(|item| record(item, 1, item.try_into().unwrap())).collect()).await;
    assert_eq!(house.all().await, (0..1000).map(|item| format!("{item}.1")).collect::<Vec<_>>());
    let path = house.directory.path().join("store.db");
    rusqlite::Connection::open(path).unwrap().execute_batch("DROP TABLE service_desk_log").unwrap();
    let error = house.store.write(RecordTable::Log, vec![record(1, 1, 1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn rows_of_an_older_database_are_kept_when_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store.enqueue(crate::store::tests::delivery(1)).await.unwrap();
    drop(store);
    // As the version before this one left it.
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("DROP TABLE service_desk; DROP TABLE service_desk_log; ALTER TABLE delivery DROP COLUMN trace; PRAGMA user_version = 1").unwrap();
    drop(database);
    let store = SqliteStore::open(&path).unwrap();
    store.write(RecordTable::ServiceDesk, vec![record(1, 1, 1)]).await.unwrap();
    assert_eq!(store.counts(None).await.unwrap().accepted, 1);
    assert_eq!(store.held(&RecordFilter::default()).await.unwrap().count, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The same questions put to a list.
    #[test]
    fn paging_pruning_and_the_newest_rows_are_as_a_list_has_them(
        given in proptest::collection::vec((0_usize..6, 0_i64..20), 0..60), before in 0_i64..20, newest in 0_i64..20,
    ) {
        let newest = newest.min(before);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut list: Vec<_> =
                given.iter().enumerate().map(|(version, (item, second))| record(*item, version, *second)).collect();
            let house = House::holding(list.clone()).await;
            list.sort_by_key(|record| record.time_generated);
            let texts = |list: &[Record]| list.iter().map(|record| record.json.clone()).collect::<Vec<_>>();
            let last_of = |list: &[Record], place: usize| {
                !list[place + 1..].iter().any(|later| later.source_id == list[place].source_id)
            };
            let latest = |list: &[Record]| -> Vec<String> {
                (0..list.len()).filter(|place| last_of(list, *place)).map(|place| list[place].json.clone()).collect()
            };
            assert_eq!(house.all().await, texts(&list));
            assert_eq!(house.latest().await, latest(&list));
            house.store.prune_records(RecordTable::ServiceDesk, at(before), at(newest)).await.unwrap();
            let kept: Vec<_> = (0..list.len())
                .filter(|place| {
                    let time = list[*place].time_generated;
                    time >= at(before) || (time >= at(newest) && last_of(&list, *place))
                })
                .map(|place| list[place].clone())
                .collect();
            assert_eq!(house.all().await, texts(&kept));
        });
    }
}
