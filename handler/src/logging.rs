//! What is logged and how: to standard error, as lines for people or as JSON for collectors; behind the Functions host as it wants
//! it.

use std::io::{self, IsTerminal};

use custom_handler::logging::{LoggingError, filter};
use tracing::Level;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Command;
use crate::ending::Failure;

/// The level for `command` when `RUST_LOG` does not say.
#[must_use]
pub const fn level(command: &Command) -> Level {
    match command {
        Command::Local(_) | Command::Serve(_) => Level::INFO,
        // Its outage is part of the show.
        #[cfg(feature = "demo")]
        Command::Demo(_) => Level::ERROR,
        _ => Level::WARN,
    }
}

/// Starts logging for the whole process. `RUST_LOG` wins over the level of `command`; one that cannot be read is wrong usage, but
/// behind the Functions host it must not keep alerts from being taken.
pub fn start(command: &Command) -> Result<(), Failure> {
    let (wanted, level) = (std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.trim().is_empty()), level(command));
    if matches!(command, Command::Serve(_)) {
        return hosted(wanted.as_deref(), level);
    }
    let wanted = wanted.unwrap_or_else(|| level.to_string());
    let wanted = filter(&wanted).map_err(|error| Failure::Wrong(format!("RUST_LOG cannot be read: {error}")))?;
    let lines = tracing_subscriber::registry().with(wanted);
    let started = if io::stdout().is_terminal() {
        lines.with(layer().with_writer(io::stderr).compact().with_ansi(io::stderr().is_terminal())).try_init()
    } else {
        lines.with(layer().with_writer(io::stderr).json().flatten_event(true).with_span_list(false)).try_init()
    };
    // Already started by whoever runs us inside a larger program.
    started.or(Ok(()))
}

/// The log as the Functions host reads it, with `wanted`, or at `level` when that is nothing or cannot be read, which is then told.
fn hosted(wanted: Option<&str>, level: Level) -> Result<(), Failure> {
    let usual = level.to_string();
    match custom_handler::logging::start(wanted.unwrap_or(&usual)) {
        Err(error @ LoggingError::Filter { .. }) => {
            custom_handler::logging::start(&usual).map_err(|error| Failure::Wrong(error.to_string()))?;
            tracing::warn!(%error, used = usual, "RUST_LOG cannot be read");
            Ok(())
        }
        started => started.map_err(|error| Failure::Wrong(error.to_string())),
    }
}
