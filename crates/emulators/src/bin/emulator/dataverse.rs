//! Arguments of the Dataverse emulator.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Args;
use emulators::dataverse::{Dataverse, Description, Options, Seed, Tls};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one. The token endpoint always takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// Demo records, for example `incidents=1000,change_requests=50,computers=20`.
    #[arg(long, value_parser = seed, default_value = "")]
    seed: Seed,
    /// Serve the made-up ITSM solution with this publisher prefix too.
    #[arg(long, value_name = "PREFIX")]
    itsm: Option<String>,
    /// Further tables, or further columns and keys, from a TOML or JSON file; may be repeated.
    #[arg(long, value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// Send hex codes with 412 and 404 of conditional requests, as live servers are expected to.
    #[arg(long)]
    hex_codes: bool,
}

fn seed(text: &str) -> Result<Seed, String> {
    let mut seed = Seed::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, number) = part.split_once('=').ok_or_else(|| format!("`{part}` needs the form name=count"))?;
        let number = number.parse().map_err(|_| format!("`{number}` is not a number; give {name} a count"))?;
        match name {
            "incidents" => seed.incidents = number,
            "change_requests" => seed.change_requests = number,
            "computers" => seed.computers = number,
            _ => return Err(format!("`{name}` cannot be seeded; use incidents, change_requests or computers")),
        }
    }
    Ok(seed)
}

fn description(file: &PathBuf) -> io::Result<Description> {
    let text = std::fs::read_to_string(file)?;
    let json = file.extension().is_some_and(|extension| extension == "json");
    let read = if json { Description::from_json(&text) } else { Description::from_toml(&text) };
    read.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
}

impl Arguments {
    pub(crate) async fn start(self) -> io::Result<Dataverse> {
        let options = Options {
            address: self.listen,
            tls: self.tls.map(|directory| Tls { directory }),
            seed: self.seed,
            itsm: self.itsm,
            descriptions: self.tables.iter().map(description).collect::<io::Result<_>>()?,
            empty_conditional_codes: !self.hex_codes,
            ..Options::default()
        };
        Dataverse::try_start(options).await
    }
}
