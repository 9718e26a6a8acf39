//! Sinks against what they write to: the emulated Logs Ingestion API over HTTP, and a database on disk.

mod credentials;
mod local;
mod workspace;

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::{Clock, ManualClock};
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

fn noon() -> Timestamp {
    "2026-09-01T12:00:00Z".parse().unwrap()
}

/// A clock that stands.
fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(noon()))
}

/// A row with something in each column.
fn row(number: usize) -> ServiceDeskRow {
    let text = |what: &str| format!("{what} {number}");
    ServiceDeskRow {
        time_generated: noon(),
        work_item_type: RecordKind::ALL[number % 2],
        connection: "snow".into(),
        number: format!("INC{number:07}"),
        incident_state: text("state"),
        change_state: text("change state"),
        urgency: text("urgency"),
        impact: text("impact"),
        priority: text("priority"),
        risk: text("risk"),
        change_type: text("type"),
        created_by: text("Zoë Ärmel"),
        resolved_by: text("resolved by"),
        closed_by: text("closed by"),
        source: text("source"),
        assigned_to: text("assigned to"),
        category: text("category"),
        title: text("title"),
        description: text("description\nwith \"two\" lines"),
        escalation: text("escalation"),
        conflict_status: text("conflict"),
        created: Some(noon()),
        closed: Some(noon()),
        resolved: Some(noon()),
        requested: Some(noon()),
        planned_start: Some(noon()),
        planned_end: Some(noon()),
        work_start: Some(noon()),
        work_end: Some(noon()),
        last_modified: Some(noon()),
        computer: text("computer"),
        source_id: format!("{number:032x}"),
        source_version: "1".to_owned(),
        source_url: text("https://acme.example/"),
        record_state: RecordState::Present,
        run_id: "run".into(),
    }
}
