//! What settings and refresh have to know of Cherwell before anything is connected.

use std::sync::Arc;

use super::config::{Config, SeverityAs, StatusChange};
use super::{Cherwell, names, narrowing, zones};
use crate::alert::Severity;
use crate::configuration::validate::{Judge, nearest, or_else};
use crate::provider::product::{Configured, ProductSettings, Words};
use crate::provider::{Provider, Surroundings};
use crate::settings::Connection;
use crate::settings::span::Span;
use crate::settings::validate::Check;
use crate::work_item::WorkItemType;

/// Dates are whole minutes, so a shorter overlap could miss a change.
const LEAST_OVERLAP: Span = Span::seconds(120);

impl ProductSettings for Config {
    fn words(&self) -> Words {
        let settings = &self.cherwell;
        let likely = |meaning: &str| names::likely(settings, meaning).to_owned();
        let severity = match settings.severity_as {
            SeverityAs::Priority => vec![likely("priority")],
            SeverityAs::ImpactAndUrgency => vec![likely("impact"), likely("urgency")],
        };
        Words {
            title: "Cherwell",
            tables: vec![(WorkItemType::Incident, settings.incident_object.clone())],
            following: severity.clone(),
            severity,
            group: likely("team"),
            close_code: likely("cause"),
            unknown_field: "it is left out of what is sent",
            path: true,
        }
    }

    fn validate(&self, key: &str, connection: &Connection, check: &mut Check<'_>) {
        self.authentication(&format!("{key}.auth"), check);
        let settings = &self.cherwell;
        let at = |setting: &str| format!("{key}.cherwell.{setting}");
        if !settings.zone.trim().is_empty() && zones::named(&settings.zone).is_none() {
            let remedy = "write an IANA name, as \"America/Denver\" or \"Europe/Berlin\"";
            check.wrong(&at("zone"), format!("\"{}\" is no time zone", settings.zone.escape_debug()), remedy);
        }
        match (settings.external_id_field.trim().is_empty(), settings.description_marker) {
            (true, false) => check.wrong(
                &at("external_id_field"),
                "no incident could be found again, so that lost answers would make a second one: neither a field nor a line of the \
                 description carries the connector's key",
                "name a text field that was made for it, or set description_marker = true",
            ),
            (false, true) => check.wrong(
                &at("description_marker"),
                "has no effect while external_id_field names a field",
                "set external_id_field = \"\", or description_marker = false",
            ),
            _ => {}
        }
        self.objects(key, check);
        self.states(key, check);
        self.severities(key, connection, check);
        for (setting, table, own) in
            [("fields", names::INCIDENT, &settings.fields), ("change_fields", names::CHANGE, &settings.change_fields)]
        {
            for name in own.keys().filter(|name| !table.iter().any(|(known, _)| known == name)) {
                let help = nearest(name, table.iter().map(|(known, _)| *known));
                let remedy = or_else(help, "leave it out; fields of the mapping stand in incident.fields");
                check.wrong(&at(&format!("{setting}.{name}")), "is no field that the connector knows", remedy);
            }
        }
        check.field_names(&at("defaults"), settings.defaults.keys());
        for (name, constants) in &settings.templates {
            check.field_names(&at(&format!("templates.{name}")), constants.keys());
        }
        for (setting, query) in
            [("incident_query", &connection.sync.incident_query), ("change_query", &connection.sync.change_query)]
        {
            if let Err(why) = narrowing::parse(query) {
                check.wrong(&format!("{key}.sync.{setting}"), why, "as: OwnedByTeam eq Server Team; Status eq New");
            }
        }
        if connection.sync.overlap < LEAST_OVERLAP {
            let remedy = format!("make it at least {LEAST_OVERLAP}: Cherwell's dates are whole minutes");
            check.wrong(&format!("{key}.sync.overlap"), "is too short", remedy);
        }
    }

    fn build(&self, name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Cherwell::new(name, Configured::new(connection, self), surroundings)?))
    }

    fn judge(&self, key: &str, judge: &mut Judge<'_>) {
        let settings = &self.cherwell;
        let (incident, status) = (WorkItemType::Incident, names::likely(settings, "status"));
        for (setting, state) in [("resolved_status", &settings.resolved_status), ("reopened_status", &settings.reopened_status)] {
            judge.choice(&format!("{key}.cherwell.{setting}"), incident, status, state);
        }
        for (index, state) in settings.closed_statuses.iter().enumerate() {
            judge.choice(&format!("{key}.cherwell.closed_statuses[{index}]"), incident, status, state);
        }
        if settings.severity_as == SeverityAs::Priority {
            for (index, priority) in settings.priorities.iter().enumerate().filter(|(_, priority)| !priority.is_empty()) {
                let setting = format!("{key}.cherwell.priorities[{index}]");
                judge.choice(&setting, incident, names::likely(settings, "priority"), priority);
            }
        }
        let Some(known) = judge.fields(&settings.incident_object) else { return };
        let missing = |name: &str| !name.is_empty() && !known.keys().any(|own| own.eq_ignore_ascii_case(name));
        let own = settings.external_id_field.trim();
        if missing(own) {
            let help = nearest(own, known.keys().map(String::as_str));
            let problem = format!("{} has no field {own}; no incident can be created", settings.incident_object);
            let remedy = or_else(help, "make a text field for it in CSM Administrator, or set description_marker = true");
            judge.wrong(&format!("{key}.cherwell.external_id_field"), problem, remedy);
        }
        for (meaning, names) in &settings.fields {
            if names.split('|').map(str::trim).all(|name| missing(name) || name.is_empty()) && !names.trim().is_empty() {
                let help = nearest(names, known.keys().map(String::as_str));
                let problem = format!("{} has no field {names}", settings.incident_object);
                judge.wrong(&format!("{key}.cherwell.fields.{meaning}"), problem, or_else(help, "correct the name"));
            }
        }
        let templates = settings.templates.iter().map(|(name, constants)| (format!("templates.{name}"), constants));
        for (template, constants) in templates.chain([("defaults".to_owned(), &settings.defaults)]) {
            for field in constants.keys().filter(|name| missing(name)) {
                let help = nearest(field, known.keys().map(String::as_str));
                let problem = format!("{} has no field {field}; it is left out", settings.incident_object);
                judge.wrong(&format!("{key}.cherwell.{template}.{field}"), problem, or_else(help, "correct the name"));
            }
        }
    }

    /// Cherwell does not mind the case of a name.
    fn written_elsewhere(&self, _kind: WorkItemType, field: &str, judge: &Judge<'_>) -> Option<bool> {
        let known = judge.fields(&self.cherwell.incident_object)?;
        Some(known.keys().any(|own| own.eq_ignore_ascii_case(field)))
    }

    fn is_id(&self, value: &str) -> bool {
        (32..=42).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl Config {
    fn authentication(&self, key: &str, check: &mut Check<'_>) {
        let at = |setting: &str| format!("{key}.{setting}");
        check.not_blank(&at("client_id"), Some(&self.auth.client_id));
        if let Some(secret) = &self.auth.client_secret {
            check.secret(&at("client_secret"), secret);
        }
        check.not_blank(&at("username"), Some(&self.auth.username));
        check.secret(&at("password"), &self.auth.password);
    }

    fn objects(&self, key: &str, check: &mut Check<'_>) {
        let settings = &self.cherwell;
        let items = &settings.configuration_items;
        for (setting, name) in [
            ("incident_object", &settings.incident_object),
            ("change_object", &settings.change_object),
            ("customer_object", &settings.customer_object),
            ("customer_field", &settings.customer_field),
            ("journal_object", &settings.journal_object),
            ("journal_field", &settings.journal_field),
            ("journal_relationship", &settings.journal_relationship),
            ("configuration_items.object", &items.object),
            ("configuration_items.class", &items.class),
            ("configuration_items.relationship", &items.relationship),
        ] {
            check.not_blank(&format!("{key}.cherwell.{setting}"), Some(name));
        }
        if items.name_fields.iter().all(|name| name.trim().is_empty()) {
            let setting = format!("{key}.cherwell.configuration_items.name_fields");
            check.wrong(&setting, "no field is named", "name the fields that hold a computer's name");
        }
        let address = settings.record_url.trim();
        if !address.is_empty() && !address.starts_with("https://") && !address.starts_with("http://") {
            check.wrong(&format!("{key}.cherwell.record_url"), "is no address", "write https://HOST/...{number}");
        }
    }

    fn states(&self, key: &str, check: &mut Check<'_>) {
        let settings = &self.cherwell;
        let at = |setting: &str| format!("{key}.cherwell.{setting}");
        for (setting, state) in [("resolved_status", &settings.resolved_status), ("reopened_status", &settings.reopened_status)] {
            check.not_blank(&at(setting), Some(state));
            if settings.closed_statuses.iter().any(|closed| closed.eq_ignore_ascii_case(state)) {
                check.wrong(
                    &at(setting),
                    "is one of closed_statuses",
                    "a closed record is never touched, so name another status",
                );
            }
        }
        if settings.resolved_status.eq_ignore_ascii_case(&settings.reopened_status) {
            check.wrong(&at("reopened_status"), "is the same as resolved_status", "name a status in which people work");
        }
        if settings.status_change == StatusChange::Transition {
            for (setting, name) in
                [("resolve_transition", &settings.resolve_transition), ("reopen_transition", &settings.reopen_transition)]
            {
                check.not_blank(&at(setting), Some(name));
            }
        }
    }

    fn severities(&self, key: &str, connection: &Connection, check: &mut Check<'_>) {
        let table = &connection.severity;
        match self.cherwell.severity_as {
            SeverityAs::Priority if !table.is_empty() => check.wrong(
                &format!("{key}.severity"),
                "has no effect: the priority carries the severity",
                "give priorities in cherwell.priorities, or set cherwell.severity_as = \"impact_and_urgency\"",
            ),
            SeverityAs::ImpactAndUrgency => {
                let all = [Severity::Sev0, Severity::Sev1, Severity::Sev2, Severity::Sev3, Severity::Sev4];
                for severity in all.into_iter().filter(|severity| !table.contains_key(severity)) {
                    check.wrong(
                        &format!("{key}.severity.{severity:?}"),
                        "is missing: which values impact and urgency have is your own",
                        "write { impact = \"...\", urgency = \"...\" } with values of the lists in Cherwell",
                    );
                }
            }
            SeverityAs::Priority => {}
        }
    }
}
