//! What each gzip level costs and saves on realistic records, and how much memory an upload of a million takes:
//!
//! ```sh
//! cargo run --release -p logs-ingestion --example measure
//! cargo run --release -p logs-ingestion --example measure -- upload 1000000
//! ```
//!
//! The upload goes to an emulated service in a process of its own, so that only the client's memory is counted.

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use emulators::logs_ingestion::{Kind, LogsIngestion, RULE, STREAM, TOKEN};
use flate2::{Compression, write::GzEncoder};
use logs_ingestion::{CALL_LIMIT, Client, Target};
use serde::Serialize;

/// As the connector's rows of `ServiceDesk_CL`.
#[derive(Serialize)]
struct Row {
    #[serde(rename = "TimeGenerated")]
    time_generated: &'static str,
    #[serde(rename = "ServiceDeskWorkItemType_s")]
    kind: &'static str,
    #[serde(rename = "ServiceDeskConnectionName_s")]
    connection: &'static str,
    #[serde(rename = "ServiceDeskId_s")]
    number: String,
    #[serde(rename = "IncidentState_s")]
    state: &'static str,
    #[serde(rename = "Urgency_s")]
    urgency: &'static str,
    #[serde(rename = "Impact_s")]
    impact: &'static str,
    #[serde(rename = "Priority_s")]
    priority: &'static str,
    #[serde(rename = "CreatedBy_s")]
    created_by: String,
    #[serde(rename = "AssignedTo_s")]
    assigned_to: String,
    #[serde(rename = "Category_s")]
    category: &'static str,
    #[serde(rename = "Title_s")]
    title: String,
    #[serde(rename = "Description_s")]
    description: String,
    #[serde(rename = "CreatedDate_t")]
    created: String,
    #[serde(rename = "LastModifiedDate_t")]
    last_modified: String,
    #[serde(rename = "Computer")]
    computer: String,
    #[serde(rename = "SourceId_s")]
    source_id: String,
    #[serde(rename = "SourceVersion_s")]
    source_version: String,
    #[serde(rename = "SourceUrl_s")]
    source_url: String,
    #[serde(rename = "RecordState_s")]
    record_state: &'static str,
    #[serde(rename = "SyncRunId_s")]
    run: &'static str,
}

const WORDS: [&str; 32] = [
    "the",
    "server",
    "does",
    "not",
    "answer",
    "since",
    "disk",
    "is",
    "full",
    "user",
    "cannot",
    "sign",
    "in",
    "after",
    "restart",
    "of",
    "service",
    "error",
    "timeout",
    "database",
    "connection",
    "lost",
    "please",
    "check",
    "network",
    "printer",
    "on",
    "floor",
    "mail",
    "queue",
    "growing",
    "backup",
];

/// Compressions in one measurement.
const TOGETHER: u32 = 20;

/// Numbers that look like chance and are the same each time.
struct Lots(u64);

impl Lots {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or_default() % most
    }

    fn of(&mut self, some: &[&'static str]) -> &'static str {
        some.get(self.below(some.len())).copied().unwrap_or_default()
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.of(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

fn row(number: u64) -> Row {
    let mut lots = Lots(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let id = format!("{:016x}{:016x}", lots.0, lots.0.rotate_left(23).wrapping_mul(0xD134_2543_DE82_EF95));
    let (title, description) = (4 + lots.below(6), 10 + lots.below(90));
    Row {
        time_generated: "2026-09-01T12:00:00.000001Z",
        kind: "Incident",
        connection: "snow",
        number: format!("INC{number:07}"),
        state: lots.of(&["New", "In Progress", "On Hold", "Resolved", "Closed"]),
        urgency: lots.of(&["1 - High", "2 - Medium", "3 - Low"]),
        impact: lots.of(&["1 - High", "2 - Medium", "3 - Low"]),
        priority: lots.of(&["1 - Critical", "2 - High", "3 - Moderate", "4 - Low"]),
        created_by: format!("User {}", lots.below(500)),
        assigned_to: format!("Agent {}", lots.below(80)),
        category: lots.of(&["Hardware", "Software", "Network", "Inquiry / Help"]),
        title: lots.words(title),
        description: lots.words(description),
        created: format!("2026-08-{:02}T{:02}:{:02}:{:02}Z", 1 + lots.below(30), lots.below(24), lots.below(60), lots.below(60)),
        last_modified: format!("2026-09-01T{:02}:{:02}:{:02}Z", lots.below(12), lots.below(60), lots.below(60)),
        computer: format!("srv-{:04}.corp.example", lots.below(3000)),
        source_url: format!("https://acme.service-now.com/nav_to.do?uri=incident.do?sys_id={id}"),
        source_id: id,
        source_version: lots.below(40).to_string(),
        record_state: "Present",
        run: "0199d0a0-0000-7000-8000-000000000000",
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => levels(),
        ["upload", records] => upload(records.parse()?).await,
        ["service"] => service().await,
        _ => Err("usage: measure [upload RECORDS]".into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn levels() -> Result<(), Box<dyn Error>> {
    let mut body = b"[".to_vec();
    let mut rows = 0;
    while body.len() < CALL_LIMIT - 2500 {
        serde_json::to_writer(&mut body, &row(rows))?;
        body.push(b',');
        rows += 1;
    }
    println!("{rows} rows, {} bytes, {} bytes a row", body.len(), body.len() as u64 / rows);
    println!("| level | bytes | share | processor time | MB/s |\n| --- | --- | --- | --- | --- |");
    for level in [1, 3, 6, 9] {
        let mut fastest = Duration::MAX;
        let mut bytes = 0;
        for _ in 0..5 {
            // Many at once: the system counts in ticks of some milliseconds.
            let before = worked();
            for _ in 0..TOGETHER {
                let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(level));
                encoder.write_all(&body)?;
                bytes = encoder.finish()?.len();
            }
            fastest = fastest.min(worked().saturating_sub(before) / TOGETHER);
        }
        let (size, whole) = (bytes as f64, body.len() as f64);
        let speed = whole / 1e6 / fastest.as_secs_f64();
        println!("| {level} | {bytes} | {:.1} % | {:.2?} | {speed:.0} |", 100.0 * size / whole, fastest);
    }
    Ok(())
}

/// Processor time of this thread, as Linux tells: what other programs do meanwhile does not count.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

#[derive(Debug)]
struct Given;

#[async_trait]
impl TokenCredential for Given {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(TOKEN, OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn upload(records: u64) -> Result<(), Box<dyn Error>> {
    let mut service =
        Command::new(std::env::current_exe()?).arg("service").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(service.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let client = Client::new(&Target::new(address.trim(), RULE, STREAM)?, Arc::new(Given))?;
    let begun = Instant::now();
    let mut upload = client.begin();
    for number in 0..records {
        if upload.push(&row(number)).await.is_err() {
            break;
        }
        if number % (records / 10).max(1) == 0 {
            println!("{number} records pushed, resident {} KiB", memory("VmRSS:"));
        }
    }
    let report = upload.finish().await?;
    let took = begun.elapsed();
    println!(
        "{} accepted in {} calls, {:.1?}, {:.0} records/s, {:.1} MB/s before compression, sent {:.1} % of it, peak resident {} KiB",
        report.accepted,
        report.calls,
        took,
        report.accepted as f64 / took.as_secs_f64(),
        report.bytes as f64 / 1e6 / took.as_secs_f64(),
        100.0 * report.sent_bytes as f64 / report.bytes as f64,
        memory("VmHWM:"),
    );
    drop(service.stdin.take());
    service.wait()?;
    Ok(())
}

/// The emulated service, until its standard input ends.
async fn service() -> Result<(), Box<dyn Error>> {
    let names = serde_json::to_value(row(0))?;
    let names = names.as_object().ok_or("a row is an object")?;
    let columns: Vec<_> = names.keys().map(|name| (name.as_str(), Kind::String)).collect();
    let options = emulators::logs_ingestion::Options { keep_rows: false, ..Default::default() };
    let service = LogsIngestion::start_with(options.stream(RULE, STREAM, &columns)).await;
    println!("{}", service.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

/// A figure of this process in KiB, as Linux tells.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
