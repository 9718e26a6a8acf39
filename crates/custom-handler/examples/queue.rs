//! A function that takes messages and writes others. `FUNCTIONS_CUSTOMHANDLER_PORT=7000 cargo run --example queue`, and then, as the
//! host:
//!
//! ```sh
//! curl -s localhost:7000/order -H 'X-Azure-Functions-InvocationId: 1' \
//!     -d '{"Data":{"order":"\"{\\\"number\\\":7,\\\"lines\\\":[\\\"tea\\\"]}\""},"Metadata":{"DequeueCount":"1"}}'
//! ```

use std::error::Error;

use axum::Router;
use axum::routing::post;
use custom_handler::{Ended, Failure, Options, Outcome, QueueMessage, QueueTrigger, logging, run};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    number: u64,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct Invoice<'a> {
    order: u64,
    positions: &'a [String],
}

#[tokio::main]
async fn main() -> Result<Ended, Box<dyn Error>> {
    logging::start(&std::env::var("RUST_LOG").unwrap_or("info".into()))?;
    Ok(run(Router::new().route("/order", post(order)), Options::default()).await?)
}

async fn order(message: QueueTrigger) -> Result<Outcome, Failure> {
    // Not an order: tried again, and then kept in the poison queue for a person to look at.
    let order: Order = message.json()?;
    if order.lines.is_empty() {
        // Known and of no interest: the message is deleted.
        return Err(Failure::give_up(format!("order {} has no lines", order.number)));
    }
    tracing::info!(order = order.number, tries = ?message.dequeue_count(), since = ?message.inserted_at(), "ordered");
    let invoice = QueueMessage::json(&Invoice { order: order.number, positions: &order.lines })?;
    Ok(Outcome::new().queue("invoices", [invoice]))
}
