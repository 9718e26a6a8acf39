//! What settings and refresh have to know of ServiceNow before anything is connected.

use std::sync::Arc;

use super::config::{Config, ServiceNowAuth, WriteMode};
use super::{ServiceNow, mapping};
use crate::configuration::EVENT_MANAGEMENT;
use crate::configuration::validate::{Judge, nearest, or_else};
use crate::provider::product::{Configured, ProductSettings, Words};
use crate::provider::{Provider, Surroundings};
use crate::settings::Connection;
use crate::settings::validate::Check;
use crate::work_item::WorkItemType;

impl ProductSettings for Config {
    fn words(&self) -> Words {
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Words {
            title: "ServiceNow",
            tables: WorkItemType::ALL.map(|kind| (kind, mapping::table(kind).to_owned())).to_vec(),
            severity: named(&["impact", "urgency"]),
            following: named(&["impact", "urgency", "severity"]),
            group: "assignment_group".to_owned(),
            close_code: "close_code".to_owned(),
            unknown_field: "ServiceNow ignores its values without a word",
            path: false,
        }
    }

    fn validate(&self, key: &str, _connection: &Connection, check: &mut Check<'_>) {
        self.authentication(&format!("{key}.auth"), check);
        let settings = &self.servicenow;
        let at = |setting: &str| format!("{key}.servicenow.{setting}");
        // These become parts of paths and queries.
        check.table_name(&at("ci_class"), &settings.ci_class);
        check.table_name(&at("import_set.table"), &settings.import_set.table);
        if !settings.ci_resource_id_field.is_empty() {
            check.table_name(&at("ci_resource_id_field"), &settings.ci_resource_id_field);
        }
        check.field_names(&at("import_set.columns"), settings.import_set.columns.keys());
        for (setting, state) in [("resolved_state", &settings.resolved_state), ("reopened_state", &settings.reopened_state)] {
            check.not_blank(&at(setting), Some(state));
            if settings.closed_states.contains(state) {
                let remedy = "a closed record is never touched, so name another state";
                check.wrong(&at(setting), "is one of closed_states", remedy);
            }
        }
        if settings.resolved_state == settings.reopened_state {
            check.wrong(&at("reopened_state"), "is the same as resolved_state", "name a state in which people work");
        }
        check.not_blank(&at("event_source"), Some(&settings.event_source));
        if settings.event_source.chars().count() > 100 {
            check.wrong(&at("event_source"), "is too long", "ServiceNow keeps 100 characters");
        }
    }

    fn build(&self, name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(ServiceNow::new(name, Configured::new(connection, self), surroundings)?))
    }

    fn judge(&self, key: &str, judge: &mut Judge<'_>) {
        let (settings, key) = (&self.servicenow, format!("{key}.servicenow"));
        // A state is a value even where mappings give labels.
        let states =
            [("resolved_state".to_owned(), &settings.resolved_state), ("reopened_state".to_owned(), &settings.reopened_state)];
        let closed = settings.closed_states.iter().enumerate().map(|(index, state)| (format!("closed_states[{index}]"), state));
        for (setting, state) in states.into_iter().chain(closed) {
            judge.choice(&format!("{key}.{setting}"), WorkItemType::Incident, "state", state);
        }
        if settings.write == WriteMode::ImportSet {
            self.staging(&format!("{key}.import_set"), judge);
        }
        let items = &judge.connection.configuration_item;
        let Some(known) = judge.fields("cmdb_ci").filter(|_| items.link) else { return };
        let field = settings.ci_resource_id_field.trim();
        if !field.is_empty() && !known.contains_key(field) {
            let help = nearest(field, known.keys().map(String::as_str));
            let remedy = or_else(help, "name the field that holds the ARM id, or set it to \"\"");
            let problem = format!("cmdb_ci has no field {field}; configuration items are found by name only");
            judge.wrong(&format!("{key}.ci_resource_id_field"), problem, remedy);
        }
        if items.create && settings.ci_class != "cmdb_ci" && judge.fields(&settings.ci_class).is_none() {
            let problem = format!("there is no table {}; missing configuration items cannot be created", settings.ci_class);
            judge.wrong(&format!("{key}.ci_class"), problem, "name a class of the CMDB (cmdb_ci_computer)".to_owned());
        }
    }

    fn written_elsewhere(&self, kind: WorkItemType, field: &str, judge: &Judge<'_>) -> Option<bool> {
        // Reached through another record, or the system's own.
        if field.contains('.') || field.starts_with("sys_") {
            return None;
        }
        let settings = &self.servicenow;
        if kind != WorkItemType::Incident || settings.write != WriteMode::ImportSet {
            return Some(false);
        }
        // A staging column need not be a field of incidents.
        let column = settings.import_set.columns.get(field).map_or(field, String::as_str);
        Some(judge.fields(&settings.import_set.table)?.contains_key(column))
    }

    fn takes_labels(&self, kind: WorkItemType) -> bool {
        self.servicenow.input_display_value && kind == WorkItemType::Incident
    }

    fn is_id(&self, value: &str) -> bool {
        value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    fn missing(&self, kind: WorkItemType, judge: &Judge<'_>) -> Option<(String, String)> {
        let lacking = judge.configuration.plugins.get(EVENT_MANAGEMENT) == Some(&false);
        (kind != WorkItemType::Incident && lacking).then(|| {
            let problem = format!("the instance has no {EVENT_MANAGEMENT}, to which {} belongs", mapping::table(kind));
            let remedy = "activate the plugin Event Management (com.glideapp.itom.snac), or use the work item type incident";
            (problem, remedy.to_owned())
        })
    }
}

impl Config {
    fn authentication(&self, key: &str, check: &mut Check<'_>) {
        let at = |setting: &str| format!("{key}.{setting}");
        match &self.auth {
            ServiceNowAuth::Basic { username, password } => {
                check.not_blank(&at("username"), Some(username));
                check.secret(&at("password"), password);
            }
            ServiceNowAuth::OauthPassword { client_id, client_secret, username, password } => {
                check.not_blank(&at("client_id"), Some(client_id));
                check.secret(&at("client_secret"), client_secret);
                check.not_blank(&at("username"), Some(username));
                check.secret(&at("password"), password);
            }
            ServiceNowAuth::ClientCredentials { client_id, client_secret } => {
                check.not_blank(&at("client_id"), Some(client_id));
                check.secret(&at("client_secret"), client_secret);
            }
            ServiceNowAuth::ApiKey { key } => check.secret(&at("key"), key),
        }
    }

    fn staging(&self, key: &str, judge: &mut Judge<'_>) {
        let settings = &self.servicenow.import_set;
        if judge.configuration.plugins.get(&settings.table) == Some(&false) {
            let problem = format!("there is no staging table {}", settings.table);
            let remedy = "install the app it belongs to, or set servicenow.write = \"table\"".to_owned();
            return judge.wrong(&format!("{key}.table"), problem, remedy);
        }
        for (field, column) in &settings.columns {
            let setting = format!("{key}.columns.{field}");
            if judge.fields(mapping::table(WorkItemType::Incident)).is_some_and(|known| !known.contains_key(field)) {
                judge.wrong(&setting, format!("incident has no field {field}"), "correct the name".to_owned());
            }
            if let Some(known) = judge.fields(&settings.table).filter(|known| !known.contains_key(column)) {
                let help = nearest(column, known.keys().map(String::as_str));
                let problem = format!("{} has no column {column}", settings.table);
                judge.wrong(&setting, problem, or_else(help, "look the column up in the instance"));
            }
        }
    }
}
