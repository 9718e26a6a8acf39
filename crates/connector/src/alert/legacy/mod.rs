//! Payloads from before the common schema: what action groups still send when a receiver does not ask for it, and what rules
//! and settings with a webhook of their own send.

pub(super) mod activity;
pub(super) mod autoscale;
pub(super) mod budget;
pub(super) mod log;
pub(super) mod metric;

use super::lenient::Node;
use super::reading::Reading;

/// `data.context` of metric schemas and `context` of classic ones and of autoscale share these names.
fn read_resource(context: Node<'_>, reading: &mut Reading) {
    reading.rule = context.at("name").text();
    reading.rule_id = context.at("id").text();
    reading.description = context.at("description").text();
    reading.fired_at = context.at("timestamp").time();
    reading.targets.extend(Some(context.at("resourceId").text()).filter(|id| !id.is_empty()));
    reading.items.extend(Some(context.at("resourceName").text()).filter(|name| !name.is_empty()));
    reading.link("Resource in the Azure portal", &context.at("portalLink").text());
}

/// Names a notification of a schema that has no alert id: the rule, the resource, the state and the time. Without a time only
/// its content tells it from the next.
fn identify(reading: &mut Reading, more: &[String]) {
    if let Some(at) = reading.episode_at.or(reading.fired_at) {
        let rule = [reading.rule_id.to_lowercase(), reading.rule.to_lowercase(), at.to_string()];
        reading.identity = [&rule[..], &reading.targets, more].concat();
    }
}
