//! Timers. Nothing waits for the clock: a run happens when a story says so, with what the host would say of the schedule, one at a
//! time over all instances, and again after a failure where function.json has a retry policy.

use std::time::Duration;

use anyhow::{Context, bail};
use connector::clock::{Clock, SystemClock, between};
use connector::sync::schedule::Schedule;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Answer;
use super::envelope::{self, with_offset};
use super::failure::Failure;
use super::function::{Retry, Trigger};
use super::host::Shared;

/// A run of a timer that has ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// What came of the last attempt.
    pub outcome: Result<Answer, Failure>,
    /// How often it was invoked.
    pub attempts: u32,
}

/// What the host has written down about a timer.
#[derive(Debug, Default)]
pub(super) struct Status {
    last: Option<Timestamp>,
}

impl Shared {
    pub(super) async fn run_timer(&self, name: &str, past_due: bool) -> anyhow::Result<Run> {
        let function = self.app.function(name)?;
        let Trigger::Timer { schedule, monitored } = &function.trigger else { bail!("'{name}' has no timer") };
        // The lock on the listener: one run at a time.
        let mut status = self.timers.get(name).context("a timer is locked")?.lock().await;
        let now = self.options.clock.now();
        let told = if *monitored && !faster_than_a_minute(schedule, now) { told(&status, schedule, now) } else { Value::Null };
        let clock: &dyn Clock = &SystemClock;
        let mut attempts = 0;
        let mut retry: Option<Value> = None;
        let outcome = loop {
            let instance = self.next_instance().context("no instance runs")?;
            let sent = envelope::timer(function, &told, past_due, retry.clone(), self.options.clock.now());
            let outcome = self.invoke(&instance, function, sent).await;
            attempts += 1;
            let (Err(failure), Some(policy)) = (&outcome, &function.retry) else { break outcome };
            if policy.most >= 0 && attempts > policy.most.unsigned_abs() {
                break outcome;
            }
            retry = Some(json!({
                "RetryCount": attempts, "MaxRetryCount": policy.most,
                "Exception": { "ClassName": "System.Net.Http.HttpRequestException", "Message": failure.to_string() }
            }));
            clock.sleep(self.shortened(policy.wait(attempts))).await;
        };
        status.last = Some(now);
        Ok(Run { outcome, attempts })
    }
}

impl Retry {
    /// Before the repetition of this number; the first is 1.
    fn wait(self, repetition: u32) -> Duration {
        let factor = 1_u32.checked_shl(repetition.saturating_sub(1)).unwrap_or(u32::MAX);
        self.shortest.saturating_mul(factor).min(self.longest)
    }
}

fn told(status: &Status, schedule: &Schedule, now: Timestamp) -> Value {
    // .NET's "never" has no offset.
    let last = status.last.map_or_else(|| "0001-01-01T00:00:00".to_owned(), with_offset);
    let updated = with_offset(status.last.unwrap_or(now));
    json!({ "Last": last, "Next": schedule.next_after(now).map(with_offset), "LastUpdated": updated })
}

fn faster_than_a_minute(schedule: &Schedule, now: Timestamp) -> bool {
    let next = schedule.next_after(now);
    let after = next.and_then(|next| schedule.next_after(next));
    next.zip(after).is_some_and(|(next, after)| between(next, after) < Duration::from_secs(60))
}
