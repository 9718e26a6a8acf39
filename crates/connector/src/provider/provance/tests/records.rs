use std::collections::BTreeSet;

use emulators::dataverse::Seed;
use emulators::desk::Edit;

use super::*;
use crate::provider::records::{Ask, Page, Position};
use crate::rows::{RecordKind, RecordState};

fn start() -> Position {
    Position::before(jiff::Timestamp::from_second(NOW - 86_400).unwrap())
}

async fn page(stage: &Stage, after: &Position, limit: u32) -> Page {
    let ask = Ask { kind: RecordKind::Incident, after, until: None, limit };
    stage.provider.page(&ask).await.unwrap()
}

/// All ids in the order in which they came.
async fn all(stage: &Stage, limit: u32) -> (Vec<String>, Position) {
    let (mut place, mut ids) = (start(), Vec::new());
    loop {
        let page = page(stage, &place, limit).await;
        assert!(page.next >= place && (!page.more || page.next > place), "{page:?}");
        ids.extend(page.rows.into_iter().map(|row| row.source_id));
        place = page.next;
        if !page.more {
            return (ids, place);
        }
    }
}

#[tokio::test]
async fn each_record_comes_once_however_many_changed_in_one_second() {
    let stage = Stage::new().await;
    for second in 0..4 {
        for number in 0..[3, 45, 1, 12][second] {
            stage.tool.file(Kind::Incident, &format!("{second}.{number}"));
        }
        stage.advance(1);
    }
    let filed: BTreeSet<String> = stage.tool.all(Kind::Incident).into_iter().map(|seen| seen.id).collect();
    for limit in [10, 20, 61, 5000] {
        let (ids, place) = all(&stage, limit).await;
        assert_eq!((ids.len(), ids.into_iter().collect::<BTreeSet<_>>()), (61, filed.clone()), "{limit}");
        // The last second may not be over: it is read again, and nothing before it. One that had to be read whole is left to the
        // overlap of the next run.
        let again = page(&stage, &place, limit.max(20)).await;
        assert!(!again.more && again.rows.len() == if limit < 12 { 0 } else { 12 }, "{}", again.rows.len());
    }
}

#[tokio::test]
async fn a_stretch_ends_where_it_is_told_to() {
    let stage = Stage::new().await;
    for _ in 0..5 {
        stage.tool.file(Kind::Incident, "x");
        stage.advance(10);
    }
    let until = jiff::Timestamp::from_second(NOW + 20).unwrap();
    let after = start();
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: Some(until), limit: 100 };
    assert_eq!(stage.provider.page(&ask).await.unwrap().rows.len(), 3);
    let behind = Position::before(jiff::Timestamp::from_second(NOW + 21).unwrap());
    let ask = Ask { after: &behind, ..ask };
    let page = stage.provider.page(&ask).await.unwrap();
    assert!(page.rows.is_empty() && !page.more);
}

#[tokio::test]
async fn rows_say_what_people_see() {
    let itsm = Options { seed: Seed { incidents: 0, change_requests: 0, computers: 0 }, ..options() };
    let stage = Stage::with(itsm, CUSTOMER).await;
    let id = stage.tool.file(Kind::Incident, "printer on fire");
    stage.advance(5);
    stage.tool.edit(Kind::Incident, &id, &Edit::Assign("Abel Tuter".to_owned()));
    stage.tool.edit(Kind::Incident, &id, &Edit::Field("subjectid".to_owned(), "Hardware".to_owned()));
    stage.tool.edit(Kind::Incident, &id, &Edit::Field("caseorigincode".to_owned(), "Phone".to_owned()));
    let row = page(&stage, &start(), 10).await.rows.remove(0);
    let told = [&row.incident_state, &row.priority, &row.assigned_to, &row.category, &row.source, &row.created_by, &row.title];
    assert_eq!(told, ["In Progress", "Normal", "Abel Tuter", "Hardware", "Phone", "Beth Anglin", "printer on fire"]);
    assert!(row.number.starts_with("CAS-") && row.source_url.ends_with(&id) && !row.source_version.is_empty());
    assert_eq!(row.created.unwrap().as_second(), NOW);
    assert_eq!(row.last_modified.unwrap().as_second(), NOW + 5);
}

#[tokio::test]
async fn a_filter_narrows_and_a_wrong_one_is_named() {
    let narrowed = |filter: &str| format!("sync = {{ incident_query = \"{filter}\" }}\n{CUSTOMER}");
    let stage = Stage::with(options(), &narrowed("title eq 'a' or title eq 'b'")).await;
    for title in ["a", "b", "c"] {
        stage.tool.file(Kind::Incident, title);
    }
    assert_eq!(page(&stage, &start(), 10).await.rows.len(), 2);
    let stage = stage.again(&narrowed("nonsense eq 1"));
    let after = start();
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 10 };
    let error = stage.provider.page(&ask).await.unwrap_err();
    assert!(remedy(&error).contains("nonsense"), "{error:?}");
    // No table of change requests, no change requests.
    let ask = Ask { kind: RecordKind::ChangeRequest, ..ask };
    assert!(stage.provider.page(&ask).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn change_tracking_tells_what_was_deleted_and_begins_anew_when_its_mark_is_too_old() {
    let stage = Stage::with(options(), &format!("{CUSTOMER}change_tracking = true\n")).await;
    let ids: Vec<String> = (0..3).map(|number| stage.tool.file(Kind::Incident, &format!("{number}"))).collect();
    let first = stage.provider.gone(RecordKind::Incident, &start(), 1000).await.unwrap().unwrap();
    assert!(first.rows.is_empty() && !first.more && first.next.token().is_some());
    stage.advance(60);
    stage.tool.remove(Kind::Incident, &ids[1]);
    stage.tool.edit(Kind::Incident, &ids[2], &Edit::Title("changed, not gone".to_owned()));
    let second = stage.provider.gone(RecordKind::Incident, &first.next, 1000).await.unwrap().unwrap();
    let told: Vec<_> = second.rows.iter().map(|row| (row.source_id.as_str(), row.record_state)).collect();
    assert_eq!(told, [(ids[1].as_str(), RecordState::Deleted)]);
    assert!(second.next > first.next);
    let third = stage.provider.gone(RecordKind::Incident, &second.next, 1000).await.unwrap().unwrap();
    assert!(third.rows.is_empty());
    stage.advance(10 * 86_400);
    let anew = stage.provider.gone(RecordKind::Incident, &third.next, 1000).await.unwrap().unwrap();
    assert!(anew.rows.is_empty() && anew.next.token().is_some());
    // Switched off, nobody is asked.
    let stage = stage.again(CUSTOMER);
    assert_eq!(stage.provider.gone(RecordKind::Incident, &start(), 1000).await.unwrap(), None);
}

#[tokio::test]
async fn a_table_without_change_tracking_holds_nothing_up() {
    let table = "[[tables]]\nlogical_name = \"new_change\"\nlabel = \"Change\"\nprimary_name = \"new_name\"\n\
                 columns = [{ name = \"new_name\", label = \"Name\" }]\n[change_request]\ntable = \"new_change\"\nnumber = \"new_name\"\n\
                 title = \"new_name\"\ndescription = \"new_name\"\nresolved = []\nclosed = []\n";
    let descriptions = vec![emulators::dataverse::Description::from_toml(table).unwrap()];
    let more = format!(
        "{CUSTOMER}change_tracking = true\nprofile.change = {{ entity_set = \"new_changes\", logical_name = \"new_change\", id = \"new_changeid\" }}\n"
    );
    let stage = Stage::with(Options { descriptions, ..options() }, &more).await;
    assert_eq!(stage.provider.gone(RecordKind::ChangeRequest, &start(), 1000).await.unwrap(), None);
}
