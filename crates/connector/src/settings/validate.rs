//! What settings must say beyond being readable: names, addresses, secrets, limits, templates. Looks at files and secrets named
//! in the settings, never at the network. What belongs to the way back, from the tool to the workspace, stands in `flow`;
//! what belongs to Azure alone, in `azure`.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::problem::{Problem, suggest};
use super::span::Span;
use super::{Connection, Entra, Settings, is_loopback};
use crate::secret::{Place, SecretRef, Secrets};
use crate::work_item::WorkItemType;
use crate::work_item::render::Renderer;

mod azure;
mod flow;
mod telemetry;

const LONGEST_NAME: usize = 64;
const DAY: u64 = 86_400;

impl Settings {
    /// Everything that is wrong with the settings; empty when the connector can start with them. Secrets are looked up in
    /// `secrets`, and never appear in a problem.
    #[must_use]
    pub fn validate(&self, secrets: &dyn Secrets) -> Vec<Problem> {
        let mut check = Check { secrets, vault: self.key_vault.is_some(), problems: Vec::new() };
        if self.connections.is_empty() {
            check.wrong("connections", "there is no connection", "add a section [connections.NAME]");
        }
        for (name, connection) in &self.connections {
            check.connection(&format!("connections.{name}"), name, connection);
            if connection.policy.reopen_window > self.retention.correlations {
                let message = "is shorter than the reopen window of a connection";
                check.wrong("retention.correlations", message, format!("make it at least {}", connection.policy.reopen_window));
            }
        }
        self.routes(&mut check);
        self.intake(&mut check);
        check.positive("delivery.first_wait", self.delivery.first_wait);
        if self.delivery.longest_wait < self.delivery.first_wait {
            check.wrong("delivery.longest_wait", "is shorter than delivery.first_wait", "make it at least as long");
        }
        if self.delivery.retry_for < self.delivery.longest_wait {
            check.wrong("delivery.retry_for", "is shorter than delivery.longest_wait", "make it at least as long");
        }
        check.at_most("delivery.retry_for", self.delivery.retry_for, 365 * DAY);
        for (key, span) in [
            ("retention.deliveries", self.retention.deliveries),
            ("retention.dead_letters", self.retention.dead_letters),
            ("retention.correlations", self.retention.correlations),
            ("retention.records", self.retention.records),
            ("retention.log", self.retention.log),
        ] {
            check.positive(key, span);
        }
        check.schedule(&self.schedule);
        if let Some(workspace) = &self.workspace {
            check.workspace(workspace);
        }
        if let Some(storage) = &self.storage {
            check.storage(storage);
        }
        if let Some(vault) = &self.key_vault {
            check.key_vault(vault);
        }
        if let Some(telemetry) = &self.telemetry {
            check.telemetry(telemetry);
        }
        check.problems
    }

    fn routes(&self, check: &mut Check<'_>) {
        for (name, route) in &self.route {
            let key = format!("route.{name}");
            check.name(&key, name);
            if self.connections.contains_key(name) {
                check.wrong(&key, "a route may not have the name of a connection", "rename the route");
            }
            if !self.connections.contains_key(&route.connection) {
                let message = format!("there is no connection \"{}\"", route.connection);
                let remedy = suggest(&route.connection, self.connections.keys().map(String::as_str));
                check.wrong(&format!("{key}.connection"), message, remedy);
            }
            if let Some(connection) = self.connections.get(&route.connection) {
                let words = connection.product.words();
                if words.table(route.work_item_type).is_empty() {
                    let known: Vec<_> = words.tables.iter().map(|(kind, _)| kind.name()).collect();
                    let message = format!("{} has no {}", words.title, route.work_item_type);
                    check.wrong(&format!("{key}.work_item_type"), message, format!("write {}", known.join(" or ")));
                }
            }
            check.field_names(&format!("{key}.fields"), route.fields.keys());
            check.not_blank(&format!("{key}.template"), route.template.as_deref());
        }
    }

    fn intake(&self, check: &mut Check<'_>) {
        let intake = &self.intake;
        if intake.api_keys.is_empty() && intake.entra.is_none() {
            let remedy = "set api_keys = [\"$INTAKE_KEY\"], or [intake.entra] for secure webhooks";
            check.wrong("intake", "nobody could post an alert: no authentication is configured", remedy);
        }
        for (index, key) in intake.api_keys.iter().enumerate() {
            check.secret(&format!("intake.api_keys[{index}]"), key);
        }
        if let Some(entra) = &intake.entra {
            check.entra(entra);
        }
        if intake.max_body_bytes.is_some_and(|bytes| !(1024..=16 * 1024 * 1024).contains(&bytes)) {
            check.wrong("intake.max_body_bytes", "is out of bounds", "choose 1024 to 16777216");
        }
    }
}

/// A validation under way. Keys are those of `connector.toml`.
pub struct Check<'a> {
    secrets: &'a dyn Secrets,
    /// Whether there is a vault for references to it.
    vault: bool,
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Adds a problem of `key`: what is wrong and what to do.
    pub fn wrong(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(key, message, remedy));
    }

    fn connection(&mut self, key: &str, name: &str, connection: &Connection) {
        let at = |setting: &str| format!("{key}.{setting}");
        self.name(key, name);
        self.instance(&at("url"), &connection.url, connection.product.words().path);
        if !(1..=32).contains(&connection.concurrency) {
            self.wrong(&at("concurrency"), "is out of bounds", "choose 1 to 32");
        }
        self.positive(&at("timeout"), connection.timeout);
        self.at_most(&at("timeout"), connection.timeout, 300);
        self.at_most(&at("ambiguous_wait"), connection.ambiguous_wait, 3600);
        if let Some(path) = &connection.ca_certificate {
            self.certificate(&at("ca_certificate"), path);
        }
        self.policy(&at("policy"), connection);
        for kind in WorkItemType::ALL {
            let mapping = connection.mapping(kind);
            self.field_names(&at(&format!("{kind}.fields")), mapping.fields.keys());
            self.not_blank(&at(&format!("{kind}.template")), mapping.template.as_deref());
        }
        for (severity, map) in &connection.severity {
            self.not_blank(&at(&format!("severity.{severity:?}.impact")), Some(&map.impact));
            self.not_blank(&at(&format!("severity.{severity:?}.urgency")), Some(&map.urgency));
        }
        self.sync(&at("sync"), &connection.sync);
        connection.product.validate(key, connection, self);
        if let Err(problems) = Renderer::compile(name, connection) {
            self.problems.extend(problems);
        }
    }

    fn policy(&mut self, key: &str, connection: &Connection) {
        let policy = &connection.policy;
        self.not_blank(&format!("{key}.close_code"), policy.close_code.as_deref());
        self.at_most(&format!("{key}.reopen_window"), policy.reopen_window, 365 * DAY);
        self.at_most(&format!("{key}.repeat_note_interval"), policy.repeat_note_interval, 365 * DAY);
        if !(1..=1000).contains(&policy.max_work_items) {
            self.wrong(&format!("{key}.max_work_items"), "is out of bounds", "choose 1 to 1000");
        }
        self.field_names(&format!("{key}.update_fields"), policy.update_fields.iter().flatten());
    }

    fn entra(&mut self, entra: &Entra) {
        self.not_blank("intake.entra.tenant", Some(&entra.tenant));
        if entra.audiences.iter().all(|audience| audience.trim().is_empty()) {
            self.wrong(
                "intake.entra.audiences",
                "no audience is named",
                "name the client id of this connector's app registration",
            );
        }
        if entra.callers.iter().all(|caller| caller.trim().is_empty()) {
            self.wrong("intake.entra.callers", "no caller is named", "leave the setting out to accept Azure Monitor");
        }
        self.address("intake.entra.authority", &entra.authority);
    }

    /// A secret must be named, not written down, and there.
    pub fn secret(&mut self, key: &str, reference: &SecretRef) {
        match reference.place() {
            None => {
                let remedy = "write \"$NAME\" and put the secret into the environment variable NAME, or \"@NAME\" for a secret in \
                              Key Vault (letters, digits and -)";
                self.wrong(key, "must name a secret, not hold the secret itself", remedy);
            }
            Some(Place::KeyVault(name)) if !self.vault => {
                let remedy = "add the section [key_vault] with the vault's url, or write \"$NAME\" for an environment variable";
                self.wrong(key, format!("secret {name} is to come from Key Vault, and no vault is named"), remedy);
            }
            Some(_) => {
                if let Err(missing) = self.secrets.get(reference) {
                    self.wrong(key, missing.cause, missing.remedy);
                }
            }
        }
    }

    fn name(&mut self, key: &str, name: &str) {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(valid) {
            let remedy = format!("it stands in URLs: use 1 to {LONGEST_NAME} letters, digits, - and _");
            self.wrong(key, "the name is not valid", remedy);
        }
    }

    fn instance(&mut self, key: &str, url: &Url, path: bool) {
        self.address(key, url);
        if !path && !matches!(url.path(), "" | "/") {
            self.wrong(key, "must not have a path", "name the instance only: https://NAME.service-now.com");
        }
    }

    /// Never quotes the address: someone may have written a password into it.
    pub fn address(&mut self, key: &str, url: &Url) {
        if !url.username().is_empty() || url.password().is_some() {
            self.wrong(key, "must not hold a user name or password", "they belong into auth");
        }
        if url.query().is_some() || url.fragment().is_some() {
            self.wrong(key, "must not have a query or fragment", "remove everything from ? or # on");
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(url) => {}
            "http" => self.wrong(key, "plain http is allowed to loopback only", "use https"),
            other => self.wrong(key, format!("\"{other}\" is not a scheme to reach it by"), "use https"),
        }
    }

    /// It must be a PEM file that can be read.
    pub fn certificate(&mut self, key: &str, path: &Path) {
        match std::fs::read_to_string(path) {
            Err(error) => {
                let message = format!("{} cannot be read: {error}", path.display());
                self.wrong(key, message, "name a PEM file that the connector may read");
            }
            Ok(text) if !text.contains("-----BEGIN CERTIFICATE-----") => {
                let message = format!("{} holds no certificate", path.display());
                self.wrong(key, message, "name a PEM file (with the line BEGIN CERTIFICATE)");
            }
            Ok(_) => {}
        }
    }

    /// Each must look like a field name of a tool.
    pub fn field_names<'a>(&mut self, key: &str, names: impl Iterator<Item = &'a String>) {
        for name in names {
            if name.trim().is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let remedy = "use the ITSM tool's own field name (short_description), not its label";
                self.wrong(key, format!("\"{}\" is not a field name", name.escape_debug()), remedy);
            }
        }
    }

    /// It becomes part of a path or query: letters, digits and `_` only.
    pub fn table_name(&mut self, key: &str, name: &str) {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.wrong(key, "is not a name of a table or field", "use letters, digits and _");
        }
    }

    /// It may be left out but not be empty.
    pub fn not_blank(&mut self, key: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.wrong(key, "is empty", "give it a value");
        }
    }

    /// It must be longer than nothing.
    pub fn positive(&mut self, key: &str, span: Span) {
        if span.get().is_zero() {
            self.wrong(key, "must be longer than nothing", "write for example \"30s\"");
        }
    }

    /// It may be so many seconds at most.
    pub fn at_most(&mut self, key: &str, span: Span, seconds: u64) {
        if span.get() > Duration::from_secs(seconds) {
            self.wrong(key, format!("{span} is too long"), format!("at most {}", Span::seconds(seconds)));
        }
    }
}

#[cfg(test)]
mod tests;
