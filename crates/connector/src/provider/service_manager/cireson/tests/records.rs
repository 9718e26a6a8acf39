//! Records: slices of time, exact with every text of an instant, few rows at once, deleted records, values.

use emulators::service_manager::cireson::InstantTexts;
use emulators::service_manager::model::{Seed, Settings};
use jiff::Timestamp;

use super::*;
use crate::provider::records::{Ask, Page, Position};
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Reads pages until no more follow, and checks their order.
async fn walk(stage: &Stage, kind: RecordKind, from: i64, until: Option<i64>, limit: u32) -> Vec<ServiceDeskRow> {
    let (mut place, mut rows) = (Position::before(at(from)), Vec::new());
    for _ in 0..2000 {
        let ask = Ask { kind, after: &place, until: until.map(at), limit };
        let Page { rows: found, next, more, .. } = stage.provider.page(&ask).await.unwrap();
        rows.extend(found);
        if !more {
            let place = |row: &ServiceDeskRow| (row.last_modified, row.source_id.clone());
            assert!(rows.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])), "in order, each once");
            return rows;
        }
        assert!(next > place, "{next:?}");
        place = next;
    }
    panic!("no end");
}

const DAY: i64 = 86_400;

fn filled(incidents: usize) -> Settings {
    Settings { seed: Seed { incidents, change_requests: 40, servers: 0 }, ..Settings::default() }
}

#[tokio::test]
async fn every_record_comes_once_with_every_text_of_an_instant_and_few_rows_at_once() {
    for (instants, row_limit) in [
        (InstantTexts::All, None),
        (InstantTexts::WithoutIso, None),
        (InstantTexts::All, Some(9)),
        (InstantTexts::WithoutIso, Some(9)),
    ] {
        let stage = Stage::with(Options { instants, row_limit, group: filled(300), ..Options::default() }, "").await;
        let rows = walk(&stage, RecordKind::Incident, NOW - 121 * DAY, None, 50).await;
        assert_eq!(rows.len(), 300, "{instants:?} {row_limit:?}");
        let rows = walk(&stage, RecordKind::ChangeRequest, NOW - 121 * DAY, None, 50).await;
        assert_eq!(rows.len(), 40);
    }
}

#[tokio::test]
async fn a_load_ends_at_its_last_instant() {
    let stage = Stage::new().await;
    for title in ["a", "b", "c"] {
        stage.portal.file(Kind::Incident, title);
        stage.advance(100);
    }
    let titles = async |until| {
        let rows = walk(&stage, RecordKind::Incident, NOW - 10, Some(until), 10).await;
        rows.into_iter().map(|row| row.title).collect::<String>()
    };
    assert_eq!(titles(NOW + 100).await, "ab");
    assert_eq!(titles(NOW + 99).await, "a");
    assert_eq!(titles(NOW - 11).await, "");
}

#[tokio::test]
async fn many_of_one_instant_are_given_page_by_page() {
    let stage = Stage::new().await;
    for number in 0..75 {
        stage.portal.file(Kind::Incident, &number.to_string());
    }
    stage.advance(3600);
    let rows = walk(&stage, RecordKind::Incident, NOW, None, 10).await;
    assert_eq!(rows.len(), 75);
}

#[tokio::test]
async fn half_an_answer_is_asked_for_again_in_smaller_slices() {
    let stage = Stage::with(Options { group: filled(100), ..Options::default() }, "").await;
    stage.fault(Fault::new(Effect::HalfAnswer).path("ProjectionByCriteria").times(3));
    assert_eq!(walk(&stage, RecordKind::Incident, NOW - 121 * DAY, None, 50).await.len(), 100);
    stage.fault(Fault::new(Effect::Status { code: 500, body: "Timeout expired.".to_owned() }).path("ProjectionByCriteria"));
    let after = Position::before(at(NOW - DAY));
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 10 };
    let error = stage.provider.page(&ask).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage, "{error:?}");
}

#[tokio::test]
async fn a_deleted_record_is_told_as_deleted_where_the_portal_shows_it() {
    for shows_deleted in [true, false] {
        let stage = Stage::with(Options { shows_deleted, ..Options::default() }, "").await;
        stage.created().await;
        stage.portal.remove(Kind::Incident, "IR1001");
        let rows = walk(&stage, RecordKind::Incident, NOW, None, 10).await;
        let told: Vec<_> = rows.iter().map(|row| (row.record_state, row.number.as_str())).collect();
        assert_eq!(told, if shows_deleted { vec![(RecordState::Deleted, "IR1001")] } else { Vec::new() });
    }
}

#[tokio::test]
async fn rows_hold_what_people_see() {
    let stage = Stage::new().await;
    let query = crate::provider::ConfigurationItemQuery { resource_id: None, names: vec!["web01".to_owned()] };
    let item = stage.provider.find_configuration_item(&query).await.unwrap().item;
    let fields = map([("Classification", "Networking Problems")]);
    let made = stage.provider.create(&Draft { configuration_item: item, fields, ..draft() }).await.unwrap();
    stage.edit(&Edit::Assign("Beth Anglin".to_owned()));
    stage.advance(60);
    stage.update(&made.item, &resolving()).await;
    let row = walk(&stage, RecordKind::Incident, NOW, None, 10).await.remove(0);
    let shown = [
        &row.incident_state,
        &row.impact,
        &row.urgency,
        &row.priority,
        &row.source,
        &row.category,
        &row.assigned_to,
        &row.created_by,
    ];
    assert_eq!(
        shown.map(String::as_str),
        ["Resolved", "Medium", "Medium", "5", "System", "Networking Problems", "Beth Anglin", "ITSM Integration"]
    );
    assert_eq!((row.number.as_str(), row.computer.as_str(), row.escalation.as_str()), ("IR1001", "web01.contoso.com", "false"));
    assert_eq!((row.created, row.resolved, row.closed), (Some(at(NOW)), Some(at(NOW + 60)), None));
    assert_eq!((row.source_id.as_str(), row.last_modified), (made.item.id.as_str(), Some(at(NOW + 60))));
    assert!(row.source_url.ends_with("/Incident/Edit/IR1001"));

    stage.portal.file(Kind::ChangeRequest, "Patch web01");
    let row = walk(&stage, RecordKind::ChangeRequest, NOW, None, 10).await.remove(0);
    assert_eq!((row.change_state.as_str(), row.incident_state.as_str(), row.title.as_str()), ("New", "", "Patch web01"));
    assert!(row.source_url.contains("/ChangeRequest/Edit/CR"));
}

#[tokio::test]
async fn a_tool_whose_clock_is_behind_loses_nothing() {
    let stage = Stage::new().await;
    stage.portal.file(Kind::Incident, "a");
    // Ours runs on alone: the portal is two hours behind from now on.
    stage.clock.advance(Duration::from_secs(7200));
    let page = async |after: &Position| {
        let ask = Ask { kind: RecordKind::Incident, after, until: None, limit: 10 };
        stage.provider.page(&ask).await.unwrap()
    };
    let mut last = Position::before(at(NOW - DAY));
    loop {
        let page = page(&last).await;
        last = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(last.at, at(NOW), "where to go on is a record's place");
    stage.advance(60);
    stage.portal.file(Kind::Incident, "b");
    let found = page(&last).await;
    assert_eq!(found.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["b"]);
}
