//! Waiting for something to come about, with an end.

use std::time::{Duration, Instant};

use connector::clock::{Clock, SystemClock};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until `condition` holds.
///
/// # Panics
///
/// When it does not hold for longer than anything takes.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    let clock: &dyn Clock = &SystemClock;
    while !condition().await {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come about");
        clock.sleep(Duration::from_millis(10)).await;
    }
}
