//! What a gateway answers, as the protocol has it. Members that are not known are ignored; dates stay texts, so that one that is none
//! spoils no page.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::provider::order::Placed;

/// A value of an enumeration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Enumerated {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
}

/// An incident or a change request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) status: Option<Enumerated>,
    pub(super) impact: Option<Enumerated>,
    pub(super) urgency: Option<Enumerated>,
    /// A number for incidents, a value of a list for change requests.
    pub(super) priority: Option<Value>,
    pub(super) classification: Option<Enumerated>,
    pub(super) source: Option<Enumerated>,
    pub(super) tier_queue: Option<Enumerated>,
    pub(super) escalated: Option<bool>,
    pub(super) resolution_category: Option<Enumerated>,
    pub(super) resolution_description: Option<String>,
    pub(super) contact_method: Option<String>,
    pub(super) correlation_key: Option<String>,
    pub(super) risk: Option<Enumerated>,
    pub(super) category: Option<Enumerated>,
    pub(super) area: Option<Enumerated>,
    pub(super) created: Option<String>,
    pub(super) resolved: Option<String>,
    pub(super) closed: Option<String>,
    pub(super) required_by: Option<String>,
    pub(super) scheduled_start: Option<String>,
    pub(super) scheduled_end: Option<String>,
    pub(super) actual_start: Option<String>,
    pub(super) actual_end: Option<String>,
    pub(super) assigned_to: Option<String>,
    pub(super) created_by: Option<String>,
    pub(super) resolved_by: Option<String>,
    pub(super) closed_by: Option<String>,
    pub(super) computers: Vec<String>,
    pub(super) read_only: bool,
    /// Properties of class extensions.
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) last_modified: String,
    pub(super) etag: String,
}

impl Placed for Item {
    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> Option<Timestamp> {
        instant(&self.last_modified)
    }
}

/// An instant as the gateway writes it.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A page of work items.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) items: Vec<Item>,
    pub(super) next_cursor: Option<String>,
    #[serde(default)]
    pub(super) remaining: Option<u64>,
}

/// What came of a link or a comment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct NotLinked {
    pub(super) name: String,
    pub(super) reason: String,
}

/// What became of the comment; `added` is false without a reason when there was none to add, or it was there already.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Commented {
    pub(super) added: bool,
    pub(super) reason: Option<String>,
}

/// The answer to a create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub(super) id: String,
    #[serde(default)]
    pub(super) not_linked: Vec<NotLinked>,
    #[serde(default)]
    pub(super) comment: Commented,
    #[serde(default)]
    pub(super) adopted: bool,
}

/// The answer to a change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    #[serde(flatten)]
    pub(super) item: Item,
    #[serde(default)]
    pub(super) comment: Commented,
}

/// An entry of a log.
#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    #[serde(default)]
    pub(super) text: String,
}

/// A list that stands alone.
#[derive(Debug, Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

/// A computer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Computer {
    pub(super) id: String,
    pub(super) display_name: Option<String>,
    pub(super) principal_name: Option<String>,
    pub(super) netbios_name: Option<String>,
}

/// A value of an enumeration with its place in the tree.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: Option<String>,
    /// Id of the value above; nothing right below the list.
    pub(super) parent: Option<String>,
}

/// A template.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) work_item_type: String,
}

/// A property that can be written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) max_length: Option<u32>,
    pub(super) list: Option<String>,
}

/// What the installation offers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) enums: BTreeMap<String, Vec<Node>>,
    pub(super) templates: Vec<Template>,
    pub(super) support_groups: Vec<Node>,
    pub(super) properties: BTreeMap<String, Vec<Property>>,
}

/// How the gateway is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Health {
    pub(super) status: String,
    pub(super) gateway: Option<String>,
    pub(super) protocol: u32,
    pub(super) server: Option<String>,
    pub(super) server_version: Option<String>,
    pub(super) utc: String,
    pub(super) user: Option<String>,
    pub(super) checks: Vec<OwnCheck>,
    pub(super) capabilities: Capabilities,
    pub(super) limits: Limits,
}

/// A check that the gateway makes itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnCheck {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) message: Option<String>,
}

/// What it can do beyond what every gateway can.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Capabilities {
    pub(super) create_computers: bool,
    pub(super) deleted_items: bool,
}

/// Its limits.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Limits {
    /// Until when a commit may still become visible.
    pub(super) settle_seconds: u64,
}
