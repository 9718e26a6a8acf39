//! Deliveries for a person to look at, and one of them. Read only, everywhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use connector::alert::Alert;
use connector::delivery::DeliveryId;
use connector::store::{Filter, Listed, Shown, StoreError};
use serde::Serialize;

use super::ask;
use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;
use crate::{nearest, query, target};

/// What `GET /api/status/deliveries` answers.
#[derive(Debug, Serialize)]
pub struct Deliveries {
    /// Newest first.
    deliveries: Vec<Entry>,
}

/// One delivery of a list.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    delivery: Listed,
    /// The alert's title, of one that is not done, so that it has no summary yet; left out behind the Functions host, where each would be a blob to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

/// `GET /api/status/deliveries?connection=..&status=..&limit=..`.
pub async fn deliveries(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Json<Deliveries>, Problem> {
    let filter = query::deliveries(request.query())?;
    if let Some(connection) = &filter.connection {
        target::connection(&edge.settings, connection)?;
    }
    let deliveries = ask(edge.limits.listing, entries(&edge, &filter)).await?;
    Ok(Json(Deliveries { deliveries }))
}

async fn entries(edge: &Edge, filter: &Filter) -> Result<Vec<Entry>, StoreError> {
    let listed = edge.queue.list(filter).await?;
    let mut entries = Vec::with_capacity(listed.len());
    for delivery in listed {
        let untold = delivery.summary.is_none() && edge.workbench.is_some();
        let title = if untold { title(edge, delivery.id).await? } else { None };
        entries.push(Entry { delivery, title });
    }
    Ok(entries)
}

/// What the alert of a delivery is called, as far as it can be read.
async fn title(edge: &Edge, id: DeliveryId) -> Result<Option<String>, StoreError> {
    let payload = match edge.queue.show(id).await {
        Ok(shown) => shown.and_then(|(_, payload)| payload),
        // The others are to be seen all the same.
        Err(StoreError::Damaged(_)) => None,
        Err(error) => return Err(error),
    };
    let alert = payload.and_then(|payload| Alert::from_json(&payload, edge.clock.now()).ok());
    Ok(alert.map(|alert| alert.title))
}

/// `GET /api/status/deliveries/{id}`. What Azure posted is shown on one machine only: on Azure a key of this function is for those who
/// watch the connector, not for those who may read every alert.
pub async fn delivery(State(edge): State<Arc<Edge>>, mut request: Verified) -> Result<Json<Shown>, Problem> {
    query::none(request.query())?;
    let id = delivery_id(&request.path::<String>().await?)?;
    let Some((delivery, payload)) = ask(edge.limits.store, edge.queue.show(id)).await? else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown-delivery", "No such delivery")
            .detail(format!("there is no delivery {id}"))
            .remedy(
                "finished deliveries are forgotten after a while ([retention]); GET /api/status/deliveries lists those there are",
            ));
    };
    let payload = payload.filter(|_| edge.workbench.is_some());
    Ok(Json(Shown::of(delivery, payload.as_deref())))
}

/// The id of a delivery in a path.
pub(crate) fn delivery_id(text: &str) -> Result<DeliveryId, Problem> {
    text.parse().map(DeliveryId).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-delivery-id", "Not the id of a delivery")
            .detail(format!("\"{}\" is not the id of a delivery", nearest::shown(text)))
            .remedy("use an id that the intake answered with 202, or that GET /api/status/deliveries lists")
    })
}
