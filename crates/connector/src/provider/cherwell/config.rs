//! Settings that only Cherwell knows. Cherwell's business objects and fields have other names at every customer, so each name is a
//! setting; the defaults are those of the stock content.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::SecretRef;

/// The settings of a connection that only Cherwell has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CherwellConnection")]
pub struct Config {
    /// How to authenticate. Secrets are given as `"$NAME"`, the name of an environment variable, or as
    /// `"@NAME"`, the name of a secret in the vault of `key_vault`.
    pub auth: CherwellAuth,
    /// What only Cherwell knows.
    #[serde(default)]
    pub cherwell: CherwellSettings,
}

/// How to log in to Cherwell's REST API: OAuth password grant with the id of a REST API client, as the old connector did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CherwellAuth {
    /// Client key of the REST API client (CSM Administrator > Security > Edit REST API client settings).
    pub client_id: String,
    /// Its secret, `"$NAME"`; only when the client was set up to need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// Integration user; `DOMAIN\user` for Windows and LDAP.
    pub username: String,
    /// Its password, `"$NAME"`.
    pub password: SecretRef,
    /// Which directory knows the user.
    #[serde(default)]
    pub mode: AuthMode,
    /// Portal site, for `saml`; usually none.
    #[serde(default)]
    pub site_name: String,
}

/// Which directory knows the integration user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CherwellAuthMode")]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Cherwell itself.
    #[default]
    Internal,
    /// Windows.
    Windows,
    /// LDAP.
    Ldap,
    /// SAML.
    Saml,
    /// Whichever does.
    Auto,
}

impl AuthMode {
    /// As the token call wants it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::Windows => "Windows",
            Self::Ldap => "LDAP",
            Self::Saml => "SAML",
            Self::Auto => "Auto",
        }
    }
}

/// What only Cherwell knows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CherwellSettings {
    /// Zone in which the server writes dates, by its IANA name (`America/Denver`). Empty: what the server tells of itself.
    pub zone: String,
    /// Text field of incidents that holds the connector's key, at least 46 characters; made by the customer for this. Empty: see
    /// `description_marker`.
    pub external_id_field: String,
    /// Without a field of its own the key is written as the last line of the description, and looked for there, which is slow and
    /// ends when somebody removes it. Needs `external_id_field = ""`.
    pub description_marker: bool,
    /// Business object of incidents.
    pub incident_object: String,
    /// Business object of change requests.
    pub change_object: String,
    /// Fields of incidents where they are not called as in the stock content: `title = "Summary"`. Several names behind one another
    /// (`"Title|Summary"`): the first that there is.
    pub fields: BTreeMap<String, String>,
    /// Fields of change requests, likewise.
    pub change_fields: BTreeMap<String, String>,
    /// Status that a resolved incident gets.
    pub resolved_status: String,
    /// Status that a reopened incident gets.
    pub reopened_status: String,
    /// Statuses that are never touched.
    pub closed_statuses: Vec<String>,
    /// How a status is changed: `field` (written, default) or `transition` (a step of the life cycle, from release 10 on).
    pub status_change: StatusChange,
    /// Name of the transition that resolves, for `transition`.
    pub resolve_transition: String,
    /// Name of the transition that reopens, for `transition`.
    pub reopen_transition: String,
    /// What carries the severity: `priority` (default) or `impact_and_urgency` (with the values of `severity`).
    pub severity_as: SeverityAs,
    /// Priority of Sev0 to Sev4, for `priority`.
    pub priorities: [String; 5],
    /// Customer for whom incidents are filed: the value of `customer_field`, or a `RecID`. Empty: none, or one given in
    /// `incident.fields`.
    pub customer: String,
    /// Business object of customers.
    pub customer_object: String,
    /// Field of customers that holds their name.
    pub customer_field: String,
    /// Business object of notes.
    pub journal_object: String,
    /// Its field that holds the text.
    pub journal_field: String,
    /// Relationship from incidents to notes, by name or id.
    pub journal_relationship: String,
    /// Configuration items.
    pub configuration_items: CherwellItems,
    /// Constants for new incidents, by field, that nothing else fills: what the customer's content requires (`Service`, `Category`,
    /// `Subcategory`, `CallSource`).
    pub defaults: BTreeMap<String, String>,
    /// Named sets of constants for new incidents, as `template` of a mapping or route names them. Cherwell's own templates cannot be
    /// reached by its REST API.
    pub templates: BTreeMap<String, BTreeMap<String, String>>,
    /// Address of a record's page for people, with `{object}`, `{number}` and `{id}`; empty: none.
    pub record_url: String,
}

impl Default for CherwellSettings {
    fn default() -> Self {
        Self {
            zone: String::new(),
            external_id_field: "ExternalID".to_owned(),
            description_marker: false,
            incident_object: "Incident".to_owned(),
            change_object: "ChangeRequest".to_owned(),
            fields: BTreeMap::new(),
            change_fields: BTreeMap::new(),
            resolved_status: "Resolved".to_owned(),
            reopened_status: "Reopened".to_owned(),
            closed_statuses: vec!["Closed".to_owned()],
            status_change: StatusChange::Field,
            resolve_transition: "Resolve".to_owned(),
            reopen_transition: "Reopen".to_owned(),
            severity_as: SeverityAs::Priority,
            priorities: ["1", "2", "3", "4", "5"].map(str::to_owned),
            customer: String::new(),
            customer_object: "Customer".to_owned(),
            customer_field: "FullName".to_owned(),
            journal_object: "JournalNote".to_owned(),
            journal_field: "Details".to_owned(),
            journal_relationship: "Incident owns Journals".to_owned(),
            configuration_items: CherwellItems::default(),
            defaults: BTreeMap::new(),
            templates: BTreeMap::new(),
            record_url: String::new(),
        }
    }
}

/// How the status of an incident is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusChange {
    /// The status field is written.
    Field,
    /// A transition of the life cycle is taken.
    Transition,
}

/// What carries the severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeverityAs {
    /// The priority.
    Priority,
    /// Impact and urgency, out of which the customer's content makes the priority.
    ImpactAndUrgency,
}

/// Where configuration items are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CherwellItems {
    /// Business object (a group) in which they are looked for.
    pub object: String,
    /// Business object for those that are created.
    pub class: String,
    /// How one is linked: `field` (`ConfigItemRecID` and `ConfigItemTypeID`, the primary one; default) or `relationship`.
    pub link: ItemLink,
    /// Relationship from incidents to configuration items, by name or id, for `relationship`.
    pub relationship: String,
    /// Fields that hold a name, best first; those that are not there are passed over.
    pub name_fields: Vec<String>,
    /// Field that holds the ARM id; empty: none.
    pub resource_id_field: String,
    /// Field that tells whether one is in use; empty: none.
    pub status_field: String,
    /// Its values of those that are not in use any more.
    pub retired: Vec<String>,
    /// Constants for those that are created, by field.
    pub fields: BTreeMap<String, String>,
}

impl Default for CherwellItems {
    fn default() -> Self {
        Self {
            object: "ConfigurationItem".to_owned(),
            class: "ConfigServer".to_owned(),
            link: ItemLink::Field,
            relationship: "Incident links Configuration Items".to_owned(),
            name_fields: ["FriendlyName", "AssetName", "HostName"].map(str::to_owned).to_vec(),
            resource_id_field: String::new(),
            status_field: "AssetStatus".to_owned(),
            retired: vec!["Retired".to_owned()],
            fields: BTreeMap::new(),
        }
    }
}

/// How a configuration item is linked to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemLink {
    /// By the fields of the primary configuration item.
    Field,
    /// By a relationship.
    Relationship,
}
