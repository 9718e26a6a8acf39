//! Dates inside queries: the few `javascript:gs.…` calls that clients send, and relative dates.

use crate::clock::{parse_stamp, stamp};

/// What a value stands for when the instance runs it; `None` for a script that the emulator does not know.
#[must_use]
pub(super) fn evaluate(value: &str, now: i64, zone: i64, user: &str) -> Option<String> {
    let Some(script) = value.strip_prefix("javascript:") else { return Some(value.to_owned()) };
    let script = script.trim().trim_end_matches(';');
    let (name, arguments) = script.strip_prefix("gs.")?.strip_suffix(')')?.split_once('(')?;
    let arguments: Vec<&str> = arguments.split(',').map(|argument| argument.trim().trim_matches(['\'', '"'])).collect();
    let first = arguments.first().copied().unwrap_or_default();
    let number = || first.parse::<i64>().ok();
    let ago = |unit: i64| now.checked_sub(number()?.checked_mul(unit)?);
    let day = |ago: i64| ((now + zone).div_euclid(86_400) * 86_400 - zone).checked_sub(ago.checked_mul(86_400)?);
    let seconds = match name {
        "getUserID" => return Some(user.to_owned()),
        // Some clients put date and time into the first argument.
        "dateGenerate" if first.contains(' ') => parse_stamp(first, zone)?,
        "dateGenerate" => {
            let time = match arguments.get(1).copied().unwrap_or_default() {
                "" | "start" => "00:00:00",
                "end" => "23:59:59",
                time => time,
            };
            parse_stamp(&format!("{first} {time}"), zone)?
        }
        "now" | "nowDateTime" => now,
        "minutesAgo" | "minutesAgoStart" => ago(60)?,
        "hoursAgo" | "hoursAgoStart" => ago(3600)?,
        "daysAgo" => ago(86_400)?,
        "daysAgoStart" => day(number()?)?,
        "daysAgoEnd" => day(number()?)?.checked_add(86_399)?,
        "beginningOfToday" => day(0)?,
        "endOfToday" => day(0)?.checked_add(86_399)?,
        _ => return None,
    };
    Some(stamp(seconds, 0))
}

/// The moment that `hour@ago@1` stands for.
#[must_use]
pub(super) fn relative(value: &str, now: i64) -> Option<String> {
    let mut parts = value.split('@');
    let unit = match parts.next()? {
        "minute" => 60,
        "hour" => 3600,
        "dayofweek" | "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        _ => return None,
    };
    let sign = match parts.next()? {
        "ago" => -1,
        "ahead" => 1,
        _ => return None,
    };
    let count: i64 = parts.next()?.parse().ok()?;
    Some(stamp(now.checked_add(count.checked_mul(unit * sign)?)?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_date_is_in_the_users_zone() {
        assert_eq!(
            evaluate("javascript:gs.dateGenerate('2026-09-01','00:00:00')", 0, -7 * 3600, "").unwrap(),
            "2026-09-01 07:00:00"
        );
    }

    #[test]
    fn a_script_that_is_not_known_has_no_value() {
        assert_eq!(evaluate("javascript:new Thing().run()", 0, 0, ""), None);
    }

    #[test]
    fn relative_dates_count_from_now() {
        assert_eq!(relative("hour@ago@1", 7200).unwrap(), "1970-01-01 01:00:00");
        assert_eq!(relative("fortnight@ago@1", 0), None);
    }
}
