//! The Cireson Portal as a process of its own.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Args;
use emulators::service_manager::{
    Cireson,
    cireson::{InstantTexts, Options},
    model::{Seed, Settings},
};

#[derive(Debug, Args)]
pub(crate) struct CiresonArguments {
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
    /// Seconds a token lives.
    #[arg(long, default_value_t = 300)]
    token_life: i64,
    /// Run Windows authentication, so that nobody comes in.
    #[arg(long)]
    windows_authentication: bool,
    /// Take no ISO 8601 in criteria.
    #[arg(long)]
    without_iso: bool,
}

pub(crate) async fn cireson(arguments: CiresonArguments) -> io::Result<()> {
    let seed = Seed { incidents: arguments.incidents, change_requests: arguments.change_requests, servers: 0 };
    let options = Options {
        address: arguments.listen,
        tls: arguments.tls,
        token_life: arguments.token_life,
        windows_authentication: arguments.windows_authentication,
        instants: if arguments.without_iso { InstantTexts::WithoutIso } else { InstantTexts::All },
        group: Settings { seed, ..Settings::default() },
        ..Options::default()
    };
    let portal = Cireson::try_start(options).await?;
    super::stay(&portal.url(), portal.certificate_file()).await
}
