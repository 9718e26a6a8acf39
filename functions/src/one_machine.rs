//! What the console can do besides looking, where the connector runs on one machine. Each of these paths is there behind the Functions
//! host, too, and says that it is not served there. Who may call is asked as everywhere; beside that, a page of somebody else's that
//! a person has open in the same browser changes nothing here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use connector::alert::Alert;
use connector::delivery::DeliveryId;
use connector::delivery::preview::Previewed;
use connector::probe::Report;
use connector::route::Choices;
use connector::store::{Redriven, redrive_all};
use connector::work_item::WorkItemType;
use serde::Serialize;

use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;
use crate::status::{ask, delivery_id};
use crate::workbench::{Rows, Workbench};
use crate::{json, query, same_origin, target};

/// What a redrive answers: whether it was done, or for how many.
#[derive(Debug, Serialize)]
pub struct Done<T> {
    redriven: T,
    /// How many cannot be read; left out when there are none.
    #[serde(skip_serializing_if = "is_zero")]
    left: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// `GET /console`: a short address of the page.
pub async fn console(State(edge): State<Arc<Edge>>, uri: Uri) -> Result<Response, Problem> {
    workbench(&edge)?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // A query that came in an address can stand in one.
    let page = HeaderValue::from_str(&format!("/api/status/console{query}")).map_err(|_| Problem::defect())?;
    Ok((StatusCode::FOUND, [(header::LOCATION, page)]).into_response())
}

/// `POST /api/deliveries/{id}/redrive`: a dead letter, or one that waits, is due now. False when it is neither.
pub async fn redrive(State(edge): State<Arc<Edge>>, mut request: Verified) -> Result<Json<Done<bool>>, Problem> {
    here(&edge, &request)?;
    query::none(request.query())?;
    let id: DeliveryId = delivery_id(&request.path::<String>().await?)?;
    let redriven = ask(edge.limits.store, edge.queue.redrive(id, edge.clock.now())).await?;
    tracing::info!(%id, redriven, "a delivery was redriven from the console");
    Ok(Json(Done { redriven, left: 0 }))
}

/// `POST /api/deliveries/redrive?connection=`: all dead letters, or those of one connection.
pub async fn redrive_every(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Json<Done<usize>>, Problem> {
    here(&edge, &request)?;
    let connection = query::connection(request.query())?;
    if let Some(connection) = &connection {
        target::connection(&edge.settings, connection)?;
    }
    let Redriven { done, left } =
        ask(edge.limits.listing, redrive_all(&*edge.queue, connection.as_deref(), &*edge.clock)).await?;
    tracing::info!(redriven = done.len(), left = left.len(), "dead letters were redriven from the console");
    Ok(Json(Done { redriven: done.len(), left: left.len() }))
}

/// `POST /api/connections/{connection}/check`.
pub async fn check(State(edge): State<Arc<Edge>>, mut request: Verified) -> Result<Json<Report>, Problem> {
    let bench = here(&edge, &request)?;
    query::none(request.query())?;
    let connection = request.path::<String>().await?;
    target::connection(&edge.settings, &connection)?;
    Ok(Json(bench.check(&connection).await))
}

/// `POST /api/preview/{connection}/{work_item_type}?per=..&template=..&field.NAME=VALUE`: nothing is stored or sent.
pub async fn preview_by_url(State(edge): State<Arc<Edge>>, mut request: Verified) -> Result<Json<Previewed>, Problem> {
    let bench = here(&edge, &request)?;
    let (connection, kind) = request.path::<(String, String)>().await?;
    let kind = target::work_item_type(&edge.settings, &connection, &kind)?;
    let choices = query::choices(request.query(), Choices::default())?;
    preview(&edge, bench, request, &connection, kind, &choices).await
}

/// `POST /api/preview/{route}`.
pub async fn preview_by_route(State(edge): State<Arc<Edge>>, mut request: Verified) -> Result<Json<Previewed>, Problem> {
    let bench = here(&edge, &request)?;
    let name = request.path::<String>().await?;
    let route = target::route(&edge.settings, &name)?;
    let choices = query::choices(request.query(), route.choices())?;
    preview(&edge, bench, request, &route.connection, route.work_item_type, &choices).await
}

async fn preview(
    edge: &Edge,
    bench: &dyn Workbench,
    request: Verified,
    connection: &str,
    kind: WorkItemType,
    choices: &Choices,
) -> Result<Json<Previewed>, Problem> {
    let payload = request.body(&edge.limits).await?;
    json::object(&payload)?;
    let alert = Alert::from_json(&payload, edge.clock.now()).map_err(|error| json::no_object(error.to_string()))?;
    bench.preview(connection, kind, &alert, choices).map(Json).ok_or_else(|| target::not_made(connection, kind))
}

/// `GET /api/records?kind=..&limit=..`.
pub async fn records(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Json<Rows>, Problem> {
    let bench = workbench(&edge)?;
    let wanted = query::records(request.query())?;
    ask(edge.limits.listing, bench.records(wanted)).await.map(Json)
}

/// For what changes or tries something.
fn here<'a>(edge: &'a Edge, request: &Verified) -> Result<&'a dyn Workbench, Problem> {
    same_origin::check(request)?;
    workbench(edge)
}

fn workbench(edge: &Edge) -> Result<&dyn Workbench, Problem> {
    edge.workbench.as_deref().ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "only-on-one-machine", "Not served here")
            .detail(
                "this path is served where the connector runs on one machine (`local`, `demo`), not behind the Functions host",
            )
            .remedy(
                "use the command line from a desk: `itsm-connector deliveries redrive --storage ACCOUNT`, `check`, `preview`; \
                 records are in the workspace",
            )
    })
}
