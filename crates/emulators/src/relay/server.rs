//! Connections of a namespace. The emulators' usual way to serve them knows nothing of upgrades, and a request here waits for somebody else.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{door, namespace::Namespace};
use crate::http::Connected;

impl Connected for Arc<Namespace> {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let handler = service_fn(move |request| {
            let namespace = Self::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(door::serve(namespace, request).await) }
        });
        let connection =
            hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), handler);
        // An error here is a client that went away.
        connection.with_upgrades().await.ok();
    }
}
