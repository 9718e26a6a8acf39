//! Old connections, known by ids only: an export tells neither address nor product nor credentials. Each becomes a section with
//! placeholders that a person fills in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::finding::Findings;
use super::group::get;
use super::names::{Names, one_line};
use super::{Options, Target};
use crate::settings::Settings;
use crate::work_item::WorkItemType;

/// The connections that receivers use, by name.
pub(super) struct Connections<'a> {
    options: &'a Options,
    /// How many different old connections there are.
    old: usize,
    names: Names,
    by_id: BTreeMap<String, Target>,
    /// Ids of old connections for each of ours.
    pub(super) used: BTreeMap<String, (Target, Vec<String>)>,
}

impl<'a> Connections<'a> {
    /// For receivers that use these old connections.
    pub(super) fn new(options: &'a Options, receivers: impl Iterator<Item = &'a Map<String, Value>>) -> Self {
        let mut ids: Vec<String> = receivers.filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names = Names::default();
        options.connections.values().chain(&options.connection).for_each(|target| names.reserve(&target.name));
        Self { options, old: ids.len(), names, by_id: BTreeMap::new(), used: BTreeMap::new() }
    }

    /// The connection of a receiver.
    pub(super) fn of(&mut self, receiver: &Map<String, Value>, findings: &mut Findings<'_>) -> Target {
        workspace(receiver, findings);
        let id = id(receiver);
        if id.is_none() {
            findings
                .lost("it names no connection (connectionId)", "look which connection the action had, and correct the route's");
        }
        let id = id.unwrap_or_default();
        let chosen = self.options.connections.get(&id).or(self.options.connection.as_ref()).cloned();
        let target = chosen.unwrap_or_else(|| self.made_up(&id));
        let (_, ids) = self.used.entry(target.name.clone()).or_insert_with(|| (target.clone(), Vec::new()));
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
        target
    }

    fn made_up(&mut self, id: &str) -> Target {
        let (names, old) = (&mut self.names, self.old);
        let target = self.by_id.entry(id.to_owned()).or_insert_with(|| {
            let start: String = id.chars().take(8).collect();
            let wanted = if old < 2 || start.is_empty() { "itsm".to_owned() } else { format!("itsm-{start}") };
            Target { name: names.unique(&wanted), provider: "servicenow".to_owned() }
        });
        target.clone()
    }
}

/// A product need not have every type of work item.
pub(super) fn can_make(target: &Target, kind: WorkItemType, findings: &mut Findings<'_>) {
    let Some(settings) = section(target).and_then(|text| Settings::from_toml(&text, "").ok()) else { return };
    let Some(connection) = settings.connections.get(&target.name) else { return };
    let words = connection.product.words();
    if words.table(kind).is_empty() {
        let known: Vec<&str> = words.tables.iter().map(|(kind, _)| kind.name()).collect();
        findings
            .lost(format!("{} has no {kind}", words.title), format!("change the route's work_item_type: {}", known.join(" or ")));
    }
}

fn id(receiver: &Map<String, Value>) -> Option<String> {
    let id = get(receiver, "connectionId")?.as_str()?.trim().to_lowercase();
    (!id.is_empty()).then_some(id)
}

/// The API took a bare GUID, and then the action did not work.
fn workspace(receiver: &Map<String, Value>, findings: &mut Findings<'_>) {
    let id = get(receiver, "workspaceId").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let parts: Vec<&str> = id.split('|').collect();
    if !matches!(parts.as_slice(), [subscription, workspace] if !subscription.is_empty() && !workspace.is_empty()) {
        findings.remark(
            "its workspaceId is not SUBSCRIPTION|WORKSPACE, so that the old action pointed to a connection \"that has been deleted or moved\"",
            "it may have made no work items for long; the new route will",
        );
    }
}

/// Names of environment variables: they begin with a letter.
pub(super) fn variable(name: &str, end: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let start = if name.starts_with(|c: char| c.is_ascii_digit()) { "ITSM_" } else { "" };
    format!("{start}{name}_{end}")
}

/// The section of a connection, with placeholders; nothing for a product that is not known here.
pub(super) fn section(target: &Target) -> Option<String> {
    let Target { name, provider } = target;
    let secret = |end: &str| variable(name, end);
    let (url, auth) = match provider.as_str() {
        "servicenow" => (
            "https://example.service-now.com",
            format!(
                "{{ type = \"oauth_password\", client_id = \"CLIENT_ID\", client_secret = \"${}\", username = \"USER\", password = \"${}\" }}",
                secret("CLIENT_SECRET"),
                secret("PASSWORD")
            ),
        ),
        "service_manager" => {
            ("https://gateway.example", format!("{{ type = \"shared_secret\", secret = \"${}\" }}", secret("SECRET")))
        }
        "provance" => (
            "https://example.crm4.dynamics.com",
            format!(
                "{{ type = \"client_credentials\", client_id = \"CLIENT_ID\", client_secret = \"${}\" }}",
                secret("CLIENT_SECRET")
            ),
        ),
        "cherwell" => (
            "https://cherwell.example/CherwellAPI",
            format!("{{ client_id = \"CLIENT_ID\", username = \"USER\", password = \"${}\" }}", secret("PASSWORD")),
        ),
        _ => return None,
    };
    Some(format!("[connections.{name}]\nprovider = \"{provider}\"\nurl = \"{url}\"\nauth = {auth}\n"))
}

/// What stands before the section.
pub(super) fn comment(ids: &[String]) -> String {
    let old = match ids {
        [] => "an old connection without an id".to_owned(),
        [id] => format!("old connection {}", one_line(id)),
        ids => format!("old connections {}", one_line(&ids.join(", "))),
    };
    format!("# In place of {old}. Exports hold neither its address nor its credentials: fill them in.\n")
}
