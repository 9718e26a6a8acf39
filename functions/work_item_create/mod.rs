//! Azure Function `work_item_create` (HTTP): a work item asked for by hand, from a log record. It takes the same way as an
//! alert, with the same promises.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use connector::delivery::{Delivery, DeliveryId, Source};
use connector::route::Choices;
use connector::work_item::WorkItemType;
use connector::work_item::request::WorkItemRequest;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::accept::{Accepted, accept};
use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;
use crate::traced::Traced;
use crate::{query, target};

/// `POST /api/work-items/{connection}/{work_item_type}`; the body is a [`WorkItemRequest`]. With the header
/// `Idempotency-Key`, the same key for the same connection and type is the same delivery.
pub async fn create(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Accepted, Problem> {
    let traced = Traced::new(&edge, &request, "/api/work-items/{connection}/{work_item_type}");
    traced.answer(202, take(&edge, request)).await
}

async fn take(edge: &Edge, mut request: Verified) -> Result<Accepted, Problem> {
    let (connection, kind) = request.path::<(String, String)>().await?;
    let work_item_type = target::work_item_type(&edge.settings, &connection, &kind)?;
    query::none(request.query())?;
    let accepted_at = edge.clock.now();
    let id = match request.header("idempotency-key").map(check_key).transpose()? {
        Some(key) => id_of(&connection, work_item_type, key),
        None => DeliveryId(edge.chance.id(accepted_at)),
    };
    let payload = request.body(&edge.limits).await?;
    check(&payload)?;
    let (choices, source) = (Choices::default(), Source::Request);
    accept(edge, Delivery { id, connection, work_item_type, choices, source, accepted_at, trace: None, payload }).await
}

fn check(payload: &[u8]) -> Result<(), Problem> {
    WorkItemRequest::from_json(payload).map(|_| ()).map_err(|why| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-work-item", "The body is not a work item request")
            .detail(why.to_string())
            .remedy("post one JSON object with at least \"title\"; `itsm-connector schema work-item` prints its JSON Schema")
    })
}

fn check_key(key: &[u8]) -> Result<&[u8], Problem> {
    if (1..=255).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
        return Ok(key);
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad-idempotency-key", "The idempotency key is not usable")
        .detail("the header Idempotency-Key is not 1 to 255 visible ASCII characters")
        .remedy("send a UUID, the same one for each repetition of the request"))
}

/// A name-based UUID (RFC 9562 version 8): equal for equal names, different for all others.
fn id_of(connection: &str, work_item_type: WorkItemType, key: &[u8]) -> DeliveryId {
    let mut hash = Sha256::new();
    for part in [b"work_item_create", connection.as_bytes(), work_item_type.name().as_bytes(), key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut bytes: uuid::Bytes = [0; 16];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, digest)| *byte = digest);
    let id: Uuid = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    DeliveryId(id)
}
