//! What can be typed of the way back: `sync`, `refresh`, `records`. Nothing is done here.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use connector::settings::Source;

use super::Config;
use super::values::{RecordsOf, Since};

/// Options of `sync`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Works beside a running `local` on the same data directory: a kind of record that is being synced there is left\n\
    to it, and who holds it is said.\n\n\
    Examples:\n  itsm-connector sync\n  itsm-connector sync snow --days 90\n  itsm-connector sync snow --full --json"
)]
pub struct Sync {
    /// Only this connection; default all
    pub connection: Option<String>,
    /// Load the records changed in so many days, 1 to 120, unless that was done before; default the connection's `sync.days`
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=120))]
    pub days: Option<u16>,
    /// Load them all again, also what was loaded before
    #[arg(long)]
    pub full: bool,
    /// The settings and the database
    #[command(flatten)]
    pub machine: Machine,
}

/// Options of `refresh`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Fails when the ITSM tool cannot be read; the last good copy then stays in use, and its age is said. References of\n\
    the settings to what the tool does not have are named, each with its remedy.\n\n\
    Examples:\n  itsm-connector refresh\n  itsm-connector refresh snow --json"
)]
pub struct Refresh {
    /// Only this connection; default all
    pub connection: Option<String>,
    /// The settings and the database
    #[command(flatten)]
    pub machine: Machine,
}

/// A connector on this machine, as `local` runs it.
#[derive(Debug, Clone, Args)]
pub struct Machine {
    /// The settings file
    #[command(flatten)]
    pub config: Config,
    /// The directory of the database, as given to `local`; made if it does not exist
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Options of `records`.
#[derive(Debug, Clone, Args)]
pub struct Records {
    /// What to do.
    #[command(subcommand)]
    pub action: RecordsAction,
}

/// What to do with records.
#[derive(Debug, Clone, Subcommand)]
pub enum RecordsAction {
    /// Print rows of the embedded database, oldest first
    Query(Query),
}

/// Options of `records query`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Each row is one version of a record. With --json every row is one line, under the column names that a Log Analytics\n\
    workspace has. With [workspace] in the settings the rows are there; the query to find them is then said instead.\n\n\
    Examples:\n  itsm-connector records query\n  itsm-connector records query --number INC0010023 --json\n  \
    itsm-connector records query --kind change-request --latest --since 7d\n  itsm-connector records query --kind log --since 1h"
)]
pub struct Query {
    /// Only of this connection
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Only these records; log: what the connector said of itself
    #[arg(long, value_enum)]
    pub kind: Option<RecordsOf>,
    /// Only the work item with this number
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// Only the newest version of each record
    #[arg(long)]
    pub latest: bool,
    /// Only rows written since: so long ago (30m, 24h, 7d), or an instant (2026-03-02, 2026-03-02T04:30:00Z)
    #[arg(long, value_name = "SPAN|TIME")]
    pub since: Option<Since>,
    /// At most this many, the newest ones [default: 50, with --json all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// The settings file [default: ./connector.toml, if there is one]
    #[arg(long, value_name = "FILE|URL", env = "ITSM_CONNECTOR_CONFIG", hide_env_values = true)]
    pub config: Option<Source>,
    /// The directory of the database, as given to `local`
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub json: bool,
}
