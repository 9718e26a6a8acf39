//! The executable's inside: command line, settings, wiring. Nothing is decided here that concerns alerts or ITSM tools; this
//! room connects the others and talks to the person at the terminal.

pub mod cli;
pub mod commands;
pub mod ending;
pub mod host;
pub mod logging;
pub mod output;
pub mod record_flow;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use ending::{Ending, Failure};

/// Does what the arguments of this process ask for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(failure) if failure.reader_gone() => Ending::Good.into(),
        Err(failure) => {
            // Nobody is left to tell when standard error is gone too.
            let _ = writeln!(io::stderr(), "error: {}", output::plain(&failure.to_string()));
            failure.ending().into()
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    logging::start(logging::level(&cli.command))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(cli.command))
}
