//! The handler's process: its environment, its two streams, the wait for its first answer, and what its exit codes mean.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use connector::clock::{Clock, SystemClock};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::app::App;
use super::report::{Report, Trouble};
use super::settings::resolve_argument;

/// How long after a probe without an answer the next one comes.
const PROBE: Duration = Duration::from_millis(25);
/// How long what it wrote last is waited for.
const LAST_LINES: Duration = Duration::from_secs(5);
/// Free ports are looked for where the system gives none out by itself, so that nothing takes one between choice and use.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// What the process wrote.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// A process and the port it was told.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) url: String,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts what host.json names.
    pub(super) fn start(app: &App, instance: usize, lines: &Lines, report: &Report) -> anyhow::Result<Self> {
        let port = free_port()?;
        let folder = app.host.working_directory.as_ref().map_or_else(|| app.root.clone(), |folder| app.root.join(folder));
        let name = &app.host.executable;
        let beside = folder.join(name);
        // What is not beside host.json is looked for on the search path.
        make_executable(&beside)?;
        let mut command = if beside.exists() { Command::new(beside) } else { Command::new(name) };
        command.args(app.host.arguments.iter().map(|argument| resolve_argument(argument, &app.settings)));
        surround(&mut command, app, port);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(read(stdout, instance, lines.clone(), report.clone(), judge_stdout)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(read(stderr, instance, lines.clone(), report.clone(), judge_stderr)));
        }
        Ok(Self { child, url: format!("http://127.0.0.1:{port}"), readers })
    }

    /// Waits for its end and for what it wrote last; its exit code, 128 and the signal's number when a signal ended it.
    pub(super) async fn wait(&mut self) -> io::Result<i32> {
        let status = self.child.wait().await?;
        for reader in self.readers.drain(..) {
            // A child of its own may keep the stream open.
            let _ = tokio::time::timeout(LAST_LINES, reader).await;
        }
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0);
        #[cfg(not(unix))]
        let signal = 0;
        Ok(status.code().unwrap_or(128 + signal))
    }
}

/// On Linux plans the host sets the bit that a zip made elsewhere does not have.
#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    let mut permissions = metadata.permissions();
    if permissions.mode() & 0o111 == 0 {
        permissions.set_mode(permissions.mode() | 0o111);
        std::fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The app settings, what the host adds, and what a process cannot do without.
fn surround(command: &mut Command, app: &App, port: u16) {
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let id = super::envelope::guid();
    command
        .envs(&app.settings)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
        .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id)
        .env("FUNCTIONS_HTTPWORKER_ID", &id)
        .env("FUNCTIONS_APP_ROOT_PATH", root(&app.root));
}

fn root(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Asks until anything answers.
pub(super) async fn ready(client: &reqwest::Client, url: &str, patience: Duration) -> bool {
    let begun = Instant::now();
    let clock: &dyn Clock = &SystemClock;
    while begun.elapsed() < patience {
        let rest = patience.saturating_sub(begun.elapsed());
        if client.get(format!("{url}/")).timeout(rest.max(PROBE)).send().await.is_ok() {
            return true;
        }
        clock.sleep(PROBE).await;
    }
    false
}

fn free_port() -> anyhow::Result<u16> {
    for _ in 0..1000 {
        let port = rand::random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free")
}

async fn read(stream: impl AsyncRead + Unpin, instance: usize, lines: Lines, report: Report, judge: Judge) {
    let mut stream = BufReader::new(stream).lines();
    loop {
        let line = match stream.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(error) => {
                report.add(Trouble::Noise, Some(instance), "", format!("what it wrote cannot be read: {error}"));
                return;
            }
        };
        if let Some((trouble, text)) = judge(&line) {
            report.add(trouble, Some(instance), "", text);
        }
        lines.add(line);
    }
}

type Judge = fn(&str) -> Option<(Trouble, String)>;

/// Our rule, which is narrower than the host's: one event, one line, one JSON object.
fn judge_stdout(line: &str) -> Option<(Trouble, String)> {
    if line.starts_with("LanguageWorkerConsoleLog") {
        return Some((Trouble::Noise, format!("taken for a log of the host itself: {line}")));
    }
    let event = serde_json::from_str(line).is_ok_and(|value: Value| value.is_object());
    (!event).then(|| (Trouble::Noise, format!("no event: '{line}'")))
}

/// The host makes an error of each line that does not warn.
fn judge_stderr(line: &str) -> Option<(Trouble, String)> {
    (!line.to_lowercase().contains("warn")).then(|| (Trouble::Complaint, line.to_owned()))
}
