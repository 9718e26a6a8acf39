//! The HTTP server: bounded in connections, headers and time, so that slow or hostile clients cost little. It knows nothing of
//! what is served.

mod connection;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use connector::settings::Settings;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How much and how long.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections at the same time; more wait in the system's queue.
    pub connections: usize,
    /// Bytes of one request's line and headers.
    pub head_bytes: usize,
    /// Headers of one request.
    pub headers: usize,
    /// A request's headers must be there this long after their first byte (of a new connection: after it was made). Up to
    /// half as long again may pass until a slow connection is closed.
    pub head: Duration,
    /// A connection without requests is closed after this long. Longer than clients keep theirs, so that they close first
    /// and never post into a connection that is being closed.
    pub idle: Duration,
    /// On shutdown, requests in progress get this long.
    pub drain: Duration,
    /// After an answer to a request that was not read to its end, this long is waited for the client to read the answer.
    pub linger: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head_bytes: 32 * 1024,
            headers: 100,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(180),
            drain: Duration::from_secs(10),
            linger: Duration::from_secs(2),
        }
    }
}

/// Serves `router` on `listener` until `shutdown` is done; then requests in progress are finished, within limits. Never
/// fails on account of a client.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future) -> io::Result<()> {
    serve_with(listener, router, ServerLimits::default(), shutdown).await
}

/// [`serve`] with other limits.
pub async fn serve_with(listener: TcpListener, router: Router, limits: ServerLimits, shutdown: impl Future) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            // Closed never: the semaphore lives as long as this function.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            _ = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = connection::serve(stream, router.clone(), limits, stopped.clone());
                connections.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file handles, most likely: without a pause this would spin. A timeout, for there is nothing to test.
                let _ = timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    stop.send_replace(true);
    let finished = timeout(limits.drain, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(left = connections.len(), "connections were still busy at the end of the shutdown and are cut");
        connections.shutdown().await;
    }
    Ok(())
}

/// Refuses to listen to the network when nobody would be asked who he is. Says why, and what to do.
pub fn may_listen(address: SocketAddr, settings: &Settings) -> Result<(), String> {
    let asks = !settings.intake.api_keys.is_empty() || settings.intake.entra.is_some();
    if asks || address.ip().is_loopback() {
        return Ok(());
    }
    Err(format!(
        "refusing to listen on {address}: it can be reached from outside and no authentication is configured; set api_keys or \
         entra in the section [intake], or listen on 127.0.0.1"
    ))
}
