//! Time, waiting and chance, passed in so that tests need not wait. Nothing else in this crate asks the machine for them.

use std::{
    fmt::Debug,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

/// Tells the time, waits, and draws lots.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// The present.
    fn now(&self) -> SystemTime;
    /// Returns after `length`.
    async fn sleep(&self, length: Duration);
    /// A number in `[0, 1)`.
    fn chance(&self) -> f64;
}

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }

    fn chance(&self) -> f64 {
        rand::random()
    }
}
