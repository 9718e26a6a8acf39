//! What the ITSM tool offers: templates, choices, groups, field lengths, plugins. Read once a day and on demand, kept as the last
//! good copy, and held against the settings, so that a broken reference is known before an alert meets it.

pub mod changes;
mod kept;
pub mod refresh;
pub mod validate;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::between;

/// The name in [`Configuration::plugins`] of what gives ServiceNow its events and alerts.
pub const EVENT_MANAGEMENT: &str = "Event Management";

/// The tool's configuration as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// When it was read.
    pub read_at: Timestamp,
    /// Active templates; nothing when they may not be read.
    pub templates: Option<Vec<Template>>,
    /// Choice lists by table and field; a field that is not in it has no list or its list may not be read.
    pub choices: BTreeMap<String, BTreeMap<String, Vec<Choice>>>,
    /// Names of the active groups; nothing when they may not be read.
    pub groups: Option<Vec<String>>,
    /// Fields by table; nothing when they may not be read.
    pub fields: Option<BTreeMap<String, BTreeMap<String, Field>>>,
    /// Plugins and apps that matter here and whether they are active; one that is not in it could not be asked about.
    pub plugins: BTreeMap<String, bool>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Configuration {
    /// Why `part` (`templates`, `choices`, `groups`, `fields`, `plugins`) could not be read, or not all of it.
    #[must_use]
    pub fn gap(&self, part: &str) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.part == part)
    }

    /// When what is here of `part` was read.
    #[must_use]
    pub fn read_at(&self, part: &str) -> Timestamp {
        self.gap(part).and_then(|gap| gap.kept_from).unwrap_or(self.read_at)
    }

    /// Whether nothing of `part` was read with this copy.
    #[must_use]
    pub fn lacks(&self, part: &str) -> bool {
        self.gap(part).is_some_and(|gap| {
            let none = match part {
                "templates" => self.templates.is_none(),
                "choices" => self.choices.is_empty(),
                "groups" => self.groups.is_none(),
                "fields" => self.fields.is_none(),
                _ => true,
            };
            none || gap.kept_from.is_some()
        })
    }

    /// Takes the parts of `earlier` that are missing here, and says so in their gaps.
    pub fn keep(&mut self, earlier: &Self) {
        for gap in &mut self.gaps {
            let kept = match gap.part.as_str() {
                "templates" if self.templates.is_none() => {
                    self.templates.clone_from(&earlier.templates);
                    self.templates.is_some()
                }
                "choices" if self.choices.is_empty() => {
                    self.choices.clone_from(&earlier.choices);
                    !self.choices.is_empty()
                }
                "groups" if self.groups.is_none() => {
                    self.groups.clone_from(&earlier.groups);
                    self.groups.is_some()
                }
                "fields" if self.fields.is_none() => {
                    self.fields.clone_from(&earlier.fields);
                    self.fields.is_some()
                }
                _ => false,
            };
            if kept {
                gap.kept_from = Some(earlier.read_at(&gap.part));
            }
        }
    }
}

/// `as read 26 h ago`.
#[must_use]
pub fn as_read(at: Timestamp, now: Timestamp) -> String {
    let minutes = between(at, now).as_secs() / 60;
    match minutes {
        0..120 => format!("as read {minutes} min ago"),
        120..4320 => format!("as read {} h ago", minutes / 60),
        _ => format!("as read {} days ago", minutes / 1440),
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Name.
    pub name: String,
    /// Table it is for.
    pub table: String,
    /// Its encoded constants, as the tool stores them.
    pub content: String,
}

/// One value of a choice list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// As stored.
    pub value: String,
    /// As people see it.
    pub label: String,
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// As people see it.
    pub label: String,
    /// The tool's own type name.
    pub kind: String,
    /// Longest text; nothing when the tool does not say.
    pub max_length: Option<u32>,
}

/// Something that could not be read, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What: `templates`, `choices`, `groups`, `fields`, `plugins`.
    pub part: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// When what the configuration holds of this part was read, if it comes from an earlier copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<Timestamp>,
}

impl Gap {
    /// A part of which nothing could be read.
    #[must_use]
    pub fn new(part: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { part: part.to_owned(), cause: cause.into(), remedy: remedy.into(), kept_from: None }
    }
}

/// A reference of the settings to something that the tool does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Key of the setting: `connections.snow.incident.fields.u_cost`.
    pub setting: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}
