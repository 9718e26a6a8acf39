//! The last step of every intake: one delivery, stored durably, and only then 202.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connector::delivery::traced::enqueued;
use connector::delivery::{Delivery, DeliveryId};

use crate::edge::Edge;
use crate::problem::Problem;

/// The delivery is on disk. Answered as 202 `{"deliveryId":"..."}`.
#[derive(Debug)]
pub struct Accepted(DeliveryId);

/// Stores `delivery`. Whatever the store's failure is, it is answered as temporary: anything else would lose the alert.
pub(crate) async fn accept(edge: &Edge, delivery: Delivery) -> Result<Accepted, Problem> {
    let id = delivery.id;
    let (connection, source) = (edge.metrics.connection(&delivery.connection), delivery.source);
    let bytes = u64::try_from(delivery.payload.len()).unwrap_or(u64::MAX);
    let span = enqueued(&edge.tracing, &delivery);
    let delivery = Delivery { trace: span.place(), ..delivery };
    let stored = span.within(tokio::time::timeout(edge.limits.store, edge.queue.enqueue(delivery))).await;
    if !matches!(stored, Ok(Ok(()))) {
        span.failed("store_unavailable");
    }
    let failure = match stored {
        Ok(Ok(())) => {
            edge.metrics.accepted(1, connection.clone(), source.into());
            edge.metrics.accepted_bytes(bytes, connection);
            return Ok(Accepted(id));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the store did not answer within {} ms", edge.limits.store.as_millis()),
    };
    tracing::error!(delivery = %id, cause = failure, "a delivery could not be stored; answered 503 so that Azure repeats it");
    Err(Problem::unavailable("store-unavailable", "The delivery could not be stored")
        .detail("the store is not available, so the alert was not accepted")
        .remedy("nothing for the caller: Azure repeats it; the operator finds the cause in the connector's log"))
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (StatusCode::ACCEPTED, headers, format!("{{\"deliveryId\":\"{}\"}}", self.0)).into_response()
    }
}
