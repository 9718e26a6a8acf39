//! Azure's severity as impact and urgency. Each of the five gives a priority of its own with the usual priority matrix; what the
//! connection says wins.

use crate::alert::Severity;
use crate::settings::Connection;

/// A level of impact or urgency. A product writes it as its own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Most.
    High,
    /// In between.
    Medium,
    /// Least.
    Low,
}

/// Default impact and urgency: with the usual priority matrix `Sev0` becomes priority 1, ... `Sev4` priority 5.
#[must_use]
pub const fn levels(severity: Severity) -> (Level, Level) {
    match severity {
        Severity::Sev0 => (Level::High, Level::High),
        Severity::Sev1 => (Level::Medium, Level::High),
        Severity::Sev2 => (Level::Medium, Level::Medium),
        Severity::Sev3 => (Level::Low, Level::Medium),
        Severity::Sev4 => (Level::Low, Level::Low),
    }
}

/// Impact and urgency by the tool's own values: the connection's own for this severity, else the defaults as `impact` and
/// `urgency` write them.
pub fn impact_and_urgency(
    severity: Severity,
    connection: &Connection,
    impact: impl Fn(Level) -> String,
    urgency: impl Fn(Level) -> String,
) -> (String, String) {
    connection.severity.get(&severity).map_or_else(
        || {
            let (of_impact, of_urgency) = levels(severity);
            (impact(of_impact), urgency(of_urgency))
        },
        |own| (own.impact.clone(), own.urgency.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_connection_says_wins() {
        let settings = "provider = \"servicenow\"\nurl = \"https://x.service-now.com\"\nauth = { type = \"api_key\", key = \"$KEY\" }\n\
                        severity = { Sev1 = { impact = \"A\", urgency = \"B\" } }";
        let connection: Connection = toml::from_str(settings).unwrap();
        let given = |severity| {
            let (impact, urgency) =
                impact_and_urgency(severity, &connection, |level| format!("i{level:?}"), |level| format!("u{level:?}"));
            format!("{impact} {urgency}")
        };
        assert_eq!(given(Severity::Sev1), "A B");
        assert_eq!(given(Severity::Sev3), "iLow uMedium");
    }

    #[test]
    fn every_severity_has_levels_of_its_own() {
        let all = [Severity::Sev0, Severity::Sev1, Severity::Sev2, Severity::Sev3, Severity::Sev4].map(levels);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
