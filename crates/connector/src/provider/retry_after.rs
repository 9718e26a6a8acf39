//! How long a tool asks to be left alone. Only this room reads `Retry-After` and `X-RateLimit-*`.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::RateBudget;
use crate::clock::between;

/// Nobody is waited for longer than this in one go; a rate window of an hour is the longest known.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// What `Retry-After` asks for (seconds or an HTTP date), at most [`LONGEST`]. `None` when it says nothing that can be
/// understood.
#[must_use]
pub fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    // A date is meant by the server's clock, so it is compared with the server's own `Date` when that is given.
    let wait = seconds.or_else(|| http_date(text).map(|until| between(server_time(headers).unwrap_or(now), until)))?;
    Some(wait.min(LONGEST))
}

/// What a rate limit asks for: the longer of `Retry-After` and the end of the window, at most [`LONGEST`]. Only for answers
/// that say the limit is exceeded: the window is told with good answers as well.
#[must_use]
pub fn asked_by_limit(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let server_now = server_time(headers).unwrap_or(now);
    let reset = budget(headers).map(|budget| between(server_now, budget.resets_at).min(LONGEST));
    asked(headers, now).max(reset)
}

/// The rate budget that the headers tell, if they do.
#[must_use]
pub fn budget(headers: &HeaderMap) -> Option<RateBudget> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let resets_at = Timestamp::from_second(number("x-ratelimit-reset")?).ok()?;
    Some(RateBudget { limit: u64::try_from(number("x-ratelimit-limit").unwrap_or_default()).unwrap_or_default(), resets_at })
}

/// The server's clock, from the header `Date`.
#[must_use]
pub fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(reqwest::header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn noon() -> Timestamp {
        "2026-09-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn seconds_and_dates_are_both_understood() {
        assert_eq!(asked(&headers(&[("retry-after", "17")]), noon()), Some(Duration::from_secs(17)));
        assert_eq!(asked(&headers(&[("retry-after", "Tue, 01 Sep 2026 12:05:00 GMT")]), noon()), Some(Duration::from_secs(300)));
        assert_eq!(asked(&headers(&[("retry-after", "soon")]), noon()), None);
        assert_eq!(asked(&HeaderMap::new(), noon()), None);
    }

    #[test]
    fn a_date_is_read_by_the_servers_own_clock() {
        let skewed = [("retry-after", "Tue, 01 Sep 2026 13:05:00 GMT"), ("date", "Tue, 01 Sep 2026 13:00:00 GMT")];
        assert_eq!(asked(&headers(&skewed), noon()), Some(Duration::from_secs(300)));
    }

    #[test]
    fn the_longer_of_the_two_counts_but_never_more_than_an_hour() {
        let reset = (noon().as_second() + 90).to_string();
        let both = [("retry-after", "10"), ("x-ratelimit-reset", reset.as_str())];
        assert_eq!(asked_by_limit(&headers(&both), noon()), Some(Duration::from_secs(90)));
        assert_eq!(asked(&headers(&both), noon()), Some(Duration::from_secs(10)));
        assert_eq!(asked(&headers(&[("retry-after", "999999999")]), noon()), Some(LONGEST));
    }

    #[test]
    fn a_time_that_has_passed_means_now() {
        assert_eq!(asked(&headers(&[("retry-after", "Mon, 31 Aug 2026 12:00:00 GMT")]), noon()), Some(Duration::ZERO));
    }

    proptest! {
        #[test]
        fn no_header_panics(value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut map = HeaderMap::new();
            for name in ["retry-after", "x-ratelimit-reset", "x-ratelimit-limit", "date"] {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    map.insert(name, value);
                }
            }
            let _ = asked_by_limit(&map, noon());
        }
    }
}
