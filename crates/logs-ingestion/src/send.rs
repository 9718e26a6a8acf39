//! One batch is sent until the service took it, piece by piece if it must be. Decides what is tried again, what is split and what
//! ends the upload.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::sync::watch;
use url::Url;

use crate::{
    batch::Batch,
    report::{Failure, Refused, RefusedBecause, Report},
    settings::Options,
    token::Tokens,
    wire::{Answer, Packed, call},
};

/// What all batches of an upload share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// True when the upload has failed and nothing more is to be sent.
    pub(crate) stop: watch::Sender<bool>,
    /// Records refused so far.
    refused: AtomicUsize,
}

impl Shared {
    /// Counts a refused record; the failure when there are too many.
    pub(crate) fn refuse(&self, most: usize, because: &RefusedBecause) -> Option<Failure> {
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        (count > most).then(|| Failure::TooManyRefused { count, said: because.to_string() })
    }
}

/// The way to one stream.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) http: reqwest::Client,
    pub(crate) address: Url,
    pub(crate) tokens: Tokens,
    pub(crate) options: Options,
}

/// How the attempts with one piece ended.
enum Outcome {
    Accepted { sent: usize },
    Unacceptable { status: u16, said: String },
    Stopped,
}

/// A batch or a part of one.
struct Piece {
    batch: Batch,
    /// An earlier call with these records may have been taken.
    uncertain: bool,
}

impl Sender {
    /// What became of the batch; also what was done before a failure.
    pub(crate) async fn send(&self, batch: Batch, shared: &Shared) -> (Report, Option<Failure>) {
        let mut report = Report::default();
        let mut pieces = vec![Piece { batch, uncertain: false }];
        while let Some(mut piece) = pieces.pop() {
            match self.deliver(&mut piece, shared, &mut report).await {
                Err(failure) => {
                    pieces.push(piece);
                    return (left(report, &pieces), Some(failure));
                }
                Ok(Outcome::Stopped) => {
                    pieces.push(piece);
                    return (left(report, &pieces), None);
                }
                Ok(Outcome::Accepted { sent }) => count(&mut report, &piece, sent),
                Ok(Outcome::Unacceptable { status, said }) if piece.batch.records() == 1 => {
                    let because = RefusedBecause::Service { status, said };
                    let failure = shared.refuse(self.options.most_refused, &because);
                    let position = piece.batch.position();
                    report.refused.push(Refused { position, record: piece.batch.only_record(), because });
                    if failure.is_some() {
                        return (left(report, &pieces), failure);
                    }
                }
                Ok(Outcome::Unacceptable { .. }) => {
                    let uncertain = piece.uncertain;
                    let (first, second) = piece.batch.halves();
                    pieces.extend([second, first].map(|batch| Piece { batch, uncertain }));
                }
            }
        }
        (report, None)
    }

    /// Calls until there is an answer that trying again would not change.
    async fn deliver(&self, piece: &mut Piece, shared: &Shared, report: &mut Report) -> Result<Outcome, Failure> {
        let body = Packed::new(piece.batch.close(), self.options.gzip_level);
        let mut tries = 0;
        let mut fresh_token = false;
        loop {
            if *shared.stop.borrow() {
                return Ok(Outcome::Stopped);
            }
            let now = self.options.clock.now();
            let token = self.tokens.get(now).await?;
            match call(&self.http, &self.address, &token, body.clone(), now).await {
                Answer::Accepted => return Ok(Outcome::Accepted { sent: body.len() }),
                Answer::Unacceptable { status, said } => return Ok(Outcome::Unacceptable { status, said }),
                Answer::Unauthorised { said } if fresh_token => {
                    return Err(Failure::Unauthorised { scope: self.tokens.scope().to_owned(), said });
                }
                Answer::Unauthorised { .. } => {
                    fresh_token = true;
                    self.tokens.forget(&token).await;
                }
                Answer::Forbidden { said } => return Err(Failure::Forbidden { said }),
                Answer::NotFound { said } => return Err(Failure::NotFound { said }),
                Answer::Unexpected { status, said } => return Err(Failure::Unexpected { status, said }),
                Answer::Busy { said, retry_after, uncertain } => {
                    piece.uncertain |= uncertain;
                    // Who asks for no wait at all, or for a date that has passed, would be called all the faster.
                    let wait = self.backoff(tries).max(retry_after.unwrap_or_default());
                    if tries >= self.options.retries || wait > self.options.longest_wait {
                        return Err(Failure::Busy { said, retry_after });
                    }
                    tries += 1;
                    let mut stop = shared.stop.subscribe();
                    tokio::select! {
                        () = self.options.clock.sleep(wait) => {}
                        // The sender lives as long as `shared`; either way there is nothing more to wait for.
                        _ = stop.wait_for(|stop| *stop) => return Ok(Outcome::Stopped),
                    }
                }
            }
            report.retries += 1;
        }
    }

    /// Doubles from the first wait; half of it is left to chance, so that clients do not come back together.
    fn backoff(&self, tries: u32) -> Duration {
        let whole = self.options.first_wait.saturating_mul(2_u32.saturating_pow(tries)).min(self.options.longest_wait);
        whole.mul_f64(0.5 + 0.5 * self.options.clock.chance().clamp(0.0, 1.0))
    }
}

/// Records that are not sent again may be there from an earlier call.
fn left(mut report: Report, pieces: &[Piece]) -> Report {
    for piece in pieces.iter().filter(|piece| piece.uncertain) {
        report.maybe_there += wide(piece.batch.records());
    }
    report
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn count(report: &mut Report, piece: &Piece, sent: usize) {
    let records = wide(piece.batch.records());
    report.accepted += records;
    report.calls += 1;
    report.bytes += wide(piece.batch.len());
    report.sent_bytes += wide(sent);
    if piece.uncertain {
        report.maybe_twice += records;
    }
}
