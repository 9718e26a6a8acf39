//! Azure Function `alert_intake` (HTTP): an alert comes in, one durable delivery is stored, 202. Nothing of the alert is
//! interpreted here, so that whatever Azure sends is kept first and understood later.

use std::sync::Arc;

use axum::extract::State;
use connector::delivery::{Delivery, DeliveryId, Source};
use connector::route::Choices;
use connector::work_item::WorkItemType;

use crate::accept::{Accepted, accept};
use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;
use crate::traced::Traced;
use crate::{json, query, target};

/// `POST /api/alerts/{connection}/{work_item_type}?per=..&template=..&field.NAME=VALUE`.
pub async fn by_url(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Accepted, Problem> {
    let traced = Traced::new(&edge, &request, "/api/alerts/{connection}/{work_item_type}");
    traced.answer(202, to_connection(&edge, request)).await
}

async fn to_connection(edge: &Edge, mut request: Verified) -> Result<Accepted, Problem> {
    let (connection, kind) = request.path::<(String, String)>().await?;
    let work_item_type = target::work_item_type(&edge.settings, &connection, &kind)?;
    let choices = query::choices(request.query(), Choices::default())?;
    take(edge, request, connection, work_item_type, choices).await
}

/// `POST /api/alerts/{route}`: the choices stand in `[route.NAME]`; query parameters win over them.
pub async fn by_route(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Accepted, Problem> {
    let traced = Traced::new(&edge, &request, "/api/alerts/{route}");
    traced.answer(202, to_route(&edge, request)).await
}

async fn to_route(edge: &Edge, mut request: Verified) -> Result<Accepted, Problem> {
    let name = request.path::<String>().await?;
    let route = target::route(&edge.settings, &name)?;
    let choices = query::choices(request.query(), route.choices())?;
    take(edge, request, route.connection.clone(), route.work_item_type, choices).await
}

async fn take(
    edge: &Edge,
    request: Verified,
    connection: String,
    work_item_type: WorkItemType,
    choices: Choices,
) -> Result<Accepted, Problem> {
    let payload = request.body(&edge.limits).await?;
    json::object(&payload)?;
    let accepted_at = edge.clock.now();
    let id = DeliveryId(edge.chance.id(accepted_at));
    let source = Source::Alert;
    accept(edge, Delivery { id, connection, work_item_type, choices, source, accepted_at, trace: None, payload }).await
}
