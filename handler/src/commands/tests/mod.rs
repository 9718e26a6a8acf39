//! Commands are run as `main` runs them, with arguments as they are typed; only the surroundings are ours.

mod azure;
mod console;
mod deliveries;
mod migrate;
mod posting;
mod records;
mod serving;
mod settings;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use connector::clock::{Chance, ManualClock};
use connector::provider::Surroundings;
use connector::secret::{FixedSecrets, Variables};
use tempfile::TempDir;

use super::{
    check, create, deliveries as deliveries_command, discover, migrate as migrate_command, preview, records as records_command,
    refresh, schema, send,
};
use super::{sync, validate};
use crate::cli::{Cli, Command};
use crate::ending::{Ending, Failure};
use crate::host::Outside;
use crate::output::Output;

const SETTINGS: &str = r#"
[connections.snow]
provider = "servicenow"
url = "http://127.0.0.1:1"
auth = { type = "basic", username = "itsm", password = "$SNOW_PASSWORD" }

[intake]
api_keys = ["$INTAKE_KEY"]

[route.night]
connection = "snow"
work_item_type = "event"
"#;

/// A directory with settings and files, and the secrets.
struct Desk {
    directory: TempDir,
    outside: Surroundings,
    /// The environment, as far as it is not secrets.
    variables: Variables,
    clock: Arc<ManualClock>,
}

/// What a command printed, and how it ended.
type Run = (String, Result<Ending, Failure>);

impl Desk {
    fn new() -> Self {
        Self::with(FixedSecrets::default().with("SNOW_PASSWORD", "p").with("INTAKE_KEY", "k"))
    }

    fn with(secrets: FixedSecrets) -> Self {
        let clock = Arc::new(ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap()));
        let desk = Self {
            directory: TempDir::new().unwrap(),
            outside: Surroundings { secrets: Arc::new(secrets), clock: clock.clone() },
            variables: Variables::default(),
            clock,
        };
        desk.file("connector.toml", SETTINGS);
        desk
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn outside(&self) -> Outside {
        let Surroundings { secrets, clock } = self.outside.clone();
        Outside { secrets, clock, chance: Arc::new(Chance::seeded(5)) }
    }

    /// Runs a command; `@name` is a file of this directory.
    async fn run(&self, arguments: &[&str]) -> Run {
        let directory = self.directory.path().to_str().unwrap();
        let arguments = arguments.iter().map(|argument| match argument.strip_prefix('@') {
            Some(name) => format!("{directory}/{name}"),
            None => (*argument).to_owned(),
        });
        let cli = Cli::try_parse_from(std::iter::once("itsm-connector".to_owned()).chain(arguments)).unwrap();
        let mut printed = Vec::new();
        let mut output = Output::new(&mut printed);
        let (secrets, clock) = (&*self.outside.secrets, &*self.outside.clock);
        let ending = match cli.command {
            Command::Validate(args) => validate::run(&args, &self.outside, &self.variables, &mut output).await,
            Command::Check(args) => check::run(&args, &self.outside, &mut output).await,
            Command::Discover(args) => discover::run(&args, &self.outside, &mut output).await,
            Command::Preview(args) => preview::run(&args, &self.outside, &mut output).await,
            Command::Send(args) => send::run(&args, secrets, &mut output).await,
            Command::Create(args) => create::run(&args, secrets, &mut output).await,
            Command::Deliveries(args) => deliveries_command::run(&args, &self.outside(), &mut output).await,
            Command::Sync(args) => sync::run(&args, &self.outside(), &mut output).await,
            Command::Refresh(args) => refresh::run(&args, &self.outside(), &mut output).await,
            Command::Records(args) => records_command::run(&args, clock, &mut output).await,
            Command::Migrate(args) => migrate_command::run(&args, &mut output),
            Command::Schema(args) => schema::run(&args, &mut output),
            Command::Demo(_) | Command::Local(_) | Command::Serve(_) => panic!("not run here"),
        };
        (String::from_utf8(printed).unwrap(), ending)
    }
}

fn wrong((_, ending): Run) -> String {
    let failure = ending.unwrap_err();
    assert_eq!(failure.ending(), Ending::Wrong, "{failure}");
    failure.to_string()
}

fn failed((_, ending): Run) -> String {
    let failure = ending.unwrap_err();
    assert_eq!(failure.ending(), Ending::Failed, "{failure}");
    failure.to_string()
}

fn good((printed, ending): Run) -> String {
    assert_eq!(ending.unwrap(), Ending::Good, "{printed}");
    printed
}

fn json(printed: &str) -> serde_json::Value {
    serde_json::from_str(printed).unwrap()
}
