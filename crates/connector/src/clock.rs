//! Time and chance, passed in so that every test is repeatable. Nothing else in the workspace may ask the system for
//! either; `clippy.toml` enforces it.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use uuid::Uuid;

/// Tells the time and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// Returns when `now` has reached `until`; at once when it already has.
    async fn sleep_until(&self, until: Timestamp);
}

impl dyn Clock {
    /// Returns after `length`.
    pub async fn sleep(&self, length: Duration) {
        self.sleep_until(later(self.now(), length)).await;
    }
}

/// `from` plus `length`, at most the end of time.
#[must_use]
pub fn later(from: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length).ok().and_then(|length| from.checked_add(length).ok()).unwrap_or(Timestamp::MAX)
}

/// `from` less `length`, at least the beginning of time.
#[must_use]
pub fn earlier(from: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length).ok().and_then(|length| from.checked_sub(length).ok()).unwrap_or(Timestamp::MIN)
}

/// How long from `from` to `to`; zero when `to` is not later.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits for the system's time")]
    async fn sleep_until(&self, until: Timestamp) {
        tokio::time::sleep(between(self.now(), until)).await;
    }
}

/// A clock that moves only when told to; sleepers wake when it passes their instant.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(watch::Sender::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, length: Duration) {
        self.0.send_modify(|now| *now = later(*now, length));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, until: Timestamp) {
        let mut now = self.0.subscribe();
        // The sender lives as long as `self`, so waiting can only end by reaching the instant.
        let _ = now.wait_for(|now| *now >= until).await;
    }
}

/// Chance: jitter and identifiers. Seeded in tests.
#[derive(Debug)]
pub struct Chance(Mutex<StdRng>);

impl Chance {
    /// Seeded by the operating system.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for chance")]
    pub fn from_system() -> Self {
        Self(Mutex::new(StdRng::from_rng(&mut rand::rng())))
    }

    /// The same sequence for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number in `[0, 1)`.
    pub fn fraction(&self) -> f64 {
        self.rng().random()
    }

    /// Full jitter: anything from nothing up to `most`.
    pub fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.fraction())
    }

    /// An identifier that sorts by the time it was made.
    pub fn id(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.rng().random()).into_uuid()
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng().fill(&mut bytes);
        bytes
    }

    fn rng(&self) -> std::sync::MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
