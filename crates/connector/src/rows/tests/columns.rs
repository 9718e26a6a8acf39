//! Names, against lists that were written out by hand from what Microsoft published of the old connector.

use std::collections::{BTreeMap, BTreeSet};

use crate::rows::{Column, ColumnType, LogRow, RecordKind, Row, ServiceDeskRow};

/// "Output data for a ServiceNow incident", the documented table.
const INCIDENT: &[&str] = &[
    "ServiceDeskId_s",
    "IncidentState_s",
    "Urgency_s",
    "Impact_s",
    "Priority_s",
    "CreatedBy_s",
    "ResolvedBy_s",
    "ClosedBy_s",
    "Source_s",
    "AssignedTo_s",
    "Category_s",
    "Title_s",
    "Description_s",
    "CreatedDate_t",
    "ClosedDate_t",
    "ResolvedDate_t",
    "Computer",
];

/// "Output data for a ServiceNow change request", the documented table.
const CHANGE: &[&str] = &[
    "ServiceDeskId_s",
    "CreatedBy_s",
    "ClosedBy_s",
    "AssignedTo_s",
    "Title_s",
    "Type_s",
    "Category_s",
    "CRState_s",
    "Urgency_s",
    "Priority_s",
    "Risk_s",
    "Impact_s",
    "RequestedDate_t",
    "ClosedDate_t",
    "PlannedStartDate_t",
    "PlannedEndDate_t",
    "WorkStartDate_t",
    "WorkEndDate_t",
    "Description_s",
    "Computer",
];

/// Documented elsewhere, or listed as fields without the name of their column: the names are what the rule of suffixes gives.
const LISTED: &[&str] =
    &["ServiceDeskWorkItemType_s", "ServiceDeskConnectionName_s", "Escalation_s", "ConflictStatus_s", "LastModifiedDate_t"];

/// What the old connector did not have.
const OURS: &[&str] = &["TimeGenerated", "SourceId_s", "SourceVersion_s", "SourceUrl_s", "RecordState_s", "SyncRunId_s"];

/// Names that Log Analytics keeps for itself.
const RESERVED: &[&str] = &[
    "id",
    "BilledSize",
    "IsBillable",
    "InvalidTimeGenerated",
    "TenantId",
    "Title",
    "Type",
    "UniqueId",
    "_ItemId",
    "_ResourceGroup",
    "_ResourceId",
    "_SubscriptionId",
    "_TimeReceived",
];

fn names(columns: &[Column]) -> BTreeSet<&str> {
    columns.iter().map(|column| column.name).collect()
}

#[test]
fn the_columns_are_exactly_the_old_ones_and_ours() {
    let old: BTreeSet<&str> = [INCIDENT, CHANGE, LISTED].concat().into_iter().collect();
    let ours: BTreeSet<&str> = OURS.iter().copied().collect();
    assert_eq!(old.intersection(&ours).count(), 0, "a name of ours is an old one");
    assert_eq!(names(ServiceDeskRow::COLUMNS), &old | &ours);
}

#[test]
fn the_kinds_are_spelt_as_the_old_connector_did() {
    assert_eq!(RecordKind::ALL.map(RecordKind::as_str), ["Incident", "ChangeRequest"]);
    let written = RecordKind::ALL.map(|kind| serde_json::to_value(kind).unwrap());
    assert_eq!(written, ["Incident", "ChangeRequest"]);
}

#[test]
fn a_suffix_says_the_type() {
    for column in ServiceDeskRow::COLUMNS.iter().chain(LogRow::COLUMNS) {
        let wanted = match column.name {
            "TimeGenerated" => ColumnType::DateTime,
            name if name.ends_with("_t") => ColumnType::DateTime,
            name => {
                assert!(name.ends_with("_s") || name == "Computer", "{name} has no suffix");
                ColumnType::String
            }
        };
        assert_eq!(column.kind, wanted, "{}", column.name);
    }
}

#[test]
fn log_analytics_can_have_the_columns() {
    for columns in [ServiceDeskRow::COLUMNS, LogRow::COLUMNS] {
        let mut seen = BTreeMap::new();
        for Column { name, kind, description } in columns {
            assert!((2..=45).contains(&name.len()), "{name} has the wrong length");
            assert!(name.starts_with(|first: char| first.is_ascii_alphabetic()), "{name} does not begin with a letter");
            assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{name} has other characters");
            assert!(!RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)), "{name} is reserved");
            // Tables of the plan Auxiliary do not tell capitals apart.
            assert_eq!(seen.insert(name.to_ascii_lowercase(), *name), None, "{name} is there twice");
            let stream = serde_json::to_value(kind).unwrap();
            assert!(["string", "datetime"].contains(&stream.as_str().unwrap()), "{stream} is no type of a stream");
            assert!(["string", "dateTime"].contains(&kind.in_table()), "{} is no type of a table", kind.in_table());
            assert!(description.ends_with('.') && !description.contains('\n'), "{name}: {description}");
        }
        assert_eq!(seen.get("timegenerated"), Some(&"TimeGenerated"));
    }
    for table in [ServiceDeskRow::TABLE, LogRow::TABLE] {
        assert!(table.ends_with("_CL"), "{table}");
    }
    for stream in [ServiceDeskRow::STREAM, LogRow::STREAM] {
        assert!(stream.starts_with("Custom-"), "{stream}");
    }
}
