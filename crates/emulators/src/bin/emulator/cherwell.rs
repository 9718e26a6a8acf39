//! Arguments of the Cherwell emulator.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Args;
use emulators::cherwell::{Cherwell, Options, PageNumber, Seed, Tls};

/// What can be chosen from the command line.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// Incidents of the last 120 days.
    #[arg(long, default_value_t = 0)]
    incidents: usize,
    /// Change requests of the last 120 days.
    #[arg(long, default_value_t = 0)]
    change_requests: usize,
    /// IANA name of the server's zone.
    #[arg(long, default_value = "America/Denver")]
    zone: String,
    /// Sessions that may be open at once.
    #[arg(long, default_value_t = 5)]
    licences: usize,
    /// Release of the API, as `serviceinfo` says it.
    #[arg(long, default_value = "10.5.0")]
    api_version: String,
    /// `pageNumber` counts pages, as before 9.7.0, instead of rows.
    #[arg(long)]
    pages: bool,
}

/// Starts it.
pub(crate) async fn start(arguments: Arguments) -> io::Result<Cherwell> {
    let options = Options {
        address: arguments.listen,
        tls: arguments.tls.map(|directory| Tls { directory }),
        seed: Seed { incidents: arguments.incidents, change_requests: arguments.change_requests },
        zone: arguments.zone,
        licences: arguments.licences,
        api_version: arguments.api_version,
        page_number: if arguments.pages { PageNumber::Page } else { PageNumber::Row },
        ..Options::default()
    };
    Cherwell::try_start(options).await
}
