//! What can be typed of `deliveries`. Nothing is done here.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use connector::settings::Source;
use uuid::Uuid;

use super::values::{self, StatusValue};

/// Where deliveries are kept.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The directory of the database, as given to `local`
    #[arg(long, value_name = "DIR", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// Settings that name a storage account, which is used instead [default: ./connector.toml, if there is one]
    #[arg(long, value_name = "FILE|URL", env = "ITSM_CONNECTOR_CONFIG", hide_env_values = true, global = true)]
    pub config: Option<Source>,
    /// The storage account of a connector on Azure, by its name; asked as whoever is signed in with the Azure CLI. Its containers and
    /// queue are those of `[storage]` in the settings, if they have it; else the queue is `ITSM_QUEUE`, if that is set
    #[arg(long, value_name = "ACCOUNT", global = true)]
    pub storage: Option<String>,
}

/// Options of `deliveries`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  itsm-connector deliveries list --status dead-letter\n  itsm-connector deliveries show ID\n  \
    itsm-connector deliveries redrive --all --connection snow\n  itsm-connector deliveries list --storage itsmconnector\n  \
    itsm-connector deliveries poison --storage itsmconnector\n  itsm-connector deliveries redrive --poison --storage itsmconnector"
)]
pub struct Deliveries {
    /// What to do.
    #[command(subcommand)]
    pub action: DeliveriesAction,
    /// Where they are
    #[command(flatten)]
    pub place: Place,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with deliveries.
#[derive(Debug, Clone, Subcommand)]
pub enum DeliveriesAction {
    /// List deliveries, newest first
    List {
        /// Only of this connection
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
        /// Only in this status
        #[arg(long, value_enum)]
        status: Option<StatusValue>,
        /// At most this many
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: usize,
    },
    /// Show one delivery with the payload as it came
    Show {
        /// The delivery's id
        #[arg(value_parser = values::id)]
        id: Uuid,
    },
    /// Make dead letters, or deliveries that wait, due at once
    Redrive {
        /// Ids of deliveries
        #[arg(required_unless_present_any = ["all", "poison"], value_parser = values::id)]
        ids: Vec<Uuid>,
        /// Every dead letter
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Every delivery that the Functions host gave up; its message leaves the poison queue
        #[arg(long, conflicts_with_all = ["ids", "all", "connection"])]
        poison: bool,
        /// With --all: only of this connection
        #[arg(long, value_name = "NAME", requires = "all", conflicts_with = "ids")]
        connection: Option<String>,
    },
    /// Show what the Functions host gave up: the messages in its poison queue
    Poison,
    /// Remove deliveries for good; one that is being worked on stays
    Drop {
        /// Ids of deliveries
        #[arg(required = true, value_parser = values::id)]
        ids: Vec<Uuid>,
    },
}
