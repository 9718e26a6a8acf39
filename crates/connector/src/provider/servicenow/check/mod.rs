//! Every step of a connection check, in the order in which one needs the other. Nothing is written: what can only be known by
//! writing (the right to create) is judged by roles and said to be so.

use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};

use super::ServiceNow;
use super::classify::{Trouble, judge};
use super::client::{Call, error};
use super::config::ServiceNowAuth;
use crate::probe::{Report, network};
use crate::provider::retry_after;
use crate::provider::wire::Effect;
use crate::provider::{ProviderError, WaitReason};
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
    clock(provider, &headers, report);
    if let Some(budget) = retry_after::budget(&headers) {
        let finding = format!("{} requests per window, which ends at {}", budget.limit, budget.resets_at);
        report.passed("rate limit", finding);
    }
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
    for step in steps {
        report.skipped(*step, why);
    }
    for kind in kinds {
        report.skipped(format!("table {}", super::mapping::table(*kind)), why);
    }
    report.skipped("choices, templates, configuration items", why);
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
    let remedy = match error {
        ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. } if !remedy.is_empty() => remedy.as_str(),
        ProviderError::Wait { reason: WaitReason::Outage, .. } => "wait, and check the instance's status page",
        _ => "try again; if it stays, ask the instance's administrator with the transaction id",
    };
    report.failed(name, finding, error.to_string(), remedy);
}

/// Without credentials a healthy instance answers 401 in JSON; a sleeping one, a proxy or a wrong host does not.
async fn awake(provider: &ServiceNow, report: &mut Report) -> bool {
    let wire = provider.client.wire();
    let mut url = provider.client.base().clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["api", "now", "table", "sys_choice"]);
    }
    url.set_query(Some("sysparm_limit=1"));
    let request = wire.request(Method::GET, url).header(ACCEPT, "application/json");
    let found = match wire.send(request, Effect::Read, "asking for a sign of life").await {
        Ok(answer) => judge(&answer, Effect::Read, "asking for a sign of life", provider.clock.now()),
        Err(error) => Err(Trouble::Error(error)),
    };
    match found.map(drop).map_err(|trouble| if matches!(trouble, Trouble::Unauthorised(_)) { None } else { Some(error(trouble)) })
    {
        Ok(()) | Err(None | Some(ProviderError::Refused { .. })) => {
            report.passed("awake", "the instance answers as one");
            true
        }
        Err(Some(error)) => {
            failed(report, "awake", "the instance does not answer as one", &error);
            false
        }
    }
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
    let accepted = format!("accepted: {}", who(&provider.connection.own.auth));
    match provider.client.call(&call).await {
        Ok(reply) => {
            report.passed(name, accepted);
            Some(reply.headers)
        }
        Err(trouble) => match error(trouble) {
            // Known to the instance, though not allowed to read this table: the tables' own probes tell.
            ProviderError::Refused { .. } => {
                report.passed(name, accepted);
                Some(HeaderMap::new())
            }
            error => {
                failed(report, name, "the credentials are not accepted", &error);
                None
            }
        },
    }
}

fn clock(provider: &ServiceNow, headers: &HeaderMap, report: &mut Report) {
    let Some(theirs) = retry_after::server_time(headers) else {
        return report.skipped("clock", "the answer has no Date header");
    };
    let skew = theirs.duration_since(provider.clock.now());
    if skew.abs() > SignedDuration::from_secs(60) {
        return report.warning(
            "clock",
            format!("the instance's clock differs by {} s from this machine's", skew.as_secs()),
            "one of the two is wrong; tokens and reopen windows are measured with this machine's",
            "synchronise this machine's clock",
        );
    }
    report.passed("clock", format!("differs by {} s", skew.as_secs()));
}
