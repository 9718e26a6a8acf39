//! How time passes on the stage: the clock is moved by hand, and never past what comes next.

use std::time::{Duration, Instant};

use connector::clock::{Clock, SystemClock, between};
use connector::store::{Filter, Status};
use jiff::Timestamp;
use serde_json::Value;

use super::{Stage, Tool};

/// A condition that has not come about after this long never will.
const fn patience(over_azurite: bool) -> Duration {
    Duration::from_secs(if over_azurite { 200 } else { 40 })
}
/// So long the clock only creeps while a delivery is due and nobody takes it: the machine may be busy. Then whoever should take
/// it waits for time to pass.
const CREEP: Duration = Duration::from_secs(5);
/// The first step of the clock while nothing is to be done.
const STEP: Duration = Duration::from_millis(500);

impl<T: Tool, const OVER_AZURITE: bool> Stage<T, OVER_AZURITE> {
    /// Lets time pass until `condition` holds.
    pub async fn in_time(&self, what: &str, condition: impl AsyncFn() -> bool) {
        self.wait(what, true, condition).await;
    }

    /// Waits until `condition` holds while the clock stands still.
    pub async fn happens(&self, what: &str, condition: impl AsyncFn() -> bool) {
        self.wait(what, false, condition).await;
    }

    async fn wait(&self, what: &str, passing: bool, condition: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        let mut step = STEP;
        let mut due_since = None;
        while !condition().await {
            if begun.elapsed() > patience(OVER_AZURITE) {
                let all = self.running.queue.list(&Filter { limit: 20, ..Filter::default() }).await.unwrap();
                panic!("{what} did not come about; {all:#?}");
            }
            if passing {
                // What is due is asked first: what is taken in between is in hand.
                let rest = self.rest().await;
                let due = rest.is_some_and(|rest| rest.is_zero());
                let working = Filter { status: Some(Status::Working), limit: 1, connection: None };
                let in_hand = !self.running.queue.list(&working).await.unwrap().is_empty();
                due_since = if due && !in_hand { due_since.or(Some(Instant::now())) } else { None };
                let forgotten = due_since.is_some_and(|since| since.elapsed() > CREEP);
                // What is in hand works in real time: beside it the clock only creeps.
                let pass = if in_hand {
                    Duration::from_millis(2)
                } else if due && !forgotten {
                    Duration::from_millis(20)
                } else {
                    // Long waits are passed over in longer steps, but not past what comes next.
                    step = (step + step / 32).min(Duration::from_secs(15));
                    rest.filter(|_| !due).map_or(step, |rest| rest.min(step))
                };
                self.advance(pass);
            }
            let clock: &dyn Clock = &SystemClock;
            clock.sleep(Duration::from_millis(1)).await;
        }
    }

    /// How long until a delivery is due and its connection does not wait; nothing when there is none.
    async fn rest(&self) -> Option<Duration> {
        let mut rests = Vec::new();
        for connection in self.settings.connections.keys() {
            if let Some(due) = self.running.queue.next_due(connection).await.unwrap() {
                let rest = between(self.clock.now(), due);
                rests.push(if rest.is_zero() { self.closed(connection).await.unwrap_or_default() } else { rest });
            }
        }
        rests.into_iter().min()
    }

    /// How long a connection still waits, if it does.
    async fn closed(&self, connection: &str) -> Option<Duration> {
        let request = self.client.get(self.url("/api/status")).header("x-functions-key", "k");
        // A story may have other keys; then nobody knows, and the clock creeps.
        let status: Value = serde_json::from_str(&request.send().await.ok()?.text().await.ok()?).ok()?;
        let all = status["connections"].as_array()?;
        let until = all.iter().find(|one| one["name"] == connection)?["gate"]["until"].as_str()?;
        let until: Timestamp = until.parse().ok()?;
        Some(between(self.clock.now(), until)).filter(|rest| !rest.is_zero())
    }

    /// Lets what can be done without time passing be done. For proving that something does not happen.
    pub async fn quiet(&self) {
        let clock: &dyn Clock = &SystemClock;
        clock.sleep(Duration::from_millis(40)).await;
    }

    /// Lets time pass until nothing is left to deliver.
    pub async fn settled(&self) {
        self.in_time("an empty backlog", async || self.running.queue.counts(None).await.unwrap().backlog == 0).await;
    }

    /// Time passes for the connector and the tool.
    pub fn advance(&self, length: Duration) {
        self.tool.advance(length);
        self.clock.advance(length);
    }

    /// Presses the Sync button while time passes, for what waits and tries again; the answer.
    pub async fn sync_now(&self) -> Value {
        self.sync_in_time("").await
    }

    /// The same with a query.
    pub async fn sync_in_time(&self, query: &str) -> Value {
        let request = self.request(&format!("/api/connections/{}/sync{query}", self.name), "").send();
        let answer = async {
            let answer = request.await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, 200, "{text}");
            serde_json::from_str(&text).unwrap()
        };
        let passing = async {
            loop {
                self.advance(Duration::from_millis(500));
                let clock: &dyn Clock = &SystemClock;
                clock.sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            answer = answer => answer,
            () = passing => unreachable!("time has no end"),
        }
    }
}
