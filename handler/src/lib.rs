//! The executable's inside: command line, settings, wiring. Nothing is decided here that concerns alerts or ITSM tools; this
//! room connects the others and talks to the person at the terminal.

pub mod cli;
pub mod commands;
pub mod ending;
pub mod host;
pub mod hosted;
pub mod logging;
pub mod output;
pub mod record_flow;
pub mod stores;
pub mod wiring;
pub mod workbench;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use ending::{Ending, Failure};

/// Does what the arguments of this process ask for.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    if arguments.len() == 1 && env::var_os(custom_handler::PORT_VARIABLE).is_some() {
        // The Functions host started us, by a host.json that says no more.
        arguments.push("serve".into());
    }
    let cli = Cli::parse_from(arguments);
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
    logging::start(&cli.command)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(cli.command))
}
