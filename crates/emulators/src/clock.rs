//! The emulators' own clock: the machine's time plus an offset, or a time that stands still until a test moves it.
//! This is the only file here that may ask the machine for the time or wait.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Seconds since 1970 in UTC, moved by hand or by the machine.
#[derive(Debug)]
pub struct EmulatorClock {
    /// Milliseconds: the time itself when `manual`, the offset to the machine's time otherwise.
    milliseconds: AtomicI64,
    manual: bool,
}

impl EmulatorClock {
    /// Follows the machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Self { milliseconds: AtomicI64::new(0), manual: false }
    }

    /// Stands still at `seconds` since 1970 until [`advance`](Self::advance).
    #[must_use]
    pub fn manual(seconds: i64) -> Self {
        Self { milliseconds: AtomicI64::new(seconds.saturating_mul(1000)), manual: true }
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.milliseconds().div_euclid(1000)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn milliseconds(&self) -> i64 {
        let own = self.milliseconds.load(Ordering::Relaxed);
        if self.manual { own } else { machine_milliseconds().saturating_add(own) }
    }

    /// Moves time forward; works on both kinds of clock.
    pub fn advance(&self, by: Duration) {
        self.milliseconds.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the emulators ask the machine")]
fn machine_milliseconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Waits in the machine's time: a slow answer is slow for the client, whatever the emulated time is.
#[expect(clippy::disallowed_methods, reason = "the fault `Slow` has to make a real client wait")]
pub(crate) async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// `2026-09-01 10:00:00`, the form of dates on ServiceNow's wire; `offset` seconds east of UTC.
#[must_use]
pub fn stamp(seconds: i64, offset: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds.saturating_add(offset)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The reverse of [`stamp`]; also takes a bare date. `None` when the text is no date.
#[must_use]
pub fn parse_stamp(text: &str, offset: i64) -> Option<i64> {
    let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    at.checked_sub(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let clock = EmulatorClock::manual(1_788_256_800);
        assert_eq!(clock.seconds(), 1_788_256_800);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.seconds(), 1_788_256_890);
    }

    #[test]
    fn a_stamp_reads_back_in_its_zone() {
        assert_eq!(stamp(0, 0), "1970-01-01 00:00:00");
        assert_eq!(parse_stamp("2026-09-01 03:00:02", -7 * 3600), parse_stamp("2026-09-01 10:00:02", 0));
        assert_eq!(parse_stamp("not a date", 0), None);
    }
}
