//! What settings, refresh and `discover` have to know of Provance before anything is connected.

use std::sync::Arc;

use super::config::{Config, ProvanceAuth};
use super::profile::{CiLink, Close, Level, logical};
use super::{Provance, discover, identity};
use crate::configuration::validate::{Judge, nearest, or_else};
use crate::provider::product::{Configured, Explorer, ProductSettings, Words};
use crate::provider::{Provider, Surroundings};
use crate::settings::Connection;
use crate::settings::validate::Check;
use crate::work_item::WorkItemType;

impl ProductSettings for Config {
    fn words(&self) -> Words {
        let incident = &self.provance.profile.incident;
        let severity: Vec<String> = incident.severity().into_iter().map(|level| level.column.clone()).collect();
        Words {
            title: "Provance",
            tables: vec![(WorkItemType::Incident, incident.logical_name.clone())],
            following: severity.clone(),
            severity,
            group: "ownerid".to_owned(),
            close_code: incident.close_code().to_owned(),
            unknown_field: "its value is left out",
            path: false,
        }
    }

    fn validate(&self, key: &str, connection: &Connection, check: &mut Check<'_>) {
        self.authentication(&format!("{key}.auth"), check);
        let settings = &self.provance;
        if let Some(authority) = &settings.authority {
            check.address(&format!("{key}.provance.authority"), authority);
        }
        let tenant = settings.tenant.trim();
        if !tenant.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
            let remedy = "write the tenant's id, or one of its domains";
            check.wrong(&format!("{key}.provance.tenant"), "is neither an id nor a domain", remedy);
        }
        for (_, kind) in [(&connection.event, WorkItemType::Event), (&connection.alert, WorkItemType::Alert)]
            .iter()
            .filter(|(mapping, _)| !mapping.fields.is_empty() || mapping.template.is_some())
        {
            let remedy = "use [connections.NAME.incident]";
            check.wrong(&format!("{key}.{kind}"), format!("Provance has no {kind}"), remedy);
        }
        self.profile(&format!("{key}.provance.profile"), check);
    }

    fn build(&self, name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Provance::new(name, Configured::new(connection, self), surroundings)?))
    }

    fn explorer(
        &self,
        name: &str,
        connection: &Connection,
        surroundings: &Surroundings,
    ) -> Result<Option<Box<dyn Explorer>>, String> {
        let tool = Provance::new(name, Configured::new(connection, self), surroundings)?;
        Ok(Some(Box::new(discover::Discovery::new(tool))))
    }

    /// The profile against the definitions of its tables.
    fn judge(&self, key: &str, judge: &mut Judge<'_>) {
        let profile = &self.provance.profile;
        let key = format!("{key}.provance.profile");
        for (section, table, columns) in profile.tables() {
            let Some(known) = judge.fields(table) else { continue };
            for (setting, property) in columns {
                let (key, column) = (format!("{key}.{section}.{setting}"), logical(property));
                let Some(field) = known.get(column) else {
                    let help = nearest(column, known.keys().map(String::as_str));
                    let remedy = or_else(help, "name a column of the table, or \"\" when there is none");
                    judge.wrong(&key, format!("{table} has no column {column}"), remedy);
                    continue;
                };
                // Settings that are written take logical names, and a mapping resolves them by itself.
                let written = matches!(setting.as_str(), "customer" | "ci_link.column") || setting.starts_with("create.");
                let lookup = matches!(field.kind.as_str(), "Lookup" | "Customer" | "Owner");
                if lookup && column == property && !written {
                    let problem = format!("{column} is a lookup, and cannot be read by this name");
                    judge.wrong(&key, problem, format!("write _{column}_value"));
                }
            }
        }
        for (setting, level) in self.levels() {
            for (part, value) in [("high", level.high), ("medium", level.medium), ("low", level.low)] {
                let key = format!("{key}.incident.{setting}.{part}");
                judge.choice(&key, WorkItemType::Incident, &level.column, &value.to_string());
            }
        }
        let incident = &profile.incident;
        let mut states: Vec<(String, &str, i64)> = Vec::new();
        for (setting, values) in [("resolved", &incident.resolved), ("closed", &incident.closed)] {
            for (column, list) in values {
                states.extend(list.iter().map(|value| (format!("{setting}.{column}"), column.as_str(), *value)));
            }
        }
        states.extend(incident.reopen.iter().map(|(column, value)| (format!("reopen.{column}"), column.as_str(), *value)));
        if let Close::Patch { values, .. } = &incident.close {
            states.extend(values.iter().map(|(column, value)| (format!("close.values.{column}"), column.as_str(), *value)));
        }
        for (setting, column, value) in states {
            judge.choice(&format!("{key}.incident.{setting}"), WorkItemType::Incident, column, &value.to_string());
        }
    }

    fn written_elsewhere(&self, _kind: WorkItemType, field: &str, judge: &Judge<'_>) -> Option<bool> {
        // Navigation properties are no columns; lookups may be named as they are read.
        if field.contains('@') {
            return None;
        }
        let column = logical(field);
        Some(column != field && judge.fields(&self.provance.profile.incident.logical_name)?.contains_key(column))
    }

    fn takes_labels(&self, _kind: WorkItemType) -> bool {
        true
    }

    fn is_id(&self, value: &str) -> bool {
        value.starts_with('/') || identity::guid(value).is_some()
    }
}

impl Config {
    fn levels(&self) -> impl Iterator<Item = (&'static str, &Level)> {
        let incident = &self.provance.profile.incident;
        let all = [("impact", &incident.impact), ("urgency", &incident.urgency), ("priority", &incident.priority)];
        all.into_iter().filter(|(_, level)| !level.column.is_empty())
    }

    fn authentication(&self, key: &str, check: &mut Check<'_>) {
        let at = |setting: &str| format!("{key}.{setting}");
        check.not_blank(&at("client_id"), Some(self.auth.client_id()));
        match &self.auth {
            ProvanceAuth::ClientCredentials { client_secret, .. } => check.secret(&at("client_secret"), client_secret),
            ProvanceAuth::ClientCertificate { certificate, private_key, .. } => {
                check.certificate(&at("certificate"), certificate);
                if let Some(private_key) = private_key {
                    check.secret(&at("private_key"), private_key);
                }
            }
            ProvanceAuth::OauthPassword { client_secret, username, password, .. } => {
                if let Some(client_secret) = client_secret {
                    check.secret(&at("client_secret"), client_secret);
                }
                check.not_blank(&at("username"), Some(username));
                check.secret(&at("password"), password);
            }
        }
    }

    fn profile(&self, key: &str, check: &mut Check<'_>) {
        let profile = &self.provance.profile;
        let incident = &profile.incident;
        let version = profile.api_version.strip_prefix('v').unwrap_or_default();
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit() || c == '.') {
            check.wrong(&format!("{key}.api_version"), "is no version of the Web API", "write v9.2");
        }
        let mut names = vec![
            ("incident.entity_set", &incident.entity_set),
            ("incident.logical_name", &incident.logical_name),
            ("incident.id", &incident.id),
            ("incident.number", &incident.number),
            ("incident.title", &incident.title),
            ("incident.description", &incident.description),
            ("incident.state", &incident.state),
            ("incident.modified_on", &incident.modified_on),
            ("incident.created_on", &incident.created_on),
        ];
        for (section, set, name, id) in [
            ("change", &profile.change.entity_set, &profile.change.logical_name, &profile.change.id),
            ("ci", &profile.ci.entity_set, &profile.ci.logical_name, &profile.ci.id),
            ("template", &profile.template.entity_set, &profile.template.logical_name, &profile.template.id),
        ] {
            if !set.is_empty() {
                for (part, text) in [("entity_set", set), ("logical_name", name), ("id", id)] {
                    check.table_name(&format!("{key}.{section}.{part}"), text);
                }
            }
        }
        if !profile.change.entity_set.is_empty() {
            names.push(("change.modified_on", &profile.change.modified_on));
        }
        if !profile.ci.entity_set.is_empty() {
            names.extend([("ci.name", &profile.ci.name), ("ci.modified_on", &profile.ci.modified_on)]);
        }
        if !profile.template.entity_set.is_empty() {
            names.push(("template.name", &profile.template.name));
        }
        // These become parts of paths and queries.
        for (setting, name) in names {
            check.table_name(&format!("{key}.{setting}"), name);
        }
        for (section, _, columns) in profile.tables() {
            for (setting, column) in columns {
                if !column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    check.table_name(&format!("{key}.{section}.{setting}"), column);
                }
            }
        }
        if incident.correlation.alternate_key && incident.correlation.column.is_empty() {
            let remedy = "name the column of the alternate key, or set alternate_key = false";
            check.wrong(&format!("{key}.incident.correlation.column"), "is empty", remedy);
        }
        if incident.resolved.is_empty() {
            let remedy = "say what a resolved incident holds: { statecode = [1] }";
            check.wrong(&format!("{key}.incident.resolved"), "is empty", remedy);
        }
        if let Close::Action { name, .. } = &incident.close {
            check.table_name(&format!("{key}.incident.close.name"), name);
        }
        if incident.reopen.is_empty() {
            let remedy = "say what a reopened incident gets: { statecode = 0, statuscode = 1 }";
            check.wrong(&format!("{key}.incident.reopen"), "is empty", remedy);
        }
        match &incident.ci_link {
            CiLink::None => {}
            CiLink::Lookup { column: name } | CiLink::ManyToMany { navigation: name } => {
                check.table_name(&format!("{key}.incident.ci_link"), name);
                if profile.ci.entity_set.is_empty() {
                    let remedy = "name the table of configuration items, or set ci_link = { kind = \"none\" }";
                    check.wrong(&format!("{key}.ci.entity_set"), "is empty, and incidents are to be linked", remedy);
                }
            }
        }
    }
}
