//! The one thread that writes. It takes whatever waits, does it in one transaction, makes that durable with one fsync and
//! only then answers: many callers share the price of one disk write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::error::explain;
use super::schema::LOG_BYTES;
use crate::store::StoreError;
use crate::store::outcome::Totals;

/// Most operations of one transaction.
const BATCH_OPERATIONS: usize = 1024;
/// Most bytes of one transaction, about.
const BATCH_BYTES: usize = 8 << 20;
/// How long others are waited for while fewer wait than were answered lately, however long the last transaction took.
const PATIENCE: Duration = Duration::from_millis(2);
/// What may wait to be written, in bytes: the bound on memory.
const WAITING_BYTES: usize = 64 << 20;
/// What an operation weighs beside its payload.
const OPERATION_BYTES: usize = 1024;
/// How long a caller waits to be let in when that much waits already.
const ADMISSION: Duration = Duration::from_secs(1);

/// What one transaction gathers besides its rows.
#[derive(Default)]
pub(super) struct Batch {
    totals: BTreeMap<String, Totals>,
    /// Something may have become due.
    pub(super) changed: bool,
}

impl Batch {
    /// Adds to the counts of `connection`.
    pub(super) fn count(&mut self, connection: &str, totals: Totals) {
        if let Some(sum) = self.totals.get_mut(connection) {
            sum.add(totals);
        } else {
            self.totals.insert(connection.to_owned(), totals);
        }
    }

    fn write(&self, database: &Connection) -> rusqlite::Result<()> {
        for (connection, totals) in &self.totals {
            let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            database
                .prepare_cached(
                    "INSERT INTO total VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (connection) DO UPDATE SET
                     accepted = accepted + ?2, work_items = work_items + ?3, updates = updates + ?4,
                     duplicates_suppressed = duplicates_suppressed + ?5, retried = retried + ?6",
                )?
                .execute(params![
                    connection,
                    signed(totals.accepted),
                    signed(totals.work_items),
                    signed(totals.updates),
                    signed(totals.duplicates_suppressed),
                    signed(totals.retried)
                ])?;
        }
        Ok(())
    }
}

/// An operation that waits. `run` may be called again after its first transaction was rolled back.
trait Job: Send {
    fn bytes(&self) -> usize;
    fn run(&mut self, database: &Connection, batch: &mut Batch) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

struct Operation<T, F> {
    run: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    admitted: OwnedSemaphorePermit,
}

impl<T: Send, F: FnMut(&Connection, &mut Batch) -> rusqlite::Result<T> + Send> Job for Operation<T, F> {
    fn bytes(&self) -> usize {
        self.admitted.num_permits()
    }

    fn run(&mut self, database: &Connection, batch: &mut Batch) -> rusqlite::Result<()> {
        self.result = Some((self.run)(database, batch)?);
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        // A caller that went away does not want to know. A missing result drops the sender, which reads as unavailable.
        match (result, self.result) {
            (Ok(()), Some(result)) => drop(self.reply.send(Ok(result))),
            (Err(error), _) => drop(self.reply.send(Err(error))),
            (Ok(()), None) => {}
        }
    }
}

/// Hands operations to the thread. The thread ends when this is dropped and everything handed in is done.
pub(super) struct Writer {
    path: PathBuf,
    // Unbounded as a channel; `room` bounds it, by bytes rather than by number.
    jobs: Sender<Box<dyn Job>>,
    room: Arc<Semaphore>,
    pub(super) admission: Duration,
}

impl Writer {
    /// Starts the thread. `changed` is told when something may have become due.
    pub(super) fn start(connection: Connection, path: PathBuf, changed: Arc<Notify>) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        let desk = Desk { connection, log: log_of(&path), path: path.clone(), changed };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || desk.work(&waiting))
            .map_err(|error| StoreError::Unavailable(format!("cannot start the store's thread: {error}")))?;
        Ok(Self { path, jobs, room: Arc::new(Semaphore::new(WAITING_BYTES)), admission: ADMISSION })
    }

    /// Does `run` durably, in a transaction with others. It may be run twice, the first time being undone.
    pub(super) async fn submit<T, F>(&self, payload_bytes: usize, run: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection, &mut Batch) -> rusqlite::Result<T> + Send + 'static,
    {
        let bytes = payload_bytes.saturating_add(OPERATION_BYTES).min(WAITING_BYTES);
        let admitted = self.admit(u32::try_from(bytes).unwrap_or(u32::MAX)).await?;
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Box::new(Operation { run, result: None, reply, admitted })).map_err(|_| self.ended())?;
        answer.await.map_err(|_| self.ended())?
    }

    async fn admit(&self, bytes: u32) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(admitted) = Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            return Ok(admitted);
        }
        match timeout(self.admission, Arc::clone(&self.room).acquire_many_owned(bytes)).await {
            Ok(Ok(admitted)) => Ok(admitted),
            Ok(Err(_)) => Err(self.ended()),
            Err(_) => Err(StoreError::Unavailable(format!(
                "{} is written more slowly than work comes in; try again, and put it on a faster disk if this lasts",
                self.path.display()
            ))),
        }
    }

    fn ended(&self) -> StoreError {
        StoreError::Unavailable(format!(
            "the thread that writes {} has ended; start the process again and report what the log says before this",
            self.path.display()
        ))
    }
}

/// The thread's own things.
struct Desk {
    connection: Connection,
    path: PathBuf,
    log: PathBuf,
    changed: Arc<Notify>,
}

impl Desk {
    fn work(mut self, waiting: &Receiver<Box<dyn Job>>) {
        let (mut expected, mut took) = (1, Duration::ZERO);
        while let Ok(first) = waiting.recv() {
            let jobs = gather(first, waiting, expected, took.min(PATIENCE));
            // A batch that was torn apart by chance does not make the next ones small.
            expected = jobs.len().max(expected / 2);
            let begun = Instant::now();
            self.settle(jobs);
            took = begun.elapsed();
            self.shorten_log();
        }
    }

    fn settle(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.transact(&mut jobs) {
            Ok(()) => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
            // One of them failed and everything is undone: each alone, so that it fails alone.
            Err(Failure::Operation(_)) if jobs.len() > 1 => jobs.into_iter().for_each(|job| self.settle(vec![job])),
            Err(Failure::Operation(error) | Failure::Transaction(error)) => {
                let error = explain(&self.path, &error);
                tracing::error!(%error, operations = jobs.len(), "the store could not write");
                for job in jobs {
                    job.answer(Err(error.clone()));
                }
            }
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        let mut batch = Batch::default();
        // Immediate: the lock is taken before anything is read, so what is read stays true until the commit.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Failure::Transaction)?;
        for job in jobs {
            job.run(&transaction, &mut batch).map_err(Failure::Operation)?;
        }
        batch.write(&transaction).map_err(Failure::Operation)?;
        transaction.commit().map_err(Failure::Transaction)?;
        if batch.changed {
            self.changed.notify_waiters();
        }
        Ok(())
    }

    /// The log is copied and begun anew by itself unless there is always somebody reading; then wait for the readers.
    fn shorten_log(&self) {
        let length = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        if length > 2 * u64::from(LOG_BYTES)
            && let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::warn!(error = %explain(&self.path, &error), length, "the write-ahead log could not be shortened yet");
        }
    }
}

/// `first` and what waits behind it. Callers who were answered a moment ago often come back at once, so as long as fewer wait
/// than were answered lately, they are given a moment: else every other transaction would hold few operations and write the
/// same pages again. The moment is what the last transaction took, so that waiting at worst doubles the time to an answer.
fn gather(first: Box<dyn Job>, waiting: &Receiver<Box<dyn Job>>, expected: usize, moment: Duration) -> Vec<Box<dyn Job>> {
    let begun = Instant::now();
    let mut bytes = first.bytes();
    let mut jobs = Vec::with_capacity(expected.min(BATCH_OPERATIONS));
    jobs.push(first);
    while jobs.len() < BATCH_OPERATIONS && bytes < BATCH_BYTES {
        let next = match waiting.try_recv() {
            Ok(next) => next,
            Err(_) if jobs.len() >= expected => break,
            Err(_) => {
                let Ok(next) = waiting.recv_timeout(moment.saturating_sub(begun.elapsed())) else { break };
                next
            }
        };
        bytes += next.bytes();
        jobs.push(next);
    }
    jobs
}

enum Failure {
    /// One operation failed; which is unknown.
    Operation(rusqlite::Error),
    /// The transaction itself failed; nobody would fare better alone.
    Transaction(rusqlite::Error),
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
