//! `ServiceDeskLog_CL`: one row for each event that an operator cares about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{blank, row};
use crate::journal::{Entry, LogType};

impl super::Value for LogType {
    const KIND: super::ColumnType = super::ColumnType::String;
}

row! {
    /// One event. Empty texts are left out of the row.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct LogRow in "ServiceDeskLog_CL" from "Custom-ServiceDeskLog" {
        /// When it happened.
        time_generated: Timestamp = "TimeGenerated",
        /// `INFO`: as it should be; `WARNING`: needs watching, nothing is lost; `ERROR`: needs a person.
        log_type: LogType = "LogType_s",
        /// Name of the connection.
        #[serde(skip_serializing_if = "blank", default)]
        connection: String = "ServiceDeskConnectionName_s",
        /// What was being done, as one word: `create`, `update`, `note`, `resolve`, `reopen`, `find`, `find_ci`, `read`, `deliver`, `store`, `connection`, `sync`, `refresh`, `status`, `journal`.
        operation: String = "Operation_s",
        /// What happened: a fixed sentence, for counting.
        message: String = "Message_s",
        /// Why.
        #[serde(skip_serializing_if = "blank", default)]
        cause: String = "Cause_s",
        /// What to do.
        #[serde(skip_serializing_if = "blank", default)]
        remedy: String = "Remedy_s",
        /// Number of the work item.
        #[serde(skip_serializing_if = "blank", default)]
        work_item: String = "ServiceDeskId_s",
        /// Title of the alert.
        #[serde(skip_serializing_if = "blank", default)]
        alert: String = "AlertName_s",
        /// What belongs together: the delivery's id, or the run's.
        #[serde(skip_serializing_if = "blank", default)]
        correlation_id: String = "CorrelationId_s",
        /// What can be counted and charted, as JSON; its members are listed below.
        #[serde(skip_serializing_if = "blank", default)]
        details: String = "Details_s",
    }
}

impl LogRow {
    /// The row of an entry that was recorded `now`.
    #[must_use]
    pub fn new(entry: Entry, now: Timestamp) -> Self {
        Self {
            time_generated: now,
            log_type: entry.log_type,
            connection: entry.connection,
            operation: entry.operation.to_owned(),
            message: entry.message,
            cause: entry.cause,
            remedy: entry.remedy,
            work_item: entry.work_item,
            alert: entry.alert,
            correlation_id: entry.correlation_id,
            details: entry.details,
        }
    }
}
