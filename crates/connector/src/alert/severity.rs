//! Severities in the words and numbers of every schema.

use super::Severity;

/// Reads `Sev2`, `2`, `Warning`; the activity log's numbers count the same way (3 is Informational).
pub(super) fn parse(text: &str) -> Option<Severity> {
    let word = text.trim().to_lowercase();
    match word.strip_prefix("sev").unwrap_or(&word).trim() {
        "0" | "critical" => Some(Severity::Sev0),
        "1" | "error" | "high" => Some(Severity::Sev1),
        "2" | "warning" | "medium" => Some(Severity::Sev2),
        "3" | "informational" | "information" | "info" | "low" => Some(Severity::Sev3),
        "4" | "verbose" => Some(Severity::Sev4),
        _ => None,
    }
}

/// Activity log alerts always arrive as Sev4; the event's own level counts when it is worse than informational.
pub(super) fn of_event(essentials: Option<Severity>, level: &str) -> Option<Severity> {
    match (essentials, parse(level)) {
        (Some(given), Some(level)) if level < given && level <= Severity::Sev2 => Some(level),
        (given, level) => given.or(level),
    }
}
