//! Dates as people of one culture write them, in the server's own zone: no offset, no seconds. What a reader loses by that is the point.

use jiff::{Timestamp, civil, tz::TimeZone};

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Culture {
    /// `4/28/2019 1:39 PM`
    EnUs,
    /// `28/04/2019 13:39`
    EnGb,
    /// `28.04.2019 13:39`
    DeDe,
}

impl Culture {
    /// `None`: a culture that the emulator does not speak.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "en-us" => Some(Self::EnUs),
            "en-gb" => Some(Self::EnGb),
            "de-de" => Some(Self::DeDe),
            _ => None,
        }
    }
}

/// The clock on the server's wall.
#[derive(Debug, Clone)]
pub(crate) struct Wall {
    zone: TimeZone,
}

impl Wall {
    /// `None`: there is no such zone.
    pub(crate) fn new(zone: &str) -> Option<Self> {
        Some(Self { zone: TimeZone::get(zone).ok()? })
    }

    /// Seconds since 1970 as people read them.
    pub(crate) fn write(&self, seconds: i64, culture: Culture) -> String {
        let Ok(at) = Timestamp::from_second(seconds) else { return String::new() };
        let form = match culture {
            Culture::EnUs => "%-m/%-d/%Y %-I:%M %p",
            Culture::EnGb => "%d/%m/%Y %H:%M",
            Culture::DeDe => "%d.%m.%Y %H:%M",
        };
        at.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    /// With offset, for `systemDateTime`.
    pub(crate) fn exact(&self, seconds: i64) -> String {
        let Ok(at) = Timestamp::from_second(seconds) else { return String::new() };
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.0000000%:z").to_string()
    }

    /// Seconds east of UTC at a moment.
    pub(crate) fn offset(&self, seconds: i64) -> i32 {
        Timestamp::from_second(seconds).map_or(0, |at| self.zone.to_offset(at).seconds())
    }

    /// Seconds since 1970 of what somebody wrote. In the hour that comes twice the first is meant; a time that never was is moved past the gap.
    pub(crate) fn read(&self, text: &str, culture: Culture) -> Option<i64> {
        let text = text.trim();
        // With an offset there is nothing to guess.
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(at.as_second());
        }
        let separated = text.replace('T', " ");
        let mut words = separated.split_whitespace();
        let date = day(words.next()?, culture)?;
        let time = match words.next() {
            Some(clock) => hour(clock, words.next())?,
            None => civil::Time::midnight(),
        };
        if words.next().is_some() {
            return None;
        }
        let local = date.to_datetime(time);
        Some(self.zone.to_ambiguous_timestamp(local).compatible().ok()?.as_second())
    }
}

fn day(text: &str, culture: Culture) -> Option<civil::Date> {
    let numbers: Vec<i16> = text.split(['/', '-', '.']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[first, second, third] = numbers.as_slice() else { return None };
    let (year, month, day) = match culture {
        _ if first > 31 => (first, second, third),
        Culture::EnUs => (third, first, second),
        Culture::EnGb | Culture::DeDe => (third, second, first),
    };
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn hour(clock: &str, half: Option<&str>) -> Option<civil::Time> {
    let clock = clock.split('.').next()?;
    let numbers: Vec<i8> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (hour, minute, second) = match *numbers.as_slice() {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half.map(str::to_ascii_uppercase).as_deref() {
        None => hour,
        // Hour 0 before noon is taken by .NET, and sent by real clients.
        Some("AM") if hour <= 12 => hour % 12,
        Some("PM") if (1..=12).contains(&hour) => hour % 12 + 12,
        Some(_) => return None,
    };
    civil::Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> Wall {
        Wall::new("America/Denver").unwrap()
    }

    /// 2026-09-01 10:00:30 UTC
    const AT: i64 = 1_788_256_830;

    #[test]
    fn a_date_loses_its_seconds_and_its_zone() {
        assert_eq!(wall().write(AT, Culture::EnUs), "9/1/2026 4:00 AM");
        assert_eq!(wall().write(AT, Culture::EnGb), "01/09/2026 04:00");
        assert_eq!(wall().read("9/1/2026 4:00 AM", Culture::EnUs), Some(AT - 30));
    }

    #[test]
    fn clients_write_dates_in_many_ways() {
        for text in ["09/01/2026 04:00:30 AM", "2026-09-01T04:00:30", "2026/9/1 04:00:30", "2026-09-01T10:00:30Z"] {
            assert_eq!(wall().read(text, Culture::EnUs), Some(AT), "{text}");
        }
        assert_eq!(wall().read("01.09.2026 04:00:30", Culture::DeDe), Some(AT));
        assert_eq!(wall().read("2026/9/1 00:00:00 AM", Culture::EnUs), wall().read("9/1/2026", Culture::EnUs));
        for text in ["", "tomorrow", "13/40/2026", "9/1/2026 25:00", "9/1/2026 1:00 XM", "9/1/2026 1:00 AM PM"] {
            assert_eq!(wall().read(text, Culture::EnUs), None, "{text}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_looks_the_same_and_reads_as_the_first() {
        // 2026-11-01 01:30 in Denver: first at 07:30 UTC, again at 08:30 UTC.
        let (first, second) = (1_793_518_200, 1_793_521_800);
        assert_eq!(wall().write(first, Culture::EnUs), wall().write(second, Culture::EnUs));
        assert_eq!(wall().read("11/1/2026 1:30 AM", Culture::EnUs), Some(first));
        assert_eq!((wall().offset(first), wall().offset(second)), (-6 * 3600, -7 * 3600));
    }
}
