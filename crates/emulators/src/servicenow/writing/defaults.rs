//! What a new record holds before its author says anything.

use super::{Draft, Hand};

const TASK: [(&str, &str); 13] = [
    ("active", "true"),
    ("approval", "not requested"),
    ("escalation", "0"),
    ("impact", "3"),
    ("urgency", "3"),
    ("priority", "4"),
    ("knowledge", "false"),
    ("made_sla", "true"),
    ("reassignment_count", "0"),
    ("state", "1"),
    ("upon_approval", "proceed"),
    ("upon_reject", "cancel"),
    ("sys_domain", "global"),
];

const INCIDENT: [(&str, &str); 8] = [
    ("severity", "3"),
    ("notify", "1"),
    ("category", "inquiry"),
    ("reopen_count", "0"),
    ("child_incidents", "0"),
    ("incident_state", "1"),
    ("priority", "5"),
    ("sys_domain_path", "/"),
];

const CHANGE_REQUEST: [(&str, &str); 7] = [
    ("state", "-5"),
    ("type", "normal"),
    ("risk", "4"),
    ("phase", "requested"),
    ("category", "Other"),
    ("conflict_status", "Not Run"),
    ("on_hold", "false"),
];

/// Parents' defaults first, so that a table's own win.
pub(super) fn fill(draft: &mut Draft, lineage: &[String], now: &str, hand: &Hand<'_>) {
    for table in lineage.iter().rev() {
        let defaults: &[(&str, &str)] = match table.as_str() {
            "task" => &TASK,
            "incident" => &INCIDENT,
            "change_request" => &CHANGE_REQUEST,
            "problem" => &[("problem_state", "1"), ("known_error", "false")],
            "cmdb_ci" => &[("install_status", "1"), ("operational_status", "1")],
            "sys_choice" => &[("language", "en"), ("inactive", "false")],
            "sys_template" => &[("active", "true"), ("global", "true")],
            "sys_user" | "sys_user_group" => &[("active", "true")],
            "em_event" => &[("state", "Ready"), ("resolution_state", "New")],
            "em_alert" => &[("state", "Open"), ("acknowledged", "false"), ("maintenance", "false"), ("event_count", "1")],
            _ => &[],
        };
        for (column, value) in defaults {
            draft.set(column, value);
        }
        if table == "task" {
            draft.set("opened_at", now);
            draft.set("opened_by", hand.user);
        }
    }
}
