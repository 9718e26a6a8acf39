//! `local`: the connector on one machine, until it is told to stop.

use std::io;

use crate::cli::Local;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::host::{self, Outside};
use crate::output::Output;

/// Runs until ctrl-c or SIGTERM, then finishes what is in hand. A second one stops at once.
pub async fn run(args: &Local, outside: Outside, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let loaded = commands::load_valid(&args.config.config, &outside.secrets, &outside.clock).await?;
    let (settings, secrets, _kept) = loaded.keep();
    let outside = Outside { secrets, ..outside };
    let mut signals = Signals::listen()?;
    let running = host::start(settings, &args.data, args.listen, outside).await?;
    // Others wait for this line and read the address from it.
    output.line(&format!("listening on http://{}", running.address))?;
    // Whoever waited for the first line may have gone away with it.
    let _ = output.line(&format!("console at {}", running.console()));
    for line in &running.told {
        let _ = output.line(line);
    }
    signals.next().await;
    tracing::info!("stopping: finishing what is in hand; a second signal stops at once");
    tokio::select! {
        () = running.stop() => Ok(Ending::Good),
        () = signals.next() => Ok(Ending::Failed),
    }
}

/// The signals that ask the process to stop. Listened to before anything is started, so that none is missed.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing can tell us to stop, so we do not.
            std::future::pending::<()>().await;
        }
    }
}
