//! One attempt at one delivery: expand it into parts, bring each part about, and say what became of it. Everything that may
//! go wrong ends in a [`Verdict`]; nothing is lost and nothing is done twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::backoff;
use super::gate::{Closed, Pass, Shut};
use super::held::HoldError;
use super::line::Line;
use super::part::{PartError, Work};
use super::{Delivery, Source, Summary, Verdict};
use crate::alert::Alert;
use crate::clock::{Chance, Clock, between, later};
use crate::correlation::Effect;
use crate::journal::details::{Delivered, Details};
use crate::journal::{Entry, Journal, LogType};
use crate::metrics::Metrics;
use crate::metrics::label::Waiting;
use crate::provider::{ProviderError, WaitReason};
use crate::route::{Choices, Per};
use crate::settings::DeliverySettings;
use crate::store::{Leased, StateStore, StoreError};
use crate::telemetry::Tracing;
use crate::work_item::request::WorkItemRequest;

/// How long a delivery waits for a process that knows its connection,
const STRAY_FOR: Duration = Duration::from_secs(1800);
/// and how often it is looked at meanwhile.
const STRAY_WAIT: Duration = Duration::from_secs(60);

/// The engine: all connections and what they share.
#[derive(Debug)]
pub struct Engine {
    /// Connections by name.
    pub lines: BTreeMap<String, Arc<Line>>,
    /// Correlations.
    pub state: Arc<dyn StateStore>,
    /// Retry policy.
    pub settings: DeliverySettings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter and lease names.
    pub chance: Arc<Chance>,
    /// What the connector says of itself.
    pub journal: Arc<dyn Journal>,
    /// Spans of attempts.
    pub tracing: Tracing,
    /// What is counted and measured.
    pub metrics: Metrics,
}

impl Engine {
    /// Makes one attempt at what was leased.
    pub async fn deliver(&self, leased: &Leased) -> Verdict {
        let delivery = &leased.delivery;
        let now = self.clock.now();
        let Some(line) = self.lines.get(&delivery.connection) else { return self.stray(leased, now) };
        let first = match line.gate.pass(now, line.lease()) {
            Pass::Go => false,
            Pass::First => true,
            Pass::Wait(due) => {
                let cause =
                    line.gate.closed().map_or_else(|| "the connection was just tried again".to_owned(), |closed| closed.cause);
                return self.put_off(leased, "", due, cause, String::new(), false);
            }
        };
        let (alert, choices) = match read(delivery) {
            Ok(read) => read,
            Err(cause) => {
                if first {
                    line.gate.give_back();
                }
                return self.dead(
                    delivery,
                    "",
                    cause,
                    "the payload cannot be used; look at it with `deliveries show`, then drop it".to_owned(),
                );
            }
        };
        let mut summary = Summary::of(&alert);
        match self.parts(line, delivery, &alert, &choices, &mut summary).await {
            Ok(asked) => {
                if asked {
                    self.worked(line, first);
                } else if first {
                    line.gate.give_back();
                }
                self.done(leased, &alert, &summary);
                Verdict::Done(summary)
            }
            Err(error) => self.failed(line, leased, first, &alert, error),
        }
    }

    /// A delivery of a connection that is not in the settings: of this process. Another may have been started with newer ones.
    fn stray(&self, leased: &Leased, now: Timestamp) -> Verdict {
        let cause = format!("connection \"{}\" is not in the settings", leased.delivery.connection);
        if now < later(leased.since, STRAY_FOR) {
            return Verdict::RetryAt { due: later(now, STRAY_WAIT), cause, counts: false };
        }
        let remedy = "bring the connection back under this name and redrive the delivery, or drop it";
        self.dead(&leased.delivery, "", cause, remedy.to_owned())
    }

    /// Why a connection waits, if it does.
    #[must_use]
    pub fn waits(&self, connection: &str) -> Option<Closed> {
        self.lines.get(connection).and_then(|line| line.gate.closed())
    }

    /// Brings about every part. Answers whether the tool was asked anything.
    async fn parts(
        &self,
        line: &Arc<Line>,
        delivery: &Delivery,
        alert: &Alert,
        choices: &Choices,
        summary: &mut Summary,
    ) -> Result<bool, PartError> {
        let parts = alert.parts(choices.per);
        let most = line.settings.policy.max_work_items.max(1);
        let left_out = parts.iter().skip(most).map(|part| part.label.as_str()).collect::<Vec<_>>();
        if !left_out.is_empty() {
            summary.remarks.push(format!("{} more work items were not made (policy.max_work_items = {most})", left_out.len()));
        }
        let last = parts.len().min(most).saturating_sub(1);
        let (mut refused, mut asked) = (None, false);
        for (index, part) in parts.iter().take(most).enumerate() {
            let work = Work {
                engine: self,
                line,
                delivery,
                alert,
                choices,
                part,
                left_out: if index == last { &left_out } else { &[] },
            };
            let done = match work.bring_about().await {
                // What is refused for one computer must not keep the others from their work items.
                Err(PartError::Provider(ProviderError::Refused { cause, remedy })) => {
                    let cause = if part.label.is_empty() { cause } else { format!("{}: {cause}", part.label) };
                    refused = refused.or(Some(ProviderError::Refused { cause, remedy }));
                    continue;
                }
                outcome => outcome?,
            };
            asked |= !done.remembered;
            match done.effect {
                _ if done.duplicate => summary.duplicates = summary.duplicates.saturating_add(1),
                Effect::Created => summary.created = summary.created.saturating_add(1),
                Effect::Updated => summary.updated = summary.updated.saturating_add(1),
                Effect::Nothing => {}
            }
            if let (Some(number), Some(url)) = (&done.number, done.url.filter(|url| !url.is_empty())) {
                summary.work_item_urls.insert(number.clone(), url);
            }
            if let Some(number) = done.number.filter(|number| !summary.work_items.contains(number)) {
                summary.work_items.push(number);
            }
            for remark in done.remarks {
                if !summary.remarks.contains(&remark) {
                    summary.remarks.push(remark);
                }
            }
        }
        refused.map_or(Ok(asked), |refused| Err(refused.into()))
    }

    /// Tells of a delivery that came to its end.
    fn done(&self, leased: &Leased, alert: &Alert, summary: &Summary) {
        let delivery = &leased.delivery;
        let latency = between(delivery.accepted_at, self.clock.now());
        let details = Delivered {
            rule: alert.rule.clone(),
            state: alert.state,
            work_item_type: delivery.work_item_type,
            created: summary.created,
            updated: summary.updated,
            duplicates: summary.duplicates,
            attempts: leased.attempts.saturating_add(1),
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        };
        self.journal.record(Entry {
            log_type: LogType::Info,
            connection: delivery.connection.clone(),
            operation: Delivered::OPERATION,
            message: Delivered::MESSAGE.to_owned(),
            cause: String::new(),
            remedy: String::new(),
            work_item: summary.work_items.first().cloned().unwrap_or_default(),
            alert: alert.title.clone(),
            correlation_id: delivery.id.to_string(),
            details: details.text(),
        });
    }

    /// The tool did what it was asked.
    fn worked(&self, line: &Line, first: bool) {
        if let Some(closed) = line.gate.worked(first) {
            self.journal.record(Entry {
                log_type: LogType::Info,
                connection: line.name.clone(),
                operation: "connection",
                message: "the connection works again".to_owned(),
                cause: closed.cause,
                remedy: String::new(),
                work_item: String::new(),
                alert: String::new(),
                correlation_id: String::new(),
                details: String::new(),
            });
        }
    }

    fn failed(&self, line: &Line, leased: &Leased, first: bool, alert: &Alert, error: PartError) -> Verdict {
        let (delivery, attempts) = (&leased.delivery, leased.attempts);
        let now = self.clock.now();
        let entry = |log_type, operation, message: &str, cause: &str, remedy: &str| {
            self.journal.record(Entry {
                log_type,
                connection: line.name.clone(),
                operation,
                message: message.to_owned(),
                cause: cause.to_owned(),
                remedy: remedy.to_owned(),
                work_item: String::new(),
                alert: alert.title.clone(),
                correlation_id: delivery.id.to_string(),
                details: String::new(),
            });
        };
        // Neither of these says whether the tool works: another may go first.
        let tells = matches!(error, PartError::Provider(ProviderError::Wait { .. } | ProviderError::Refused { .. }));
        if first && !tells {
            line.gate.give_back();
        }
        match error {
            PartError::Hold(HoldError::Store(StoreError::Damaged(cause))) => self.dead(
                delivery,
                &alert.title,
                format!("what is remembered of this work item cannot be read: {cause}"),
                "bring back the version of the connector that wrote it and redrive the delivery".to_owned(),
            ),
            PartError::Hold(HoldError::Busy(until)) => {
                // Usually free in a moment; `until` is only what a dead worker leaves behind.
                let due = later(now, Duration::from_millis(50))
                    .max(later(now, self.chance.up_to(Duration::from_millis(400))))
                    .min(until);
                Verdict::RetryAt { due, cause: "another worker has the same work item in hand".to_owned(), counts: false }
            }
            PartError::Hold(HoldError::Lost) => self.put_off(
                leased,
                &alert.title,
                later(now, Duration::from_secs(1)),
                HoldError::Lost.to_string(),
                String::new(),
                false,
            ),
            PartError::Hold(HoldError::Store(error)) => {
                entry(LogType::Warning, "store", "the state store failed", &error.to_string(), "");
                self.put_off(leased, &alert.title, later(now, Duration::from_secs(2)), error.to_string(), String::new(), false)
            }
            PartError::Unsettled(due, cause) => Verdict::RetryAt { due, cause, counts: false },
            PartError::Provider(ProviderError::Wait { reason, after, cause, remedy }) => {
                let Shut { until, news, longer } = line.gate.failed(reason, after, &cause, &remedy, now, &self.chance);
                if news {
                    entry(LogType::Warning, "connection", "the connection waits", &cause, &remedy);
                    self.metrics.gate_closings(1, self.metrics.connection(&line.name), reason);
                }
                if reason == WaitReason::RateLimit && !longer.is_zero() {
                    self.metrics.rate_limit_wait(longer, self.metrics.connection(&line.name), Waiting::Deliveries);
                }
                self.put_off(leased, &alert.title, until, cause, remedy, false)
            }
            PartError::Provider(ProviderError::Retry { after, cause }) => {
                let wait = backoff::wait(
                    attempts.saturating_add(1),
                    self.settings.first_wait.get(),
                    self.settings.longest_wait.get(),
                    after,
                    &self.chance,
                );
                entry(LogType::Info, "deliver", "the delivery is put off", &cause, "");
                self.put_off(leased, &alert.title, later(now, wait), cause, String::new(), true)
            }
            PartError::Provider(ProviderError::Ambiguous { cause }) => {
                entry(LogType::Info, "deliver", "the outcome of a write is unknown; it is looked up next", &cause, "");
                let wait = backoff::wait(
                    attempts.saturating_add(1),
                    Duration::from_millis(200),
                    Duration::from_secs(30),
                    None,
                    &self.chance,
                );
                self.put_off(leased, &alert.title, later(now, wait), cause, String::new(), true)
            }
            PartError::Provider(ProviderError::Refused { cause, remedy }) => {
                self.worked(line, first);
                self.dead(delivery, &alert.title, cause, remedy)
            }
        }
    }

    /// Again later, unless it has been tried for too long.
    fn put_off(&self, leased: &Leased, alert: &str, due: Timestamp, cause: String, remedy: String, counts: bool) -> Verdict {
        let end = later(leased.since, self.settings.retry_for.get());
        if self.clock.now() >= end {
            let tried = leased.attempts.saturating_add(u32::from(counts));
            let remedy =
                if remedy.is_empty() { "mend what the cause names, then redrive the delivery".to_owned() } else { remedy };
            return self.dead(
                &leased.delivery,
                alert,
                format!("given up after {} and {tried} attempts: {cause}", self.settings.retry_for),
                remedy,
            );
        }
        Verdict::RetryAt { due, cause, counts }
    }

    /// `alert` is its title, as far as it could be read.
    fn dead(&self, delivery: &Delivery, alert: &str, cause: String, remedy: String) -> Verdict {
        self.journal.record(Entry {
            log_type: LogType::Error,
            connection: delivery.connection.clone(),
            operation: "deliver",
            message: "the delivery became a dead letter".to_owned(),
            cause: cause.clone(),
            remedy: remedy.clone(),
            work_item: String::new(),
            alert: alert.to_owned(),
            correlation_id: delivery.id.to_string(),
            details: String::new(),
        });
        Verdict::DeadLetter { cause, remedy }
    }
}

/// The alert in a delivery, and the choices for it.
fn read(delivery: &Delivery) -> Result<(Alert, Choices), String> {
    let mut choices = delivery.choices.clone();
    let alert = match delivery.source {
        Source::Alert => Alert::from_json(&delivery.payload, delivery.accepted_at).map_err(|error| error.to_string())?,
        Source::Request => {
            let request = WorkItemRequest::from_json(&delivery.payload).map_err(|error| error.to_string())?;
            if request.one_per_row {
                choices.per = Per::Row;
            }
            choices.fields.extend(request.fields.clone());
            choices.template = request.template.clone().or(choices.template);
            request.into_alert(&delivery.id.to_string(), delivery.accepted_at)
        }
    };
    Ok((alert, choices))
}
