//! Every step of a connection check, in the order in which one needs the other. Nothing is written: what can only be known by
//! writing (the right to create) is judged by roles and said to be so.

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};

use super::ServiceNow;
use super::classify::{NOUN, judge};
use super::client::Call;
use super::config::ServiceNowAuth;
use crate::probe::{Report, network};
use crate::provider::wire::{Effect, below};
use crate::provider::{ProviderError, checking};
use crate::work_item::WorkItemType;

mod lists;
mod tables;

/// Goes through all steps for `kinds`.
pub(super) async fn run(provider: &ServiceNow, kinds: &[WorkItemType], report: &mut Report) {
    settings(provider, report);
    let url = provider.client.base();
    if !network::run(provider.client.wire(), url, report).await {
        return skip(report, &["awake", "credentials"], kinds, "the instance cannot be reached");
    }
    if !awake(provider, report).await {
        return skip(report, &["credentials"], kinds, "the instance does not answer as one");
    }
    let Some(headers) = credentials(provider, report).await else {
        return skip(report, &[], kinds, "the credentials are not accepted");
    };
    checking::clock(report, &headers, provider.clock.now(), NOUN);
    checking::rate_limit(report, &headers);
    for kind in kinds {
        tables::run(provider, *kind, report).await;
        lists::template(provider, *kind, report).await;
    }
    if kinds.contains(&WorkItemType::Incident) {
        lists::close_code(provider, report).await;
        lists::constants(provider, report).await;
        lists::staging_table(provider, report).await;
    }
    lists::configuration_items(provider, report).await;
}

fn skip(report: &mut Report, steps: &[&str], kinds: &[WorkItemType], why: &str) {
    let tables = kinds.iter().map(|kind| format!("table {}", super::mapping::table(*kind)));
    let rest = "choices, templates, configuration items".to_owned();
    checking::skipped(report, steps.iter().map(|&step| step.to_owned()).chain(tables).chain([rest]), why);
}

fn settings(provider: &ServiceNow, report: &mut Report) {
    let url = provider.client.base();
    let host = url.host_str().unwrap_or_default();
    let usual = host.ends_with(".service-now.com") || host.ends_with(".servicenowservices.com");
    if !usual && !crate::provider::wire::is_loopback(url) {
        return report.warning(
            "settings",
            format!("{host} is not a ServiceNow host name"),
            "instances are usually called NAME.service-now.com or NAME.servicenowservices.com",
            "check url; go on if the instance has an address of its own",
        );
    }
    if url.path() != "/" {
        return report.warning(
            "settings",
            format!("url has the path {}", url.path()),
            "the REST API is at the root of an instance",
            "leave out the path unless a proxy needs it",
        );
    }
    report.passed("settings", format!("{} as {}", url.origin().ascii_serialization(), who(&provider.connection.own.auth)));
}

fn who(auth: &ServiceNowAuth) -> String {
    match auth {
        ServiceNowAuth::Basic { username, .. } => format!("{username} (basic)"),
        ServiceNowAuth::OauthPassword { username, .. } => format!("{username} (OAuth password grant)"),
        ServiceNowAuth::ClientCredentials { .. } => "the OAuth application's user (client credentials)".to_owned(),
        ServiceNowAuth::ApiKey { .. } => "the API key's user".to_owned(),
    }
}

/// The user's name, when the settings tell it.
fn username(auth: &ServiceNowAuth) -> Option<&str> {
    match auth {
        ServiceNowAuth::Basic { username, .. } | ServiceNowAuth::OauthPassword { username, .. } => Some(username),
        ServiceNowAuth::ClientCredentials { .. } | ServiceNowAuth::ApiKey { .. } => None,
    }
}

/// A failed step, from what a call said.
fn failed(report: &mut Report, name: &str, finding: &str, error: &ProviderError) {
    checking::failed(report, name, finding, error, NOUN);
}

/// Without credentials a healthy instance answers 401 in JSON; a sleeping one, a proxy or a wrong host does not.
async fn awake(provider: &ServiceNow, report: &mut Report) -> bool {
    const WHAT: &str = "asking for a sign of life";
    let wire = provider.client.wire();
    let mut url = below(provider.client.base(), &["api", "now", "table", "sys_choice"]);
    url.set_query(Some("sysparm_limit=1"));
    let request = wire.request(Method::GET, url).header(ACCEPT, "application/json");
    let found = match wire.send(request, Effect::Read, WHAT).await {
        Ok(answer) => judge(&answer, Effect::Read, WHAT, provider.clock.now()),
        Err(error) => Err(error.into()),
    };
    checking::awake(report, found, NOUN)
}

/// Shows the credentials on a table that everybody may ask for; answers the headers.
async fn credentials(provider: &ServiceNow, report: &mut Report) -> Option<HeaderMap> {
    let query = [("sysparm_limit", "1"), ("sysparm_fields", "sys_id")];
    let path = ["api", "now", "table", "sys_choice"];
    let call =
        Call { method: Method::GET, path: &path, query: &query, body: None, effect: Effect::Read, what: "using the credentials" };
    let name = match provider.connection.own.auth {
        ServiceNowAuth::Basic { .. } | ServiceNowAuth::ApiKey { .. } => "credentials",
        ServiceNowAuth::OauthPassword { .. } | ServiceNowAuth::ClientCredentials { .. } => "token",
    };
    let found = provider.client.call(&call).await.map(|reply| reply.headers);
    checking::accepted(report, name, &who(&provider.connection.own.auth), found, NOUN)
}
