//! What settings and refresh have to know of Service Manager before anything is connected.

use std::sync::Arc;

use super::config::{Adapter, Config, Relay, ServiceManagerAuth};
use super::mapping;
use crate::configuration::Choice;
use crate::configuration::validate::Judge;
use crate::provider::product::{Configured, ProductSettings, Words};
use crate::provider::{Provider, Surroundings};
use crate::settings::Connection;
use crate::settings::validate::Check;
use crate::work_item::WorkItemType;

/// Longest life of a Relay token that makes sense: it is made anew in time, and a stolen one lives no longer.
const LONGEST_TOKEN: u64 = 24 * 3600;

impl ProductSettings for Config {
    fn words(&self) -> Words {
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Words {
            title: "Service Manager",
            tables: vec![(WorkItemType::Incident, mapping::INCIDENT.to_owned())],
            severity: named(&["Impact", "Urgency"]),
            following: named(&["Impact", "Urgency"]),
            // Support groups are the values of a list like any other (TierQueue).
            group: String::new(),
            close_code: "ResolutionCategory".to_owned(),
            unknown_field: "its value is left out",
            path: true,
        }
    }

    fn validate(&self, key: &str, connection: &Connection, check: &mut Check<'_>) {
        self.authentication(&format!("{key}.auth"), check);
        self.states(&format!("{key}.service_manager"), check);
        let settings = &self.service_manager;
        let at = |setting: &str| format!("{key}.service_manager.{setting}");
        if let Some(relay) = &settings.relay {
            self.relay(&at("relay"), relay, connection, check);
        }
        check.table_name(&at("key_property"), &settings.key_property);
        let mut taken = mapping::LENGTHS.iter().map(|(name, _)| name).chain(&mapping::ENUMERATED);
        if let Some(name) = taken.find(|name| **name == settings.key_property) {
            check.wrong(&at("key_property"), format!("{name} is needed for itself"), "name another text property of incidents");
        }
        if connection.incident.fields.contains_key(&settings.key_property) {
            let problem = "holds the connector's key, and cannot be filled by a mapping";
            let remedy =
                "leave it out, or let service_manager.key_property (and the gateway's own setting) name another property";
            check.wrong(&format!("{key}.incident.fields.{}", settings.key_property), problem, remedy);
        }
        if settings.item_url.as_deref().is_some_and(|url| !url.contains("{id}")) {
            check.wrong(&at("item_url"), "has no {id}", "write for example \"https://portal.contoso.com/Incident/Edit/{id}\"");
        }
        check.not_blank(&at("language"), Some(&settings.language));
        settings.cireson.validate(&at("cireson"), check);
        self.narrowing(key, connection, check);
    }

    fn build(&self, name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
        super::build(name, Configured::new(connection, self), surroundings)
    }

    fn judge(&self, key: &str, judge: &mut Judge<'_>) {
        let (settings, key) = (&self.service_manager, format!("{key}.service_manager"));
        let resolved =
            settings.resolved_states.iter().enumerate().map(|(index, state)| (format!("resolved_states[{index}]"), state));
        let closed = settings.closed_states.iter().enumerate().map(|(index, state)| (format!("closed_states[{index}]"), state));
        for (setting, state) in resolved.chain(closed) {
            judge.choice(&format!("{key}.{setting}"), WorkItemType::Incident, "Status", state);
        }
        if self.adapter() == Adapter::Cireson {
            judge.choice(&format!("{key}.reopened_state"), WorkItemType::Incident, "Status", &settings.reopened_state);
        }
        if !settings.source.is_empty() {
            judge.choice(&format!("{key}.source"), WorkItemType::Incident, "Source", &settings.source);
        }
    }

    fn means(&self, _kind: WorkItemType, choice: &Choice, value: &str) -> bool {
        mapping::means(&choice.value, &choice.label, value) || self.is_id(value)
    }

    fn written_elsewhere(&self, _kind: WorkItemType, _field: &str, judge: &Judge<'_>) -> Option<bool> {
        // The portal describes no class: a customer's own properties are known when an incident was seen, which also shows this.
        let known = judge.fields(mapping::INCIDENT)?.contains_key("TimeAdded");
        (self.adapter() == Adapter::Gateway || known).then_some(false)
    }

    fn is_id(&self, value: &str) -> bool {
        uuid::Uuid::try_parse(value).is_ok()
    }
}

impl Config {
    fn authentication(&self, key: &str, check: &mut Check<'_>) {
        let at = |setting: &str| format!("{key}.{setting}");
        match (&self.auth, self.adapter()) {
            (ServiceManagerAuth::Password { .. } | ServiceManagerAuth::PortalToken { .. }, Adapter::Gateway) => {
                let remedy =
                    "write type = \"shared_secret\" or \"client_credentials\", or set service_manager.adapter = \"cireson\"";
                check.wrong(&at("type"), "the SM gateway knows no user names and passwords", remedy);
            }
            (ServiceManagerAuth::SharedSecret { .. } | ServiceManagerAuth::ClientCredentials { .. }, Adapter::Cireson) => {
                let remedy = "write type = \"password\" or \"portal_token\", or set service_manager.adapter = \"gateway\"";
                check.wrong(&at("type"), "the Cireson portal wants a user name and a password", remedy);
            }
            _ => {}
        }
        match &self.auth {
            ServiceManagerAuth::SharedSecret { secret } => check.secret(&at("secret"), secret),
            ServiceManagerAuth::ClientCredentials { tenant, client_id, client_secret, scope, authority } => {
                check.not_blank(&at("tenant"), Some(tenant));
                check.not_blank(&at("client_id"), Some(client_id));
                check.secret(&at("client_secret"), client_secret);
                check.not_blank(&at("scope"), Some(scope));
                check.address(&at("authority"), authority);
            }
            ServiceManagerAuth::Password { username, password } => {
                check.not_blank(&at("username"), Some(username));
                check.secret(&at("password"), password);
            }
            ServiceManagerAuth::PortalToken { username, token } => {
                check.not_blank(&at("username"), Some(username));
                check.secret(&at("token"), token);
            }
        }
    }

    fn states(&self, key: &str, check: &mut Check<'_>) {
        let settings = &self.service_manager;
        let at = |setting: &str| format!("{key}.{setting}");
        for (setting, states) in [("resolved_states", &settings.resolved_states), ("closed_states", &settings.closed_states)] {
            if states.is_empty() || states.iter().any(|state| state.trim().is_empty()) {
                check.wrong(&at(setting), "names no status", "leave the setting out, or name values of IncidentStatusEnum");
            }
        }
        let clash = settings.resolved_states.iter().find(|state| settings.closed_states.contains(state));
        if let Some(state) = clash {
            let problem = format!("{state} is one of closed_states, too");
            check.wrong(&at("resolved_states"), problem, "a closed incident is never touched, so name another status");
        }
        if settings.resolved_states.iter().chain(&settings.closed_states).any(|state| *state == settings.reopened_state) {
            check.wrong(&at("reopened_state"), "is a resolved or closed status", "name a status in which people work");
        }
        check.not_blank(&at("reopened_state"), Some(&settings.reopened_state));
    }

    fn narrowing(&self, key: &str, connection: &Connection, check: &mut Check<'_>) {
        let (problem, user) = match self.adapter() {
            Adapter::Gateway => ("the gateway knows no queries", "gateway's"),
            Adapter::Cireson => ("what is read through the portal cannot be narrowed by a query", "integration user's"),
        };
        let sync = &connection.sync;
        for (setting, query) in [("incident_query", &sync.incident_query), ("change_query", &sync.change_query)] {
            if !query.trim().is_empty() {
                let remedy = format!("leave it out, and narrow the queues of the {user} user role in Service Manager");
                check.wrong(&format!("{key}.sync.{setting}"), problem, remedy);
            }
        }
    }

    fn relay(&self, key: &str, relay: &Relay, connection: &Connection, check: &mut Check<'_>) {
        let at = |setting: &str| format!("{key}.{setting}");
        if self.adapter() == Adapter::Cireson {
            check.wrong(key, "the Cireson portal is not reached through Azure Relay", "remove the section");
        }
        if matches!(connection.url.path(), "" | "/") {
            let remedy = "write the hybrid connection's address: https://NAMESPACE.servicebus.windows.net/HYBRID-CONNECTION";
            check.wrong(key, "url names no hybrid connection", remedy);
        }
        check.not_blank(&at("rule"), Some(&relay.rule));
        check.secret(&at("key"), &relay.key);
        check.positive(&at("token_life"), relay.token_life);
        check.at_most(&at("token_life"), relay.token_life, LONGEST_TOKEN);
    }
}

#[cfg(test)]
mod tests;
