//! What became of deliveries, for the metrics.

use super::engine::Engine;
use super::{Source, Verdict};
use crate::clock::between;
use crate::metrics::label::{Attempt, Done, Ending, Origin};
use crate::store::Leased;

impl From<Source> for Origin {
    fn from(source: Source) -> Self {
        match source {
            Source::Alert => Self::Alert,
            Source::Request => Self::Request,
        }
    }
}

impl Engine {
    /// Counts an attempt that came to this verdict.
    pub(super) fn count_attempt(&self, leased: &Leased, verdict: &Verdict) {
        let attempt = match verdict {
            Verdict::Done(_) => Attempt::Done,
            Verdict::RetryAt { counts: true, .. } => Attempt::PutOff,
            Verdict::RetryAt { counts: false, .. } => Attempt::Waits,
            Verdict::DeadLetter { .. } => Attempt::DeadLetter,
        };
        self.metrics.attempts(1, self.metrics.connection(&leased.delivery.connection), attempt);
    }

    /// Counts a delivery whose end is stored, and what it did.
    pub(super) fn count_ending(&self, leased: &Leased, verdict: &Verdict) {
        let (metrics, delivery) = (&self.metrics, &leased.delivery);
        let connection = metrics.connection(&delivery.connection);
        match verdict {
            Verdict::RetryAt { .. } => {}
            Verdict::DeadLetter { .. } => metrics.deliveries(1, connection, Ending::DeadLetter),
            Verdict::Done(summary) => {
                metrics.deliveries(1, connection.clone(), Ending::Done);
                let done =
                    [(summary.created, Done::Created), (summary.updated, Done::Updated), (summary.duplicates, Done::Duplicate)];
                for (count, done) in done.into_iter().filter(|(count, _)| *count > 0) {
                    metrics.work_items(count.into(), connection.clone(), delivery.work_item_type, done);
                }
                metrics.delivery_duration(between(delivery.accepted_at, self.clock.now()), connection);
            }
        }
    }
}
