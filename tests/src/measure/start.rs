//! How long a process takes from its start to its first good answer, with settings read and checked, secrets resolved and the
//! database opened. The connection is an https one, as in life; nothing is asked of it at the start. On one machine here, behind the
//! Functions host in the room beside.

pub(super) mod hosted;

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::ensure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::intake::{address, settings};
use super::report::{Goal, Report};
use super::{Extent, median};
use crate::process::{Plan, Scratch};

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let binary = extent.connector.to_string_lossy();
    let settings = settings("https://instance.invalid", "");
    let mut anew = Vec::new();
    for _ in 0..extent.starts {
        let scratch = Scratch::new("start")?;
        anew.push(start(&Plan::new(&binary, &scratch, &settings)?).await?);
    }
    let scratch = Scratch::new("start")?;
    let plan = Plan::new(&binary, &scratch, &settings)?;
    start(&plan).await?;
    let mut again = Vec::new();
    for _ in 0..extent.starts {
        again.push(start(&plan).await?);
    }
    report.tell(format!("start to first 200, worst of {}", extent.starts), worst(&again), "ms");
    report.judge("  median", median(again), "ms", Goal::AtMost(15.0));
    report.tell("start with a new database, worst", worst(&anew), "ms");
    report.tell("  median", median(anew), "ms");
    hosted::measure(extent, report).await
}

fn worst(millis: &[f64]) -> f64 {
    millis.iter().copied().fold(0.0, f64::max)
}

/// Milliseconds.
async fn start(plan: &Plan) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let connector = plan.start().await?;
    first_200(address(&connector)?).await?;
    let took = begun.elapsed();
    connector.kill().await?;
    Ok(took.as_secs_f64() * 1000.0)
}

/// Asks for `/healthz`, which answers 200 only when the store answers too.
pub(super) async fn first_200(to: SocketAddr) -> anyhow::Result<()> {
    good(TcpStream::connect(to).await?, "/healthz").await
}

/// Asks for `path`; an error when the answer is not 200.
async fn good(mut stream: TcpStream, path: &str) -> anyhow::Result<()> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") && stream.read_buf(&mut answer).await? > 0 {}
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "expected 200, got: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
