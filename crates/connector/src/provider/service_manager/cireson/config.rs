//! Settings that only the Cireson portal has. Each stands for something that nobody has written down for every release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::mapping::guid;
use crate::settings::validate::Check;

/// Portal only: what differs between portals.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CiresonSettings {
    /// GUID of the template from which incidents are made when the mapping names none. Default: Service Manager's own
    /// `DefaultIncidentTemplate`.
    pub default_template: String,
    /// GUID of the type projection through which incidents are read and written. Default: `System.WorkItem.Incident.ProjectionType`.
    pub incident_projection: String,
    /// GUID of the type projection through which change requests are read. Default: `System.WorkItem.ChangeRequestProjection`.
    pub change_projection: String,
    /// GUID of the class that has `key_property`: that of incidents, or that of a class extension.
    pub key_class: String,
    /// GUID of the class of computers (`Microsoft.Windows.Computer`).
    pub computer_class: String,
    /// Alias of the projection under which comments are written (`AnalystComments`, `AppliesToTroubleTicket`). Default: the one of the
    /// two that the portal shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// Whether comments are those that the affected user sees, too (`UserCommentLog`), instead of the analysts' own.
    pub user_comments: bool,
}

impl Default for CiresonSettings {
    fn default() -> Self {
        Self {
            default_template: guid::DEFAULT_INCIDENT_TEMPLATE.to_owned(),
            incident_projection: guid::INCIDENT_PROJECTION.to_owned(),
            change_projection: guid::CHANGE_REQUEST_PROJECTION.to_owned(),
            key_class: guid::INCIDENT.to_owned(),
            computer_class: guid::COMPUTER.to_owned(),
            comments: None,
            user_comments: false,
        }
    }
}

impl CiresonSettings {
    /// Adds what is wrong with these settings, which stand at `key`.
    pub(in super::super) fn validate(&self, key: &str, check: &mut Check<'_>) {
        for (setting, text) in [
            ("default_template", &self.default_template),
            ("incident_projection", &self.incident_projection),
            ("change_projection", &self.change_projection),
            ("key_class", &self.key_class),
            ("computer_class", &self.computer_class),
        ] {
            if uuid::Uuid::try_parse(text).is_err() {
                let remedy =
                    "write it as Get-SCSMClass, Get-SCSMTypeProjection or Get-SCSMObjectTemplate show it, or leave it out";
                check.wrong(&format!("{key}.{setting}"), "is no GUID", remedy);
            }
        }
        check.not_blank(&format!("{key}.comments"), self.comments.as_deref());
    }
}
