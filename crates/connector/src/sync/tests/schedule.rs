//! When the clock strikes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::{Clock, ManualClock};
use crate::sync::schedule::{self, Schedule};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn next(expression: &str, times: usize) -> Vec<String> {
    let schedule = Schedule::parse(expression).unwrap().unwrap();
    let mut now = at("2026-02-27T23:57:30Z");
    (0..times)
        .map(|_| {
            now = schedule.next_after(now).unwrap();
            now.to_string()
        })
        .collect()
}

#[test]
fn times_are_those_of_the_functions_host() {
    assert_eq!(next("0 */5 * * * *", 2), ["2026-02-28T00:00:00Z", "2026-02-28T00:05:00Z"]);
    assert_eq!(next("0 0 3 * * *", 2), ["2026-02-28T03:00:00Z", "2026-03-01T03:00:00Z"]);
    assert_eq!(next("30 59 23 * * *", 1), ["2026-02-27T23:59:30Z"]);
    assert_eq!(next("0 50/4 0 * * *", 3), ["2026-02-28T00:50:00Z", "2026-02-28T00:54:00Z", "2026-02-28T00:58:00Z"]);
    assert_eq!(next("0 0 0 29 feb *", 1), ["2028-02-29T00:00:00Z"]);
    assert_eq!(next("0 0 12 * * Sunday", 1), ["2026-03-01T12:00:00Z"]);
    assert_eq!(next("0 0 12 * * 0", 1), ["2026-03-01T12:00:00Z"]);
    assert_eq!(next("0 0 12 * * MON-WED,Fri", 4).last().unwrap(), "2026-03-06T12:00:00Z");
}

#[test]
fn a_day_and_a_day_of_week_must_both_fit() {
    // Classic cron would take every 13th and every Friday.
    assert_eq!(next("0 0 0 13 * 5", 3), ["2026-03-13T00:00:00Z", "2026-11-13T00:00:00Z", "2027-08-13T00:00:00Z"]);
}

#[test]
fn an_empty_text_means_never() {
    assert!(Schedule::parse("").unwrap().is_none());
    assert!(Schedule::parse("  ").unwrap().is_none());
}

#[test]
fn what_the_host_would_refuse_or_read_otherwise_is_refused_with_a_remedy() {
    for (text, says) in [
        ("*/5 * * * *", "write \"0 */5 * * * *\""),
        ("0 0 * *", "has 4 fields instead of six"),
        ("0 0 0 * * 7", "Sunday is 0"),
        ("0 60 * * * *", "\"60\" is no minute"),
        ("0 0 0 0 * *", "\"0\" is no day"),
        ("0 0 0 * * FRI-MON", "runs backwards"),
        ("0 0 0 L * *", "\"L\" is no day"),
        ("0 0 0 ? * *", "\"?\" is no day"),
        ("0 0 0 * * 5#2", "is no day of week"),
        ("0 */0 * * * *", "a step is a whole number"),
        ("0 /5 * * * *", "is no minute"),
        ("0 1,,2 * * * *", "is no minute"),
        ("0 0 0 30 2 *", "never comes"),
        ("@daily", "has 1 fields"),
        ("0 0 0 * foo *", "\"foo\" is no month"),
    ] {
        let error = Schedule::parse(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
        assert!(error.contains("write"), "{text}: no remedy in {error}");
    }
}

struct Bell {
    clock: Arc<ManualClock>,
    calls: Arc<AtomicU32>,
    stop: watch::Sender<bool>,
}

impl Bell {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(at("2026-02-27T23:57:30Z")));
        Self { clock, calls: Arc::default(), stop: watch::Sender::new(false) }
    }

    async fn calls(&self, wanted: u32) {
        while self.calls.load(Ordering::SeqCst) < wanted {
            tokio::task::yield_now().await;
        }
        // A call too many would come in these turns.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.calls.load(Ordering::SeqCst), wanted);
    }
}

#[tokio::test]
async fn missed_times_are_made_up_once_and_a_panic_does_not_end_the_schedule() {
    let bell = Bell::new();
    let (calls, clock) = (Arc::clone(&bell.calls), Arc::clone(&bell.clock));
    let job = move || {
        let (calls, clock) = (Arc::clone(&calls), Arc::clone(&clock));
        async move {
            match calls.fetch_add(1, Ordering::SeqCst) {
                // The first call takes over three minutes: three times are missed.
                0 => (&*clock as &dyn Clock).sleep(Duration::from_secs(200)).await,
                1 => panic!("on purpose"),
                _ => {}
            }
        }
    };
    let schedule = Schedule::parse("0 * * * * *").unwrap().unwrap();
    let stop = bell.stop.subscribe();
    let rings = schedule::run(&schedule, bell.clock.clone(), stop, job);
    let story = async {
        bell.calls(0).await;
        bell.clock.advance(Duration::from_secs(30));
        bell.calls(1).await;
        bell.clock.advance(Duration::from_secs(100));
        bell.calls(1).await;
        bell.clock.advance(Duration::from_secs(100));
        bell.calls(2).await;
        bell.clock.advance(Duration::from_secs(60));
        bell.calls(3).await;
        bell.stop.send_replace(true);
    };
    tokio::join!(rings, story);
}
