//! What can be typed: sub-commands, options, help. Nothing is done here and nothing is read but the arguments and the
//! environment variables that stand for them.

mod deliveries;
mod migrate;
mod records;
pub mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use connector::settings::Source;
use url::Url;

#[cfg(feature = "demo")]
use crate::commands::demo::tools::DemoProvider;
pub use deliveries::{Deliveries, DeliveriesAction, Place};
pub use migrate::{Mapped, Migrate, NotPerCiValue, Renamed};
pub use records::{Machine, Query, Records, RecordsAction, Refresh, Sync};
use values::{Field, PerValue, SchemaOf, SeverityValue, Target, TypeValue};

const EXIT_CODES: &str = "Exit codes: 0 good, 1 something failed, 2 wrong usage or settings.\n\
    Logs go to standard error; RUST_LOG sets what is logged (for example RUST_LOG=debug).";

/// Azure alerts become work items in your ITSM tool: exactly one each, followed to the end.
#[derive(Debug, Parser)]
#[command(name = "itsm-connector", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[cfg(feature = "demo")]
    /// Show the connector at work against a stand-in for an ITSM tool; needs nothing installed
    Demo(Demo),
    /// Run the connector on this machine
    Local(Local),
    /// Run the connector behind the Azure Functions host, which starts it
    Serve(Serve),
    /// Read the settings and say everything that is wrong with them; looks up nothing else
    Validate(Validate),
    /// Try every step towards the ITSM tool and say what fails, why, and what to do
    Check(Check),
    /// Look into the ITSM tool and propose settings that depend on it, for you to confirm; writes nothing there
    Discover(Discover),
    /// Print the work items that an alert would make; touches no network
    Preview(Preview),
    /// Post an alert to a running connector
    Send(Send),
    /// Have a running connector create a work item by hand
    Create(Create),
    /// Look at deliveries, repeat them, or drop them
    Deliveries(Deliveries),
    /// Bring incidents and change requests that changed in the ITSM tool into the table of records, now
    Sync(Sync),
    /// Read templates, choices, groups and field lengths of the ITSM tool again, and hold the settings against them
    Refresh(Refresh),
    /// Look at the records that were synced, and at the connector's own log
    Records(Records),
    /// Turn action groups with ITSM receivers of Microsoft's old connector into routes and webhook receivers
    Migrate(Migrate),
    /// Print what others need to know: JSON Schemas for editors, tables and streams for a Log Analytics workspace
    Schema(Schema),
}

/// Which settings file.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The settings: a file, or the https address of a blob in Azure Storage, with or without a shared access signature
    // An address may have a signature, which help does not show.
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "ITSM_CONNECTOR_CONFIG",
        hide_env_values = true,
        default_value = "./connector.toml"
    )]
    pub config: Source,
}

/// Options of `demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  itsm-connector demo\n  itsm-connector demo --exit --json")]
pub struct Demo {
    /// Which ITSM tool
    #[arg(long, value_enum, default_value = "servicenow")]
    pub provider: DemoProvider,
    /// End when every alert is accounted for, instead of staying up
    #[arg(long)]
    pub exit: bool,
    /// Print the counts as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the connector listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = values::listen)]
    pub listen: SocketAddr,
}

/// Options of `local`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
    INTAKE_KEY=... SNOW_PASSWORD=... itsm-connector local --config connector.toml --data ./data --listen 127.0.0.1:7071\n\n\
    Alerts are then taken at POST /api/alerts/CONNECTION/incident, and records are synced at the times of [schedule].\n\
    When it is ready, \"listening on http://ADDRESS\" is printed, then what happens when. It stops on ctrl-c or SIGTERM,\n\
    after finishing what it has in hand.")]
pub struct Local {
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// The directory of the database; made if it does not exist
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7071", value_parser = values::listen)]
    pub listen: SocketAddr,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The Functions host starts this by itself: see host.json. It says where to listen in FUNCTIONS_CUSTOMHANDLER_PORT; with that\n\
    set, the program without arguments does the same. Settings without [storage] use the storage account of the host\n\
    (AzureWebJobsStorage__accountName, or AzureWebJobsStorage with a shared access signature). Logs are JSON on standard output.\n\n\
    Exit codes are the host's: 200 asks to be started again, everything else is an error; it never ends with 0."
)]
pub struct Serve {
    /// The settings file
    #[command(flatten)]
    pub config: Config,
}

/// Options of `validate`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "With --azure, the app settings that the functions and the host need are checked too. That is also done wherever the\n\
    Functions host runs this. Secrets in Key Vault are not looked up; `itsm-connector check` does that.\n\n\
    Examples:\n  itsm-connector validate --config connector.toml\n  itsm-connector validate --settings local.settings.json\n  \
    az functionapp config appsettings list -g GROUP -n APP > app.json && itsm-connector validate --settings app.json"
)]
pub struct Validate {
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// Check the app settings that a function app needs, too
    #[arg(long)]
    pub azure: bool,
    /// Check the app settings in this file instead of the environment: local.settings.json, or a list from `az`; implies --azure
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  itsm-connector check\n  itsm-connector check --connection snow --type incident --type event"
)]
pub struct Check {
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Only for these work item types; default: those of the connection's routes, else incident
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub types: Vec<TypeValue>,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Options of `discover`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "For tools whose tables and columns differ from customer to customer (Provance on Dataverse). What is proposed is guessed by\n\
    labels: compare it with the tool, put it into the settings, and run `itsm-connector check`.\n\n\
    Examples:\n  itsm-connector discover prov\n  itsm-connector discover prov --output profile.toml"
)]
pub struct Discover {
    /// The connection's name
    pub connection: String,
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// Write the proposed section to this file, which must not exist yet, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Choices for the work item, as in an action group's URL.
#[derive(Debug, Clone, Args)]
pub struct ChoiceArguments {
    /// How many work items the alert makes
    #[arg(long, value_enum)]
    pub per: Option<PerValue>,
    /// Name of a template kept in the ITSM tool
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Value of a field, by the ITSM tool's own field name; may be given several times
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<Field>,
}

/// Options of `preview`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  itsm-connector preview snow alert.json\n  \
    itsm-connector preview snow alert.json --per ci --field assignment_group=Network\n  \
    curl -s https://example.com/alert.json | itsm-connector preview snow -")]
pub struct Preview {
    /// The connection's name
    pub connection: String,
    /// File with the alert as Azure posts it; - reads standard input
    #[arg(value_name = "ALERT.json")]
    pub alert: PathBuf,
    /// What to create
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = TypeValue::Incident)]
    pub kind: TypeValue,
    /// Choices for the work item
    #[command(flatten)]
    pub choices: ChoiceArguments,
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Where a running connector is and how it knows us.
#[derive(Debug, Clone, Args)]
pub struct Connector {
    /// Address of the running connector
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7071", value_parser = values::url)]
    pub url: Url,
    /// The environment variable that holds the intake key [default: `INTAKE_KEY`, if it is set]
    #[arg(long, value_name = "NAME")]
    pub key_env: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `send`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Prints the delivery's id; `itsm-connector deliveries show ID` tells what became of it.\n\nExamples:\n  \
    INTAKE_KEY=... itsm-connector send alert.json --to snow/incident\n  \
    itsm-connector send alert.json --to night-shift --url https://itsm.example.com --key-env PRODUCTION_KEY")]
pub struct Send {
    /// File with the alert as Azure posts it; - reads standard input
    #[arg(value_name = "ALERT.json")]
    pub alert: PathBuf,
    /// CONNECTION, CONNECTION/TYPE or ROUTE
    #[arg(long, value_name = "TARGET")]
    pub to: Target,
    /// Choices for the work item
    #[command(flatten)]
    pub choices: ChoiceArguments,
    /// The running connector
    #[command(flatten)]
    pub connector: Connector,
}

/// Options of `create`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Prints the delivery's id; `itsm-connector deliveries show ID` tells what became of it.\n\nExamples:\n  \
    itsm-connector create snow --title \"Disk of web01 is failing\" --computer web01 --severity sev1\n  \
    itsm-connector create snow/incident --title \"Failed logons\" --rows result.json --one-per-row")]
pub struct Create {
    /// CONNECTION or CONNECTION/TYPE; the type is incident unless given
    pub to: Target,
    /// One line
    #[arg(long)]
    pub title: String,
    /// What a person needs to know
    #[arg(long, default_value = "", hide_default_value = true)]
    pub description: String,
    /// The affected computer; looked up as configuration item
    #[arg(long, value_name = "NAME")]
    pub computer: Option<String>,
    /// Severity; default the connection's
    #[arg(long, value_enum, ignore_case = true)]
    pub severity: Option<SeverityValue>,
    /// Value of a field, by the ITSM tool's own field name; may be given several times
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<Field>,
    /// Name of a template kept in the ITSM tool
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// JSON file with rows of a Log Analytics result: a list of objects, or the query API's answer; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// One work item for each row instead of one for all
    #[arg(long, requires = "rows")]
    pub one_per_row: bool,
    /// Requests with the same correlation key share one work item
    #[arg(long, value_name = "KEY")]
    pub correlation_key: Option<String>,
    /// The same key is the same request, however often it is sent
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// The running connector
    #[command(flatten)]
    pub connector: Connector,
}

/// Options of `schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  itsm-connector schema > connector.schema.json\n  itsm-connector schema tables")]
pub struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::Settings)]
    pub of: SchemaOf,
}

#[cfg(test)]
mod tests;
