//! One module per sub-command. Each takes its arguments, what it needs of the outside (secrets, time) and where to print, and
//! answers how it ended; none ends the process itself.

pub mod check;
pub mod create;
pub mod deliveries;
#[cfg(feature = "demo")]
pub mod demo;
pub mod local;
pub mod preview;
pub mod records;
pub mod refresh;
pub mod schema;
pub mod send;
pub mod sync;
pub mod validate;

mod intake;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use connector::clock::{Chance, SystemClock};
use connector::provider::Surroundings;
use connector::secret::{EnvironmentSecrets, Secrets};
use connector::settings::problem::Problem;
use connector::settings::{Connection, Settings, locate};

use crate::cli::Command;
use crate::ending::Failure;
use crate::host::Outside;
use crate::output::Output;

/// Runs one command with the surroundings of this process.
pub async fn run(command: Command) -> Result<ExitCode, Failure> {
    let outside = Surroundings { secrets: Arc::new(EnvironmentSecrets), clock: Arc::new(SystemClock) };
    let mut stdout = io::stdout();
    let mut output = Output::terminal(&mut stdout);
    let ending = match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, &mut output).await?,
        Command::Local(args) => local::run(&args, with_chance(outside), &mut output).await?,
        Command::Validate(args) => validate::run(&args, &*outside.secrets, &mut output)?,
        Command::Check(args) => check::run(&args, &outside, &mut output).await?,
        Command::Preview(args) => preview::run(&args, &outside, &mut output)?,
        Command::Send(args) => send::run(&args, &*outside.secrets, &mut output).await?,
        Command::Create(args) => create::run(&args, &*outside.secrets, &mut output).await?,
        Command::Deliveries(args) => deliveries::run(&args, &*outside.clock, &mut output).await?,
        Command::Sync(args) => sync::run(&args, &with_chance(outside), &mut output).await?,
        Command::Refresh(args) => refresh::run(&args, &with_chance(outside), &mut output).await?,
        Command::Records(args) => records::run(&args, &*outside.clock, &mut output).await?,
        Command::Schema(args) => schema::run(&args, &mut output)?,
    };
    Ok(ending.into())
}

fn with_chance(Surroundings { secrets, clock }: Surroundings) -> Outside {
    Outside { secrets, clock, chance: Arc::new(Chance::from_system()) }
}

/// The settings in `file`, without a single problem and with every secret at hand: for those who run with them.
fn load_valid(file: &Path, secrets: &dyn Secrets) -> Result<Settings, Failure> {
    let settings = load(file)?;
    let mut problems = settings.validate(secrets);
    locate(&mut problems, file);
    if problems.is_empty() { Ok(settings) } else { Err(wrong_settings(file, &problems)) }
}

/// The settings in `file`, readable and nothing more.
fn load(file: &Path) -> Result<Settings, Failure> {
    Settings::load(file).map_err(|problems| wrong_settings(file, &problems))
}

fn wrong_settings(file: &Path, problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let count = if let [_] = problems { "a problem".to_owned() } else { format!("{} problems", problems.len()) };
    Failure::Wrong(format!("{} has {count}:{}", file.display(), lines.concat()))
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
