//! The log as the host reads it: JSON, one line for each event, on standard output (lines on standard error become errors). Every
//! line that is written within an invocation carries its id among `spans`.

use std::{fmt, panic};

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Why logging could not be started. Its `Debug` is its text.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The filter cannot be read.
    #[error("the filter '{filter}' cannot be read: {source}; write for example info or my_functions=debug")]
    Filter {
        /// What was given.
        filter: String,
        /// Where it is wrong.
        source: ParseError,
    },
    /// Something else logs already.
    #[error("logging has been started already; start it once, at the beginning of main")]
    Started,
}

impl fmt::Debug for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Logs everything of this process that `filter` lets through, such as `info` or `warn,my_functions=debug`. Panics are logged as
/// one line, too.
pub fn start(filter: &str) -> Result<(), LoggingError> {
    let subscriber = subscriber(filter, std::io::stdout)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Started)?;
    panic::set_hook(Box::new(|panic| {
        let said = panic.payload();
        let said = said.downcast_ref::<&str>().copied().or_else(|| said.downcast_ref::<String>().map(String::as_str));
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic = said, place, "panicked");
    }));
    Ok(())
}

/// The same, written to `writer`; for programs that start logging themselves and for tests.
pub fn subscriber<W>(filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync + use<W>, LoggingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The span with the id is kept whatever the filter says of this crate.
    let wanted = self::filter(filter)?.with_target("custom_handler::invocation", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(true);
    Ok(tracing_subscriber::registry().with(wanted).with(lines.with_writer(writer)))
}

/// A filter by level and by module, such as `info` or `warn,my_functions=debug`; `info` when there is nothing in it.
pub fn filter(filter: &str) -> Result<Targets, LoggingError> {
    let written = if filter.trim().is_empty() { "info" } else { filter };
    written.parse().map_err(|source| LoggingError::Filter { filter: filter.to_owned(), source })
}
