//! The body of the work item: what happened, what is known, what to look at. The order is the order of reading.

use super::dates::show;
use super::reading::Reading;
use super::text::{cut, line, table};
use super::{AlertKind, Resource, Severity, keys};

/// The longest text of others that is taken over. Addresses and rows are bounded by their number, never cut in the middle.
const TEXT_LENGTH: usize = 4000;
const LISTED: usize = 20;
const FACTS: usize = 80;

pub(super) fn compose(reading: &Reading, title: &str, resources: &[Resource]) -> String {
    let mut blocks = Vec::new();
    let lead: Vec<&str> = reading.lead.iter().map(String::as_str).filter(|text| !text.trim().is_empty()).take(LISTED).collect();
    blocks.push(if lead.is_empty() { title.to_owned() } else { cut(&lead.join("\n"), TEXT_LENGTH) });
    if !reading.lead.contains(&reading.description) {
        blocks.push(cut(&reading.description, TEXT_LENGTH));
    }
    blocks.push(facts(reading, resources));
    for (heading, text) in reading.sections.iter().take(LISTED) {
        blocks.push(format!("{heading}:\n{}", cut(text, TEXT_LENGTH)));
    }
    if !reading.rows.is_empty() {
        blocks.push(format!("Rows ({}):\n{}", reading.rows.len(), table(&reading.rows)));
    }
    let custom = reading.custom.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(keys::CHOSEN));
    let custom: Vec<String> = custom.take(LISTED).map(|(name, value)| format!("{name}: {}", cut(value, 500))).collect();
    if !custom.is_empty() {
        blocks.push(format!("Custom properties:\n{}", custom.join("\n")));
    }
    let links: Vec<String> = reading.links.iter().take(LISTED).map(|link| format!("{}: {}", link.label, link.url)).collect();
    if !links.is_empty() {
        blocks.push(format!("Links:\n{}", links.join("\n")));
    }
    let blocks: Vec<&str> = blocks.iter().map(|block| block.trim()).filter(|block| !block.is_empty()).collect();
    blocks.join("\n\n")
}

fn facts(reading: &Reading, resources: &[Resource]) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.push(("Alert rule", reading.rule.clone()));
    lines.push(("Severity", reading.severity.map(|severity| describe(severity).to_owned()).unwrap_or_default()));
    // What is sent for each event or update has no single moment of firing and of resolution.
    let fired = match reading.kind {
        AlertKind::Autoscale | AlertKind::ActivityLog | AlertKind::LogRecord => "Time",
        AlertKind::ServiceHealth => "Sent",
        _ => "Fired",
    };
    lines.push(("State", if reading.over { "Resolved".to_owned() } else { String::new() }));
    lines.push((fired, reading.fired_at.map(show).unwrap_or_default()));
    let resolved = reading.resolved_at.filter(|_| reading.kind != AlertKind::ServiceHealth);
    lines.push(("Resolved", resolved.map(show).unwrap_or_default()));
    for resource in resources.iter().take(LISTED) {
        lines.push(("Resource", resource.id.clone()));
    }
    let mut dimensions: Vec<String> = Vec::new();
    for (name, value) in reading.conditions.iter().flat_map(|condition| &condition.dimensions) {
        let dimension = format!("{name} = {value}");
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    lines.push(("Dimensions", dimensions.join(", ")));
    lines.extend(reading.facts.iter().map(|(label, value)| (label.as_str(), value.clone())));
    let lines = lines.into_iter().filter(|(_, value)| !value.is_empty()).take(FACTS);
    lines.map(|(label, value)| format!("{label}: {}", line(&value, 1000))).collect::<Vec<_>>().join("\n")
}

const fn describe(severity: Severity) -> &'static str {
    match severity {
        Severity::Sev0 => "Sev0 (critical)",
        Severity::Sev1 => "Sev1 (error)",
        Severity::Sev2 => "Sev2 (warning)",
        Severity::Sev3 => "Sev3 (informational)",
        Severity::Sev4 => "Sev4 (verbose)",
    }
}
