//! What one family of payloads has read, and how that becomes an [`Alert`]: keys, title and body are made here, the same
//! way for every family.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::conditions::Measured;
use super::text::{self, TITLE_LENGTH, last_segment, subscription};
use super::{Alert, AlertKind, AlertState, Condition, Link, Resource, Severity, body, keys, parts, rows};

/// Everything a family fills in. What stays empty is left out of the work item.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) kind: AlertKind,
    /// The condition is over.
    pub(super) over: bool,
    pub(super) stateful: bool,
    /// Default: when it fired.
    pub(super) episode_at: Option<Timestamp>,
    pub(super) severity: Option<Severity>,
    /// Default: the rule's name.
    pub(super) title: String,
    /// Sentences at the top of the body.
    pub(super) lead: Vec<String>,
    pub(super) description: String,
    pub(super) rule: String,
    pub(super) rule_id: String,
    pub(super) alert_id: String,
    pub(super) monitoring_service: String,
    pub(super) fired_at: Option<Timestamp>,
    pub(super) resolved_at: Option<Timestamp>,
    /// ARM ids the alert is about; part of the correlation key.
    pub(super) targets: Vec<String>,
    /// Names or ARM ids of configuration items, most specific first.
    pub(super) items: Vec<String>,
    pub(super) conditions: Vec<Condition>,
    pub(super) rows: Vec<rows::Row>,
    pub(super) links: Vec<Link>,
    pub(super) custom: BTreeMap<String, String>,
    /// Labelled lines of the body.
    pub(super) facts: Vec<(String, String)>,
    /// Headed paragraphs of the body.
    pub(super) sections: Vec<(String, String)>,
    /// Names this notification. Default: alert id, state, firing time.
    pub(super) identity: Vec<String>,
    /// Names what is wrong. Default: rule, targets, dimensions.
    pub(super) subject: Vec<String>,
}

impl Reading {
    pub(super) fn new(kind: AlertKind) -> Self {
        Self {
            kind,
            over: false,
            stateful: false,
            episode_at: None,
            severity: None,
            title: String::new(),
            lead: Vec::new(),
            description: String::new(),
            rule: String::new(),
            rule_id: String::new(),
            alert_id: String::new(),
            monitoring_service: String::new(),
            fired_at: None,
            resolved_at: None,
            targets: Vec::new(),
            items: Vec::new(),
            conditions: Vec::new(),
            rows: Vec::new(),
            links: Vec::new(),
            custom: BTreeMap::new(),
            facts: Vec::new(),
            sections: Vec::new(),
            identity: Vec::new(),
            subject: Vec::new(),
        }
    }

    /// Adds a labelled line, unless it says nothing.
    pub(super) fn fact(&mut self, label: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((label.to_owned(), value));
        }
    }

    /// Adds a headed paragraph, unless it says nothing.
    pub(super) fn section(&mut self, heading: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.sections.push((heading.to_owned(), text));
        }
    }

    /// Adds a link, if it is one and not there yet.
    pub(super) fn link(&mut self, label: &str, url: &str) {
        let is_url = (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace);
        if is_url && self.links.iter().all(|link| link.url != url) {
            self.links.push(Link { label: label.to_owned(), url: url.to_owned() });
        }
    }

    /// Takes over conditions with their sentences; returns the short form for the title.
    pub(super) fn measured(&mut self, measured: Vec<Measured>) -> String {
        let more = measured.len().saturating_sub(1);
        let mut short = String::new();
        for one in measured {
            if short.is_empty() {
                short = one.short;
            }
            self.lead.push(one.condition.sentence.clone());
            self.conditions.push(one.condition);
        }
        if more > 0 { format!("{short} (and {})", text::count(&more.to_string(), "more condition")) } else { short }
    }

    /// Sets the title `rule: what on where`; `over` is said where the work item would otherwise claim the opposite.
    pub(super) fn headline(&mut self, what: &str) {
        let (items, _) = self.things();
        let place = match parts::distinct(&items).len() {
            0 | 1 => self.place(),
            several => format!("{} and {} more", self.place(), several - 1),
        };
        let what = if self.over { format!("resolved, {what}") } else { what.to_owned() };
        let what = what.trim_end_matches([',', ' ']);
        self.title = text::headline(&self.rule, what, &place);
    }

    /// The one computer or resource to name in a title.
    pub(super) fn place(&self) -> String {
        let name = |id: &String| last_segment(id).to_owned();
        self.items.first().or(self.targets.first()).map(name).unwrap_or_default()
    }

    /// The alert. `raw` is the payload it was read from.
    pub(super) fn finish(mut self, raw: Value, received_at: Timestamp) -> Alert {
        if self.rule.is_empty() {
            last_segment(&self.rule_id).clone_into(&mut self.rule);
        }
        let state = if self.over { AlertState::Resolved } else { AlertState::Fired };
        let (items, resources) = self.things();
        let rule_parts = self.rule_parts();
        let subject = if self.subject.is_empty() { self.default_subject(&rule_parts) } else { self.subject.clone() };
        let identity = if self.identity.is_empty() { self.default_identity() } else { self.identity.clone() };
        // Without any name of its own a notification is known by its content.
        let content = || keys::hash(["content", &keys::canonical(&raw)]);
        let said = |parts: &[String]| parts.iter().any(|part| !part.is_empty());
        let idempotency_key = if said(&identity) {
            keys::hash(
                ["notification", if self.over { "resolved" } else { "fired" }]
                    .into_iter()
                    .chain(identity.iter().map(String::as_str)),
            )
        } else {
            content()
        };
        let chosen = keys::choice(&self.custom).map(keys::chosen);
        let correlation_key = chosen.unwrap_or_else(|| if said(&subject) { keys::hash(&subject) } else { content() });
        let rule_key = if self.rule.is_empty() { correlation_key.clone() } else { keys::hash(&rule_parts) };

        let fallbacks = [&self.title, &self.rule, &self.monitoring_service];
        let title = fallbacks.into_iter().map(|text| text::line(text, TITLE_LENGTH)).find(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| "Azure Monitor alert".to_owned());
        let body = body::compose(&self, &title, &resources);
        Alert {
            kind: self.kind,
            idempotency_key,
            correlation_key,
            rule_key,
            state,
            episode_at: self.episode_at.or(self.fired_at).or(self.resolved_at).unwrap_or(received_at),
            stateful: self.stateful || self.over,
            severity: self.severity,
            title,
            body,
            description: self.description,
            rule: self.rule,
            rule_id: self.rule_id,
            alert_id: self.alert_id,
            monitoring_service: self.monitoring_service,
            fired_at: self.fired_at,
            resolved_at: self.resolved_at,
            resources,
            configuration_items: items,
            conditions: self.conditions,
            rows: self.rows,
            links: self.links,
            custom: self.custom,
            raw,
        }
    }

    /// Configuration items by name, and every resource known by its ARM id.
    fn things(&self) -> (Vec<String>, Vec<Resource>) {
        let mut seen = HashSet::new();
        let mut items = Vec::new();
        let mut ids: Vec<&String> = self.targets.iter().collect();
        for item in &self.items {
            let name = last_segment(item).trim();
            if item.starts_with('/') {
                ids.push(item);
            }
            if !name.is_empty() && seen.insert(name.to_lowercase()) {
                items.push(name.to_owned());
            }
        }
        let mut seen = HashSet::new();
        let resource = |id: &String| Resource { id: id.clone(), name: last_segment(id).to_owned() };
        let new = |id: &&String| !id.is_empty() && seen.insert(id.trim_end_matches('/').to_lowercase());
        let resources = ids.into_iter().filter(new).map(resource).collect();
        (items, resources)
    }

    /// The rule by name and subscription: its id may be absent, and its case may change.
    fn rule_parts(&self) -> Vec<String> {
        let ids = [&self.alert_id].into_iter().chain(&self.targets).chain([&self.rule_id]);
        let subscription = ids.map(|id| subscription(id)).find(|id| !id.is_empty()).unwrap_or_default();
        vec!["rule".to_owned(), self.rule.to_lowercase(), subscription.to_lowercase()]
    }

    fn default_subject(&self, rule_parts: &[String]) -> Vec<String> {
        let mut targets: Vec<String> = self.targets.iter().map(|id| id.trim_end_matches('/').to_lowercase()).collect();
        targets.sort();
        targets.dedup();
        let dimension = |(name, value): &(String, String)| [name.to_lowercase(), value.to_lowercase()];
        let mut dimensions: Vec<[String; 2]> = self.conditions.iter().flat_map(|one| &one.dimensions).map(dimension).collect();
        dimensions.sort();
        dimensions.dedup();
        if self.rule.is_empty() && targets.is_empty() && dimensions.is_empty() {
            return Vec::new();
        }
        let numbers = [targets.len().to_string(), dimensions.len().to_string()];
        [rule_parts, &numbers, &targets, dimensions.as_flattened()].concat()
    }

    /// A redelivery repeats the alert id and the firing time; a test alert repeats only the id.
    fn default_identity(&self) -> Vec<String> {
        if self.alert_id.is_empty() {
            return Vec::new();
        }
        vec![self.alert_id.to_lowercase(), self.fired_at.map(|at| at.to_string()).unwrap_or_default()]
    }
}
