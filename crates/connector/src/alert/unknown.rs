//! JSON of nobody's schema: custom payloads of log rules, Logic Apps, tests by hand. It becomes a generic alert whose body is
//! a readable rendering.

use super::lenient::Node;
use super::reading::Reading;
use super::{AlertKind, severity, text};

pub(super) fn read(root: Node<'_>) -> Reading {
    let mut reading = Reading::new(AlertKind::Unknown);
    let rule = root.first(&["alertRule", "AlertRuleName", "alertname"]);
    let said = root.first(&["title", "text", "summary", "message", "subject"]);
    reading.title = [&rule, &said].into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    if reading.title.is_empty() {
        "Azure Monitor alert".clone_into(&mut reading.title);
    }
    reading.severity = severity::parse(&root.at("severity").text());
    reading.description = root.at("description").text();
    reading.custom = root.at("customProperties").pairs().into_iter().collect();
    if !said.is_empty() {
        reading.lead.push(said);
    }
    // A payload of a single sentence has been said.
    if reading.lead.is_empty() || root.members().count() > 1 {
        reading.section("Payload", text::tree(root.unpacked().as_ref()));
    }
    reading
}
