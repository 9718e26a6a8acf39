//! The SM gateway and Azure Relay as processes of their own.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Args;
use emulators::{
    relay::{self, HybridConnection, Relay},
    service_manager::{
        Gateway,
        gateway::{Options, Tls},
        model::{Seed, Settings},
    },
};

#[derive(Debug, Args)]
pub(crate) struct GatewayArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// Demo incidents, spread over the last 120 days.
    #[arg(long, default_value_t = 0)]
    incidents: usize,
    /// Demo change requests, spread over the last 120 days.
    #[arg(long, default_value_t = 0)]
    change_requests: usize,
    /// Let clients create computers.
    #[arg(long)]
    create_computers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RelayArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and WSS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// A hybrid connection; may be repeated.
    #[arg(long, value_name = "PATH", default_value = "scsm")]
    hybrid_connection: Vec<String>,
    /// Let an emulated gateway listen on the first hybrid connection.
    #[arg(long)]
    gateway: bool,
    /// Seconds that a listener may take to answer.
    #[arg(long, default_value_t = 60)]
    answer_within: u64,
}

pub(crate) async fn gateway(arguments: GatewayArguments) -> io::Result<()> {
    let seed = Seed { incidents: arguments.incidents, change_requests: arguments.change_requests, servers: 0 };
    let options = Options {
        address: arguments.listen,
        tls: arguments.tls.map(|directory| Tls { directory }),
        group: Settings { seed, ..Settings::default() },
        create_computers: arguments.create_computers,
        ..Options::default()
    };
    let gateway = Gateway::try_start(options).await?;
    super::stay(&gateway.url(), gateway.certificate_file()).await
}

pub(crate) async fn relay(arguments: RelayArguments) -> io::Result<()> {
    let connection = |path: &String| HybridConnection { path: path.clone(), sender_authorization: true };
    let options = relay::Options {
        address: arguments.listen,
        tls: arguments.tls.map(|directory| relay::Tls { directory }),
        hybrid_connections: arguments.hybrid_connection.iter().map(connection).collect(),
        answer_within: std::time::Duration::from_secs(arguments.answer_within),
        ..relay::Options::default()
    };
    let relay = Relay::try_start(options).await?;
    let behind = match arguments.hybrid_connection.first().filter(|_| arguments.gateway) {
        Some(path) => {
            let gateway = Gateway::try_start(Options::default()).await?;
            let listener = relay.listen(path, gateway.service()).await?;
            Some((gateway, listener))
        }
        None => None,
    };
    let stayed = super::stay(&relay.url(), relay.certificate_file()).await;
    drop(behind);
    stayed
}
