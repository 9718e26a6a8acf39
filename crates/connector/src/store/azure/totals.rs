//! Counts of what ever happened, in a few small blobs for each connection. They are written behind the caller's back, grouped, so that
//! no alert waits for them; what a killed process had not written yet is missing from them for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tracing::Instrument;
use url::form_urlencoded::{byte_serialize, parse};

use super::blobs::{Blobs, If, PAGES, Shown};
use crate::store::outcome::Totals;
use crate::store::{Counts, StoreError};

const FOLDER: &str = "total/";
/// Each process writes to one of so many blobs of a connection, so that processes seldom meet.
const SLOTS: u8 = 8;
/// How often a change is tried when another process is faster.
const TRIES: usize = 20;

pub(super) struct Tally {
    blobs: Arc<Blobs>,
    slot: u8,
    pending: Mutex<BTreeMap<String, Totals>>,
    writing: tokio::sync::Mutex<()>,
}

impl Tally {
    /// `chance` in `[0, 1)` chooses the slot.
    pub(super) fn new(blobs: Arc<Blobs>, chance: f64) -> Arc<Self> {
        let slot = (0..SLOTS).find(|slot| chance * f64::from(SLOTS) < f64::from(slot + 1)).unwrap_or_default();
        Arc::new(Self { blobs, slot, pending: Mutex::default(), writing: tokio::sync::Mutex::default() })
    }

    /// Counts, soon.
    pub(super) fn note(self: &Arc<Self>, connection: &str, totals: Totals) {
        if totals == Totals::default() {
            return;
        }
        self.put_back(connection.to_owned(), totals);
        let tally = Arc::clone(self);
        let writing = async move {
            if let Err(error) = tally.flush().await {
                tracing::debug!(%error, "counts could not be written; with the next ones");
            }
        };
        tokio::spawn(writing.in_current_span());
    }

    fn put_back(&self, connection: String, totals: Totals) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).entry(connection).or_default().add(totals);
    }

    /// Writes what was counted so far.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let _one = self.writing.lock().await;
        loop {
            let next = self.pending.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
            let Some((connection, totals)) = next else { return Ok(()) };
            if let Err(error) = self.add(&connection, totals).await {
                self.put_back(connection, totals);
                return Err(error);
            }
        }
    }

    async fn add(&self, connection: &str, totals: Totals) -> Result<(), StoreError> {
        let name = format!("{FOLDER}{}/{}", byte_serialize(connection.as_bytes()).collect::<String>(), self.slot);
        for _ in 0..TRIES {
            let found = self.blobs.get(&name).await?;
            let mut sum = found.as_ref().map(|(bytes, _)| read(bytes)).transpose()?.unwrap_or_default();
            sum.add(totals);
            let condition = found.as_ref().map_or(If::Missing, |(_, tag)| If::Tag(tag));
            let text = sum_text(sum);
            let shown = Shown::from([("sum".to_owned(), text.clone())]);
            if self.blobs.put(&name, condition, Bytes::from(text), shown).await?.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("too many processes count at the same time".to_owned()))
    }

    /// Adds what was ever counted.
    pub(super) async fn sum(&self, connection: Option<&str>, counts: &mut Counts) -> Result<(), StoreError> {
        self.flush().await?;
        let mut damaged = Ok(());
        let all = |name: &str, shown: &Shown| {
            let rest = name.strip_prefix(FOLDER).and_then(|rest| rest.rsplit_once('/'));
            let of = rest.and_then(|(of, _)| parse(of.as_bytes()).next().map(|(of, _)| of.into_owned())).unwrap_or_default();
            if connection.is_none_or(|wanted| wanted == of)
                && let Some(text) = shown.get("sum")
            {
                match read(text.as_bytes()) {
                    Ok(sum) => sum.add_to(counts),
                    Err(error) => damaged = Err(error),
                }
            }
            true
        };
        self.blobs.list(FOLDER, PAGES, all).await?;
        damaged
    }
}

/// Accepted, work items, updates, duplicates, retried: one JSON array, which fits into metadata.
fn sum_text(sum: Totals) -> String {
    format!("[{},{},{},{},{}]", sum.accepted, sum.work_items, sum.updates, sum.duplicates_suppressed, sum.retried)
}

fn read(bytes: &[u8]) -> Result<Totals, StoreError> {
    let [accepted, work_items, updates, duplicates_suppressed, retried]: [u64; 5] = serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Damaged(format!("a counter cannot be read ({error}); remove its blob below {FOLDER}")))?;
    Ok(Totals { accepted, work_items, updates, duplicates_suppressed, retried })
}
