//! The process as the Functions host starts it: how long until `GET /` is answered, which the host asks before it sends anything, and
//! what stands in memory when nothing comes. ServiceNow is not there; the storage account is Azurite. Beside it a bare axum server,
//! started in turns in the same way.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use connector::clock::{Clock, SystemClock};
use custom_handler::PORT_VARIABLE;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::super::intake::settings;
use super::super::machine::kib;
use super::super::report::{Goal, Report};
use super::super::{Extent, median};
use super::{good, worst};
use crate::azurite::{Azurite, azurite};
use crate::functions_host::lay;
use crate::process::Scratch;

/// Between two questions whether it is there.
const ASKED_EVERY: Duration = Duration::from_millis(1);
/// When the memory of a process that nobody calls is read.
const IDLE: Duration = Duration::from_secs(5);
/// How long a process may take on a busy machine.
const READY: Duration = Duration::from_secs(60);
/// Ports from which the system gives none out by itself, so that no question reaches itself.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let Some(azurite) = azurite() else {
        ensure!(extent.only.is_empty(), "Azurite is not there: run tests/azurite/run install");
        return Ok(());
    };
    let scratch = laid(extent, "https://instance.invalid")?;
    let size = extent.handler.metadata()?.len();

    // The first brings the executable into memory and makes the containers.
    started(handler_of(&scratch, azurite)).await?;
    started(floor_of(extent)).await?;
    let (mut handlers, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..extent.starts {
        floors.push(started(floor_of(extent)).await?);
        handlers.push(started(handler_of(&scratch, azurite)).await?);
    }
    let (resident, floor_resident) = (idle(handler_of(&scratch, azurite)).await?, idle(floor_of(extent)).await?);

    report.tell("behind the host: size of the executable", megabytes(size), "MB");
    report.tell(format!("behind the host: start to first answer, worst of {}", extent.starts), worst(&handlers), "ms");
    report.judge("  median", median(handlers), "ms", Goal::AtMost(20.0));
    report.tell("  floor (axum), worst", worst(&floors), "ms");
    report.tell("  floor, median", median(floors), "ms");
    report.tell("behind the host: resident memory after 5 s without a call", resident, "MiB");
    report.tell("  floor", floor_resident, "MiB");
    Ok(())
}

/// An app root with the handler and settings for the tool at `url`.
pub(in super::super) fn laid(extent: &Extent, url: &str) -> anyhow::Result<Scratch> {
    let scratch = Scratch::new("hosted")?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let handler = extent.handler.canonicalize().with_context(|| format!("{} is not there", extent.handler.display()))?;
    lay(scratch.path(), &repository, &handler, &settings(url, ""))?;
    Ok(scratch)
}

/// Its environment is that of the host's child: app settings, and what the host adds.
pub(in super::super) fn handler_of(scratch: &Scratch, azurite: &Azurite) -> Command {
    let mut command = Command::new(scratch.path().join("itsm-connector"));
    command.arg("serve").current_dir(scratch.path()).env_clear();
    command
        .env("AzureWebJobsStorage", azurite.connection_string())
        .env("ITSM_QUEUE", "workitems")
        .env("RUST_LOG", "error")
        .env("ITSM_CONNECTOR_CONFIG", "./connector.toml")
        .env("INTAKE_KEY", "k")
        .env("SNOW_PASSWORD", "p")
        .env("FUNCTIONS_APP_ROOT_PATH", scratch.path());
    command
}

fn floor_of(extent: &Extent) -> Command {
    let mut command = Command::new(&extent.floor);
    command.arg("--floor").env_clear();
    command
}

/// Milliseconds until the first answer.
async fn started(command: Command) -> anyhow::Result<f64> {
    let (mut child, _, took) = answering(command).await?;
    child.kill().await?;
    Ok(took)
}

/// Resident memory in MiB.
async fn idle(command: Command) -> anyhow::Result<f64> {
    let (mut child, ..) = answering(command).await?;
    (&SystemClock as &dyn Clock).sleep(IDLE).await;
    let id = child.id().context("the process has ended")?;
    let kib = kib(&format!("/proc/{id}/status"), "VmRSS");
    ensure!(kib > 0, "this system does not tell the memory of a process in /proc");
    child.kill().await?;
    Ok(f64::from(u32::try_from(kib)?) / 1024.0)
}

/// Starts a process and asks it every millisecond until it answers: where it listens, and how long that took, in milliseconds.
pub(in super::super) async fn answering(mut command: Command) -> anyhow::Result<(Child, SocketAddr, f64)> {
    let to = free()?;
    command.env(PORT_VARIABLE, to.port().to_string()).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {}", command.as_std().get_program().display()))?;
    if let Some(mut stdout) = child.stdout.take() {
        // Keep reading, so that the process never blocks on a full pipe.
        tokio::spawn(async move {
            let mut chunk = [0; 4096];
            while stdout.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
        });
    }
    timeout(READY, asked(&mut child, to)).await.context("the process did not answer in time")??;
    Ok((child, to, begun.elapsed().as_secs_f64() * 1000.0))
}

async fn asked(child: &mut Child, to: SocketAddr) -> anyhow::Result<()> {
    loop {
        if let Ok(stream) = TcpStream::connect(to).await {
            return good(stream, "/").await;
        }
        if let Some(ended) = child.try_wait()? {
            bail!("the process ended before it answered: {ended}");
        }
        (&SystemClock as &dyn Clock).sleep(ASKED_EVERY).await;
    }
}

fn free() -> anyhow::Result<SocketAddr> {
    for _ in 0..1000 {
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(PORTS)));
        if std::net::TcpListener::bind(to).is_ok() {
            return Ok(to);
        }
    }
    bail!("no port is free")
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1_000_000.0
}
