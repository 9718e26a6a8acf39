//! Runs one emulator as a process of its own, for clients that are not written in Rust: prints one JSON line with its address and
//! stays until its standard input closes or it is asked to end.

#[path = "emulator/cherwell.rs"]
mod cherwell;
#[path = "emulator/cireson.rs"]
mod cireson;
#[path = "emulator/dataverse.rs"]
mod dataverse;
#[path = "emulator/service_manager.rs"]
mod service_manager;

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use emulators::logs_ingestion::{self, Columns, Kind, LogsIngestion};
use emulators::servicenow::{Options, Seed, ServiceNow, Tls};

/// Stand-ins for ITSM tools and for Azure.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    product: Product,
}

#[derive(Debug, Subcommand)]
enum Product {
    /// A ServiceNow instance; users `itsm`/`p` and `admin`/`admin`, OAuth client `itsm-client`/`itsm-secret`, API key `itsm-api-key`.
    Servicenow(ServiceNowArguments),
    /// A Dataverse environment with its token endpoint; app registrations `5a1e0f34-0000-4000-8000-00000000c0de` (the integration) and
    /// `5a1e0f34-0000-4000-8000-00000000ad31` (administrator), secret `dataverse-secret`.
    Dataverse(dataverse::Arguments),
    /// The Logs Ingestion API; rule `dcr-00000000000000000000000000000001`, stream `Custom-ServiceDesk`, token `ingestion-token`.
    LogsIngestion(LogsIngestionArguments),
    /// An SM gateway; shared secret `gateway-secret-of-thirty-two-characters`.
    Gateway(service_manager::GatewayArguments),
    /// A Cireson Portal; users `CONTOSO\svc-itsm`/`p` and `CONTOSO\scsm.admin`/`admin`.
    Cireson(cireson::CiresonArguments),
    /// A namespace of Azure Relay; rules `listen` and `send` with the keys of `emulators::relay`.
    Relay(service_manager::RelayArguments),
    /// A Cherwell; API client `5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11`, users `itsm`/`p` and `CSDAdmin`/`CSDAdmin`.
    Cherwell(cherwell::Arguments),
}

#[derive(Debug, Args)]
struct LogsIngestionArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// A stream with its columns, for example `Custom-Disks=TimeGenerated:datetime,Free_d:real`; may be repeated.
    #[arg(long, value_parser = stream, value_name = "NAME=COLUMNS")]
    stream: Vec<(String, Columns)>,
    /// Most bytes of one call, as sent and inflated.
    #[arg(long, default_value_t = 1_000_000)]
    call_limit: usize,
    /// Count rows and forget them.
    #[arg(long)]
    forget_rows: bool,
}

#[derive(Debug, Args)]
struct ServiceNowArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    tls: Option<PathBuf>,
    /// Demo records, for example `incidents=1000,change_requests=50,problems=12,servers=20,tables=650`.
    #[arg(long, value_parser = seed, default_value = "")]
    seed: Seed,
    /// A system property, for example `glide.invalid_query.returns_no_rows=true`; may be repeated.
    #[arg(long, value_parser = pair, value_name = "NAME=VALUE")]
    property: Vec<(String, String)>,
    /// Leave the Event Management plugin out.
    #[arg(long)]
    without_event_management: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` needs the form name=value"))
}

fn stream(text: &str) -> Result<(String, Columns), String> {
    let (name, columns) = pair(text)?;
    let column = |part: &str| {
        let (column, kind) = part.split_once(':').ok_or_else(|| format!("`{part}` needs the form name:kind"))?;
        let kind = Kind::from_name(kind)
            .ok_or_else(|| format!("`{kind}` is no kind; use string, int, long, real, boolean, datetime or dynamic"))?;
        Ok((column.to_owned(), kind))
    };
    let columns: Result<Columns, String> = columns.split(',').map(column).collect();
    Ok((name, columns?))
}

fn seed(text: &str) -> Result<Seed, String> {
    let mut seed = Seed::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, number) = pair(part)?;
        let number = number.parse().map_err(|_| format!("`{number}` is not a number; give {name} a count"))?;
        match name.as_str() {
            "incidents" => seed.incidents = number,
            "change_requests" => seed.change_requests = number,
            "problems" => seed.problems = number,
            "servers" => seed.servers = number,
            "tables" => seed.tables = number,
            _ => return Err(format!("`{name}` cannot be seeded; use incidents, change_requests, problems, servers or tables")),
        }
    }
    Ok(seed)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    match Arguments::parse().product {
        Product::Servicenow(arguments) => servicenow(arguments).await,
        Product::Dataverse(arguments) => {
            let environment = arguments.start().await?;
            let further = serde_json::json!({"authority": environment.authority_url(), "tenant": environment.tenant()});
            stay_with(&environment.url(), environment.certificate_file(), further).await
        }
        Product::LogsIngestion(arguments) => logs_ingestion(arguments).await,
        Product::Gateway(arguments) => service_manager::gateway(arguments).await,
        Product::Cireson(arguments) => cireson::cireson(arguments).await,
        Product::Relay(arguments) => service_manager::relay(arguments).await,
        Product::Cherwell(arguments) => {
            let service = cherwell::start(arguments).await?;
            stay(&service.url(), service.certificate_file()).await
        }
    }
}

async fn servicenow(arguments: ServiceNowArguments) -> io::Result<()> {
    let options = Options {
        address: arguments.listen,
        tls: arguments.tls.map(|directory| Tls { directory }),
        seed: arguments.seed,
        properties: arguments.property,
        event_management: !arguments.without_event_management,
        ..Options::default()
    };
    let instance = ServiceNow::try_start(options).await?;
    stay(&instance.url(), instance.certificate_file()).await
}

async fn logs_ingestion(arguments: LogsIngestionArguments) -> io::Result<()> {
    let mut options = logs_ingestion::Options {
        address: arguments.listen,
        tls: arguments.tls,
        call_limit: arguments.call_limit,
        keep_rows: !arguments.forget_rows,
        ..logs_ingestion::Options::default()
    };
    for (name, columns) in arguments.stream {
        options.streams.insert((logs_ingestion::RULE.to_owned(), name), columns);
    }
    let service = LogsIngestion::try_start(options).await?;
    stay(&service.url(), service.certificate_file()).await
}

/// Says where the emulator is, then stays until nobody needs it.
async fn stay(url: &str, certificate: Option<&Path>) -> io::Result<()> {
    stay_with(url, certificate, serde_json::json!({})).await
}

/// The same, with further things to say.
async fn stay_with(url: &str, certificate: Option<&Path>, further: serde_json::Value) -> io::Result<()> {
    let mut line = serde_json::json!({"url": url, "ca": certificate});
    if let (Some(line), serde_json::Value::Object(further)) = (line.as_object_mut(), further) {
        line.extend(further);
    }
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()?;
    drop(output);
    tokio::select! {
        () = input_closed() => Ok(()),
        result = asked_to_end() => result,
    }
}

/// A thread of its own reads: it may block for ever without holding the process up.
async fn input_closed() {
    let (send, closed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        io::stdin().lock().read_to_end(&mut Vec::new()).ok();
        send.send(()).ok();
    });
    closed.await.ok();
}

#[cfg(unix)]
async fn asked_to_end() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => result,
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
