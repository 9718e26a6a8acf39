//! One module per sub-command. Each takes its arguments, what it needs of the outside (secrets, time) and where to print, and
//! answers how it ended; none ends the process itself.

pub mod check;
pub mod create;
pub mod deliveries;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discover;
pub mod local;
pub mod migrate;
pub mod preview;
pub mod records;
pub mod refresh;
pub mod schema;
pub mod send;
pub mod serve;
pub mod sync;
pub mod validate;

mod account;
mod intake;
mod load;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use connector::clock::{Chance, SystemClock};
use connector::provider::Surroundings;
use connector::secret::{EnvironmentSecrets, Variables};
use connector::settings::{Connection, Settings};

use crate::cli::Command;
use crate::ending::Failure;
use crate::host::Outside;
use crate::output::Output;
use load::{load, load_hosted, load_serving, load_valid, usual, with_vault, wrong_settings};

/// Runs one command with the surroundings of this process.
pub async fn run(command: Command) -> Result<ExitCode, Failure> {
    let outside = Surroundings { secrets: Arc::new(EnvironmentSecrets), clock: Arc::new(SystemClock) };
    let mut stdout = io::stdout();
    let mut output = Output::terminal(&mut stdout);
    let ending = match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, &mut output).await?,
        Command::Local(args) => local::run(&args, with_chance(outside), &mut output).await?,
        Command::Serve(args) => return serve::run(&args, with_chance(outside)).await,
        Command::Validate(args) => validate::run(&args, &outside, &Variables::of_process(), &mut output).await?,
        Command::Check(args) => check::run(&args, &outside, &mut output).await?,
        Command::Discover(args) => discover::run(&args, &outside, &mut output).await?,
        Command::Preview(args) => preview::run(&args, &outside, &mut output).await?,
        Command::Send(args) => send::run(&args, &*outside.secrets, &mut output).await?,
        Command::Create(args) => create::run(&args, &*outside.secrets, &mut output).await?,
        Command::Deliveries(args) => deliveries::run(&args, &with_chance(outside), &mut output).await?,
        Command::Sync(args) => sync::run(&args, &with_chance(outside), &mut output).await?,
        Command::Refresh(args) => refresh::run(&args, &with_chance(outside), &mut output).await?,
        Command::Records(args) => records::run(&args, &*outside.clock, &mut output).await?,
        Command::Migrate(args) => migrate::run(&args, &mut output)?,
        Command::Schema(args) => schema::run(&args, &mut output)?,
    };
    Ok(ending.into())
}

fn with_chance(Surroundings { secrets, clock }: Surroundings) -> Outside {
    Outside { secrets, clock, chance: Arc::new(Chance::from_system()) }
}

/// The connection `name`, or wrong usage that lists those there are.
fn connection<'a>(settings: &'a Settings, name: &str) -> Result<&'a Connection, Failure> {
    settings.connections.get(name).ok_or_else(|| {
        let names: Vec<&str> = settings.connections.keys().map(String::as_str).collect();
        Failure::Wrong(format!("there is no connection \"{name}\"; the settings have {}", names.join(", ")))
    })
}

/// The content of `file`; of standard input when it is `-`.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file.as_os_str() == "-" {
        let mut content = Vec::new();
        io::stdin().read_to_end(&mut content).context("standard input cannot be read")?;
        return Ok(content);
    }
    std::fs::read(file).map_err(|error| Failure::Wrong(format!("{} cannot be read: {error}", file.display())))
}
