//! Service Health. Every update of an event says "Fired", also the one that says it is over; the tracking id holds the
//! updates together, the stage says where it stands.

use super::activity::read_event;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::text::subscription;
use crate::alert::{dates, html};

const OVER: [&str; 6] = ["resolved", "rca", "complete", "completed", "canceled", "cancelled"];

pub(in crate::alert) fn read(event: Node<'_>, reading: &mut Reading) {
    let properties = event.at("properties");
    let text = |name: &str| properties.at(name).text();
    read_event(event, reading);
    reading.stateful = true;
    let says_over = |stage: String| OVER.contains(&stage.to_lowercase().as_str());
    reading.over |= says_over(text("stage")) || says_over(event.at("status").text());
    if reading.over && reading.resolved_at.is_none() {
        reading.resolved_at = properties.at("impactMitigationTime").time().or(reading.episode_at);
    }

    let tracking = text("trackingId");
    if !tracking.is_empty() {
        let at = reading.episode_at.map(|at| at.to_string()).unwrap_or_default();
        let updates = [text("communicationId"), event.at("eventDataId").text(), at];
        let update = updates.into_iter().find(|update| !update.is_empty()).unwrap_or_default();
        reading.subject = vec!["service health".to_owned(), tracking.to_lowercase()];
        reading.identity.clear();
        if !update.is_empty() {
            reading.identity = vec!["service health".to_owned(), tracking.to_lowercase(), update, text("stage")];
        }
        // Test alerts share their ids; a second test is meant to be seen.
        if reading.rule.starts_with("test-") || text("isSynthetic").eq_ignore_ascii_case("true") {
            reading.identity.push(reading.fired_at.map(|at| at.to_string()).unwrap_or_default());
        }
    }

    let title = html::strip(&properties.first(&["title", "defaultLanguageTitle"]));
    reading.lead.push(title.clone());
    reading.title = title;
    let impacted = impacted(properties);
    if impacted.is_empty() {
        reading.fact("Service", text("service"));
        reading.fact("Region", text("region"));
    }
    reading.fact("Affected", impacted);
    reading.fact("Event type", text("incidentType"));
    reading.fact("Stage", text("stage"));
    reading.fact("Impact began", properties.at("impactStartTime").time().map(dates::show).unwrap_or_default());
    let until = if text("incidentType").eq_ignore_ascii_case("maintenance") { "Impact ends" } else { "Impact mitigated" };
    reading.fact(until, properties.at("impactMitigationTime").time().map(dates::show).unwrap_or_default());
    reading.fact("Tracking id", tracking.clone());
    reading.section("Message from Microsoft", html::strip(&properties.first(&["communication", "defaultLanguageContent"])));

    let mut ids = vec![reading.alert_id.clone(), format!("/subscriptions/{}", event.at("subscriptionId").text())];
    ids.splice(0..0, reading.targets.iter().cloned());
    let subscription = ids.iter().map(|id| subscription(id)).find(|id| !id.is_empty()).unwrap_or_default();
    if let Some(page) = page(&tracking, subscription) {
        reading.link("Service Health event", &page);
    }
}

/// The event's page; its address ends in the first and last three characters of the subscription id.
fn page(tracking: &str, subscription: &str) -> Option<String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let first = subscription.get(..3)?;
    let last = subscription.get(subscription.len().checked_sub(3)?..)?;
    (plain(tracking) && plain(subscription)).then(|| format!("https://app.azure.com/h/{tracking}/{first}{last}"))
}

/// `Azure Synapse Analytics (East US); ...` from an array or a JSON string.
fn impacted(properties: Node<'_>) -> String {
    let services = properties.at("impactedServices").unpacked();
    let describe = |service: Node<'_>| {
        let regions: Vec<String> = service.at("ImpactedRegions").items().map(|region| region.at("RegionName").text()).collect();
        let name = service.at("ServiceName").text();
        if regions.is_empty() { name } else { format!("{name} ({})", regions.join(", ")) }
    };
    Node::from(services.as_ref()).items().map(describe).collect::<Vec<_>>().join("; ")
}
