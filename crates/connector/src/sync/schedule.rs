//! Six-field NCRONTAB expressions as the Functions host reads them, for `local` and for checking settings: second, minute, hour,
//! day, month, day of week; day and day of week must both fit; Sunday is 0, not 7; UTC. Where the host is lax (a range that runs
//! backwards is turned round) this room is strict, so that nothing is accepted here that the host would refuse or read otherwise.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use futures_util::FutureExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::clock::Clock;

const EXAMPLE: &str = "write for example \"0 */5 * * * *\" (every five minutes) or \"0 0 3 * * *\" (at three every night, UTC)";
const FIELDS: [&str; 6] = ["second", "minute", "hour", "day", "month", "day of week"];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// When something happens by itself.
#[derive(Debug, Clone)]
pub struct Schedule(Cron);

impl Schedule {
    /// Reads an expression; an empty one means never. The error says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        match fields.len() {
            0 => return Ok(None),
            6 => {}
            5 => {
                let six = format!("0 {}", fields.join(" "));
                return Err(format!("\"{text}\" has five fields; the first of six is the second: write \"{six}\""));
            }
            other => return Err(format!("\"{text}\" has {other} fields instead of six ({}); {EXAMPLE}", FIELDS.join(", "))),
        }
        let numbers: Vec<String> =
            FIELDS.iter().zip(&fields).map(|(name, field)| numbers(name, field)).collect::<Result<_, _>>()?;
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true).sloppy_ranges(true).build();
        let cron =
            parser.parse(&numbers.join(" ")).map_err(|error| format!("\"{text}\" is not a schedule ({error}); {EXAMPLE}"))?;
        let schedule = Self(cron);
        match schedule.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(Some(schedule)),
            None => Err(format!("\"{text}\" names a day that never comes; {EXAMPLE}")),
        }
    }

    /// The first time after `now`.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.find_next_occurrence(&now.to_zoned(TimeZone::UTC), false).ok().map(|next| next.timestamp())
    }
}

/// A field with its names as numbers, checked for everything that croner reads and the host does not.
fn numbers(name: &str, field: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("\"{field}\" is no {name}: {why}; {EXAMPLE}");
    let (names, least, greatest): (&[&str], usize, usize) = match name {
        "hour" => (&[], 0, 23),
        "day" => (&[], 1, 31),
        "month" => (&MONTHS, 1, 12),
        "day of week" => (&DAYS, 0, 6),
        _ => (&[], 0, 59),
    };
    let value = |text: &str| {
        let number = text.parse::<usize>().ok().or_else(|| {
            let folded = text.to_lowercase();
            let of_text = !folded.is_empty() && folded.chars().all(char::is_alphabetic);
            names.iter().position(|name| of_text && name.starts_with(&folded)).map(|index| index + least)
        });
        match number {
            Some(number) if (least..=greatest).contains(&number) => Ok(number),
            Some(7) if name == "day of week" => Err(wrong("Sunday is 0")),
            _ => Err(wrong(&format!("it takes *, or {least} to {greatest}, with lists (1,2), ranges (1-5) and steps (*/2)"))),
        }
    };
    let part = |part: &str| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let range = match range.split_once('-') {
            _ if range == "*" => "*".to_owned(),
            Some((from, to)) => {
                let (from, to) = (value(from)?, value(to)?);
                if from > to {
                    return Err(wrong("the range runs backwards; write two ranges with a comma between them"));
                }
                format!("{from}-{to}")
            }
            None => value(range)?.to_string(),
        };
        match step.map(str::parse::<u16>) {
            None => Ok(range),
            Some(Ok(step)) if step > 0 => Ok(format!("{range}/{step}")),
            Some(_) => Err(wrong("a step is a whole number of at least 1")),
        }
    };
    Ok(field.split(',').map(part).collect::<Result<Vec<_>, _>>()?.join(","))
}

/// Calls `job` at each time of the schedule until `stop` says true (or nobody can say it any more). Never two at once: times
/// that pass while the job runs are made up by one call after it. A job that panics does not end the schedule; one that runs
/// when `stop` comes is let finish.
pub async fn run<Job, Done>(schedule: &Schedule, clock: Arc<dyn Clock>, mut stop: watch::Receiver<bool>, mut job: Job)
where
    Job: FnMut() -> Done,
    Done: Future<Output = ()>,
{
    let mut last = clock.now();
    while let Some(due) = schedule.next_after(last) {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = clock.sleep_until(due) => {}
        }
        last = due.max(clock.now());
        let call = AssertUnwindSafe(async { job().await });
        if call.catch_unwind().await.is_err() {
            tracing::error!("a job of the schedule panicked; the schedule goes on");
        }
    }
}
