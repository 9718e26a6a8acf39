use std::collections::BTreeSet;

use emulators::cherwell::{FieldIds, PageNumber, Seed, UnknownField};
use emulators::desk::{Desk, Edit, Kind};
use jiff::Timestamp;

use super::*;
use crate::provider::records::{Ask, Page, Position};
use crate::rows::{RecordKind, ServiceDeskRow};

/// Reads to the end, as a sync does; no page may lead nowhere.
async fn walk(stage: &Stage, kind: RecordKind, from: Position, until: Option<Timestamp>, limit: u32) -> Vec<ServiceDeskRow> {
    let (mut after, mut rows) = (from, Vec::new());
    for _ in 0..5000 {
        let Page { rows: came, next, more, remarks, .. } =
            stage.provider.page(&Ask { kind, after: &after, until, limit }).await.unwrap();
        assert_eq!(remarks, []);
        rows.extend(came);
        if !more {
            return rows;
        }
        assert!(next > after, "{next:?} behind {after:?}");
        after = next;
    }
    panic!("the walk has no end");
}

fn ids(rows: &[ServiceDeskRow]) -> Vec<&str> {
    rows.iter().map(|row| row.source_id.as_str()).collect()
}

fn all(stage: &Stage, object: &str) -> BTreeSet<String> {
    stage.server.records(object).into_iter().map(|record| record["RecID"].clone()).collect()
}

/// Each record once and none more.
fn assert_each_once(stage: &Stage, object: &str, rows: &[ServiceDeskRow]) {
    let told: BTreeSet<String> = rows.iter().map(|row| row.source_id.clone()).collect();
    assert_eq!((told.len(), &told), (rows.len(), &all(stage, object)));
}

fn begin(days: i64) -> Position {
    Position::before(Timestamp::from_second(NOW - days * 86_400).unwrap())
}

/// Both ways to count pages, both orders, both resolutions of stamps, every form of ids, old and new releases.
fn servers() -> Vec<Options> {
    let mut all = Vec::new();
    for (page_number, api_version) in [(PageNumber::Page, "9.5.1"), (PageNumber::Row, "10.5.0")] {
        for ascending in [0, 1] {
            for (minute_stamps, field_ids) in [(false, FieldIds::Mixed), (true, FieldIds::Long), (false, FieldIds::Short)] {
                all.push(Options {
                    page_number,
                    api_version: api_version.to_owned(),
                    ascending,
                    minute_stamps,
                    field_ids,
                    seed: Seed { incidents: 120, change_requests: 40 },
                    ..Options::default()
                });
            }
        }
    }
    all
}

#[tokio::test]
async fn every_kind_of_server_gives_each_record_once() {
    for options in servers() {
        let told = format!("{:?} {} {}", options.page_number, options.ascending, options.minute_stamps);
        let stage = Stage::with(options, "", "").await;
        for (kind, object) in [(RecordKind::Incident, "Incident"), (RecordKind::ChangeRequest, "ChangeRequest")] {
            let rows = walk(&stage, kind, begin(300), None, 10).await;
            assert_each_once(&stage, object, &rows);
            assert!(rows.is_sorted_by_key(|row| row.last_modified), "{told}");
        }
    }
}

#[tokio::test]
async fn a_row_says_what_people_see_and_dates_are_in_utc() {
    let stage = Stage::new().await;
    let item = stage.created().await.item;
    emulators::desk::Desk::edit(&stage.server, Kind::Incident, &item.id, &Edit::Assign("Ana Reyes".to_owned()));
    stage.advance(90);
    stage.resolved(&Written { item: item.clone(), ..stage.provider.update(&item, &note("x")).await.unwrap() }).await.unwrap();
    let rows = walk(&stage, RecordKind::Incident, begin(1), None, 100).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let told = [
        &row.number,
        &row.incident_state,
        &row.priority,
        &row.created_by,
        &row.source,
        &row.assigned_to,
        &row.category,
        &row.title,
        &row.change_state,
    ];
    let expected =
        [&item.number, "Resolved", "3", "Azure ITSM Connector", "Event", "Ana Reyes", "Server", "CPU over 90% on web01", ""];
    assert_eq!(told.map(String::as_str), expected);
    let at = |at: Option<Timestamp>| at.unwrap().to_string();
    assert_eq!((at(row.created), at(row.resolved)), ("2026-09-01T10:00:00Z".to_owned(), "2026-09-01T10:01:00Z".to_owned()));
    assert_eq!((row.closed, row.requested, row.source_url.as_str()), (None, None, ""));
    // A change of the same minute is another version; nothing else is.
    let version = row.source_version.clone();
    assert_eq!(walk(&stage, RecordKind::Incident, begin(1), None, 100).await[0].source_version, version);
    emulators::desk::Desk::edit(&stage.server, Kind::Incident, &item.id, &Edit::Title("CPU over 90% on web02".to_owned()));
    assert_ne!(walk(&stage, RecordKind::Incident, begin(1), None, 100).await[0].source_version, version);
}

#[tokio::test]
async fn a_change_request_fills_its_own_columns_by_the_first_name_that_there_is() {
    let options = Options { seed: Seed { incidents: 0, change_requests: 3 }, ..Options::default() };
    let stage = Stage::with(options, "", "record_url = \"https://csm.example/{object}/{number}?id={id}\"\n").await;
    let rows = walk(&stage, RecordKind::ChangeRequest, begin(300), None, 100).await;
    let row = &rows[0];
    assert!(row.title.starts_with("Apply updates") && !row.risk.is_empty() && !row.change_type.is_empty(), "{row:?}");
    assert!(row.planned_start.is_some() && row.planned_end > row.planned_start && row.incident_state.is_empty(), "{row:?}");
    assert_eq!(row.source_url, format!("https://csm.example/ChangeRequest/{}?id={}", row.number, row.source_id));
}

#[tokio::test]
async fn a_minute_with_more_records_than_a_page_is_read_whole() {
    for ascending in [0, 1] {
        for stamps in [false, true] {
            let stage = Stage::with(Options { ascending, minute_stamps: stamps, ..Options::default() }, "", "").await;
            stage.server.file(Kind::Incident, "before");
            stage.advance(60);
            for index in 0..300 {
                stage.server.file(Kind::Incident, &format!("at once {index}"));
            }
            stage.advance(60);
            stage.server.file(Kind::Incident, "behind");
            let rows = walk(&stage, RecordKind::Incident, begin(1), None, 10).await;
            assert_each_once(&stage, "Incident", &rows);
        }
    }
}

#[tokio::test]
async fn all_of_a_server_in_one_minute_is_read_in_either_order() {
    for ascending in [0, 1] {
        let stage = Stage::with(Options { ascending, ..Options::default() }, "", "").await;
        for index in 0..50 {
            stage.server.file(Kind::Incident, &format!("at once {index}"));
        }
        assert_each_once(&stage, "Incident", &walk(&stage, RecordKind::Incident, begin(1), None, 10).await);
    }
}

/// As a minute is read that no page can hold: in the order of ids, from a place inside it.
#[tokio::test]
async fn a_minute_can_be_read_in_the_order_of_ids() {
    for ascending in [0, 1] {
        let stage = Stage::with(Options { ascending, ..Options::default() }, "", "").await;
        stage.server.file(Kind::Incident, "before");
        stage.advance(60);
        for index in 0..35 {
            stage.server.file(Kind::Incident, &format!("at once {index}"));
        }
        stage.advance(60);
        for index in 0..25 {
            stage.server.file(Kind::Incident, &format!("behind {index}"));
            stage.advance(37);
        }
        let minute = Timestamp::from_second(NOW + 60).unwrap();
        let place = Position { at: minute, id: "~".to_owned() };
        let (mut after, mut inside) = (place, Vec::new());
        while after.at == minute {
            let page =
                stage.provider.page(&Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 10 }).await.unwrap();
            assert!(page.next > after && page.more, "{page:?}");
            inside.extend(page.rows);
            after = page.next;
        }
        assert_eq!((inside.len(), ids(&inside).into_iter().collect::<BTreeSet<_>>().len()), (35, 35));
        assert_eq!(after, Position::before(Timestamp::from_second(NOW + 120).unwrap()));
        assert_eq!(walk(&stage, RecordKind::Incident, after, None, 10).await.len(), 25);
    }
}

#[tokio::test]
async fn a_minute_that_no_page_can_hold_is_read_whole() {
    let stage = Stage::new().await;
    for index in 0..4_100 {
        stage.server.file(Kind::Incident, &format!("at once {index}"));
    }
    stage.advance(60);
    stage.server.file(Kind::Incident, "behind");
    let (mut after, mut rows, mut inside) = (begin(1), Vec::new(), 0);
    loop {
        let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 1000 };
        match stage.provider.page(&ask).await {
            Ok(page) => {
                rows.extend(page.rows);
                inside += usize::from(page.next.id.starts_with('~'));
                after = page.next;
                if !page.more {
                    break;
                }
            }
            // An answer that is too long for one; the sync asks again, and less is asked for.
            Err(ProviderError::Retry { cause, .. }) => assert!(cause.contains("16 MiB"), "{cause}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(inside > 2, "the order of ids was not needed");
    assert_each_once(&stage, "Incident", &rows);
}

#[tokio::test]
async fn a_load_ends_where_it_was_told_to() {
    let stage = Stage::new().await;
    for index in 0..40 {
        stage.server.file(Kind::Incident, &format!("incident {index}"));
        stage.advance(60);
    }
    let until = Timestamp::from_second(NOW + 20 * 60).unwrap();
    let rows = walk(&stage, RecordKind::Incident, begin(1), Some(until), 10).await;
    assert_eq!(rows.len(), 21, "its own minute is whole");
    assert!(rows.iter().all(|row| row.last_modified <= Some(until)));
}

#[tokio::test]
async fn the_hours_that_come_twice_lose_nothing_and_end() {
    // 2026-11-01 06:30 UTC: half an hour before 1:00 comes for the first time in Denver.
    const EVE: i64 = 1_793_514_600;
    for minute_stamps in [false, true] {
        let stage = Stage::at(EVE, Options { minute_stamps, ..Options::default() }, "", "").await;
        for index in 0..120 {
            stage.server.file(Kind::Incident, &format!("incident {index}"));
            stage.advance(97);
        }
        let from = Position::before(Timestamp::from_second(EVE - 60).unwrap());
        let rows = walk(&stage, RecordKind::Incident, from, None, 10).await;
        assert_each_once(&stage, "Incident", &rows);
        // From inside, too: what looks the same is read again.
        let inside = Position::before(Timestamp::from_second(EVE + 6000).unwrap());
        let again = walk(&stage, RecordKind::Incident, inside, None, 10).await;
        let behind: BTreeSet<_> =
            rows.iter().filter(|row| row.last_modified.unwrap().as_second() >= EVE + 6000).map(|row| &row.source_id).collect();
        assert!(behind.iter().all(|id| again.iter().any(|row| row.source_id == **id)) && again.len() < 120);
    }
}

#[tokio::test]
async fn the_zone_is_that_of_the_settings_or_what_the_server_tells() {
    for (zone, as_object, own, expected) in [
        ("Europe/Berlin", true, "", "2026-09-01T10:00:00Z"),
        ("Europe/Berlin", false, "", "2026-09-01T10:00:00Z"),
        // Windows has no such name, so that only the offset is told.
        ("Asia/Kathmandu", false, "zone = \"Asia/Kathmandu\"\n", "2026-09-01T10:00:00Z"),
        ("America/Denver", true, "zone = \"UTC\"\n", "2026-09-01T04:00:00Z"),
    ] {
        let options = Options { zone: zone.to_owned(), zone_as_object: as_object, ..Options::default() };
        let stage = Stage::with(options, "", own).await;
        stage.created().await;
        let rows = walk(&stage, RecordKind::Incident, begin(2), None, 10).await;
        assert_eq!(rows[0].created.unwrap().to_string(), expected, "{zone} {own}");
    }
}

#[tokio::test]
async fn a_narrowing_is_asked_of_the_server() {
    let options = Options { seed: Seed { incidents: 60, change_requests: 0 }, ..Options::default() };
    let query = "sync = { incident_query = \"Status eq New; Status eq Closed; Priority eq 1\" }";
    let stage = Stage::with(options, query, "").await;
    let rows = walk(&stage, RecordKind::Incident, begin(300), None, 10).await;
    let wanted =
        stage.incidents().into_iter().filter(|one| ["New", "Closed"].contains(&one["Status"].as_str()) && one["Priority"] == "1");
    assert_eq!(rows.len(), wanted.count());
    assert!(!rows.is_empty());
    let stage = Stage::with(Options::default(), "sync = { incident_query = \"Colour eq red\" }", "").await;
    let ask = Ask { kind: RecordKind::Incident, after: &begin(1), until: None, limit: 10 };
    let (cause, remedy) = refused(stage.provider.page(&ask).await.unwrap_err());
    assert!(cause.contains("no field Colour") && remedy.contains("sync.incident_query"), "{cause}: {remedy}");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again_and_shorter() {
    let options = Options { seed: Seed { incidents: 80, change_requests: 0 }, ..Options::default() };
    let stage = Stage::with(options, "", "").await;
    assert!(stage.server.strike(&emulators::desk::Trouble::HalfPage));
    assert_each_once(&stage, "Incident", &walk(&stage, RecordKind::Incident, begin(300), None, 50).await);
    let body =
        stage.server.requests().into_iter().rev().map(|request| request.body).find(|body| body.contains("pageSize")).unwrap();
    assert!(body.contains("\"pageSize\":25"), "{body}");
}

#[tokio::test]
async fn pages_are_never_asked_for_by_number() {
    let options = Options { seed: Seed { incidents: 80, change_requests: 0 }, ..Options::default() };
    let stage = Stage::with(options, "", "").await;
    walk(&stage, RecordKind::Incident, begin(300), None, 10).await;
    let bodies = stage.server.requests().into_iter().map(|request| request.body).filter(|body| body.contains("pageNumber"));
    assert!(bodies.inspect(|body| assert!(body.contains("\"pageNumber\":1,"), "{body}")).count() > 5);
}

#[tokio::test]
async fn fields_that_are_called_otherwise_are_found_by_the_settings_and_missing_ones_told() {
    let renames = vec![("Incident".to_owned(), "ShortDescription".to_owned(), "Summary".to_owned())];
    let options = Options { renames, unknown_field: UnknownField::Ignored, ..Options::default() };
    let own = "fields = { title = \"Title|Summary\", escalation = \"Ladder\" }\n";
    let stage = Stage::with(options, "", own).await;
    stage.created().await;
    assert_eq!(stage.incidents()[0]["Summary"], "CPU over 90% on web01");
    let page = stage.provider.page(&Ask { kind: RecordKind::Incident, after: &begin(1), until: None, limit: 10 }).await.unwrap();
    assert_eq!(page.rows[0].title, "CPU over 90% on web01");
    let [remark] = page.remarks.as_slice() else { panic!("{page:?}") };
    assert!(remark.cause.contains("no field Ladder") && remark.remedy.contains("cherwell.fields"), "{remark:?}");
}
