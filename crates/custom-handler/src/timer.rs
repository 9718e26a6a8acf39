//! The timer trigger: a schedule has come due.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::value::{instant, member, scalar, truth};

/// A run of a timer; an extractor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimerTrigger {
    /// The run comes later than the schedule says, because nothing was running then. However many were missed, one comes.
    pub past_due: bool,
    /// When the schedule was due before. Nothing on the first run, with `useMonitor: false`, or when the schedule is
    /// faster than a minute; the same holds for the next two.
    pub last: Option<Timestamp>,
    /// When it is due next.
    pub next: Option<Timestamp>,
    /// When the host last wrote this down.
    pub last_updated: Option<Timestamp>,
    /// Whether the schedule follows daylight saving time.
    pub adjust_for_dst: Option<bool>,
    /// The run repeats one that failed; only when function.json has `retry`.
    pub retry: Option<Retry>,
}

/// Which repetition of a failed run this is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// 1 for the first repetition.
    pub count: u32,
    /// The most repetitions; nothing when there is no end.
    pub most: Option<u32>,
}

impl TimerTrigger {
    pub(crate) fn from_value(value: &Value, metadata: &Map<String, Value>) -> Option<Self> {
        let unpacked;
        let members = match value {
            Value::Object(members) => members,
            // Not seen, but no harm: an object that was made a string like other values.
            Value::String(arrived) => {
                unpacked = serde_json::from_str::<Map<String, Value>>(&crate::value::text(arrived)).ok()?;
                &unpacked
            }
            _ => return None,
        };
        let past_due = member(members, "IsPastDue").and_then(truth);
        let schedule = member(members, "Schedule").and_then(Value::as_object);
        let status = member(members, "ScheduleStatus").and_then(Value::as_object);
        // An object without any of these is another trigger's.
        if past_due.is_none() && schedule.is_none() && status.is_none() {
            return None;
        }
        let at = |name| status.and_then(|status| member(status, name)).and_then(instant);
        Some(Self {
            past_due: past_due.unwrap_or(false),
            last: at("Last"),
            next: at("Next"),
            last_updated: at("LastUpdated"),
            adjust_for_dst: schedule.and_then(|schedule| member(schedule, "AdjustForDST")).and_then(truth),
            retry: member(metadata, "RetryContext").and_then(Value::as_object).and_then(Retry::from_members),
        })
    }
}

impl Retry {
    fn from_members(members: &Map<String, Value>) -> Option<Self> {
        let number = |name| member(members, name).and_then(scalar)?.parse().ok();
        Some(Self { count: number("RetryCount")?, most: number("MaxRetryCount") })
    }
}
