//! The process: where it listens, how it stops, and what its exit code tells the host.

use std::env;
use std::future::{Future, IntoFuture, pending};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ExitCode, Termination};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{RunError, hosted};

/// The environment variable in which the host says where to listen.
pub const PORT_VARIABLE: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Limits of a process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Most bytes of a request. An HTTP request in an envelope takes more than twice its body. 4 MiB.
    pub body_limit: usize,
    /// Most time for one invocation; nothing is no end. Somewhat less than `functionTimeout` in host.json, so that the function's
    /// own log says what took too long. 30 minutes.
    pub timeout: Option<Duration>,
    /// How long invocations in progress are waited for when the process is to stop. 10 seconds, which is the host's patience.
    pub drain: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { body_limit: 4 * 1024 * 1024, timeout: Some(Duration::from_secs(30 * 60)), drain: Duration::from_secs(10) }
    }
}

impl Options {
    /// With another limit of a request, in bytes.
    #[must_use]
    pub const fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// With another time for one invocation; nothing is no end.
    #[must_use]
    pub const fn with_timeout(mut self, most: Option<Duration>) -> Self {
        self.timeout = most;
        self
    }

    /// With another patience on stopping.
    #[must_use]
    pub const fn with_drain(mut self, most: Duration) -> Self {
        self.drain = most;
        self
    }
}

/// The process was asked to stop and did so in good order.
///
/// Returned from `main`, it makes exit code 200, "start me again": the host takes 0 for the end of the work and lets every later
/// invocation fail, and counts any other code as a crash, of which three stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "return it from `main`: after exit code 0 the host never starts the process again"]
pub struct Ended;

impl Ended {
    /// The exit code.
    pub const EXIT_CODE: u8 = 200;
}

impl Termination for Ended {
    fn report(self) -> ExitCode {
        self.into()
    }
}

impl From<Ended> for ExitCode {
    fn from(_: Ended) -> Self {
        Self::from(Ended::EXIT_CODE)
    }
}

/// Serves `router` to the Functions host on the port that it names, until the process is asked to stop.
///
/// The host takes the first answer for readiness, and sends work at once: build everything that functions need before. It waits 30
/// seconds.
pub async fn run(router: Router, options: Options) -> Result<Ended, RunError> {
    run_until(router, options, pending()).await
}

/// [`run`], until `stop` is done. The host then starts the process again: a way to take up changed settings.
pub async fn run_until(router: Router, options: Options, stop: impl Future<Output = ()> + Send) -> Result<Ended, RunError> {
    let port = port(env::var(PORT_VARIABLE).ok().as_deref())?;
    // IPv4: the host does not ask at ::1.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
    let mut asked = Asked::new()?;
    serve(listener, router, options, async {
        tokio::select! {
            () = stop => {}
            () = asked.wait() => {}
        }
    })
    .await
}

/// Serves `router` on a listener of one's own, until `stop` is done. Reads no environment and no signals.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Options,
    stop: impl Future<Output = ()> + Send,
) -> Result<Ended, RunError> {
    let address = listener.local_addr()?;
    let (stopping, mut stopped) = watch::channel(false);
    let graceful = async move {
        // An error is the end of the server, too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let listener = listener.tap_io(|stream| {
        // Answers are small and awaited; a failure only makes them later.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, hosted(router, &options)).with_graceful_shutdown(graceful).into_future();
    tracing::info!(%address, "ready for the Functions host");
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = &mut serving => ended?,
        () = stop => {
            tracing::info!("stopping; invocations in progress are finished");
            stopping.send_replace(true);
            if let Ok(ended) = tokio::time::timeout(options.drain, serving).await {
                ended?;
            } else {
                tracing::warn!(seconds = options.drain.as_secs(), "invocations were still in progress and are cut");
            }
        }
    }
    tracing::info!("stopped");
    Ok(Ended)
}

fn port(told: Option<&str>) -> Result<u16, RunError> {
    let told = told.ok_or(RunError::NoPort)?.trim();
    told.parse().map_err(|_| RunError::BadPort(told.to_owned()))
}

/// The system's wish that the process stop: the host itself only kills, but a container or a person asks.
struct Asked {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Asked {
    #[cfg(unix)]
    fn new() -> Result<Self, RunError> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn new() -> Result<Self, RunError> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_in_good_order_asks_the_host_to_start_the_process_again() {
        assert_eq!(Ended.report(), ExitCode::from(200));
    }

    #[test]
    fn the_port_is_what_the_host_says_and_nothing_is_guessed() {
        assert_eq!(port(Some("7071")).unwrap(), 7071);
        assert_eq!(port(Some(" 7071 ")).unwrap(), 7071);
        assert!(matches!(port(None), Err(RunError::NoPort)));
        for told in ["", "http", "-1", "65536", "7071x"] {
            let error = port(Some(told)).unwrap_err();
            assert!(error.to_string().contains("FUNCTIONS_CUSTOMHANDLER_PORT"), "{error}");
        }
    }
}
