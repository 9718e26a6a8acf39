//! Instants as texts: how the portal writes them, what it takes in a commit, and what it takes in criteria.

use super::options::InstantTexts;

/// What is not in the database yet has this `TimeAdded`.
pub(super) const NEVER: &str = "0001-01-01T00:00:00";

/// `2026-09-01T10:00:02.117Z`; milliseconds since 1970.
pub(super) fn show(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map(|at| at.to_string()).unwrap_or_default()
}

/// Milliseconds since 1970, from ISO 8601 with or without a zone, with a space instead of the `T`, or American as .NET writes it
/// (`9/1/2026 10:00:00 AM`, or `09/01/2026 10:00:00` without a culture, which the published client sends). Without a zone UTC is meant.
pub(super) fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok();
    let american = |form: &&str| jiff::civil::DateTime::strptime(form, text).ok();
    let civil = civil.or_else(|| ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S"].iter().find_map(american))?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// The same in a criterion, where ISO 8601 may not be taken.
pub(super) fn read_criterion(text: &str, texts: InstantTexts) -> Option<i64> {
    if texts == InstantTexts::WithoutIso && text.contains('T') { None } else { read(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_an_instant_means_the_same() {
        let at = read("2026-09-01T10:00:02Z");
        assert_eq!(at.map(show).as_deref(), Some("2026-09-01T10:00:02Z"));
        for text in [
            "2026-09-01T12:00:02+02:00",
            "2026-09-01T10:00:02",
            "2026-09-01 10:00:02",
            "9/1/2026 10:00:02 AM",
            "09/01/2026 10:00:02",
        ] {
            assert_eq!(read(text), at, "{text}");
        }
        assert_eq!(read("tomorrow"), None);
        assert_eq!(read_criterion("2026-09-01T10:00:02Z", InstantTexts::WithoutIso), None);
        assert_eq!(read_criterion("9/1/2026 10:00:02 AM", InstantTexts::WithoutIso), at);
    }
}
