//! Holds the settings against what the tool has: pure. Only what was surely read is judged, so that a missing right never looks
//! like a wrong setting. Keys are those of `connector.toml`, so that the line can be found.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Configuration, Field, Finding};
use crate::provider::product::Words;
use crate::route::Route;
use crate::settings::problem::suggest;
use crate::settings::{Connection, OnResolve};
use crate::work_item::WorkItemType;

/// Names listed at most when none is near.
const MOST_NAMES: usize = 20;
/// Types of fields that hold texts as long as they say.
const TEXTS: [&str; 7] = ["string", "translated_text", "translated_field", "html", "url", "email", "ph_number"];

/// The work item types that a connection is used for: incidents, those of its routes, and those that it has a mapping for.
#[must_use]
pub fn kinds(name: &str, connection: &Connection, routes: &BTreeMap<String, Route>) -> Vec<WorkItemType> {
    let of_route = |kind| routes.values().any(|route| route.connection == name && route.work_item_type == kind);
    let mapped = |kind| {
        let mapping = connection.mapping(kind);
        !mapping.fields.is_empty() || [&mapping.title, &mapping.description, &mapping.template].iter().any(|text| text.is_some())
    };
    let used = |kind: &WorkItemType| *kind == WorkItemType::Incident || of_route(*kind) || mapped(*kind);
    WorkItemType::ALL.into_iter().filter(used).collect()
}

/// Every reference of the settings of connection `name`, and of its routes, to something that the tool does not have. Routes of
/// other connections are left out. Parts with a gap are not judged.
#[must_use]
pub fn findings(
    name: &str,
    connection: &Connection,
    routes: &BTreeMap<String, Route>,
    configuration: &Configuration,
) -> Vec<Finding> {
    let key = format!("connections.{name}");
    let mut judge = Judge { connection, configuration, words: connection.product.words(), found: Vec::new() };
    for kind in WorkItemType::ALL {
        let mapping = connection.mapping(kind);
        let template = mapping.template.as_deref().unwrap_or_default();
        judge.template(&format!("{key}.{kind}.template"), kind, template);
        for (field, value) in &mapping.fields {
            let constant = is_constant(value).then_some(value.as_str());
            judge.field(&format!("{key}.{kind}.fields.{field}"), kind, field, constant);
        }
    }
    judge.policy(&format!("{key}.policy"));
    for (severity, map) in &connection.severity {
        let key = format!("{key}.severity.{severity:?}");
        let fields = judge.words.severity.clone();
        for (field, (part, value)) in fields.iter().zip([("impact", &map.impact), ("urgency", &map.urgency)]) {
            judge.choice(&format!("{key}.{part}"), WorkItemType::Incident, field, value);
        }
    }
    connection.product.judge(&key, &mut judge);
    for (route_name, route) in routes.iter().filter(|(_, route)| route.connection == name) {
        judge.route(&format!("route.{route_name}"), route);
    }
    judge.found
}

/// Fields of incidents whose choice lists a delivery goes by.
#[must_use]
pub fn wanted_values(connection: &Connection) -> Vec<String> {
    let words = connection.product.words();
    let close_code = (connection.policy.on_resolve == OnResolve::Resolve).then_some(words.close_code);
    words.severity.into_iter().chain(close_code.filter(|field| !field.is_empty())).collect()
}

/// Those of [`wanted_values`] that have no values in the tool.
#[must_use]
pub fn without_values(connection: &Connection, configuration: &Configuration) -> Vec<String> {
    let lists = configuration.choices.get(connection.product.words().table(WorkItemType::Incident));
    let mut wanted = wanted_values(connection);
    wanted.retain(|field| lists.is_none_or(|lists| lists.get(field).is_none_or(Vec::is_empty)));
    wanted
}

/// Whether anything in the settings needs `part`, so that its gap concerns an operator.
#[must_use]
pub fn needs(part: &str, name: &str, connection: &Connection, routes: &BTreeMap<String, Route>) -> bool {
    let routes = || routes.values().filter(|route| route.connection == name);
    let mappings = || WorkItemType::ALL.map(|kind| connection.mapping(kind)).into_iter();
    match part {
        "templates" => {
            let mut named = mappings().map(|mapping| &mapping.template).chain(routes().map(|route| &route.template));
            named.any(|template| template.as_ref().is_some_and(|name| !name.is_empty()))
        }
        "choices" => true,
        "groups" => {
            let mut fields = mappings().map(|mapping| &mapping.fields).chain(routes().map(|route| &route.fields));
            let named = |group: &String| is_constant(group) && !connection.product.is_id(group);
            let words = connection.product.words();
            fields.any(|fields| fields.get(&words.group).is_some_and(named))
        }
        _ => false,
    }
}

/// Whether a mapping's value is the same for every alert.
fn is_constant(value: &str) -> bool {
    !value.trim().is_empty() && !["{{", "{%", "{#"].iter().any(|mark| value.contains(mark))
}

/// The nearest of `names`, or all of them unless they are too many to read.
pub(crate) fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let many = names.len() > MOST_NAMES;
    let help = suggest(given, names.iter().copied());
    if many && help.starts_with("valid are") { format!("none of the {} there is like it", names.len()) } else { help }
}

/// The settings of a connection, held against what its tool has.
pub struct Judge<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// What the tool has, as far as it was read.
    pub configuration: &'a Configuration,
    words: Words,
    found: Vec<Finding>,
}

impl<'a> Judge<'a> {
    /// Adds a finding.
    pub fn wrong(&mut self, setting: &str, problem: String, remedy: String) {
        self.found.push(Finding { setting: setting.to_owned(), problem, remedy });
    }

    /// The fields of a table, if they were read.
    #[must_use]
    pub fn fields(&self, table: &str) -> Option<&'a BTreeMap<String, Field>> {
        let whole = self.configuration.gap("fields").is_none();
        self.configuration.fields.as_ref().filter(|_| whole)?.get(table)
    }

    /// The choice list of a field, if it has one and it was read.
    fn list(&self, kind: WorkItemType, field: &str) -> Option<&'a [Choice]> {
        let whole = self.configuration.gap("choices").is_none();
        let list = self.configuration.choices.get(self.words.table(kind)).filter(|_| whole)?.get(field)?;
        Some(list.as_slice()).filter(|list| !list.is_empty())
    }

    fn template(&mut self, setting: &str, kind: WorkItemType, name: &str) {
        let Some(templates) = self.configuration.templates.as_ref().filter(|_| self.configuration.gap("templates").is_none())
        else {
            return;
        };
        let table = self.words.table(kind).to_owned();
        let named: Vec<_> = templates.iter().filter(|template| template.name.eq_ignore_ascii_case(name)).collect();
        if name.is_empty() || named.iter().any(|template| template.table == table) {
            return;
        }
        if let Some(other) = named.first() {
            let problem = format!("the template \"{name}\" is for {}, not for {table}", other.table);
            return self.wrong(setting, problem, format!("name a template of {table}"));
        }
        let of_table = templates.iter().filter(|template| template.table == table).map(|template| template.name.as_str());
        let help = nearest(name, of_table);
        let problem = format!("there is no active template \"{name}\" for {table} that the integration user may see");
        self.wrong(setting, problem, or_else(help, &format!("make it in the instance, for {table}, active and visible to all")));
    }

    /// A field that is written, and its value when that is the same for every alert.
    fn field(&mut self, setting: &str, kind: WorkItemType, field: &str, constant: Option<&str>) {
        if let Some(false) = self.exists(kind, field) {
            let table = self.words.table(kind);
            let names = self.fields(table).into_iter().flatten().map(|(name, _)| name.as_str());
            let problem = format!("{table} has no field {field}; {}", self.words.unknown_field);
            let help = nearest(field, names);
            return self.wrong(setting, problem, or_else(help, "correct the name, or add the column in the instance"));
        }
        let Some(value) = constant else { return };
        if field == self.words.group {
            return self.group(setting, value);
        }
        if self.list(kind, field).is_some() {
            return self.choice(setting, kind, field, value);
        }
        let own = self.fields(self.words.table(kind)).and_then(|fields| fields.get(field));
        let Some(Field { max_length: Some(most), .. }) = own.filter(|field| TEXTS.contains(&field.kind.as_str())) else {
            return;
        };
        let length = value.encode_utf16().count();
        if u32::try_from(length).unwrap_or(u32::MAX) > *most {
            let problem = format!("the value has {length} characters, {field} holds {most}; the rest would be cut off");
            self.wrong(setting, problem, "shorten it, or lengthen the column in the instance".to_owned());
        }
    }

    /// Whether a field of a work item type exists; nothing when that is not known.
    fn exists(&self, kind: WorkItemType, field: &str) -> Option<bool> {
        if self.fields(self.words.table(kind))?.contains_key(field) {
            return Some(true);
        }
        self.connection.product.written_elsewhere(kind, field, self)
    }

    fn group(&mut self, setting: &str, name: &str) {
        let groups = self.configuration.groups.as_ref().filter(|_| self.configuration.gap("groups").is_none());
        let Some(groups) = groups.filter(|_| !self.connection.product.is_id(name)) else { return };
        if !groups.iter().any(|group| group.eq_ignore_ascii_case(name)) {
            let help = nearest(name, groups.iter().map(String::as_str));
            let problem = format!("there is no active group \"{name}\"");
            self.wrong(setting, problem, or_else(help, "name an active group of the instance, or give its id"));
        }
    }

    /// A value of a field that has a choice list.
    pub fn choice(&mut self, setting: &str, kind: WorkItemType, field: &str, value: &str) {
        let Some(list) = self.list(kind, field) else { return };
        if list.iter().any(|choice| self.connection.product.means(kind, choice, value)) {
            return;
        }
        let meant = list.iter().find(|choice| choice.label.eq_ignore_ascii_case(value));
        let help = match meant {
            Some(meant) => format!("write the value \"{}\"", meant.value),
            // No number is near to another.
            None if value.parse::<i64>().is_ok() => {
                let known: Vec<_> =
                    list.iter().take(MOST_NAMES).map(|choice| format!("{} ({})", choice.value, choice.label)).collect();
                format!("valid are {}", known.join(", "))
            }
            None => nearest(value, list.iter().map(|choice| choice.value.as_str())),
        };
        let problem = format!("\"{value}\" is not one of the instance's values of {field}");
        self.wrong(setting, problem, or_else(help, "name one of the instance's values"));
    }

    fn policy(&mut self, key: &str) {
        let policy = &self.connection.policy;
        if let (Some(code), Some(list)) = (&policy.close_code, self.list(WorkItemType::Incident, &self.words.close_code)) {
            let same = |choice: &Choice| choice.value.eq_ignore_ascii_case(code) || choice.label.eq_ignore_ascii_case(code);
            if !code.is_empty() && !list.iter().any(same) {
                let help = nearest(code, list.iter().map(|choice| choice.value.as_str()));
                let problem = format!("\"{code}\" is not one of the instance's close codes; another one is used");
                self.wrong(&format!("{key}.close_code"), problem, or_else(help, "name one of the instance's close codes"));
            }
        }
        for (index, field) in policy.update_fields.iter().flatten().enumerate() {
            let known = [WorkItemType::Incident, WorkItemType::Alert].map(|kind| self.exists(kind, field));
            if known.contains(&Some(false)) && !known.contains(&Some(true)) {
                let names =
                    self.fields(self.words.table(WorkItemType::Incident)).into_iter().flatten().map(|(name, _)| name.as_str());
                let problem = format!("{} has no field {field}", self.words.table(WorkItemType::Incident));
                let help = nearest(field, names);
                self.wrong(&format!("{key}.update_fields[{index}]"), problem, or_else(help, "correct the name"));
            }
        }
    }

    fn route(&mut self, key: &str, route: &Route) {
        let kind = route.work_item_type;
        if let Some((problem, remedy)) = self.connection.product.missing(kind, self) {
            return self.wrong(&format!("{key}.work_item_type"), problem, remedy);
        }
        self.template(&format!("{key}.template"), kind, route.template.as_deref().unwrap_or_default());
        for (field, value) in &route.fields {
            let constant = Some(value.as_str()).filter(|value| !value.is_empty());
            self.field(&format!("{key}.fields.{field}"), kind, field, constant);
        }
    }
}

pub(crate) fn or_else(help: String, otherwise: &str) -> String {
    if help.is_empty() { otherwise.to_owned() } else { help }
}

#[cfg(test)]
mod tests;
