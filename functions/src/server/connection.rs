//! One connection from accept to close.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tower::Service;

use super::ServerLimits;
use super::watched::{Phase, Watch, Watched};

/// After this much has been thrown away, a client that still sends is cut.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

pub(super) async fn serve(stream: TcpStream, router: Router, limits: ServerLimits, mut stopped: watch::Receiver<bool>) {
    // Answers are small and awaited; a failure only makes them later.
    let _ = stream.set_nodelay(true);
    let phase = Arc::new(Watch::new(Phase::Head(Instant::now())));
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&phase)));
    let service = {
        let phase = Arc::clone(&phase);
        service_fn(move |request: Request<Incoming>| {
            phase.set(Phase::Busy);
            // A router is always ready.
            let answering = router.clone().call(request.map(Body::new));
            let phase = Arc::clone(&phase);
            async move {
                let answer = answering.await;
                phase.set(Phase::Idle(Instant::now()));
                answer as Result<_, Infallible>
            }
        })
    };
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .max_buf_size(64 * 1024)
        .serve_connection(io, service);

    let look = limits.head / 2;
    let (mut stopping, mut idle) = (false, false);
    let result = loop {
        tokio::select! {
            biased;
            done = timeout(look, &mut connection) => match done {
                Ok(done) => break done,
                Err(_) => match phase.get() {
                    Phase::Head(since) if since.elapsed() >= limits.head => return,
                    Phase::Idle(since) if since.elapsed() >= limits.idle => {
                        idle = true;
                        std::pin::Pin::new(&mut connection).graceful_shutdown();
                    }
                    _ => {}
                },
            },
            _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    match result {
        Ok(()) if stopping || idle => {}
        Ok(()) => linger(connection.into_parts().io.into_inner().into_inner(), limits).await,
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

/// Closing while the client still sends would reset the connection, and the client would lose our answer (413, 401). So what
/// it still sends is thrown away, for a while.
async fn linger(mut stream: TcpStream, limits: ServerLimits) {
    let _ = timeout(limits.linger, async {
        let _ = stream.shutdown().await;
        let (mut waste, mut wasted) = ([0; 8192], 0);
        while let Ok(read @ 1..) = stream.read(&mut waste).await {
            wasted += read;
            if wasted > LINGER_BYTES {
                break;
            }
        }
    })
    .await;
}
