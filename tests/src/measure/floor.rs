//! The floor: a server that reads the body and answers 202, with the same libraries and nothing behind it. No intake that keeps
//! its promises can be faster; the question is how much slower it is.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use custom_handler::PORT_VARIABLE;
use tokio::net::TcpListener;

/// Serves on a free port, or the one that the Functions host would give, says where, and stays until it is killed.
pub async fn serve() -> anyhow::Result<()> {
    let port = std::env::var(PORT_VARIABLE).ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As the connector does; a failure only makes answers later.
        let _ = stream.set_nodelay(true);
    });
    let answer = |body: Bytes| async move { if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED } };
    let router =
        Router::new().route("/api/alerts/{connection}/{work_item_type}", post(answer)).route("/", get(|| async { "ready" }));
    axum::serve(listener, router).await?;
    Ok(())
}
