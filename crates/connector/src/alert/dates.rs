//! Instants and lengths of time as Azure's payloads spell them, and as people read them. An instant without a zone is UTC.

use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Reads ISO 8601, `3/22/2019 1:36:31 PM`, `06/25/2017 19:59:39`, RFC 1123, or a bare date. Nothing for anything else and
/// for the year 1, which .NET sends for "never".
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let american = |format| strtime::parse(format, text).ok().and_then(|parsed| parsed.to_datetime().ok()).and_then(utc);
    text.parse()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok().and_then(utc))
        .or_else(|| american("%m/%d/%Y %I:%M:%S %p"))
        .or_else(|| american("%m/%d/%Y %H:%M:%S"))
        .or_else(|| rfc2822::parse(text).ok().map(|at| at.timestamp()))
        .or_else(|| text.parse::<Date>().ok().and_then(|date| utc(date.at(0, 0, 0, 0))))
        .filter(|at: &Timestamp| at.as_second() > 0)
}

/// `2026-03-02 04:11:37 UTC`.
pub(super) fn show(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `2026-03`, for what repeats monthly.
pub(super) fn month(at: Timestamp) -> String {
    at.strftime("%Y-%m").to_string()
}

/// `PT5M` as `5 minutes`; what is no ISO 8601 duration stays as it is.
pub(super) fn length(text: &str) -> String {
    let Ok(span) = text.parse::<Span>() else { return text.to_owned() };
    let units = [
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
    ];
    let words: Vec<String> = units
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { text.to_owned() } else { words.join(" ") }
}

/// A number of minutes as `5 minutes`, whole hours and days as such.
pub(super) fn minutes(text: &str) -> String {
    match text.parse::<u32>() {
        Ok(minutes) if minutes > 0 && minutes % 1440 == 0 => length(&format!("P{}D", minutes / 1440)),
        Ok(minutes) if minutes > 0 && minutes % 60 == 0 => length(&format!("PT{}H", minutes / 60)),
        Ok(minutes) => length(&format!("PT{minutes}M")),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_format_of_the_documented_samples_is_read() {
        let read = |text| parse(text).map(|at| at.to_string()).unwrap_or_default();
        assert_eq!(read("2019-03-22T13:58:24.3713213Z"), "2019-03-22T13:58:24.3713213Z");
        assert_eq!(read("2019-08-26T09:28:58.3019107+00:00"), "2019-08-26T09:28:58.3019107Z");
        assert_eq!(read("2021-11-15T15:15:24"), "2021-11-15T15:15:24Z");
        assert_eq!(read("3/22/2019 1:36:31 PM"), "2019-03-22T13:36:31Z");
        assert_eq!(read("06/25/2017 19:59:39"), "2017-06-25T19:59:39Z");
        assert_eq!(read("Wed, 21 Aug 2019 16:17:47 GMT"), "2019-08-21T16:17:47Z");
        assert_eq!(read("2022-11-01"), "2022-11-01T00:00:00Z");
        assert_eq!(read("0001-01-01T00:00:00Z"), "");
        assert_eq!(read("yesterday"), "");
    }

    #[test]
    fn lengths_are_spelled_for_people() {
        assert_eq!(length("PT5M"), "5 minutes");
        assert_eq!(length("PT1H30M"), "1 hour 30 minutes");
        assert_eq!(length("P1D"), "1 day");
        assert_eq!(length("soon"), "soon");
        assert_eq!(minutes("1440"), "1 day");
        assert_eq!(minutes("15"), "15 minutes");
    }
}
