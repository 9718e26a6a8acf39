//! The mapping profile: which tables and columns of an environment mean what. Provance's own names are not public, so that none is
//! built in; the defaults describe the stock table `incident`. An empty name means that there is no such column.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl Default for Profile {
    fn default() -> Self {
        Self {
            api_version: "v9.2".to_owned(),
            incident: Incident::default(),
            change: Change::default(),
            ci: Ci::default(),
            template: Template::default(),
        }
    }
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

impl Default for Incident {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            entity_set: text("incidents"),
            logical_name: text("incident"),
            id: text("incidentid"),
            number: text("ticketnumber"),
            title: text("title"),
            description: text("description"),
            state: text("statuscode"),
            resolved: Values::from([(text("statecode"), vec![1])]),
            closed: Values::from([(text("statecode"), vec![2])]),
            impact: Level::default(),
            urgency: Level::default(),
            priority: Level { column: text("prioritycode"), high: 1, medium: 2, low: 3 },
            category: text("_subjectid_value"),
            source: text("caseorigincode"),
            assigned_to: text("_ownerid_value"),
            created_by: text("_createdby_value"),
            resolved_by: String::new(),
            closed_by: String::new(),
            escalation: text("isescalated"),
            created_on: text("createdon"),
            modified_on: text("modifiedon"),
            resolved_on: String::new(),
            closed_on: String::new(),
            customer: text("customerid"),
            correlation: Correlation::default(),
            required_bind: BTreeMap::new(),
            lengths: BTreeMap::from([(text("title"), 200), (text("description"), 2000)]),
            close: Close::Action { name: text("CloseIncident"), status: DEFAULT_STATUS },
            reopen: BTreeMap::from([(text("statecode"), 0), (text("statuscode"), 1)]),
            ci_link: CiLink::None,
            notes: true,
        }
    }
}

/// Lets the server choose the status reason.
const DEFAULT_STATUS: i64 = -1;

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

impl Default for Change {
    fn default() -> Self {
        let none = String::new;
        Self {
            entity_set: none(),
            logical_name: none(),
            id: none(),
            number: none(),
            title: none(),
            description: none(),
            state: "statuscode".to_owned(),
            impact: none(),
            urgency: none(),
            priority: none(),
            risk: none(),
            change_type: none(),
            category: none(),
            source: none(),
            assigned_to: "_ownerid_value".to_owned(),
            created_by: "_createdby_value".to_owned(),
            closed_by: none(),
            escalation: none(),
            conflict_status: none(),
            ci: none(),
            created_on: "createdon".to_owned(),
            modified_on: "modifiedon".to_owned(),
            closed_on: none(),
            requested_on: none(),
            planned_start: none(),
            planned_end: none(),
            work_start: none(),
            work_end: none(),
        }
    }
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

impl Default for Ci {
    fn default() -> Self {
        let none = String::new;
        Self {
            entity_set: none(),
            logical_name: none(),
            id: none(),
            name: none(),
            fqdn: none(),
            resource_id: none(),
            class: none(),
            modified_on: "modifiedon".to_owned(),
            retired: Values::from([("statecode".to_owned(), vec![1])]),
            create: BTreeMap::new(),
        }
    }
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

/// The logical name of a column that may be named as the wire has it: `_ownerid_value` is `ownerid`.
#[must_use]
pub fn logical(property: &str) -> &str {
    property.strip_prefix('_').and_then(|name| name.strip_suffix("_value")).unwrap_or(property)
}

impl Incident {
    /// Properties that are read of a record, besides those that the connection's mapping names.
    #[must_use]
    pub fn properties(&self) -> BTreeSet<&str> {
        let columns = [
            &self.id,
            &self.number,
            &self.title,
            &self.description,
            &self.state,
            &self.impact.column,
            &self.urgency.column,
            &self.priority.column,
            &self.modified_on,
            &self.resolved_on,
            &self.correlation.column,
        ];
        let columns = columns.into_iter().chain(self.resolved.keys()).chain(self.closed.keys());
        columns.map(String::as_str).filter(|column| !column.is_empty()).collect()
    }

    /// Choice columns that carry the severity of an alert, as they are written.
    #[must_use]
    pub fn severity(&self) -> Vec<&Level> {
        let both: Vec<&Level> = [&self.impact, &self.urgency].into_iter().filter(|level| !level.column.is_empty()).collect();
        if both.is_empty() { [&self.priority].into_iter().filter(|level| !level.column.is_empty()).collect() } else { both }
    }

    /// Where the close code stands.
    #[must_use]
    pub fn close_code(&self) -> &str {
        match &self.close {
            Close::Action { .. } => "statuscode",
            Close::Patch { code, .. } => code,
        }
    }
}

/// A column of the profile: the setting in which it stands, and its name.
pub type Named<'a> = (String, &'a str);

impl Profile {
    /// The tables in use by section of the profile: logical name, and the columns that the profile names.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, &str, Vec<Named<'_>>)> {
        let mut all = vec![("incident", self.incident.logical_name.as_str(), self.incident.named())];
        if !self.change.entity_set.is_empty() {
            all.push(("change", &self.change.logical_name, self.change.named()));
        }
        if !self.ci.entity_set.is_empty() {
            all.push(("ci", &self.ci.logical_name, self.ci.named()));
        }
        if !self.template.entity_set.is_empty() {
            all.push(("template", &self.template.logical_name, self.template.named()));
        }
        all
    }
}

fn filled<'a>(pairs: Vec<(&str, &'a str)>) -> Vec<Named<'a>> {
    pairs.into_iter().filter(|(_, column)| !column.is_empty()).map(|(setting, column)| (setting.to_owned(), column)).collect()
}

fn keyed<'a, V>(setting: &'a str, columns: &'a BTreeMap<String, V>) -> impl Iterator<Item = Named<'a>> {
    columns.keys().map(move |column| (format!("{setting}.{column}"), column.as_str()))
}

impl Incident {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![
            ("id", &self.id),
            ("number", &self.number),
            ("title", &self.title),
            ("description", &self.description),
            ("state", &self.state),
            ("impact.column", &self.impact.column),
            ("urgency.column", &self.urgency.column),
            ("priority.column", &self.priority.column),
            ("category", &self.category),
            ("source", &self.source),
            ("assigned_to", &self.assigned_to),
            ("created_by", &self.created_by),
            ("resolved_by", &self.resolved_by),
            ("closed_by", &self.closed_by),
            ("escalation", &self.escalation),
            ("created_on", &self.created_on),
            ("modified_on", &self.modified_on),
            ("resolved_on", &self.resolved_on),
            ("closed_on", &self.closed_on),
            ("customer", &self.customer),
            ("correlation.column", &self.correlation.column),
        ]);
        all.extend(keyed("resolved", &self.resolved).chain(keyed("closed", &self.closed)).chain(keyed("reopen", &self.reopen)));
        if let Close::Patch { values, notes, code } = &self.close {
            all.extend(filled(vec![("close.notes", notes), ("close.code", code)]));
            all.extend(keyed("close.values", values));
        }
        if let CiLink::Lookup { column } = &self.ci_link {
            all.extend(filled(vec![("ci_link.column", column)]));
        }
        all
    }
}

impl Change {
    fn named(&self) -> Vec<Named<'_>> {
        filled(vec![
            ("id", &self.id),
            ("number", &self.number),
            ("title", &self.title),
            ("description", &self.description),
            ("state", &self.state),
            ("impact", &self.impact),
            ("urgency", &self.urgency),
            ("priority", &self.priority),
            ("risk", &self.risk),
            ("type", &self.change_type),
            ("category", &self.category),
            ("source", &self.source),
            ("assigned_to", &self.assigned_to),
            ("created_by", &self.created_by),
            ("closed_by", &self.closed_by),
            ("escalation", &self.escalation),
            ("conflict_status", &self.conflict_status),
            ("ci", &self.ci),
            ("created_on", &self.created_on),
            ("modified_on", &self.modified_on),
            ("closed_on", &self.closed_on),
            ("requested_on", &self.requested_on),
            ("planned_start", &self.planned_start),
            ("planned_end", &self.planned_end),
            ("work_start", &self.work_start),
            ("work_end", &self.work_end),
        ])
    }
}

impl Ci {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![
            ("id", &self.id),
            ("name", &self.name),
            ("fqdn", &self.fqdn),
            ("resource_id", &self.resource_id),
            ("class", &self.class),
            ("modified_on", &self.modified_on),
        ]);
        all.extend(keyed("retired", &self.retired).chain(keyed("create", &self.create)));
        all
    }
}

impl Template {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![("id", &self.id), ("name", &self.name)]);
        all.extend(keyed("columns", &self.columns));
        all
    }
}
