//! The listener of a queue trigger on one instance: receives in batches, hides what it works on, deletes on success, shows again on
//! failure, and moves to the poison queue what failed too often.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use connector::clock::{Clock, SystemClock};
use tokio::task::JoinSet;

use super::envelope;
use super::function::Function;
use super::host::Shared;
use super::instance::Instance;
use super::queue::{Message, StorageQueue};
use super::report::Trouble;

/// How long messages in hand are hidden; renewed at half time.
const HOLD: Duration = Duration::from_secs(10 * 60);
/// The first wait of an empty queue; the next are longer, up to `maxPollingInterval`.
const SHORTEST_POLL: Duration = Duration::from_millis(100);

/// A queue with the queue for what failed too often.
struct Listener {
    shared: Arc<Shared>,
    instance: Arc<Instance>,
    function: Function,
    queue: StorageQueue,
    /// Name and queue; what is in a poison queue already has none.
    poison: Option<(String, StorageQueue)>,
}

/// Listens until it is aborted, or until the instance drains and nothing is in hand.
pub(super) async fn listen(shared: Arc<Shared>, instance: Arc<Instance>, function: Function) -> anyhow::Result<()> {
    let super::function::Trigger::Queue { queue: name, account } = &function.trigger else { return Ok(()) };
    let poison = if name.ends_with("-poison") {
        None
    } else {
        let poison = format!("{name}-poison");
        Some((poison.clone(), account.queue(&poison)?))
    };
    let queue = account.queue(name)?;
    // The host listens when the handler is ready.
    if instance.url().await.is_err() {
        return Ok(());
    }
    Arc::new(Listener { shared, instance, function, queue, poison }).run().await;
    Ok(())
}

impl Listener {
    async fn run(self: Arc<Self>) {
        let clock: &dyn Clock = &SystemClock;
        let limits = self.shared.app.host.queues.clone();
        let (hold, longest) = (self.shared.shortened(HOLD), self.shared.shortened(limits.polling).max(SHORTEST_POLL));
        let mut in_hand = JoinSet::new();
        let mut wait = SHORTEST_POLL;
        while !self.instance.draining.load(Ordering::SeqCst) && !self.instance.is_gone() {
            while in_hand.try_join_next().is_some() {}
            if in_hand.len() > limits.threshold {
                in_hand.join_next().await;
                continue;
            }
            let received = self.queue.receive(limits.batch, hold).await.unwrap_or_else(|error| {
                self.report(Trouble::Storage, format!("receiving: {error:#}"));
                Vec::new()
            });
            if received.is_empty() {
                clock.sleep(wait).await;
                wait = (wait * 2).min(longest);
            } else {
                wait = SHORTEST_POLL;
            }
            for message in received {
                in_hand.spawn(self.clone().work_on(message, hold));
            }
        }
        while in_hand.join_next().await.is_some() {}
    }

    async fn work_on(self: Arc<Self>, mut message: Message, hold: Duration) {
        let most = self.shared.app.host.queues.most_dequeues;
        if message.dequeue_count > most {
            self.poison(&message).await;
            return;
        }
        let outcome = match self.decoded(&message.text) {
            Some(text) => self.invoke(&mut message, text, hold).await,
            None => false,
        };
        let settled = if outcome {
            self.queue.delete(&message).await
        } else if message.dequeue_count >= most {
            self.poison(&message).await;
            return;
        } else {
            let again = self.shared.app.host.queues.visibility_timeout;
            self.queue.hide(&mut message, self.shared.shortened(again)).await
        };
        // The queue shows it again by itself when the hold is over.
        if let Err(error) = settled {
            self.report(Trouble::Storage, format!("settling message {}: {error:#}", message.id));
        }
    }

    /// Renews the hold at half time, as long as the handler works.
    async fn invoke(&self, message: &mut Message, text: String, hold: Duration) -> bool {
        let clock: &dyn Clock = &SystemClock;
        let shown = Message { text, ..message.clone() };
        let envelope = envelope::queue(&self.function, &shown, self.shared.options.encoding, self.shared.options.clock.now());
        let mut working = std::pin::pin!(self.shared.invoke(&self.instance, &self.function, envelope));
        loop {
            tokio::select! {
                outcome = &mut working => return outcome.is_ok(),
                () = clock.sleep(hold / 2) => {
                    let _ = self.queue.hide(message, hold).await;
                }
            }
        }
    }

    /// Nothing for a message that is no base64 where the host expects it.
    fn decoded(&self, text: &str) -> Option<String> {
        if !self.shared.app.host.queues.base64 {
            return Some(text.to_owned());
        }
        let decoded = BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if decoded.is_none() {
            let why = "the message is not base64, but messageEncoding is";
            self.report(Trouble::Failed, why.to_owned());
        }
        decoded
    }

    /// First the copy, then the deletion. Nothing of it is reported as done unless it is.
    async fn poison(&self, message: &Message) {
        let moved = async {
            if let Some((_, poison)) = &self.poison {
                poison.create().await?;
                poison.put(&message.text).await?;
            }
            self.queue.delete(message).await
        };
        match moved.await {
            Ok(_) => {
                self.report(Trouble::Poisoned, format!("message {} after {} tries", message.id, message.dequeue_count));
            }
            Err(error) => self.report(Trouble::Storage, format!("message {} could not be moved: {error:#}", message.id)),
        }
    }

    fn report(&self, trouble: Trouble, text: String) {
        self.shared.report.add(trouble, Some(self.instance.id), &self.function.name, text);
    }
}
