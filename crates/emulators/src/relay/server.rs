//! The loop that accepts connections. The emulators' usual server knows nothing of upgrades, and a request here waits for somebody else.

use std::{sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{door, namespace::Namespace};

/// Serves until the task is aborted; its connections end with it.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, namespace: Arc<Namespace>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            crate::clock::wait(Duration::from_millis(20)).await;
            continue;
        };
        stream.set_nodelay(true).ok();
        let namespace = Arc::clone(&namespace);
        match tls.clone() {
            None => {
                connections.spawn(serve(stream, namespace));
            }
            Some(tls) => {
                connections.spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, namespace).await;
                    }
                });
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, namespace: Arc<Namespace>) {
    let handler = service_fn(move |request| {
        let namespace = Arc::clone(&namespace);
        async move { Ok::<_, std::convert::Infallible>(door::serve(namespace, request).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), handler);
    // An error here is a client that went away.
    connection.with_upgrades().await.ok();
}
