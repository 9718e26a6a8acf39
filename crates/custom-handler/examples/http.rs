//! One function with an HTTP trigger in both shapes, and one that does more than answer.
//! `FUNCTIONS_CUSTOMHANDLER_PORT=7000 cargo run --example http`, and then, as the host with and without proxying:
//!
//! ```sh
//! curl -s localhost:7000/api/hello/Ada
//! curl -s localhost:7000/hello -d '{"Data":{"req":{"Method":"GET","Url":"https://example.org/api/hello/Ada"}}}'
//! ```

use std::error::Error;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use custom_handler::{Ended, HttpAnswer, HttpTrigger, Identities, Options, Outcome, enveloped, logging, run};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<Ended, Box<dyn Error>> {
    logging::start(&std::env::var("RUST_LOG").unwrap_or("info".into()))?;
    let http = Router::new().route("/api/hello/{name}", get(hello));
    let functions =
        Router::new().route("/hello", enveloped("res", http.clone())).merge(http).route("/subscribe", post(subscribe));
    Ok(run(functions, Options::default()).await?)
}

/// An ordinary axum handler.
async fn hello(Path(name): Path<String>, identities: Identities) -> (StatusCode, String) {
    tracing::info!(access = identities.access_level(), "greeting");
    (StatusCode::OK, format!("hello {name}"))
}

/// With a queue output beside the HTTP output: the host always sends an envelope, and the caller is answered when the message is in
/// the queue.
async fn subscribe(request: HttpTrigger) -> Outcome {
    let Some(list) = request.params.get("list") else {
        return Outcome::new().http("res", HttpAnswer::new(StatusCode::NOT_FOUND));
    };
    Outcome::new()
        .queue("subscriptions", [json!({ "list": list, "by": String::from_utf8_lossy(&request.body) })])
        .http("res", HttpAnswer::new(StatusCode::ACCEPTED).json(&json!({ "subscribed": list })))
}
