//! Dates as Cherwell writes them: minutes on the wall of the server, without zone. What cannot be told apart by them is one
//! [`Stretch`]: a minute, or, when clocks are set back, the two hours that look the same. Bounds of a question never fall inside
//! one, so that it does not matter how the server reads a time that it has twice.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The clock on the server's wall.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    pub(super) zone: TimeZone,
    pub(super) told: Told,
}

/// Where the zone is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The settings.
    Settings(String),
    /// The server names it; its own name and the one it was taken for.
    Server(String, String),
    /// The server only tells how far it is from UTC now.
    Offset(String),
}

/// Instants that look the same: from its start up to, without, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Wall {
    /// The instant that a text of the tool means: of two that look the same the earlier. Nothing when it is no date.
    pub(super) fn instant(&self, text: &str) -> Option<Timestamp> {
        // With an offset there is nothing to guess.
        if let Ok(at) = text.trim().parse::<Timestamp>() {
            return Some(at);
        }
        self.earlier(read(text)?)
    }

    /// For putting texts of one server in order; what is no date comes first.
    pub(super) fn order(text: &str) -> Option<DateTime> {
        read(text)
    }

    fn earlier(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(local).compatible().ok()
    }

    /// What looks like the instant.
    pub(super) fn stretch(&self, at: Timestamp) -> Stretch {
        let local = self.zone.to_datetime(at);
        let local = local.date().to_datetime(Time::new(local.hour(), local.minute(), 0, 0).unwrap_or(Time::midnight()));
        // The minute behind the hours that come twice has its bound in them, so it is taken for one of them.
        let before = local.checked_sub(MINUTE).ok();
        let twice = [Some(local), before].into_iter().flatten().find_map(|local| self.twice(local));
        twice.unwrap_or_else(|| {
            let start = self.earlier(local).unwrap_or(at);
            Stretch { start, end: start.checked_add(MINUTE).unwrap_or(Timestamp::MAX) }
        })
    }

    /// The stretch around a time that comes twice; nothing for any other.
    fn twice(&self, local: DateTime) -> Option<Stretch> {
        let AmbiguousOffset::Fold { before, after } = self.zone.to_ambiguous_timestamp(local).offset() else { return None };
        let first = before.to_timestamp(local).ok()?;
        let set_back = self.zone.following(first).next()?.timestamp();
        let width = SignedDuration::from_secs(i64::from(before.seconds()) - i64::from(after.seconds()));
        Some(Stretch { start: set_back.checked_sub(width).ok()?, end: set_back.checked_add(width + MINUTE).ok()? })
    }

    /// The value with which `gt` finds everything in and behind a stretch: its last second before.
    pub(super) fn bound(&self, stretch: Stretch) -> String {
        let before = stretch.start.checked_sub(SECOND).unwrap_or(stretch.start);
        self.zone.to_datetime(before).strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
    }
}

/// A date of the culture en-US, which every call asks for: `4/28/2019 1:39 PM`, with or without seconds; ISO dates are understood as
/// well. Nothing when it is none.
fn read(text: &str) -> Option<DateTime> {
    // Newer servers put a narrow blank before AM and PM.
    let text = text.replace(['\u{202f}', '\u{a0}', 'T'], " ");
    let mut words = text.split_whitespace();
    let date = words.next()?;
    let (clock, half) = (words.next(), words.next());
    if words.next().is_some() {
        return None;
    }
    let time = match clock {
        None => Time::midnight(),
        Some(clock) => hour(clock, half)?,
    };
    Some(day(date)?.to_datetime(time))
}

fn day(text: &str) -> Option<Date> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let mut parts = text.split('/').map(str::parse::<i16>);
    let (month, day, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn hour(clock: &str, half: Option<&str>) -> Option<Time> {
    let mut parts = clock.split('.').next()?.split(':').map(str::parse::<i8>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().transpose().ok()?.unwrap_or(0);
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(half) if !(1..=12).contains(&hour) => return (half.is_empty()).then_some(Time::midnight()),
        Some(half) if half.eq_ignore_ascii_case("am") => hour % 12,
        Some(half) if half.eq_ignore_ascii_case("pm") => hour % 12 + 12,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(zone: &str) -> Wall {
        Wall { zone: TimeZone::get(zone).unwrap(), told: Told::Settings(zone.to_owned()) }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_read_as_the_server_means_them() {
        let denver = wall("America/Denver");
        for (text, expected) in [
            ("9/1/2026 4:00 AM", Some("2026-09-01T10:00:00Z")),
            ("9/1/2026 4:00:30 AM", Some("2026-09-01T10:00:30Z")),
            ("9/1/2026 4:00\u{202f}PM", Some("2026-09-01T22:00:00Z")),
            ("12/31/2026 12:15 AM", Some("2026-12-31T07:15:00Z")),
            ("12/31/2026 12:15 PM", Some("2026-12-31T19:15:00Z")),
            ("2026-09-01T04:00:30", Some("2026-09-01T10:00:30Z")),
            ("2026-09-01T10:00:00Z", Some("2026-09-01T10:00:00Z")),
            ("9/1/2026", Some("2026-09-01T06:00:00Z")),
            // The hour that comes twice: the earlier; the hour that never was: behind the gap.
            ("11/1/2026 1:30 AM", Some("2026-11-01T07:30:00Z")),
            ("3/8/2026 2:30 AM", Some("2026-03-08T09:30:00Z")),
            ("", None),
            ("31/12/2026 1:00 PM", None),
            ("9/1/2026 13:00 PM", None),
            ("9/1/2026 1:00 PM x", None),
            ("yesterday", None),
        ] {
            assert_eq!(denver.instant(text), expected.map(at), "{text}");
        }
    }

    #[test]
    fn a_minute_is_a_stretch_and_so_are_the_hours_that_look_the_same() {
        let denver = wall("America/Denver");
        let stretch = |text: &str| denver.stretch(at(text));
        let from = |start: &str, end: &str| Stretch { start: at(start), end: at(end) };
        assert_eq!(stretch("2026-09-01T10:00:30Z"), from("2026-09-01T10:00:00Z", "2026-09-01T10:01:00Z"));
        assert_eq!(denver.bound(stretch("2026-09-01T10:00:30Z")), "9/1/2026 3:59:59 AM");
        // 1:00 to 2:00 twice, and the minute behind.
        let twice = from("2026-11-01T07:00:00Z", "2026-11-01T09:01:00Z");
        for text in ["2026-11-01T07:00:00Z", "2026-11-01T07:59:59Z", "2026-11-01T08:30:00Z", "2026-11-01T09:00:59Z"] {
            assert_eq!(stretch(text), twice, "{text}");
        }
        assert_eq!(denver.bound(twice), "11/1/2026 12:59:59 AM");
        assert_eq!(stretch("2026-11-01T06:59:00Z").end, twice.start);
        let behind = stretch("2026-11-01T09:01:00Z");
        assert_eq!((behind.start, denver.bound(behind).as_str()), (twice.end, "11/1/2026 2:00:59 AM"));
        // Half an hour on Lord Howe.
        let howe = wall("Australia/Lord_Howe");
        let stretch = howe.stretch(at("2026-04-04T15:10:00Z"));
        assert_eq!(stretch, from("2026-04-04T14:30:00Z", "2026-04-04T15:31:00Z"));
        // Forward: nothing looks the same.
        assert_eq!(denver.bound(denver.stretch(at("2026-03-08T09:00:00Z"))), "3/8/2026 1:59:59 AM");
    }

    #[test]
    fn stretches_cover_all_time_without_gaps_also_where_clocks_change() {
        for zone in ["America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"] {
            let wall = wall(zone);
            let begin = at("2026-01-01T00:00:00Z");
            let changes = wall.zone.following(begin).take(2).map(|change| change.timestamp());
            for middle in changes.chain([begin]) {
                let hours = SignedDuration::from_hours(4);
                let (mut place, end) = (middle.checked_sub(hours).unwrap(), middle.checked_add(hours).unwrap());
                while place < end {
                    let stretch = wall.stretch(place);
                    assert_eq!(stretch.start, place, "{zone}");
                    assert_eq!(wall.stretch(stretch.end.checked_sub(SECOND).unwrap()), stretch, "{zone} {place}");
                    // Its bound reads the same for every server.
                    let bound = read(&wall.bound(stretch)).unwrap();
                    assert!(!wall.zone.to_ambiguous_timestamp(bound).is_ambiguous(), "{zone} {bound}");
                    place = stretch.end;
                }
            }
        }
    }
}
