//! Every step of a connection check, in the order in which one needs the other. Nothing is written: what can only be known by
//! writing (the right to create) is said not to have been tried.

use reqwest::header::HeaderMap;

use super::auth::left;
use super::classify::NOUN;
use super::client::List;
use super::config::ProvanceAuth;
use super::metadata::Table;
use super::profile::logical;
use super::{Provance, mapping, references, template};
use crate::probe::{Report, network};
use crate::provider::trouble::Trouble;
use crate::provider::wire::is_loopback;
use crate::provider::{ProviderError, checking};
use crate::work_item::WorkItemType;

/// Goes through all steps.
pub(super) async fn run(tool: &Provance, _kinds: &[WorkItemType], report: &mut Report) {
    settings(tool, report);
    let later = [
        "profile",
        "table of incidents",
        "customer",
        "notes",
        "teams",
        "table of change requests",
        "templates",
        "configuration items",
    ];
    let skip = |report: &mut Report, first: &[&str], why: &str| {
        checking::skipped(report, first.iter().chain(&later).copied(), why);
    };
    if !network::run(tool.client.wire(), &tool.connection.url, report).await {
        return skip(report, &["awake", "token"], "the environment cannot be reached");
    }
    if !awake(tool, report).await {
        return skip(report, &["token"], "the environment does not answer as one");
    }
    let found = tool.client.get("WhoAmI", &[], "using the credentials").await.map(|(_, headers)| headers);
    let Some(headers) = checking::accepted(report, "token", &who(&tool.connection.own.auth), found, NOUN) else {
        return skip(report, &[], "the credentials are not accepted");
    };
    checking::clock(report, &headers, tool.clock.now(), NOUN);
    limits(report, &headers);
    let Some(table) = profile(tool, report).await else {
        return checking::skipped(report, later.iter().skip(1).copied(), "the table of incidents is not known");
    };
    incidents(tool, &table, report).await;
    customer(tool, &table, report).await;
    notes(tool, report).await;
    readable(tool, report, "teams", "teams", "teamid").await;
    changes(tool, report).await;
    templates(tool, report).await;
    configuration_items(tool, report).await;
}

fn failed(report: &mut Report, name: &str, finding: &str, error: &ProviderError) {
    checking::failed(report, name, finding, error, NOUN);
}

fn settings(tool: &Provance, report: &mut Report) {
    let url = &tool.connection.url;
    let host = url.host_str().unwrap_or_default();
    let usual = host.contains(".crm") && (host.ends_with(".dynamics.com") || host.ends_with(".dynamics.cn"));
    if !usual && !host.ends_with(".microsoftdynamics.us") && !host.ends_with(".appsplatform.us") && !is_loopback(url) {
        return report.warning(
            "settings",
            format!("{host} is not a host name of Dataverse"),
            "environments are usually called ORG.crm.dynamics.com, with a number behind crm for the region",
            "check url; go on if the environment has an address of its own",
        );
    }
    report.passed("settings", format!("{} as {}", url.origin().ascii_serialization(), who(&tool.connection.own.auth)));
}

fn who(auth: &ProvanceAuth) -> String {
    match auth {
        ProvanceAuth::ClientCredentials { client_id, .. } => format!("application {client_id} (client secret)"),
        ProvanceAuth::ClientCertificate { client_id, .. } => format!("application {client_id} (certificate)"),
        ProvanceAuth::OauthPassword { username, .. } => format!("{username} (password grant)"),
    }
}

/// Without credentials a healthy environment answers 401; a proxy or a wrong host does not.
async fn awake(tool: &Provance, report: &mut Report) -> bool {
    let found = match tool.client.auth().knock().await {
        Ok(_) => Err::<(), _>(Trouble::Unauthorised(String::new())),
        Err(trouble) => Err(trouble),
    };
    checking::awake(report, found, NOUN)
}

fn limits(report: &mut Report, headers: &HeaderMap) {
    if let Some(left) = left(headers) {
        report.passed("rate limit", format!("{left} requests are left in this five minutes (service protection limits)"));
    }
}

/// The profile against the definitions; the table of incidents, when that is known.
async fn profile(tool: &Provance, report: &mut Report) -> Option<Table> {
    let mut incidents = None;
    let mut wrong = Vec::new();
    for (section, logical_name, columns) in tool.profile().tables() {
        let table = match super::metadata::table(&tool.client, logical_name).await {
            Ok(table) => table,
            Err(error) => {
                let finding = format!("what {logical_name} consists of cannot be read");
                failed(report, "profile", &finding, &error);
                return None;
            }
        };
        let missing = columns.iter().filter(|(_, property)| !table.columns.contains_key(logical(property)));
        wrong.extend(missing.map(|(setting, property)| format!("{section}.{setting} = \"{property}\"")));
        if section == "incident" {
            let correlation = &tool.profile().incident.correlation;
            let is_key = table.keys.iter().any(|key| key.as_slice() == std::slice::from_ref(&correlation.column));
            if correlation.alternate_key && !is_key {
                report.failed(
                    "alternate key",
                    format!("{} is no alternate key of {logical_name}", correlation.column),
                    "with alternate_key = true incidents are made and found by an alternate key of this one column",
                    "add the key in the environment (Tables > Keys) and wait until it is active, or set alternate_key = false",
                );
            }
            incidents = Some(table);
        }
    }
    if wrong.is_empty() {
        report.passed("profile", "every column of the profile exists");
    } else {
        report.failed(
            "profile",
            format!("no such column: {}", wrong.join(", ")),
            "a record of which one column does not exist cannot be read at all",
            "correct these settings in provance.profile; `itsm-connector discover` proposes a profile",
        );
        return None;
    }
    incidents
}

/// Whether a table can be read; says so only when it cannot.
async fn readable(tool: &Provance, report: &mut Report, step: &str, set: &str, id: &str) -> Option<bool> {
    let list = List { set, select: id, filter: "", order: "", page: 1 };
    match tool.client.rows(&list).await {
        Ok(rows) => {
            if rows.is_empty() {
                report.warning(
                    step,
                    format!("no record of {set} is visible"),
                    "the table is empty, or the security role shows only records of others (Dataverse does not tell which)",
                    format!("if there are records, give the privilege to read {set} the level Organization"),
                );
            } else {
                report.passed(step, format!("{set} can be read"));
            }
            Some(!rows.is_empty())
        }
        Err(error) => {
            failed(report, step, &format!("{set} cannot be read"), &error);
            None
        }
    }
}

async fn incidents(tool: &Provance, table: &Table, report: &mut Report) {
    let incident = &tool.profile().incident;
    let select = mapping::select(&tool.connection, table, std::iter::empty());
    let list = List { set: &incident.entity_set, select: &select, filter: "", order: "", page: 1 };
    let name = "table of incidents";
    match tool.client.rows(&list).await {
        Ok(rows) if rows.is_empty() => report.warning(
            name,
            format!("no record of {} is visible", incident.entity_set),
            "the table is empty, or the security role shows only records of others (Dataverse does not tell which)",
            "if there are records, give the privilege to read the table the level Organization: without it nothing is synced",
        ),
        Ok(_) => report.passed(name, format!("{} can be read", incident.entity_set)),
        Err(error) => return failed(report, name, &format!("{} cannot be read", incident.entity_set), &error),
    }
    let mapped = tool.connection.incident.fields.keys();
    let unknown: Vec<&str> =
        mapped.map(|name| logical(name)).filter(|name| !name.contains('@') && !table.columns.contains_key(*name)).collect();
    if !unknown.is_empty() {
        report.failed(
            "fields",
            format!("no such column of {}: {}", incident.logical_name, unknown.join(", ")),
            "values of columns that do not exist are left out",
            "correct the names in the connection's mapping, or add the columns in the environment",
        );
    }
    report.skipped("create", "nothing is written by a check; the first delivery will tell whether the security role allows it");
}

/// A customer, where the table asks for one.
async fn customer(tool: &Provance, table: &Table, report: &mut Report) {
    let (incident, settings) = (&tool.profile().incident, &tool.connection.own.provance);
    let column = &incident.customer;
    let Some(targets) = table.lookups.get(column) else {
        return report.skipped("customer", "the profile names no column of the customer");
    };
    if settings.customer.is_empty() {
        let required = table.columns.get(column).is_some_and(|column| column.required);
        let bound = incident.required_bind.keys().chain(tool.connection.incident.fields.keys());
        if !required || bound.map(String::as_str).any(|name| name.starts_with(column)) {
            return report.skipped("customer", "provance.customer names none");
        }
        return report.failed(
            "customer",
            format!("{} wants a {column} and the settings give none", incident.logical_name),
            "an incident without a customer is refused",
            "set provance.customer to the name of an account that stands for what Azure monitors",
        );
    }
    match references::resolve(tool, column, targets, &settings.customer).await {
        Ok(Ok(found)) => report.passed("customer", format!("{} is {}", settings.customer, found.address())),
        Ok(Err(why)) => report.failed(
            "customer",
            format!("the customer \"{}\" cannot be found", settings.customer),
            why,
            "set provance.customer to the name of an account or contact that the connector may read, or to /accounts(GUID)",
        ),
        Err(error) => failed(report, "customer", "the customer cannot be looked for", &error),
    }
}

async fn notes(tool: &Provance, report: &mut Report) {
    if !tool.profile().incident.notes {
        return report.skipped("notes", "the profile says that the table has none");
    }
    let list = List { set: "annotations", select: "annotationid", filter: "", order: "", page: 1 };
    match tool.client.rows(&list).await {
        Ok(_) => report.passed("notes", "annotations can be read"),
        Err(error) => failed(report, "notes", "notes cannot be read, so an interrupted one could be written twice", &error),
    }
}

async fn changes(tool: &Provance, report: &mut Report) {
    let change = &tool.profile().change;
    if change.entity_set.is_empty() || !tool.connection.sync.changes {
        return report
            .skipped("table of change requests", "they are not synced: no table in the profile, or sync.changes = false");
    }
    readable(tool, report, "table of change requests", &change.entity_set, &change.id).await;
}

async fn templates(tool: &Provance, report: &mut Report) {
    let Some(wanted) = tool.connection.incident.template.as_deref().filter(|name| !name.is_empty()) else {
        return report.skipped("templates", "the mapping of incidents names none");
    };
    let step = format!("template \"{wanted}\"");
    match template::cached(tool, wanted).await {
        Ok(found) => match found.as_ref() {
            Some(template) if template.remarks.is_empty() => report.passed(step, format!("{} columns", template.fields.len())),
            found => {
                let why = found.as_ref().map(|template| template.remarks.join("; ")).unwrap_or_default();
                report.failed(step, "work items are made without it", why, "check its name, and provance.profile.template");
            }
        },
        Err(error) => failed(report, &step, "templates cannot be read", &error),
    }
}

async fn configuration_items(tool: &Provance, report: &mut Report) {
    let ci = &tool.profile().ci;
    if ci.entity_set.is_empty() || !tool.connection.configuration_item.link {
        return report
            .skipped("configuration items", "they are not linked: no table in the profile, or configuration_item.link = false");
    }
    readable(tool, report, "configuration items", &ci.entity_set, &ci.id).await;
}
