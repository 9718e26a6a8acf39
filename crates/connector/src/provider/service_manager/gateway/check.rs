//! Every step of a connection check, in the order in which one needs the other: the way, Azure Relay, the gateway, the credentials, the
//! gateway's own checks of Service Manager, what may be read, and whether the settings fit what is there. Nothing is written.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;

use super::client::Kind;
use super::problem::{NOUN, ROLE};
use super::shapes::{Health, instant};
use super::{Gateway, refresh, relay};
use crate::configuration::validate::findings;
use crate::probe::{Report, network};
use crate::provider::trouble::Trouble;
use crate::provider::wire::is_loopback;
use crate::provider::{ProviderError, checking};
use crate::work_item::WorkItemType;

/// The only version of the protocol there is.
const PROTOCOL: u32 = 1;
/// What Relay's addresses end with, in Azure's public cloud.
const RELAY: &str = ".servicebus.windows.net";
/// Steps that need the gateway and Service Manager behind it.
const BEHIND: [&str; 5] = ["read incidents", "read changes", "lists", "mapping", "computers"];

/// Goes through all steps.
pub(super) async fn run(tool: &Gateway, kinds: &[WorkItemType], report: &mut Report) {
    settings(tool, report);
    let skip = |report: &mut Report, steps: &[&str], why: &str| {
        checking::skipped(report, steps.iter().chain(&BEHIND).copied(), why);
    };
    if !network::run(tool.client.wire(), tool.client.base(), report).await {
        return skip(report, &["awake", "credentials", "gateway"], "the host cannot be reached");
    }
    let knocked = tool.client.knock().await;
    if tool.connection.own.service_manager.relay.is_some()
        && let Some(error) = of_relay(tool, &knocked)
    {
        checking::failed(report, "relay", "Azure Relay does not let calls through to a gateway", &error, NOUN);
        return skip(report, &["awake", "credentials", "gateway"], "Azure Relay does not let calls through");
    }
    if tool.connection.own.service_manager.relay.is_some() {
        report.passed("relay", "takes the token and passes calls on to a gateway");
    }
    if !checking::awake(report, knocked, NOUN) {
        return skip(report, &["credentials", "gateway"], "there is no gateway that answers as one");
    }
    let Some(health) = credentials(tool, report).await else {
        return skip(report, &["gateway"], "the credentials are not accepted");
    };
    if !gateway(tool, &health, report) {
        return skip(report, &[], "the gateway says that Service Manager cannot be spoken to");
    }
    for (step, kind) in [("read incidents", Kind::Incidents), ("read changes", Kind::Changes)] {
        readable(tool, step, kind, report).await;
    }
    lists(tool, kinds, report).await;
    computers(tool, &health, report).await;
}

fn settings(tool: &Gateway, report: &mut Report) {
    let url = tool.client.base();
    let (host, through) = (url.host_str().unwrap_or_default(), tool.connection.own.service_manager.relay.as_ref());
    let address = format!("{}{}", url.origin().ascii_serialization(), url.path());
    match through {
        None if host.ends_with(RELAY) => report.warning(
            "settings",
            format!("{address} is a hybrid connection of Azure Relay"),
            "service_manager.relay is not set, so that calls carry no token for Relay",
            "set service_manager.relay with a rule that has the right Send; go on without it only if the hybrid connection wants no \
             client authorization",
        ),
        Some(_) if !host.ends_with(RELAY) && !is_loopback(url) => report.warning(
            "settings",
            format!("{host} is not a host name of Azure Relay"),
            format!("service_manager.relay is set, and Relay's hosts end with {RELAY} in Azure's public cloud"),
            "remove service_manager.relay if the gateway is reached directly; go on if this is another cloud",
        ),
        Some(relay) => {
            report.passed("settings", format!("{address} as {}, through Azure Relay by rule {}", tool.client.auth().who(), relay.rule));
        }
        None => report.passed("settings", format!("{address} as {}", tool.client.auth().who())),
    }
}

/// Relay's own refusal.
fn of_relay(tool: &Gateway, knocked: &Result<(), Trouble>) -> Option<ProviderError> {
    match knocked.as_ref().err()? {
        Trouble::Unauthorised(told) if told.contains(relay::NOT_ACCEPTED) => Some(tool.client.auth().relay_refused(told)),
        Trouble::Error(error) if error.to_string().contains("Azure Relay") => Some(error.clone()),
        _ => None,
    }
}

async fn credentials(tool: &Gateway, report: &mut Report) -> Option<Health> {
    let (health, found) = match tool.client.health().await {
        Ok((health, headers)) => (Some(health), Ok(headers)),
        Err(trouble) => (None, Err::<HeaderMap, _>(trouble)),
    };
    let who = tool.client.auth().who();
    checking::accepted(report, "credentials", &who, found, NOUN)?;
    Some(health.unwrap_or_default())
}

/// What the gateway says of itself and of the server behind it; whether to go on.
fn gateway(tool: &Gateway, health: &Health, report: &mut Report) -> bool {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    if health.protocol != PROTOCOL {
        report.failed(
            "gateway",
            format!("speaks protocol version {}", health.protocol),
            format!("this connector speaks version {PROTOCOL}"),
            "bring gateway and connector to the same release",
        );
        return false;
    }
    report.passed("gateway", format!("version {}, as {}", or(&health.gateway), or(&health.user)));
    let mut good = true;
    for check in &health.checks {
        let name = format!("gateway: {}", check.name);
        if check.status == "ok" {
            report.passed(name, format!("{} version {}", or(&health.server), or(&health.server_version)));
            continue;
        }
        good = false;
        let said = check.message.as_deref().filter(|text| !text.is_empty()).unwrap_or("the gateway does not say why");
        report.failed(
            name,
            "the gateway's own check failed",
            said,
            format!(
                "see that the System Center Data Access Service runs, that the gateway reaches port 5724 of {}, and that its account has \
                 {ROLE}",
                or(&health.server)
            ),
        );
    }
    if good && health.status != "ok" {
        good = false;
        report.failed(
            "gateway: status",
            format!("says \"{}\"", health.status),
            "no check of its own failed",
            "look at the gateway's log",
        );
    }
    if let Some(theirs) = instant(&health.utc) {
        checking::clocks(report, theirs, tool.clock.now(), NOUN);
    }
    let overlap = tool.connection.sync.overlap.get().as_secs();
    if health.limits.settle_seconds > overlap {
        report.warning(
            "overlap",
            format!("sync.overlap is {overlap} s"),
            format!("a change can become visible {} s after its own time", health.limits.settle_seconds),
            format!("set sync.overlap to at least \"{}s\"", health.limits.settle_seconds),
        );
    }
    good
}

async fn readable(tool: &Gateway, step: &str, kind: Kind, report: &mut Report) {
    let since = tool.clock.now().to_string();
    let found = tool.client.list(kind, &[("modifiedSince", &since), ("limit", "1")]).await;
    let found = found.and_then(|page| page.map_err(|cause| ProviderError::Retry { after: None, cause }));
    match found {
        Ok(_) => report.passed(step, format!("{} can be read", kind.path())),
        Err(error) => checking::failed(report, step, &format!("{} cannot be read", kind.path()), &error, NOUN),
    }
}

/// The lists, and whether what the settings name is in them.
async fn lists(tool: &Gateway, kinds: &[WorkItemType], report: &mut Report) {
    if !kinds.contains(&WorkItemType::Incident) {
        return checking::skipped(report, ["lists", "mapping"], "no incidents are made by this connection");
    }
    let configuration = match refresh::configuration(tool).await {
        Ok(configuration) => configuration,
        Err(error) => {
            checking::failed(report, "lists", "the lists cannot be read", &error, NOUN);
            return report.skipped("mapping", "the lists cannot be read");
        }
    };
    if let Some(gap) = configuration.gaps.first() {
        report.failed("lists", "the lists may not be read", gap.cause.clone(), gap.remedy.clone());
        return report.skipped("mapping", "the lists may not be read");
    }
    let lists = configuration.choices.values().map(BTreeMap::len).sum::<usize>();
    let templates = configuration.templates.as_ref().map_or(0, Vec::len);
    let groups = configuration.groups.as_ref().map_or(0, Vec::len);
    report.passed("lists", format!("{lists} lists, {templates} names of templates, {groups} support groups"));
    let found = findings(&tool.name, &tool.connection, &BTreeMap::new(), &configuration);
    for finding in &found {
        report.warning("mapping", finding.setting.clone(), finding.problem.clone(), finding.remedy.clone());
    }
    if found.is_empty() {
        report.passed("mapping", "every value, template and property that the settings name is there");
    }
}

async fn computers(tool: &Gateway, health: &Health, report: &mut Report) {
    let settings = &tool.connection.configuration_item;
    if !settings.link {
        return report.skipped("computers", "configuration_item.link is false");
    }
    if settings.create && !health.capabilities.create_computers {
        return report.warning(
            "computers",
            "missing computers are to be created",
            "configuration_item.create is true, and the gateway does not create computers",
            "set CreateComputers in the gateway's settings, or configuration_item.create to false",
        );
    }
    // Any name will do: none found is as good an answer as any.
    match tool.client.computers("azure-itsm-connector-check").await {
        Ok(_) => report.passed("computers", "can be looked for by name"),
        Err(error) => checking::failed(report, "computers", "computers cannot be looked for", &error, NOUN),
    }
}
