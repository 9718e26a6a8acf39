//! Business rules and data policies of the base system that a connector meets: the priority matrix, the two state columns of an incident,
//! the stamps of resolving and closing, and what closing demands.

use super::{Draft, Hand};
use crate::{
    clock::stamp,
    servicenow::{
        database::{Database, Place},
        events,
    },
};

/// Runs before the record is kept. `old` is absent on insert.
pub(super) fn before(old: Option<&Draft>, draft: &mut Draft, lineage: &[String], hand: &Hand<'_>) {
    match lineage.first().map(String::as_str) {
        Some("incident") => {
            prioritise(draft);
            incident(old, draft, hand);
        }
        Some("problem") => prioritise(draft),
        Some("change_request") => {
            let closed = matches!(draft.get("state"), "3" | "4");
            stamp_closing(draft, closed, hand);
        }
        _ => {}
    }
    if let Some(old) = old
        && !old.get("assignment_group").is_empty()
        && old.get("assignment_group") != draft.get("assignment_group")
    {
        let count: u64 = draft.get("reassignment_count").parse().unwrap_or_default();
        draft.set("reassignment_count", &(count + 1).to_string());
    }
}

/// Runs when the record is kept.
pub(super) fn after_insert(database: &mut Database, place: Place, hand: &Hand<'_>) {
    if database.schema.id("em_event") == Some(place.table) && database.value(place, "state") == "Ready" {
        events::process(database, place, hand);
    }
}

/// Columns that this state of the record has to fill.
pub(super) fn mandatory(draft: &Draft, lineage: &[String]) -> &'static [&'static str] {
    match (lineage.first().map(String::as_str), draft.get("state")) {
        (Some("incident"), "6" | "7") | (Some("change_request"), "3") => &["close_code", "close_notes"],
        (Some("incident"), "3") => &["hold_reason"],
        _ => &[],
    }
}

/// Priority follows impact and urgency, whatever was written.
fn prioritise(draft: &mut Draft) {
    let number = |column: &str| draft.get(column).parse::<u8>().ok().filter(|number| (1..=3).contains(number));
    if let (Some(impact), Some(urgency)) = (number("impact"), number("urgency")) {
        draft.set("priority", &(impact + urgency - 1).to_string());
    }
}

fn incident(old: Option<&Draft>, draft: &mut Draft, hand: &Hand<'_>) {
    let before = old.map_or(("1", "1"), |old| (old.get("state"), old.get("incident_state")));
    let (state, incident_state) = (draft.get("state").to_owned(), draft.get("incident_state").to_owned());
    let state = if state == before.0 && incident_state != before.1 { incident_state } else { state };
    draft.set("state", &state);
    draft.set("incident_state", &state);
    let resolved = matches!(state.as_str(), "6" | "7");
    if resolved && draft.get("resolved_at").is_empty() {
        draft.set("resolved_at", &stamp(hand.now, 0));
        draft.set("resolved_by", hand.user);
    }
    let was_resolved = matches!(before.0, "6" | "7");
    if was_resolved && !resolved && state != "8" {
        draft.set("resolved_at", "");
        draft.set("resolved_by", "");
        draft.set("reopened_time", &stamp(hand.now, 0));
        draft.set("reopened_by", hand.user);
        let count: u64 = draft.get("reopen_count").parse().unwrap_or_default();
        draft.set("reopen_count", &(count + 1).to_string());
    }
    if state != "3" {
        draft.set("hold_reason", "");
    }
    let closed = matches!(state.as_str(), "7" | "8");
    stamp_closing(draft, closed, hand);
}

fn stamp_closing(draft: &mut Draft, closed: bool, hand: &Hand<'_>) {
    draft.set("active", if closed { "false" } else { "true" });
    if !closed {
        draft.set("closed_at", "");
        draft.set("closed_by", "");
    } else if draft.get("closed_at").is_empty() {
        draft.set("closed_at", &stamp(hand.now, 0));
        draft.set("closed_by", hand.user);
    }
}
