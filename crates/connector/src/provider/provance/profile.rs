//! The mapping profile: which tables and columns of an environment mean what. Provance's own names are not public, so that none is
//! built in; the defaults describe the stock table `incident`. An empty name means that there is no such column.

mod columns;
mod defaults;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::columns::{Named, logical};

/// Whole values by column, of which one must be held: `{ statecode = [2] }`.
pub type Values = BTreeMap<String, Vec<i64>>;

/// Which tables and columns there are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceProfile")]
pub struct Profile {
    /// Version of the Web API.
    pub api_version: String,
    /// Incidents.
    pub incident: Incident,
    /// Change requests; an empty `entity_set`: there are none.
    pub change: Change,
    /// Configuration items; an empty `entity_set`: there are none.
    pub ci: Ci,
    /// Templates of incidents; an empty `entity_set`: there are none.
    pub template: Template,
}

/// The table of incidents. Columns to read are named as the wire has them: a lookup as `_ownerid_value`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceIncident")]
pub struct Incident {
    /// Entity set name, as in addresses.
    pub entity_set: String,
    /// Logical name of the table.
    pub logical_name: String,
    /// Primary key.
    pub id: String,
    /// Number that people use.
    pub number: String,
    /// One line.
    pub title: String,
    /// Text.
    pub description: String,
    /// State as people see it.
    pub state: String,
    /// What a resolved incident holds.
    pub resolved: Values,
    /// What a closed or cancelled incident holds; it is never touched.
    pub closed: Values,
    /// Impact.
    pub impact: Level,
    /// Urgency.
    pub urgency: Level,
    /// Priority; written only where there is neither impact nor urgency.
    pub priority: Level,
    /// Category.
    pub category: String,
    /// Where it came from.
    pub source: String,
    /// Owner.
    pub assigned_to: String,
    /// Who made it.
    pub created_by: String,
    /// Who resolved it.
    pub resolved_by: String,
    /// Who closed it.
    pub closed_by: String,
    /// Whether it is escalated.
    pub escalation: String,
    /// When it was made.
    pub created_on: String,
    /// When it was changed last.
    pub modified_on: String,
    /// When it was resolved; without one, the last change of a resolved incident counts.
    pub resolved_on: String,
    /// When it was closed.
    pub closed_on: String,
    /// Lookup column (logical name) of the customer.
    pub customer: String,
    /// Where the connector's key is kept.
    pub correlation: Correlation,
    /// Lookups that every new incident gets: navigation property to address, `{ customerid_account = "/accounts(GUID)" }`.
    pub required_bind: BTreeMap<String, String>,
    /// Lengths of text columns, used when the environment's own cannot be read.
    pub lengths: BTreeMap<String, usize>,
    /// How an incident is resolved.
    pub close: Close,
    /// What a reopened incident gets.
    pub reopen: BTreeMap<String, i64>,
    /// How a configuration item is linked.
    pub ci_link: CiLink,
    /// Whether the table has notes (annotations).
    pub notes: bool,
}

/// A choice column, and what in it is high, medium and low.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceLevel")]
pub struct Level {
    /// The column; empty: there is none.
    pub column: String,
    /// Value of high.
    pub high: i64,
    /// Value of medium.
    pub medium: i64,
    /// Value of low.
    pub low: i64,
}

/// Where the connector's key is kept, besides in the primary key, which is made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceCorrelation")]
pub struct Correlation {
    /// Text column of 50 characters or more; empty: there is none.
    pub column: String,
    /// Whether that column is an alternate key, by which records are made and found. The server then chooses the primary key.
    pub alternate_key: bool,
}

/// How an incident is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "ProvanceClose")]
pub enum Close {
    /// By an action that takes an `IncidentResolution` and a `Status`.
    Action {
        /// `CloseIncident`.
        name: String,
        /// Status reason; -1: the server's default. `policy.close_code` names another.
        status: i64,
    },
    /// By setting columns.
    Patch {
        /// Column to value.
        values: BTreeMap<String, i64>,
        /// Text column of the close notes; empty: there is none.
        #[serde(default)]
        notes: String,
        /// Choice column of the close code; empty: there is none.
        #[serde(default)]
        code: String,
    },
}

/// How a configuration item is linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "ProvanceCiLink")]
pub enum CiLink {
    /// Not at all.
    None,
    /// By a lookup column.
    Lookup {
        /// Its logical name.
        column: String,
    },
    /// By a many-to-many relationship.
    ManyToMany {
        /// The navigation property of incidents; case matters.
        navigation: String,
    },
}

/// The table of change requests; columns as in [`Incident`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceChange")]
pub struct Change {
    /// Entity set name; empty: change requests are not synced.
    pub entity_set: String,
    /// Logical name of the table.
    pub logical_name: String,
    /// Primary key.
    pub id: String,
    /// Number that people use.
    pub number: String,
    /// One line.
    pub title: String,
    /// Text.
    pub description: String,
    /// State as people see it.
    pub state: String,
    /// Impact.
    pub impact: String,
    /// Urgency.
    pub urgency: String,
    /// Priority.
    pub priority: String,
    /// Risk.
    pub risk: String,
    /// Type of the change.
    #[serde(rename = "type")]
    pub change_type: String,
    /// Category.
    pub category: String,
    /// Where it came from.
    pub source: String,
    /// Owner.
    pub assigned_to: String,
    /// Who requested it.
    pub created_by: String,
    /// Who closed it.
    pub closed_by: String,
    /// Whether it is escalated.
    pub escalation: String,
    /// Conflict status.
    pub conflict_status: String,
    /// Lookup of the configuration item.
    pub ci: String,
    /// When it was made.
    pub created_on: String,
    /// When it was changed last.
    pub modified_on: String,
    /// When it was closed.
    pub closed_on: String,
    /// By when it was requested.
    pub requested_on: String,
    /// Planned start.
    pub planned_start: String,
    /// Planned end.
    pub planned_end: String,
    /// Actual start.
    pub work_start: String,
    /// Actual end.
    pub work_end: String,
}

/// The table of configuration items.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceCi")]
pub struct Ci {
    /// Entity set name; empty: there are none.
    pub entity_set: String,
    /// Logical name of the table.
    pub logical_name: String,
    /// Primary key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Domain name.
    pub fqdn: String,
    /// Text column that holds the ARM id.
    pub resource_id: String,
    /// Type or class, as people see it.
    pub class: String,
    /// When it was changed last.
    pub modified_on: String,
    /// What a retired one holds.
    pub retired: Values,
    /// Further columns of one that the connector makes: column to value.
    pub create: BTreeMap<String, String>,
}

/// The table of templates: its columns are copied to new incidents.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ProvanceTemplate")]
pub struct Template {
    /// Entity set name; empty: there are none.
    pub entity_set: String,
    /// Logical name of the table.
    pub logical_name: String,
    /// Primary key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Column of the template, as the wire has it, to logical name of the column of the incident:
    /// `{ _abc_categoryid_value = "abc_categoryid" }`.
    pub columns: BTreeMap<String, String>,
}
