//! The common alert schema: essentials are read here, the context by the family that the monitoring service and the
//! context's shape name.

use super::context::{activity, budget, log, log_v1, metric, prometheus, resource_health, service_health, smart_detector};
use super::lenient::Node;
use super::reading::Reading;
use super::{AlertKind, severity, text};

pub(super) fn read(data: Node<'_>) -> Reading {
    let essentials = data.at("essentials");
    let context = data.at("alertContext");
    let mut reading = Reading::new(AlertKind::Unknown);
    read_essentials(essentials, &mut reading);
    reading.custom = data.at("customProperties").pairs().into_iter().collect();
    let alert_kind = kind(&reading.monitoring_service, essentials, context);
    reading.kind = alert_kind;
    match alert_kind {
        AlertKind::Metric | AlertKind::Availability => metric::read(context, &mut reading),
        AlertKind::Log if context.at("SearchQuery").exists() => log_v1::read(context, &mut reading),
        AlertKind::Log => log::read(context, &mut reading),
        AlertKind::ActivityLog => activity::read(context, &mut reading),
        AlertKind::ServiceHealth => service_health::read(context, &mut reading),
        AlertKind::ResourceHealth => resource_health::read(context, &mut reading),
        AlertKind::SmartDetector => smart_detector::read(context, &mut reading),
        AlertKind::Prometheus => prometheus::read(context, &mut reading),
        AlertKind::Budget => budget::read(context, &mut reading),
        AlertKind::Autoscale | AlertKind::LogRecord | AlertKind::Unknown => {
            reading.headline("");
            reading.section("Details", text::tree(context.unpacked().as_ref()));
        }
    }
    add_links(essentials, &mut reading);
    reading
}

fn read_essentials(essentials: Node<'_>, reading: &mut Reading) {
    let text = |name: &str| essentials.at(name).text();
    reading.alert_id = text("alertId");
    reading.rule = text("alertRule");
    reading.rule_id = text("alertRuleID");
    if reading.rule.is_empty() {
        text::last_segment(&reading.rule_id).clone_into(&mut reading.rule);
    }
    reading.severity = severity::parse(&text("severity"));
    reading.over = text("monitorCondition").eq_ignore_ascii_case("Resolved");
    reading.monitoring_service = text("monitoringService");
    reading.targets = essentials.at("alertTargetIDs").texts();
    reading.items = essentials.at("configurationItems").texts();
    reading.fired_at = essentials.at("firedDateTime").time();
    reading.resolved_at = essentials.at("resolvedDateTime").time();
    reading.description = text("description");
}

/// The monitoring service decides; where it is unknown or names several shapes, the context does.
fn kind(service: &str, essentials: Node<'_>, context: Node<'_>) -> AlertKind {
    let service: String = service.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let source: String = context.at("eventSource").text().to_lowercase();
    let condition = context.at("condition");
    let is_log = condition.at("allOf").items().any(|one| one.at("searchQuery").exists() || one.at("event").exists());
    match service.as_str() {
        "servicehealth" => AlertKind::ServiceHealth,
        "resourcehealth" => AlertKind::ResourceHealth,
        "smartdetector" => AlertKind::SmartDetector,
        "prometheus" => AlertKind::Prometheus,
        "costalerts" => AlertKind::Budget,
        _ if context.at("SearchQuery").exists() => AlertKind::Log,
        "loganalytics" | "applicationinsights" | "logalertsv2" | "simplelogalert" => AlertKind::Log,
        _ if is_log => AlertKind::Log,
        _ if context.at("conditionType").text().starts_with("Webtest") => AlertKind::Availability,
        "platform" => AlertKind::Metric,
        _ if condition.exists() && essentials.at("signalType").text() == "Log" => AlertKind::Log,
        _ if condition.exists() => AlertKind::Metric,
        _ if source == "servicehealth" => AlertKind::ServiceHealth,
        _ if source == "resourcehealth" => AlertKind::ResourceHealth,
        service if service.starts_with("activitylog") || context.at("operationName").exists() => AlertKind::ActivityLog,
        _ if context.at("DetectionSummary").exists() => AlertKind::SmartDetector,
        _ if context.at("expression").exists() => AlertKind::Prometheus,
        _ if context.at("AlertData").exists() => AlertKind::Budget,
        _ => AlertKind::Unknown,
    }
}

fn add_links(essentials: Node<'_>, reading: &mut Reading) {
    let investigation = essentials.at("investigationLink").text();
    if investigation.is_empty() {
        let id = reading.alert_id.clone();
        if id.to_lowercase().contains("/providers/microsoft.alertsmanagement/alerts/") {
            let id = percent_encoded(&id);
            let blade = "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/";
            reading.link("Alert in the Azure portal", &format!("{blade}{id}"));
        }
    } else {
        reading.link("Investigate in the Azure portal", &investigation);
    }
    let target = reading.targets.first().filter(|id| id.starts_with("/subscriptions/") && reading.kind != AlertKind::Budget);
    if let Some(target) = target.cloned() {
        reading.link("Resource in the Azure portal", &format!("https://portal.azure.com/#resource{target}"));
    }
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
