//! The smallest HTTP server that can do what the faults need: it may answer, answer slowly, or drop the connection without a word.
//! Plain requests and answers cross this border; nothing here knows what is emulated.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// Largest body that is read, in bytes (ServiceNow's own largest setting).
const BODY_LIMIT: usize = 25 * 1024 * 1024;

/// A whole request, read into memory.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Upper case.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As sent, without the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Bytes,
}

impl Call {
    /// The first header of this (lower case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// In the order of sending.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Bytes,
}

impl Answer {
    /// An answer with a content type.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("Content-Type".to_owned(), content_type.to_owned())], body: body.into() }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// `application/json;charset=UTF-8`
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json;charset=UTF-8", body.to_string())
    }

    /// The same answer with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What a service decides about one request.
#[derive(Debug)]
pub enum Decision {
    /// Send this, after waiting.
    Answer(Answer, Duration),
    /// Close the connection without an answer, after waiting.
    Drop(Duration),
}

/// Something that decides about requests; called from many connections at once.
pub trait Service: Send + Sync + 'static {
    /// Must not block for long: it runs on the server's threads.
    fn decide(&self, call: Call) -> Decision;
}

/// What is done with a connection, whether TLS is around it or not.
pub(crate) trait Connected: Clone + Send + 'static {
    /// Serves it to its end.
    fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> impl Future<Output = ()> + Send + 'static;
}

impl Connected for Arc<dyn Service> {
    fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> impl Future<Output = ()> + Send + 'static {
        serve(stream, self)
    }
}

/// A running server; dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a bound listener, with TLS when an acceptor is given.
    pub fn start(listener: TcpListener, tls: Option<TlsAcceptor>, service: Arc<dyn Service>) -> std::io::Result<Self> {
        Self::start_any(listener, tls, service)
    }

    /// The same for whatever can do something with a connection.
    pub(crate) fn start_any(listener: TcpListener, tls: Option<TlsAcceptor>, connected: impl Connected) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, tls, connected));
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connections live in the set, so that aborting this task ends them too.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, connected: impl Connected) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            crate::clock::wait(Duration::from_millis(20)).await;
            continue;
        };
        // A test that fails to set this only waits longer for small answers.
        stream.set_nodelay(true).ok();
        let connected = connected.clone();
        match tls.clone() {
            None => {
                connections.spawn(connected.serve(stream));
            }
            Some(tls) => {
                connections.spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        connected.serve(stream).await;
                    }
                });
            }
        }
    }
}

/// Reason for closing a connection without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, service: Arc<dyn Service>) {
    let handler = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let service = Arc::clone(&service);
        async move {
            let call = match read(request).await {
                Ok(call) => call,
                Err(answer) => return Ok(into_response(answer)),
            };
            match service.decide(call) {
                Decision::Answer(answer, delay) => {
                    if !delay.is_zero() {
                        crate::clock::wait(delay).await;
                    }
                    Ok(into_response(answer))
                }
                Decision::Drop(delay) => {
                    if !delay.is_zero() {
                        crate::clock::wait(delay).await;
                    }
                    Err(Dropped)
                }
            }
        }
    });
    // An error here is a client that went away, or a drop on purpose.
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handler)
        .await
        .ok();
}

pub(crate) async fn read(request: hyper::Request<hyper::body::Incoming>) -> Result<Call, Answer> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), BODY_LIMIT)
        .await
        .map_err(|_| Answer::new(413, "text/html;charset=UTF-8", "<html><body>Request entity too large</body></html>"))?;
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Ok(Call {
        method: parts.method.as_str().to_ascii_uppercase(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    })
}

pub(crate) fn into_response(answer: Answer) -> axum::response::Response {
    let mut builder = axum::response::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(answer.body)).unwrap_or_else(|_| {
        let mut broken = axum::response::Response::new(Body::from("the emulator made a header that HTTP cannot carry"));
        *broken.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
