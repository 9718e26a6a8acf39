//! Puts it together: routes of all groups, receivers of each, the settings.

use serde_json::{Value, json};

use super::connection::Connections;
use super::finding::{Finding, Findings};
use super::fragment::{MOST_WEBHOOKS, webhook};
use super::group::Group;
use super::names::Names;
use super::route;
use super::written::{self, Line};
use super::{ActionGroup, Migration, Moved, Options, Routed, Target};

/// Converts the groups; `findings` are those of the reading.
pub(super) fn bundle(groups: &[Group], options: &Options, mut findings: Vec<Finding>) -> Migration {
    let mut connections = Connections::new(options, groups.iter().flat_map(|group| &group.receivers));
    let (mut names, mut files) = (Names::default(), Names::default());
    // Routes come after connections have their names, which none of them may have.
    let settings: Vec<Vec<Routed>> = groups.iter().map(|group| routes(group, options, &mut connections, &mut findings)).collect();
    connections.used.keys().for_each(|name| names.reserve(name));

    let mut action_groups = Vec::new();
    for (group, mut routes) in groups.iter().zip(settings) {
        let mut taken = group.taken.clone();
        let mut webhooks = Vec::new();
        for index in 0..routes.len() {
            let (earlier, rest) = routes.split_at_mut(index);
            let Some(routed) = rest.first_mut() else { continue };
            let mut findings = Findings::at(&group.file, group.place(&routed.receiver), &mut findings);
            if let Some(same) = earlier.iter().find(|before| before.settings == routed.settings) {
                routed.route.clone_from(&same.route);
                let cause = format!("it does the same as receiver \"{}\"", same.receiver);
                findings.remark(cause, "one webhook stands for both: the old pair made every work item twice");
                continue;
            }
            if let Some(other) = earlier.iter().find(|before| collide(before, routed)) {
                let cause = format!(
                    "it makes the same work item as receiver \"{}\", with another template or other fields",
                    other.receiver
                );
                let remedy = "the connector keeps one work item for each alert, and the first of the two fills it: keep one of the routes, or give the \
                              second a connection of its own to the same instance";
                findings.lost(cause, remedy);
            }
            routed.route = names.unique(&format!("{}-{}", group.name, routed.receiver));
            webhooks.push(webhook(&routed.receiver, &routed.route, options, &mut taken));
        }
        let all = group.webhooks.saturating_add(webhooks.len());
        if !webhooks.is_empty() && all > MOST_WEBHOOKS {
            Findings::at(&group.file, group.place(""), &mut findings).lost(
                format!("with these it would have {all} webhooks, and Azure takes {MOST_WEBHOOKS}"),
                "put the new ones into a second action group",
            );
        }
        action_groups.push(ActionGroup {
            file: group.file.clone(),
            name: group.name.clone(),
            resource_group: group.of.clone(),
            itsm_receivers: group.receivers.len(),
            file_name: files.unique(&[group.of.as_deref().unwrap_or_default(), &group.name].join("-")),
            routes,
            fragment: json!({"webhookReceivers": Value::Array(webhooks)}),
        });
    }
    let lines: Vec<Line<'_>> = groups
        .iter()
        .zip(&action_groups)
        .flat_map(|(group, converted)| converted.routes.iter().map(|routed| Line { group: group.place(""), routed }))
        .collect();
    let connector_toml = written::settings(&connections, &lines, options);
    let moved = |(target, old): (Target, Vec<String>)| Moved { name: target.name, provider: target.provider, old };
    Migration { action_groups, connections: connections.used.into_values().map(moved).collect(), connector_toml, findings }
}

fn routes(group: &Group, options: &Options, connections: &mut Connections<'_>, findings: &mut Vec<Finding>) -> Vec<Routed> {
    let routed = |receiver| {
        let name = route::name(receiver);
        let mut findings = Findings::at(&group.file, group.place(&name), findings);
        let settings = route::route(receiver, options, connections, &mut findings);
        Routed { receiver: name, route: String::new(), settings }
    };
    group.receivers.iter().map(routed).collect()
}

/// Two routes of one alert that share a correlation: connection, work item type and how an alert is divided.
fn collide(one: &Routed, other: &Routed) -> bool {
    let key = |routed: &Routed| (routed.settings.connection.clone(), routed.settings.work_item_type, routed.settings.per);
    key(one) == key(other)
}
