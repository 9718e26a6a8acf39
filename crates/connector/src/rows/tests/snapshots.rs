//! One row of each kind as it is sent.

use jiff::Timestamp;

use crate::journal::{Entry, LogType};
use crate::rows::{LogRow, RecordKind, RecordState, ServiceDeskRow};

/// A date of the story.
fn date(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn incident() -> ServiceDeskRow {
    ServiceDeskRow {
        time_generated: date("2026-09-01T12:00:00.000001Z"),
        work_item_type: RecordKind::Incident,
        connection: "snow".into(),
        number: "INC0010023".to_owned(),
        incident_state: "In Progress".to_owned(),
        urgency: "2 - Medium".to_owned(),
        impact: "1 - High".to_owned(),
        priority: "2 - High".to_owned(),
        created_by: "Azure Monitor".to_owned(),
        source: "Monitoring".to_owned(),
        assigned_to: "Beth Anglin".to_owned(),
        category: "Hardware".to_owned(),
        title: "CPU over 90 % on db-01".to_owned(),
        description: "Since noon.\nÄrger im Büro.".to_owned(),
        escalation: "Normal".to_owned(),
        created: Some(date("2026-09-01T11:58:00Z")),
        last_modified: Some(date("2026-09-01T11:59:30Z")),
        computer: "db-01".to_owned(),
        source_id: "9d385017c611228701d22104cc95c371".to_owned(),
        source_version: "4".to_owned(),
        source_url: "https://acme.service-now.com/incident.do?sys_id=9d385017c611228701d22104cc95c371".to_owned(),
        record_state: RecordState::Present,
        run_id: "0199-run".into(),
        ..ServiceDeskRow::default()
    }
}

#[test]
fn an_incident() {
    insta::assert_json_snapshot!(incident());
}

#[test]
fn a_change_request() {
    insta::assert_json_snapshot!(ServiceDeskRow {
        work_item_type: RecordKind::ChangeRequest,
        number: "CHG0030001".to_owned(),
        incident_state: String::new(),
        change_state: "Scheduled".to_owned(),
        risk: "Moderate".to_owned(),
        change_type: "Normal".to_owned(),
        conflict_status: "No Conflict".to_owned(),
        requested: Some(date("2026-09-10T00:00:00Z")),
        planned_start: Some(date("2026-09-05T20:00:00Z")),
        planned_end: Some(date("2026-09-05T22:00:00Z")),
        work_start: Some(date("2026-09-05T20:01:00Z")),
        work_end: Some(date("2026-09-05T21:30:00Z")),
        closed: Some(date("2026-09-06T08:00:00Z")),
        closed_by: "Beth Anglin".to_owned(),
        ..incident()
    });
}

#[test]
fn a_deleted_record_has_little_but_its_names() {
    insta::assert_json_snapshot!(ServiceDeskRow {
        time_generated: date("2026-09-01T12:00:00Z"),
        connection: "snow".into(),
        number: "INC0010023".to_owned(),
        source_id: "9d385017c611228701d22104cc95c371".to_owned(),
        record_state: RecordState::Deleted,
        run_id: "0199-run".into(),
        ..ServiceDeskRow::default()
    });
}

#[test]
fn a_row_of_the_log() {
    let entry = Entry {
        log_type: LogType::Error,
        connection: "snow".to_owned(),
        operation: "sync",
        message: "records could not be read".to_owned(),
        cause: "the instance answered 401".to_owned(),
        remedy: "check user and password".to_owned(),
        work_item: String::new(),
        alert: String::new(),
        correlation_id: "0199-run".to_owned(),
        details: String::new(),
    };
    insta::assert_json_snapshot!(LogRow::new(entry, date("2026-09-01T12:00:00Z")));
}
