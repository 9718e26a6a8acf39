//! What is logged and how: to standard error, as lines for people or as JSON for collectors; behind the Functions host as it wants
//! it.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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

/// Starts logging for the whole process. `RUST_LOG` wins over the level of `command`; one that cannot be read is wrong usage.
pub fn start(command: &Command) -> Result<(), Failure> {
    let level = level(command);
    if matches!(command, Command::Serve(_)) {
        let filter = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| level.to_string());
        return custom_handler::logging::start(&filter).map_err(|error| Failure::Wrong(format!("RUST_LOG: {error}")));
    }
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::from_level(level).into()).from_env().map_err(|error| {
            Failure::Wrong(format!("RUST_LOG cannot be read: {error}; write for example info or connector=debug"))
        })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = if io::stdout().is_terminal() {
        builder.compact().with_ansi(io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    // Already started by whoever runs us inside a larger program.
    started.or(Ok(()))
}
