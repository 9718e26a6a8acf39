//! The edge: one thin module per Azure Function, and what they share. It knows triggers (HTTP today) and nothing of ITSM
//! tools. The same router serves the Functions host (forwarded requests) and one machine.
//!
//! A request becomes [`auth::Verified`] before anything of it is looked at; only then do settings, query and body matter.

pub mod auth;
pub mod edge;
pub mod problem;
pub mod records;
pub mod server;

#[path = "../alert_intake/mod.rs"]
pub mod alert_intake;
#[path = "../status/mod.rs"]
pub mod status;
#[path = "../sync_now/mod.rs"]
pub mod sync_now;
#[path = "../work_item_create/mod.rs"]
pub mod work_item_create;

mod accept;
mod body;
mod json;
mod nearest;
mod query;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

pub use edge::{ConnectionState, ConnectionStates, Edge, Limits};
use problem::Problem;

/// All functions with an HTTP trigger, under the paths the Functions host forwards.
pub fn router(edge: Arc<Edge>) -> Router {
    Router::new()
        .route("/", get(status::ready))
        .route("/healthz", get(status::health))
        .route("/api/status", get(status::status))
        .route("/api/connections/{connection}/sync", post(sync_now::sync))
        .route("/api/alerts/{route}", post(alert_intake::by_route))
        .route("/api/alerts/{connection}/{work_item_type}", post(alert_intake::by_url))
        .route("/api/work-items/{connection}/{work_item_type}", post(work_item_create::create))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(|_| axum::response::IntoResponse::into_response(Problem::defect())))
        .with_state(edge)
}

async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", "No such path")
        .detail("nothing is served at this path")
        .remedy("post alerts to /api/alerts/{connection}/{work_item_type} or /api/alerts/{route}")
}

async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
        .detail("this path does not take this method")
        .remedy("use the method named in the Allow header; alerts are posted")
}
