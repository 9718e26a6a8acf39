//! What the old ITSM action let one choose per action group: where an alert goes and how many work items it makes.
//! Given as query parameters of the URL or as a `[route.NAME]` section.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::work_item::WorkItemType;

/// How many work items one alert makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// One for each alert: same rule, same resource, same dimensions.
    #[default]
    Alert,
    /// One for each alert rule; everything the rule finds is appended to it until it is closed.
    Rule,
    /// One for each configuration item (computer or resource) the alert names.
    Ci,
    /// One for each row of the alert's search result.
    Row,
}

/// Choices for the work item, from a route or a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// How many work items one alert makes.
    #[serde(default)]
    pub per: Per,
    /// Name of a template kept in the ITSM tool, whose constants fill the work item first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Default fields: constants by the ITSM tool's own field names (`contact_type`, `category`, `assignment_group`, ...).
    /// They win over the template and over the connection's mapping.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// A named route: `POST /api/alerts/{route}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The connection's name.
    pub connection: String,
    /// What to create.
    #[serde(default)]
    pub work_item_type: WorkItemType,
    /// How many work items one alert makes: `alert` (default), `rule`, `ci`, `row`.
    #[serde(default)]
    pub per: Per,
    /// Name of a template kept in the ITSM tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Constants by the ITSM tool's own field names; they win over the template and the connection's mapping.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Route {
    /// The route's choices for the work item.
    #[must_use]
    pub fn choices(&self) -> Choices {
        Choices { per: self.per, template: self.template.clone(), fields: self.fields.clone() }
    }
}

/// What `routes` make on `connection`; incidents when none goes there.
#[must_use]
pub fn made_on(connection: &str, routes: &BTreeMap<String, Route>) -> Vec<WorkItemType> {
    let there = routes.values().filter(|route| route.connection == connection);
    let kinds: BTreeSet<WorkItemType> = there.map(|route| route.work_item_type).collect();
    if kinds.is_empty() { vec![WorkItemType::default()] } else { kinds.into_iter().collect() }
}
