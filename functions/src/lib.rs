//! The edge: one thin module per Azure Function, and what they share. It knows triggers and nothing of ITSM tools. On one machine
//! [`router`] is all there is; behind the Functions host [`hosted`] serves timers, the queue, and HTTP in both shapes.
//!
//! A request becomes [`auth::Verified`] before anything of it is looked at; only then do settings, query and body matter.

pub mod auth;
pub mod edge;
pub mod host;
pub mod metrics;
pub mod one_machine;
pub mod problem;
pub mod records;
pub mod server;
pub mod work;
pub mod workbench;

#[path = "../alert_intake/mod.rs"]
pub mod alert_intake;
#[path = "../configuration_refresh/mod.rs"]
pub mod configuration_refresh;
#[path = "../status/mod.rs"]
pub mod status;
#[path = "../sync_now/mod.rs"]
pub mod sync_now;
#[path = "../work_item_create/mod.rs"]
pub mod work_item_create;
#[path = "../work_item_delivery/mod.rs"]
pub mod work_item_delivery;
#[path = "../work_item_sync/mod.rs"]
pub mod work_item_sync;

mod accept;
mod body;
mod json;
mod nearest;
mod query;
mod refusals;
mod same_origin;
mod spelling;
mod target;
#[cfg(test)]
mod tests;
mod traced;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use connector::metrics::label::Function;
use custom_handler::enveloped;

pub use edge::{ConnectionState, ConnectionStates, Edge, Limits};
use host::HttpFunction;
use problem::Problem;
use refusals::NO_SUCH_PATH;
use spelling::any_spelling;
pub use work::Work;

/// All functions behind the Functions host: what it sends envelopes for under their names, and `router` for requests that it
/// forwards. Which shape HTTP has is a switch in host.json; see docs/OPERATIONS.md.
pub fn hosted(edge: Arc<Edge>, work: Arc<dyn Work>) -> Router {
    let http = router(edge);
    let envelopes = HttpFunction::ALL.into_iter().fold(Router::new(), |envelopes, function| {
        envelopes.route(&format!("/{}", function.folder()), enveloped("res", http.clone()))
    });
    Router::new()
        .route("/work_item_delivery", post(work_item_delivery::deliver))
        .route("/work_item_sync", post(work_item_sync::sync))
        .route("/configuration_refresh", post(configuration_refresh::refresh))
        .with_state(work)
        .merge(envelopes)
        .merge(http)
}

/// All functions with an HTTP trigger, and what the console can do on one machine, under the paths the Functions host forwards, in any spelling that it lets in.
pub fn router(edge: Arc<Edge>) -> Router {
    let serves = |function: HttpFunction, route| function.serves(&edge, route);
    let told = |route: MethodRouter<Arc<Edge>>| refusals::told_of(&edge, Function::Console, false, route);
    let counted = edge.clone();
    let routes = match &edge.scraped {
        Some(_) => Router::new().route("/metrics", get(metrics::metrics)),
        None => Router::new(),
    };
    let routes = routes
        .route("/", get(status::ready))
        .route("/healthz", get(status::health))
        .route("/console", get(one_machine::console))
        .route("/api/status", serves(HttpFunction::Status, get(status::status)))
        .route("/api/status/console", serves(HttpFunction::Status, get(status::console)))
        .route("/api/status/deliveries", serves(HttpFunction::Status, get(status::deliveries)))
        .route("/api/status/deliveries/{id}", serves(HttpFunction::Status, get(status::delivery)))
        .route("/api/deliveries/redrive", told(post(one_machine::redrive_every)))
        .route("/api/deliveries/{id}/redrive", told(post(one_machine::redrive)))
        .route("/api/connections/{connection}/check", told(post(one_machine::check)))
        .route("/api/preview/{route}", told(post(one_machine::preview_by_route)))
        .route("/api/preview/{connection}/{work_item_type}", told(post(one_machine::preview_by_url)))
        .route("/api/records", told(get(one_machine::records)))
        .route("/api/connections/{connection}/sync", serves(HttpFunction::SyncNow, post(sync_now::sync)))
        .route("/api/alerts/{route}", serves(HttpFunction::AlertIntake, post(alert_intake::by_route)))
        .route("/api/alerts/{connection}/{work_item_type}", serves(HttpFunction::AlertIntake, post(alert_intake::by_url)))
        .route(
            "/api/work-items/{connection}/{work_item_type}",
            serves(HttpFunction::WorkItemCreate, post(work_item_create::create)),
        )
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(move |_| {
            let problem = Problem::defect();
            metrics::count(&counted, Function::None, problem.status(), problem.kind());
            axum::response::IntoResponse::into_response(problem)
        }))
        .with_state(edge);
    any_spelling(routes)
}

async fn no_such_path(State(edge): State<Arc<Edge>>, uri: Uri) -> Problem {
    let problem = Problem::new(StatusCode::NOT_FOUND, NO_SUCH_PATH, "No such path")
        .detail("nothing is served at this path")
        .remedy("post alerts to /api/alerts/{connection}/{work_item_type} or /api/alerts/{route}");
    metrics::count(&edge, Function::None, problem.status(), problem.kind());
    // Whoever looks for open doors loses nothing.
    edge.refusals.tell(uri.path().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("/api/")), &problem);
    problem
}

async fn no_such_method(State(edge): State<Arc<Edge>>, method: Method) -> Problem {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
        .detail("this path does not take this method")
        .remedy("use the method named in the Allow header; alerts are posted");
    metrics::count(&edge, Function::None, problem.status(), problem.kind());
    edge.refusals.tell(!method.is_safe(), &problem);
    problem
}
