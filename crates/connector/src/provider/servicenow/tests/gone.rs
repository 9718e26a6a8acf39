//! Records that left their table, as far as the instance tells.

use super::records::{ADMINISTRATOR, at};
use super::*;
use crate::provider::records::{Gone, Position};
use crate::rows::{RecordKind, RecordState};

const START: i64 = NOW - 60;

async fn stage() -> Stage {
    Stage::settings(ADMINISTRATOR).await
}

impl Stage {
    async fn gone(&self, after: &Position, limit: u32) -> Option<Gone> {
        self.provider.gone(RecordKind::Incident, after, limit).await.unwrap()
    }

    /// An incident and its number.
    fn incident(&self) -> (String, String) {
        let sys_id = self.instance.insert("incident", &[]);
        let number = self.instance.record("incident", &sys_id).unwrap()["number"].clone();
        (sys_id, number)
    }
}

#[tokio::test]
async fn deleted_and_archived_records_come_in_the_order_in_which_they_went() {
    let stage = stage().await;
    let (first, second, third) = (stage.incident(), stage.incident(), stage.incident());
    let change = stage.instance.insert("change_request", &[]);
    stage.instance.delete("incident", &second.0);
    stage.advance(5);
    stage.instance.archive("incident", &first.0);
    stage.instance.delete("change_request", &change);
    stage.advance(5);
    stage.instance.delete("incident", &third.0);
    let gone = stage.gone(&Position::before(at(START)), 100).await.unwrap();
    let told: Vec<_> = gone.rows.iter().map(|row| (row.source_id.as_str(), row.number.as_str(), row.record_state)).collect();
    let expected = [(&second, RecordState::Deleted), (&first, RecordState::Archived), (&third, RecordState::Deleted)];
    assert_eq!(told, expected.map(|(record, state)| (record.0.as_str(), record.1.as_str(), state)));
    assert_eq!(gone.rows[1].last_modified, Some(at(NOW + 5)));
    assert!(!gone.more);
    let again = stage.gone(&gone.next, 100).await.unwrap();
    assert_eq!((again.rows.len(), again.more, again.next), (0, false, gone.next));
}

#[tokio::test]
async fn what_went_in_one_second_is_followed_to_its_end_by_small_steps() {
    for limit in [1, 2, 5, 40] {
        let stage = stage().await;
        let all: Vec<_> = (0..30).map(|_| stage.incident().0).collect();
        for (position, sys_id) in all.iter().enumerate() {
            if position % 2 == 0 {
                stage.instance.delete("incident", sys_id);
            } else {
                stage.instance.archive("incident", sys_id);
            }
            if position == 20 {
                stage.advance(1);
            }
        }
        let (mut told, mut after) = (Vec::new(), Position::before(at(START)));
        for _ in 0..100 {
            let gone = stage.gone(&after, limit).await.unwrap();
            told.extend(gone.rows.into_iter().map(|row| row.source_id));
            after = gone.next;
            if !gone.more {
                break;
            }
        }
        told.sort();
        let mut all = all;
        all.sort();
        assert_eq!(told, all, "{limit}");
    }
}

#[tokio::test]
async fn a_record_that_was_restored_is_not_gone_and_comes_again_on_a_page() {
    let stage = stage().await;
    let (sys_id, number) = stage.incident();
    stage.instance.delete("incident", &sys_id);
    stage.advance(10);
    let restored = [("sys_id", sys_id.as_str()), ("number", &number), ("short_description", "back")];
    stage.instance.insert("incident", &restored);
    let gone = stage.gone(&Position::before(at(START)), 100).await.unwrap();
    assert!(gone.rows.is_empty(), "{gone:?}");
    assert_eq!(gone.next.at, at(NOW));
    let page = stage.page(&Position::before(at(NOW + 1)), None, 100).await.unwrap();
    assert_eq!(
        page.rows.iter().map(|row| (row.source_id.as_str(), row.record_state)).collect::<Vec<_>>(),
        [(sys_id.as_str(), RecordState::Present)]
    );
}

#[tokio::test]
async fn a_user_who_may_read_neither_table_is_not_told_and_that_is_no_failure() {
    let stage = Stage::new().await;
    let (sys_id, _) = stage.incident();
    stage.instance.delete("incident", &sys_id);
    let (archived, _) = stage.incident();
    stage.instance.archive("incident", &archived);
    assert_eq!(stage.gone(&Position::before(at(START)), 100).await, None);
}

#[tokio::test]
async fn one_table_that_is_missing_or_closed_does_not_silence_the_other() {
    for body in [r#"{"error":{"message":"Invalid table sys_archive_log","detail":null},"status":"failure"}"#, ""] {
        let stage = stage().await;
        let (sys_id, _) = stage.incident();
        stage.instance.delete("incident", &sys_id);
        let effect = if body.is_empty() {
            Effect::ReadDenied { table: "sys_archive_log".to_owned(), field: Some("from_table".to_owned()) }
        } else {
            status(400, body)
        };
        stage.fault(Fault::new(effect).path("sys_archive_log"));
        let gone = stage.gone(&Position::before(at(START)), 100).await.unwrap();
        assert_eq!(gone.rows.len(), 1);
        stage.fault(Fault::new(status(403, r#"{"error":{"message":"Insufficient rights to query records"}}"#)).path("sys_audit"));
        assert_eq!(stage.gone(&Position::before(at(START)), 100).await, None);
    }
}

#[tokio::test]
async fn an_outage_is_told_and_not_taken_for_nothing() {
    let stage = stage().await;
    stage.fault(Fault::new(status(502, "<html>bad gateway</html>")).path("sys_audit_delete"));
    let error = stage.provider.gone(RecordKind::Incident, &Position::before(at(START)), 100).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
}
