//! Activity log alerts: administrative, policy, autoscale, security, recommendation. One notification per event.

use crate::alert::lenient::{Node, clean};
use crate::alert::reading::Reading;
use crate::alert::text::{self, last_segment, words};
use crate::alert::{severity, text::count};

/// Event properties that say nothing to a person, or that are shown elsewhere.
const NOISE: [&str; 13] = [
    "hierarchy",
    "entity",
    "eventCategory",
    "title",
    "message",
    "description",
    "activeAutoscaleProfile",
    "recommendationSchemaVersion",
    "recommendationName",
    "recommendationResourceLink",
    "recommendationType",
    "policies",
    "resourceName",
];

pub(in crate::alert) fn read(event: Node<'_>, reading: &mut Reading) {
    let properties = event.at("properties");
    read_event(event, reading);
    let scope = event.at("authorization").at("scope").text();
    let entity = properties.first(&["entity", "resourceName"]);
    if reading.targets.is_empty() {
        reading.targets.extend([scope, entity].into_iter().find(|id| id.starts_with('/')));
    }
    let compromised = properties.at("compromisedEntity").text();
    if !compromised.is_empty() {
        reading.items.push(compromised);
    }
    let operation = match event.at("operationName").text() {
        name if name.is_empty() => event.at("authorization").at("action").text(),
        name => name,
    };
    let status = event.at("status").text();
    let what = summary(event, &short(&operation), &status);
    let message = properties.first(&["recommendationName", "description"]);
    reading.lead.extend([message].into_iter().filter(|message| !message.is_empty()));
    reading.headline(&what);
    reading.fact("Operation", operation);
    let sub_status = event.at("subStatus").text();
    reading.fact("Status", if sub_status.is_empty() { status } else { format!("{status} ({sub_status})") });
    reading.fact("Started by", who(event));
    reading.fact("From address", Node::from(event.at("httpRequest").unpacked().as_ref()).at("clientIpAddress").text());
    reading.fact("Event source", event.at("eventSource").text());
    add_properties(properties, reading);
    reading.fact("Correlation id", event.at("correlationId").text());
    reading.link("Recommendation", &properties.at("recommendationResourceLink").text());
}

/// What every kind of activity log event has.
pub(in crate::alert) fn read_event(event: Node<'_>, reading: &mut Reading) {
    let level = event.at("level").text();
    let event_severity = event.at("properties").at("severity").text();
    reading.severity = severity::of_event(severity::of_event(reading.severity, &level), &event_severity);
    let sent = event.at("eventTimestamp").time().or(event.at("submissionTimestamp").time());
    reading.fired_at = reading.fired_at.or(sent);
    reading.episode_at = sent.or(reading.fired_at);
    let at = sent.or(reading.fired_at).map(|at| at.to_string()).unwrap_or_default();
    let event_id = event.at("eventDataId").text();
    // Without either, nothing tells this event from the next but its content.
    if !at.is_empty() || !event_id.is_empty() {
        reading.identity = vec![reading.alert_id.to_lowercase(), event_id, event.at("status").text(), at];
    }
    if reading.description.is_empty() {
        reading.description = event.at("description").text();
    }
    let happened = event.at("Activity Log Event Description").text();
    if !happened.is_empty() {
        reading.lead.push(happened);
    }
}

/// What happened, in the few words of a title.
fn summary(event: Node<'_>, operation: &str, status: &str) -> String {
    let property = |name: &str| event.at("properties").at(name).text();
    let (old, new) = (property("oldInstancesCount"), property("newInstancesCount"));
    let recommendation = property("recommendationName");
    let category = property("category");
    let what = match event.at("eventSource").text().to_lowercase().as_str() {
        _ if !recommendation.is_empty() => return recommendation,
        "security" if !category.is_empty() => return format!("security alert ({category})"),
        "security" => return "security alert".to_owned(),
        _ if !old.is_empty() && !new.is_empty() => format!("autoscale from {old} to {new}"),
        _ => operation.to_owned(),
    };
    format!("{what} {}", status.to_lowercase()).trim().to_owned()
}

/// `Microsoft.Compute/virtualMachines/restart/action` as `virtualMachines/restart`.
fn short(name: &str) -> String {
    let name = name.strip_suffix("/action").or_else(|| name.strip_suffix("/Action")).unwrap_or(name);
    name.split_once('/').map_or(name, |(_, operation)| operation).to_owned()
}

/// The caller, by name as well when the claims hold one.
fn who(event: Node<'_>) -> String {
    let caller = event.at("caller").text();
    let claims = event.at("claims").pairs();
    let named = |(claim, name): &(String, String)| (last_segment(claim) == "name" && !name.is_empty()).then(|| name.clone());
    match claims.iter().find_map(named) {
        Some(name) if name != caller && !caller.is_empty() => format!("{name} ({caller})"),
        Some(name) => name,
        None => caller,
    }
}

/// The event's own properties, as far as they are short.
fn add_properties(properties: Node<'_>, reading: &mut Reading) {
    let mut left_out = 0_usize;
    let seen: Vec<String> = reading.lead.clone();
    for (name, value) in properties.members().filter(|(name, _)| !NOISE.contains(name)) {
        let text = value.texts().join(", ");
        if text.is_empty() || seen.contains(&text) {
            continue;
        }
        if text.chars().count() > 500 || reading.facts.len() > 40 {
            left_out += 1;
        } else {
            reading.fact(&words(&text::line(&clean(name), 60)), text);
        }
    }
    if left_out > 0 {
        reading.fact("Left out", count(&left_out.to_string(), "long property").replace("propertys", "properties"));
    }
}
