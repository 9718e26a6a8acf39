//! Every step of a connection check, in the order in which one needs the other. Nothing is written, and no number of an incident is used
//! up: what can only be known by writing is judged by what the portal says of the user.

use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::Value;

use super::super::mapping::guid;
use super::Cireson;
use super::classify::{NOUN, Portal};
use super::client::User;
use super::criteria::{fits, property};
use super::lists::list_of;
use super::refresh::AT_ONCE;
use super::shape::member;
use super::{close_codes, slices, template};
use crate::probe::{Report, network};
use crate::provider::judgement::{Case, json};
use crate::provider::records::Position;
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Effect, is_loopback};
use crate::provider::{ProviderError, checking};
use crate::rows::RecordKind;
use crate::work_item::WorkItemType;

/// What is skipped when the portal cannot be spoken to.
const REST: [&str; 8] =
    ["user", "incidents", "change requests", "templates", "lists", "resolution category", "computers", "key property"];

/// Goes through all steps for `kinds`.
pub(super) async fn run(tool: &Cireson, kinds: &[WorkItemType], report: &mut Report) {
    settings(tool, report);
    let skip =
        |report: &mut Report, steps: &[&str], why: &str| checking::skipped(report, steps.iter().chain(&REST).copied(), why);
    if !network::run(tool.client.wire(), tool.client.base(), report).await {
        return skip(report, &["awake", "token"], "the portal cannot be reached");
    }
    if !awake(tool, report).await {
        return skip(report, &["token"], "the portal does not answer as one");
    }
    let (user, found) = match tool.client.look_up_user().await {
        Ok((user, headers)) => (Some(user), Ok(headers)),
        Err(trouble) => (None, Err(trouble)),
    };
    let Some(headers) = checking::accepted(report, "token", &tool.client.auth().who(), found, NOUN) else {
        return skip(report, &[], "the credentials are not accepted");
    };
    checking::clock(report, &headers, tool.clock.now(), NOUN);
    rights(report, user.as_ref());
    key_property(tool, report).await;
    for kind in RecordKind::ALL {
        records(tool, kind, report).await;
    }
    templates(tool, kinds, report).await;
    lists(tool, report).await;
    resolution_category(tool, report).await;
    computers(tool, report).await;
}

fn failed(report: &mut Report, name: &str, finding: &str, error: &ProviderError) {
    checking::failed(report, name, finding, error, NOUN);
}

fn settings(tool: &Cireson, report: &mut Report) {
    let url = tool.client.base();
    if url.path().to_ascii_lowercase().contains("/api") {
        return report.warning(
            "settings",
            format!("url has the path {}", url.path()),
            "the connector puts /api/V3 behind it by itself",
            "write the portal's own address, as people open it",
        );
    }
    if url.scheme() != "https" && !is_loopback(url) {
        return report.warning(
            "settings",
            "url is not https",
            "the password would be readable on its way",
            "publish the portal with TLS",
        );
    }
    report.passed("settings", format!("{} as {}", url.origin().ascii_serialization(), tool.client.auth().who()));
}

/// Without a token a healthy portal answers 401 in JSON; a site with Windows authentication, a proxy or a wrong host does not.
async fn awake(tool: &Cireson, report: &mut Report) -> bool {
    const WHAT: &str = "asking for a sign of life";
    let wire = tool.client.wire();
    let url = tool.client.address(["Enum", "GetList"], &[("id", guid::STATUS_LIST), ("Flatten", "true")]);
    let request = wire.request(Method::GET, url).header(ACCEPT, "application/json");
    let found: Result<Value, Trouble> = match wire.send(request, Effect::Read, WHAT).await {
        Ok(answer) => {
            let case = Case { voice: &Portal, answer: &answer, effect: Effect::Read, what: WHAT, now: tool.clock.now() };
            case.whole(json)
        }
        Err(error) => Err(error.into()),
    };
    checking::awake(report, found, NOUN)
}

/// What the portal says that the user may do.
fn rights(report: &mut Report, user: Option<&User>) {
    let Some(User(user)) = user else { return report.skipped("user", "the portal does not tell the user's rights") };
    let is = |value: Option<&Value>| value.and_then(|value| value.as_bool().or_else(|| value.as_i64().map(|number| number != 0)));
    let analyst = is(member(user, "Analyst"));
    let creates = is(member(user, "Security").and_then(|security| member(security, "CanCreateIncident")));
    if creates == Some(false) || analyst == Some(false) {
        let what = if analyst == Some(false) { "is no analyst" } else { "may not create incidents" };
        return report.failed(
            "user",
            format!("the integration user {what} in the portal"),
            "the portal gives its forms by the user's role in Service Manager and its own list of analysts",
            "make the account a member of the user role Advanced Operators in Service Manager and of the portal's analysts group; the portal's \
             cache takes it over after a while",
        );
    }
    match (analyst, creates) {
        (Some(true), Some(true)) => {
            report.passed("user", "an analyst who may create incidents (as the portal says; nothing was written)");
        }
        _ => report.skipped("user", "the portal does not tell the user's rights"),
    }
}

/// Whether incidents can be found by the property that holds the key.
async fn key_property(tool: &Cireson, report: &mut Report) {
    let settings = &tool.connection.own.service_manager;
    let (name, class) = (&settings.key_property, &settings.cireson.key_class);
    // A key that no incident has.
    let nothing = property(class, name, "az-00000000000000000000000000000000-0");
    match tool.client.find(&settings.cireson.incident_projection, &nothing, "looking for an incident by its key").await {
        Ok(found) if found.iter().all(|object| object.has(name)) => {
            report.passed("key property", format!("incidents can be found by {name}"));
        }
        Ok(_) => report.failed(
            "key property",
            format!("the projection does not show {name}"),
            "a key that cannot be read back is worth nothing",
            "name a projection that has the property in service_manager.cireson.incident_projection",
        ),
        Err(error) => failed(report, "key property", &format!("incidents cannot be found by {name}"), &error),
    }
}

/// Whether records can be read by the time of their last change, and in which text instants have to be written.
async fn records(tool: &Cireson, kind: RecordKind, report: &mut Report) {
    let source = super::records::source(tool, kind);
    let after = Position::before(tool.clock.now());
    match slices::step(tool, source, &after, None, AT_ONCE).await {
        Ok(_) => {
            let dates = format!("{:?}", tool.client.dates()).to_lowercase();
            report.passed(source.table, format!("can be read by their last change (instants as {dates})"));
        }
        Err(error) => failed(report, source.table, &format!("{} cannot be read by their last change", source.table), &error),
    }
}

async fn templates(tool: &Cireson, kinds: &[WorkItemType], report: &mut Report) {
    let templates = match tool.client.templates(guid::INCIDENT).await {
        Ok(templates) => templates,
        Err(error) => return failed(report, "templates", "templates cannot be read", &error),
    };
    let default = &tool.connection.own.service_manager.cireson.default_template;
    if template::named(&templates, default).is_none() {
        report.failed(
            "templates",
            format!("there is no incident template {default}, from which incidents are made"),
            "it is missing in this Service Manager, or the integration user may not see it",
            "set service_manager.cireson.default_template to the GUID of an incident template, or give the user's role all templates",
        );
    } else {
        report.passed("templates", format!("{} of incidents, the default one among them", templates.len()));
    }
    let wanted =
        tool.connection.incident.template.as_deref().filter(|name| !name.is_empty() && kinds.contains(&WorkItemType::Incident));
    let Some(wanted) = wanted else { return };
    let step = format!("template \"{wanted}\"");
    match template::named(&templates, wanted) {
        Some(found) => report.passed(step, format!("it is {}", found.id)),
        None => report.failed(
            step,
            "work items are made without it",
            "no incident template of this name is visible",
            "check the name in the connection's mapping (as the console shows it), and whether the integration user may use the template",
        ),
    }
}

/// Whether Microsoft's own statuses are where they should be, and every value that the settings name.
async fn lists(tool: &Cireson, report: &mut Report) {
    let settings = &tool.connection.own.service_manager;
    let source = Some(&settings.source).filter(|source| !source.is_empty());
    let states = settings.resolved_states.iter().chain(&settings.closed_states).chain([&settings.reopened_state]);
    let wanted = states.map(|state| ("Status", state)).chain(source.map(|source| ("Source", source)));
    let constants = tool
        .connection
        .incident
        .fields
        .iter()
        .filter(|(name, value)| list_of(name).is_some() && !value.is_empty() && !value.contains(['{', '}']));
    let wanted: Vec<_> = wanted.chain(constants.map(|(name, value)| (name.as_str(), value))).collect();
    let mut missing = Vec::new();
    for (property, given) in wanted {
        let list = match tool.client.list(list_of(property).unwrap_or_default()).await {
            Ok(list) => list,
            Err(error) => return failed(report, "lists", "lists cannot be read", &error),
        };
        let id = match tool.lists.id_of(&tool.client, property, given).await {
            Ok(id) => id,
            Err(error) => return failed(report, "lists", "lists cannot be read", &error),
        };
        if id.is_none_or(|id| !list.iter().any(|value| value.id.eq_ignore_ascii_case(&id))) {
            missing.push(format!("{property} {given}"));
        }
    }
    if missing.is_empty() {
        return report.passed("lists", "every value that the settings name is there");
    }
    report.warning(
        "lists",
        format!("not among the values that can be read: {}", missing.join(", ")),
        "the value does not exist in this Service Manager, or the integration user cannot read its list",
        "correct the settings, as value (IncidentStatusEnum.Active), label or GUID",
    );
}

async fn resolution_category(tool: &Cireson, report: &mut Report) {
    const STEP: &str = "resolution category";
    let wanted = tool.connection.policy.close_code.as_deref().filter(|code| !code.is_empty());
    match close_codes::list(tool).await.map(|list| close_codes::choose_of(wanted, &list)) {
        Ok((Some(code), None)) => report.passed(STEP, format!("incidents are resolved with \"{code}\"")),
        Ok((code, remark)) => report.warning(
            STEP,
            format!("incidents are resolved with \"{}\"", code.unwrap_or_default()),
            remark.unwrap_or_else(|| "no category fits".to_owned()),
            "set policy.close_code to one of Service Manager's resolution categories",
        ),
        Err(error) => failed(report, STEP, "resolution categories cannot be read", &error),
    }
}

async fn computers(tool: &Cireson, report: &mut Report) {
    const STEP: &str = "computers";
    let items = &tool.connection.configuration_item;
    if !items.link {
        return report.skipped(STEP, "configuration_item.link = false");
    }
    let class = &tool.connection.own.service_manager.cireson.computer_class;
    let host = tool.client.base().host_str().filter(|host| fits(host)).unwrap_or("localhost").to_owned();
    let criteria = property(class, "PrincipalName", &host);
    if let Err(error) = tool.client.find(guid::COMPUTER_PROJECTION, &criteria, "looking for a computer").await {
        return failed(report, STEP, "computers cannot be looked for, so none is tied to an incident", &error);
    }
    let created = if items.create { "; missing ones are created, which was not tried" } else { "" };
    report.passed(STEP, format!("computers can be looked for{created}"));
}
