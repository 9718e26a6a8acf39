//! `ServiceDesk_CL`: one row for each version of an incident or change request that was seen. The names with `_s` and `_t` are
//! those of the old connector, so that old queries go on working.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{blank, row};

/// Which records are synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum RecordKind {
    /// Incidents.
    #[default]
    Incident,
    /// Change requests.
    ChangeRequest,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Incident, Self::ChangeRequest];

    /// As in the column `ServiceDeskWorkItemType_s`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "Incident",
            Self::ChangeRequest => "ChangeRequest",
        }
    }

    /// As in keys, settings and messages: `incident`, `change_request`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::ChangeRequest => "change_request",
        }
    }
}

impl super::Value for RecordKind {
    const KIND: super::ColumnType = super::ColumnType::String;
}

/// Whether the record is still where work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RecordState {
    /// It was read from its table.
    #[default]
    Present,
    /// The tool says that it was deleted.
    Deleted,
    /// The tool says that it was archived.
    Archived,
}

impl super::Value for RecordState {
    const KIND: super::ColumnType = super::ColumnType::String;
}

row! {
    /// One version of an incident or change request. Empty texts and missing dates are left out of the row.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
    pub struct ServiceDeskRow in "ServiceDesk_CL" from "Custom-ServiceDesk" {
        /// When this version was read; never earlier than that of an earlier version of the same record, so the newest row is the newest version.
        time_generated: Timestamp = "TimeGenerated",
        /// `Incident` or `ChangeRequest`.
        work_item_type: RecordKind = "ServiceDeskWorkItemType_s",
        /// Name of the connection.
        connection: Arc<str> = "ServiceDeskConnectionName_s",
        /// Number.
        #[serde(skip_serializing_if = "blank")]
        number: String = "ServiceDeskId_s",
        /// State of an incident, as people see it.
        #[serde(skip_serializing_if = "blank")]
        incident_state: String = "IncidentState_s",
        /// State of a change request, as people see it.
        #[serde(skip_serializing_if = "blank")]
        change_state: String = "CRState_s",
        /// Urgency, as people see it.
        #[serde(skip_serializing_if = "blank")]
        urgency: String = "Urgency_s",
        /// Impact, as people see it.
        #[serde(skip_serializing_if = "blank")]
        impact: String = "Impact_s",
        /// Priority, as people see it.
        #[serde(skip_serializing_if = "blank")]
        priority: String = "Priority_s",
        /// Risk of a change request.
        #[serde(skip_serializing_if = "blank")]
        risk: String = "Risk_s",
        /// Type of a change request.
        #[serde(skip_serializing_if = "blank")]
        change_type: String = "Type_s",
        /// Who opened the incident or requested the change.
        #[serde(skip_serializing_if = "blank")]
        created_by: String = "CreatedBy_s",
        /// Who resolved the incident.
        #[serde(skip_serializing_if = "blank")]
        resolved_by: String = "ResolvedBy_s",
        /// Who closed it.
        #[serde(skip_serializing_if = "blank")]
        closed_by: String = "ClosedBy_s",
        /// Contact type.
        #[serde(skip_serializing_if = "blank")]
        source: String = "Source_s",
        /// Whom it is assigned to.
        #[serde(skip_serializing_if = "blank")]
        assigned_to: String = "AssignedTo_s",
        /// Category, as people see it.
        #[serde(skip_serializing_if = "blank")]
        category: String = "Category_s",
        /// Short description.
        #[serde(skip_serializing_if = "blank")]
        title: String = "Title_s",
        /// Description.
        #[serde(skip_serializing_if = "blank")]
        description: String = "Description_s",
        /// Escalation, as people see it.
        #[serde(skip_serializing_if = "blank")]
        escalation: String = "Escalation_s",
        /// Conflict status of a change request.
        #[serde(skip_serializing_if = "blank")]
        conflict_status: String = "ConflictStatus_s",
        /// When it was opened.
        #[serde(skip_serializing_if = "blank")]
        created: Option<Timestamp> = "CreatedDate_t",
        /// When it was closed.
        #[serde(skip_serializing_if = "blank")]
        closed: Option<Timestamp> = "ClosedDate_t",
        /// When the incident was resolved.
        #[serde(skip_serializing_if = "blank")]
        resolved: Option<Timestamp> = "ResolvedDate_t",
        /// By when the change was requested.
        #[serde(skip_serializing_if = "blank")]
        requested: Option<Timestamp> = "RequestedDate_t",
        /// Planned start of the change.
        #[serde(skip_serializing_if = "blank")]
        planned_start: Option<Timestamp> = "PlannedStartDate_t",
        /// Planned end of the change.
        #[serde(skip_serializing_if = "blank")]
        planned_end: Option<Timestamp> = "PlannedEndDate_t",
        /// Actual start of the change.
        #[serde(skip_serializing_if = "blank")]
        work_start: Option<Timestamp> = "WorkStartDate_t",
        /// Actual end of the change.
        #[serde(skip_serializing_if = "blank")]
        work_end: Option<Timestamp> = "WorkEndDate_t",
        /// When the record was last changed in the ITSM tool.
        #[serde(skip_serializing_if = "blank")]
        last_modified: Option<Timestamp> = "LastModifiedDate_t",
        /// Name of the configuration item.
        #[serde(skip_serializing_if = "blank")]
        computer: String = "Computer",
        /// The record's id in the ITSM tool (`sys_id`); names it when its number is not known.
        source_id: String = "SourceId_s",
        /// The record's version in the ITSM tool (`sys_mod_count`).
        #[serde(skip_serializing_if = "blank")]
        source_version: String = "SourceVersion_s",
        /// Address of the record's page in the ITSM tool.
        #[serde(skip_serializing_if = "blank")]
        source_url: String = "SourceUrl_s",
        /// `Present`; `Deleted` or `Archived` when the tool says so, in a row with little else.
        record_state: RecordState = "RecordState_s",
        /// The sync run that wrote this row.
        run_id: Arc<str> = "SyncRunId_s",
    }
}
