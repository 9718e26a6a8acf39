//! From an alert to the draft of a work item: the connection's mapping templates, compiled once, then rendered for each part
//! of an alert. A template that fails costs its field, never the alert.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use minijinja::{Environment, Value};

use super::sample::{self, EveryKey};
use super::template::{self, Extras, one_line};
use super::{ConfigurationItem, Draft, WorkItemKey, WorkItemType};
use crate::alert::{Alert, AlertState, Severity};
use crate::route::Choices;
use crate::settings::Connection;
use crate::settings::problem::{Problem, suggest};

const CLOSE_NOTES: &str = "policy.close_notes";
/// When the connection's own close notes give nothing: a record must not be resolved without a reason.
const BUILT_IN_CLOSE_NOTES: &str = "Azure Monitor reports that the condition is over.";

/// What one part of an alert is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct PartView<'a> {
    /// What tells this part from the alert's others, for people; empty when there is only one.
    pub label: &'a str,
    /// The configuration item the part is about.
    pub configuration_item: Option<&'a str>,
    /// The row of `per = "row"`.
    pub row: Option<&'a BTreeMap<String, String>>,
}

/// The templates of one connection.
#[derive(Debug)]
pub struct Renderer {
    environment: Environment<'static>,
    default_severity: Severity,
    mappings: BTreeMap<WorkItemType, Mapped>,
}

/// Which templates a work item type has, by name in the environment.
#[derive(Debug)]
struct Mapped {
    title: Option<String>,
    description: Option<String>,
    /// Field to template name.
    fields: BTreeMap<String, String>,
    template: Option<String>,
}

impl Renderer {
    /// Compiles every template of a connection and tries it on sample alerts.
    ///
    /// # Errors
    ///
    /// One problem for each template with a syntax error, an unknown name, filter or function, or a field that an alert does
    /// not have.
    pub fn compile(connection_name: &str, connection: &Connection) -> Result<Self, Vec<Problem>> {
        let mut compiler = Compiler {
            environment: template::environment(),
            prefix: format!("connections.{connection_name}"),
            problems: Vec::new(),
            known: Known::new(),
        };
        compiler.add(CLOSE_NOTES.to_owned(), &connection.policy.close_notes);
        let mappings = WorkItemType::ALL.map(|kind| {
            let mapping = connection.mapping(kind);
            let mut one = |part: &str, source: &Option<String>| {
                source.as_ref().map(|source| compiler.add(format!("{kind}.{part}"), source))
            };
            let (title, description) = (one("title", &mapping.title), one("description", &mapping.description));
            let fields = mapping
                .fields
                .iter()
                .map(|(field, source)| (field.clone(), compiler.add(format!("{kind}.fields.{field}"), source)))
                .collect();
            (kind, Mapped { title, description, fields, template: mapping.template.clone() })
        });
        if compiler.problems.is_empty() {
            Ok(Self {
                environment: compiler.environment,
                default_severity: connection.default_severity,
                mappings: BTreeMap::from(mappings),
            })
        } else {
            Err(compiler.problems)
        }
    }

    /// The draft of a work item for one part of `alert`, and remarks for a person. A field whose template fails is left out
    /// and remarked; title and description then are the alert's own.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own that only the caller has")]
    pub fn draft(
        &self,
        kind: WorkItemType,
        alert: &Alert,
        part: PartView<'_>,
        choices: &Choices,
        key: WorkItemKey,
        follows: Option<String>,
        ci: Option<ConfigurationItem>,
    ) -> (Draft, Vec<String>) {
        let mut remarks = Vec::new();
        let mapped = self.mappings.get(&kind);
        let ci_name = ci.as_ref().map(|item| item.name.as_str()).or(part.configuration_item);
        let mut context = LazyContext { alert, extras: Extras { ci: ci_name, row: part.row }, value: None };

        let mut text = |name: Option<&String>, what: &str| {
            let name = name?;
            match template::render(&self.environment, name, context.get()) {
                Ok(text) if text.trim().is_empty() => None,
                Ok(text) => Some(text),
                Err(error) => {
                    remarks.push(format!("the template of {what} failed on this alert: {error}"));
                    None
                }
            }
        };
        let title = text(mapped.and_then(|mapped| mapped.title.as_ref()), "the title");
        let description = text(mapped.and_then(|mapped| mapped.description.as_ref()), "the description");
        let mut fields = BTreeMap::new();
        for (field, name) in mapped.into_iter().flat_map(|mapped| &mapped.fields) {
            if let Some(value) = text(Some(name), &format!("field \"{field}\"")) {
                fields.insert(field.clone(), value.trim().to_owned());
            }
        }
        for (field, value) in &choices.fields {
            // An empty choice takes back what the mapping says.
            if value.is_empty() {
                fields.remove(field)
            } else {
                fields.insert(field.clone(), value.clone())
            };
        }

        let draft = Draft {
            kind,
            key,
            title: title.map_or_else(|| own_title(alert, part), |title| one_line(&title)),
            description: description.unwrap_or_else(|| own_description(alert, part)),
            severity: alert.severity.unwrap_or(self.default_severity),
            resolved: alert.state == AlertState::Resolved,
            fields,
            template: choices.template.clone().or_else(|| mapped.and_then(|mapped| mapped.template.clone())),
            resource: resource(alert, part).to_owned(),
            measure: alert.conditions.first().map(|condition| condition.measure.clone()).unwrap_or_default(),
            rule: alert.rule.clone(),
            occurred_at: alert.resolved_at.or(alert.fired_at).unwrap_or(alert.episode_at),
            configuration_item: ci,
            follows,
        };
        (draft, remarks)
    }

    /// The close notes for `alert`, never empty, and remarks for a person. When the template fails, the built-in one is used.
    #[must_use]
    pub fn close_notes(&self, alert: &Alert) -> (String, Vec<String>) {
        let context = template::context(alert, Extras::default());
        let built_in = || BUILT_IN_CLOSE_NOTES.to_owned();
        match template::render(&self.environment, CLOSE_NOTES, &context) {
            Ok(text) if text.trim().is_empty() => (built_in(), Vec::new()),
            Ok(text) => (text.trim().to_owned(), Vec::new()),
            Err(error) => (built_in(), vec![format!("the template of the close notes failed on this alert: {error}")]),
        }
    }
}

/// Most connections have no template, and most alerts are big: what templates see is put together only when one asks.
struct LazyContext<'a> {
    alert: &'a Alert,
    extras: Extras<'a>,
    value: Option<Value>,
}

impl LazyContext<'_> {
    fn get(&mut self) -> &Value {
        self.value.get_or_insert_with(|| template::context(self.alert, self.extras))
    }
}

fn own_title(alert: &Alert, part: PartView<'_>) -> String {
    let title = one_line(&alert.title);
    let label = one_line(part.label);
    if label.is_empty() {
        return title;
    }
    // The alert's title names its first item and counts the others; the part's names its own.
    let place = title.rsplit_once(" on ").filter(|(_, place)| part.row.is_none() && place.contains(" and "));
    match place {
        Some((what, _)) => format!("{what} on {label}"),
        None if title.contains(&label) => title,
        None => format!("{title} - {label}"),
    }
}

fn own_description(alert: &Alert, part: PartView<'_>) -> String {
    let mut head = String::new();
    if let Some(row) = part.row {
        for (column, value) in row {
            let _ = writeln!(head, "{column}: {value}");
        }
    } else if !part.label.is_empty() {
        let _ = writeln!(head, "This work item is about {}.", part.label);
    }
    if head.is_empty() { alert.body.clone() } else { format!("{head}\n{}", alert.body) }
}

fn resource<'a>(alert: &'a Alert, part: PartView<'a>) -> &'a str {
    // An alert that was divided is about the part's item; a whole one is about its resource.
    let of_part = if part.label.is_empty() { None } else { part.configuration_item };
    of_part
        .or_else(|| alert.resources.first().map(|resource| resource.name.as_str()))
        .or_else(|| alert.configuration_items.first().map(String::as_str))
        .or(part.configuration_item)
        .filter(|name| !name.is_empty())
        .unwrap_or(&alert.rule)
}

/// Compiles templates one by one and gathers what is wrong with them.
struct Compiler {
    environment: Environment<'static>,
    prefix: String,
    problems: Vec<Problem>,
    known: Known,
}

impl Compiler {
    /// Adds a template; answers its name in the environment.
    fn add(&mut self, name: String, source: &str) -> String {
        if let Err(problem) = self.check(&name, source) {
            let (message, remedy) = problem;
            self.problems.push(Problem::new(format!("{}.{name}", self.prefix), message, remedy));
        }
        name
    }

    fn check(&mut self, name: &str, source: &str) -> Result<(), (String, String)> {
        let advice = || "try it with `itsm-connector preview`".to_owned();
        self.environment
            .add_template_owned(name.to_owned(), source.to_owned())
            .map_err(|error| (template::explain(&error).to_string(), advice()))?;
        let used = self
            .environment
            .get_template(name)
            .map(|template| template.undeclared_variables(true))
            .map_err(|error| (template::explain(&error).to_string(), advice()))?;
        let used: BTreeSet<String> = used.into_iter().collect();
        let unknown = used.iter().find_map(|path| self.known.unknown(path));
        if let Some((message, remedy)) = unknown {
            return Err((message, remedy));
        }
        // What the payload holds differs by alert kind, so a template that reads it cannot be tried on a sample.
        if used.iter().any(|path| path == "alert" || path.starts_with("alert.raw")) {
            return Ok(());
        }
        for context in &self.known.samples {
            template::render(&self.environment, name, context).map_err(|error| (error.to_string(), advice()))?;
        }
        Ok(())
    }
}

/// The names that a template may use, and values to try it on.
struct Known {
    globals: BTreeSet<String>,
    fields: BTreeSet<String>,
    samples: Vec<Value>,
}

impl Known {
    const ROOTS: [&'static str; 3] = ["alert", "row", "ci"];

    fn new() -> Self {
        let mut fields = BTreeSet::new();
        let samples = [AlertState::Fired, AlertState::Resolved].map(|state| {
            let mut members = match serde_json::to_value(sample::alert(state)) {
                Ok(serde_json::Value::Object(members)) => members,
                _ => serde_json::Map::new(),
            };
            fields.extend(members.keys().cloned());
            members.remove("custom");
            let mut alert: BTreeMap<String, Value> =
                members.into_iter().map(|(name, json)| (name, template::value(json))).collect();
            alert.insert("custom".to_owned(), Value::from_object(EveryKey));
            template::with_alert(Value::from(alert), Value::from_object(EveryKey), Value::from(sample::VALUE))
        });
        let globals = template::environment().globals().map(|(name, _)| name.to_owned()).collect();
        Self { globals, fields, samples: samples.to_vec() }
    }

    /// What is wrong with the variable at `path` (`alert.title`), if anything, and what to do.
    fn unknown(&self, path: &str) -> Option<(String, String)> {
        let mut segments = path.split('.');
        let root = segments.next().unwrap_or_default();
        if self.globals.contains(root) {
            return None;
        }
        if !Self::ROOTS.contains(&root) {
            return Some((format!("a template knows no \"{root}\""), suggest(root, Self::ROOTS)));
        }
        let field = segments.next().filter(|_| root == "alert")?;
        (!self.fields.contains(field))
            .then(|| (format!("an alert has no \"{field}\""), suggest(field, self.fields.iter().map(String::as_str))))
    }
}

#[cfg(test)]
mod tests;
