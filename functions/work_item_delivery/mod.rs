//! Azure Function `work_item_delivery` (queue): a message says that a delivery is due. One attempt is made and its outcome stored;
//! another attempt has another message, sent by the store with its own delay, because the host would give up after five.

use std::sync::Arc;

use axum::extract::State;
use connector::delivery::on_call::Dealt;
use connector::store::azure::DueMessage;
use custom_handler::{Failure, Outcome, QueueTrigger};

use crate::work::Work;

/// `POST /work_item_delivery`. Fails, so that the host shows the message again, only when the store does not answer or the message
/// is not one of ours; what the host gives up goes to its poison queue, where the connector takes its own messages out again.
pub async fn deliver(State(work): State<Arc<dyn Work>>, message: QueueTrigger) -> Result<Outcome, Failure> {
    let Some(due) = DueMessage::parse(message.text()) else {
        return Err(Failure::retry(
            "the message names no delivery: somebody else writes to this queue; it is left to the poison queue, where a person can read it",
        ));
    };
    let (delivery_id, connection) = (due.delivery_id, &due.connection);
    match work.deliver(&due).await {
        Ok(Dealt::Attempted) => tracing::debug!(%delivery_id, connection, "an attempt was made"),
        Ok(Dealt::NotYet(at)) => {
            tracing::debug!(%delivery_id, connection, %at, "the delivery is not due yet; another message comes then");
        }
        Ok(Dealt::Nothing) => tracing::debug!(%delivery_id, connection, "there is nothing left to do"),
        Err(error) => {
            return Err(Failure::retry(format!("delivery {delivery_id} could not be taken: {error}")));
        }
    }
    Ok(Outcome::new())
}
