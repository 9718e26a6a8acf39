//! The floor: a server that reads the body and answers 202, with the same libraries and nothing behind it. No intake that keeps
//! its promises can be faster; the question is how much slower it is.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use bytes::Bytes;
use tokio::net::TcpListener;

/// Serves on a free port, says where, and stays until it is killed.
pub async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As the connector does; a failure only makes answers later.
        let _ = stream.set_nodelay(true);
    });
    let answer = |body: Bytes| async move { if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED } };
    let router = Router::new().route("/api/alerts/{connection}/{work_item_type}", post(answer));
    axum::serve(listener, router).await?;
    Ok(())
}
