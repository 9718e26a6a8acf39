//! The file form of tables. The stock tables are one such file; a made-up ITSM solution is another, with the publisher's prefix left open.

use serde::Deserialize;

use super::table::Table;

const STOCK: &str = include_str!("stock.toml");
const ITSM: &str = include_str!("itsm.toml");

/// A solution and its publisher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// `uniquename`
    pub unique_name: String,
    /// `friendlyname`
    pub friendly_name: String,
    /// `version`
    pub version: String,
    /// The publisher's `uniquename`.
    pub publisher: String,
    /// The publisher's `friendlyname`.
    pub publisher_name: String,
    /// The publisher's `customizationprefix`.
    pub prefix: String,
}

/// A many-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyToMany {
    /// Schema name, and navigation property on both sides.
    pub name: String,
    /// Logical name of one table.
    pub first: String,
    /// Logical name of the other.
    pub second: String,
}

/// Where work items of a kind are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// Logical name of the table.
    pub table: String,
    /// Column of the number people use.
    pub number: String,
    /// Column of one line.
    pub title: String,
    /// Column of text.
    pub description: String,
    /// Column where an integration may leave its key; empty when there is none.
    #[serde(default)]
    pub key: String,
    /// Lookup column to a computer; empty when there is none.
    #[serde(default)]
    pub computer: String,
    /// Many-to-many relationship with computers; empty when there is none.
    #[serde(default)]
    pub computers: String,
    /// Status reasons of a resolved one; the first is what a person sets.
    pub resolved: Vec<i64>,
    /// Status reasons of a closed one; the first is what a person sets.
    pub closed: Vec<i64>,
}

/// Where computers are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Computer {
    /// Logical name of the table.
    pub table: String,
    /// Column of the name.
    pub name: String,
    /// Column of the domain name.
    pub fqdn: String,
}

/// Tables and where to find work items in them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The solution that brings the tables.
    #[serde(default)]
    pub solution: Option<Solution>,
    /// Tables; of one that exists already, further columns and keys.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// Many-to-many relationships.
    #[serde(default)]
    pub relationships: Vec<ManyToMany>,
    /// Where incidents are kept.
    #[serde(default)]
    pub incident: Option<WorkItem>,
    /// Where change requests are kept.
    #[serde(default)]
    pub change_request: Option<WorkItem>,
    /// Where computers are kept.
    #[serde(default)]
    pub computer: Option<Computer>,
}

impl Description {
    /// From a TOML file's text, or what is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| format!("the tables cannot be read: {error}"))
    }

    /// From a JSON file's text, or what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the tables cannot be read: {error}"))
    }

    /// What every environment with Customer Service has: `incident` and its surroundings.
    #[must_use]
    pub fn stock() -> Self {
        // A test reads the file, so that the default is never taken.
        Self::from_toml(STOCK).unwrap_or_default()
    }

    /// A made-up solution in the manner of Provance ITSM: no table or column name of the real one is public, so every name here is
    /// invented and only the shape (own incident, change request and configuration item tables under a publisher's prefix) is meant.
    #[must_use]
    pub fn itsm(prefix: &str) -> Self {
        Self::from_toml(&ITSM.replace("{prefix}", prefix)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_can_be_read() {
        let stock = Description::from_toml(STOCK).unwrap();
        assert_eq!(stock.incident.unwrap().table, "incident");
        let itsm = Description::from_toml(&ITSM.replace("{prefix}", "abc")).unwrap();
        assert_eq!(itsm.incident.unwrap().table, "abc_incident");
        assert_eq!(itsm.solution.unwrap().prefix, "abc");
    }

    #[test]
    fn json_says_the_same_as_toml() {
        let json = r#"{"tables": [{"logical_name": "incident", "columns": [{"name": "new_key", "label": "Key", "max": 100}]}]}"#;
        let toml = "[[tables]]\nlogical_name = \"incident\"\ncolumns = [{ name = \"new_key\", label = \"Key\", max = 100 }]";
        assert_eq!(Description::from_json(json).unwrap(), Description::from_toml(toml).unwrap());
        assert!(Description::from_toml("[[tables]]\nname = 'x'").unwrap_err().contains("name"));
    }
}
