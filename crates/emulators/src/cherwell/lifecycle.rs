//! The life cycle of a business object with states: stages, statuses, and the transitions between them. Their ids are made from their names.

use super::content::{Object, choices};

/// A step from one status to another.
pub(crate) struct Transition {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

const INCIDENT: &[(&str, &str, &str)] = &[
    ("Assign", "New", "Assigned"),
    ("Begin Work", "New", "In Progress"),
    ("Resolve", "New", "Resolved"),
    ("Begin Work", "Assigned", "In Progress"),
    ("Resolve", "Assigned", "Resolved"),
    ("Pend", "Assigned", "Pending"),
    ("Pend", "In Progress", "Pending"),
    ("Resolve", "In Progress", "Resolved"),
    ("Resume", "Pending", "In Progress"),
    ("Resolve", "Pending", "Resolved"),
    ("Close", "Resolved", "Closed"),
    ("Reopen", "Resolved", "Reopened"),
    ("Reopen", "Closed", "Reopened"),
    ("Begin Work", "Reopened", "In Progress"),
    ("Resolve", "Reopened", "Resolved"),
];

const CHANGE: &[(&str, &str, &str)] = &[
    ("Classify", "New", "Classify"),
    ("Plan", "Classify", "Planning"),
    ("Request Approval", "Planning", "Approval"),
    ("Schedule", "Approval", "Scheduled"),
    ("Reject", "Approval", "Rejected"),
    ("Begin", "Scheduled", "In Progress"),
    ("Implement", "In Progress", "Implemented"),
    ("Close", "Implemented", "Closed"),
];

/// All of them.
pub(crate) fn transitions(object: &Object) -> Vec<Transition> {
    let steps = match object.name {
        "Incident" => INCIDENT,
        "ChangeRequest" => CHANGE,
        _ => &[],
    };
    let id = |name: &str| id(object, name);
    steps.iter().map(|(name, from, to)| Transition { id: id(&format!("{from}>{to}")), name, from, to }).collect()
}

/// The statuses in the order of a record's life.
pub(crate) fn statuses(object: &Object) -> &'static [&'static str] {
    match object.name {
        "Incident" => choices::list("IncidentStatus"),
        "ChangeRequest" => choices::list("ChangeStatus"),
        _ => &[],
    }
}

/// Stages with whether they are the last.
pub(crate) const STAGES: [(&str, bool); 3] = [("Open", false), ("Resolution", false), ("Closed", true)];

/// The stage of a status.
pub(crate) fn stage(status: &str) -> &'static str {
    match status {
        "Resolved" | "Implemented" => "Resolution",
        "Closed" | "Rejected" => "Closed",
        _ => "Open",
    }
}

/// Whether a transition leads from one status to the other.
pub(crate) fn leads(object: &Object, from: &str, to: &str) -> bool {
    transitions(object).iter().any(|transition| transition.from == from && transition.to.eq_ignore_ascii_case(to))
}

/// Id of a stage, a status or a transition.
pub(crate) fn id(object: &Object, name: &str) -> String {
    super::content::made_up_id(&format!("{}/{name}", object.name))
}
