//! What fields mean, and what they are called: the stock content's names, over which the settings lay the customer's.

use std::collections::BTreeMap;

use super::config::CherwellSettings;
use crate::rows::RecordKind;

/// Meaning, and names of which the first that there is counts.
pub(super) type Names = [(&'static str, &'static str)];

/// Fields of incidents.
pub(super) const INCIDENT: &Names = &[
    ("title", "ShortDescription"),
    ("description", "Description"),
    ("status", "Status"),
    ("priority", "Priority"),
    ("impact", "Impact"),
    ("urgency", "Urgency"),
    ("cause", "Cause"),
    ("close_description", "CloseDescription"),
    ("customer", "CustomerRecID"),
    ("ci", "ConfigItemRecID"),
    ("ci_type", "ConfigItemTypeID"),
    ("ci_name", "ConfigItemDisplayName"),
    ("team", "OwnedByTeam"),
    ("owner", "OwnedBy"),
    ("source", "CallSource|Source"),
    ("category", "Category"),
    ("escalation", "EscalationStatus|Escalation"),
    ("created", "CreatedDateTime"),
    ("created_by", "CreatedBy"),
    ("modified", "LastModifiedDateTime|LastModDateTime"),
    ("resolved", "Stat_DateTimeResolved"),
    ("resolved_by", "ResolvedBy"),
    ("closed", "ClosedDateTime"),
    ("closed_by", "ClosedBy"),
];

/// Fields of change requests. No public output shows them, so that several names are tried for those that are known to differ.
pub(super) const CHANGE: &Names = &[
    ("title", "Title|ShortDescription"),
    ("description", "Description"),
    ("status", "Status"),
    ("priority", "Priority"),
    ("impact", "Impact"),
    ("urgency", "Urgency"),
    ("risk", "RiskLevel|Risk"),
    ("type", "Type|ChangeType"),
    ("requested_by", "RequestedBy|CreatedBy"),
    ("owner", "OwnedBy"),
    ("source", "CallSource|Source"),
    ("category", "Category"),
    ("conflict", "ConflictStatus"),
    ("ci_name", "ConfigItemDisplayName"),
    ("created", "CreatedDateTime"),
    ("modified", "LastModifiedDateTime|LastModDateTime"),
    ("requested", "RequestedDateTime"),
    ("planned_start", "ScheduledStartDate"),
    ("planned_end", "ScheduledEndDate"),
    ("work_start", "ActualStartDate"),
    ("work_end", "ActualEndDate"),
    ("closed", "ClosedDateTime"),
    ("closed_by", "ClosedBy"),
];

/// The fields of a kind of record, and what the settings say of them.
pub(super) fn of(kind: RecordKind, settings: &CherwellSettings) -> (&'static Names, &BTreeMap<String, String>) {
    match kind {
        RecordKind::Incident => (INCIDENT, &settings.fields),
        RecordKind::ChangeRequest => (CHANGE, &settings.change_fields),
    }
}

/// The names that a meaning can have, best first.
pub(super) fn candidates<'a>(names: &Names, own: &'a BTreeMap<String, String>, meaning: &str) -> Vec<&'a str> {
    let stock = names.iter().find(|(known, _)| *known == meaning).map_or("", |(_, names)| *names);
    let told = own.get(meaning).map_or(stock, String::as_str);
    told.split('|').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// What an incident's field is called before the tool was asked.
pub(super) fn likely<'a>(settings: &'a CherwellSettings, meaning: &str) -> &'a str {
    candidates(INCIDENT, &settings.fields, meaning).first().copied().unwrap_or_default()
}
