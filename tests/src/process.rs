//! The connector as a child process on a free port, with its own settings and database.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a process may take to say where it listens, on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// A directory that goes away with its owner.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new empty directory.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let unique = format!("itsm-connector-{name}-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The executable.
    pub binary: PathBuf,
    /// `connector.toml`.
    pub config: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    secrets: Vec<(&'static str, &'static str)>,
}

impl Plan {
    /// A plan with settings written below `scratch`.
    pub fn new(binary: &str, scratch: &Scratch, settings: &str) -> anyhow::Result<Self> {
        let config = scratch.path().join("connector.toml");
        std::fs::write(&config, settings)?;
        Ok(Self {
            binary: binary.into(),
            config,
            data: scratch.path().join("data"),
            secrets: vec![("INTAKE_KEY", "k"), ("SNOW_PASSWORD", "p")],
        })
    }

    /// With one more secret in the environment.
    #[must_use]
    pub fn secret(mut self, name: &'static str, value: &'static str) -> Self {
        self.secrets.push((name, value));
        self
    }

    /// Gives a command the secrets and the level of logs.
    pub fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .envs(self.secrets.iter().copied())
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned()))
    }

    /// Starts the connector and waits until it listens.
    pub async fn start(&self) -> anyhow::Result<Connector> {
        let mut command = Command::new(&self.binary);
        command.args(["local", "--listen", "127.0.0.1:0", "--config"]).arg(&self.config).arg("--data").arg(&self.data);
        self.surround(&mut command);
        Connector::spawn(command).await
    }
}

/// A running connector process.
#[derive(Debug)]
pub struct Connector {
    /// Where it listens, without a slash at the end.
    pub url: String,
    child: Child,
}

impl Connector {
    /// Starts any process that says where it listens, and waits until it has.
    pub async fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", command.as_std().get_program().display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = timeout(READY, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(at) = line.find("http://127.0.0.1:") {
                    let url = line.get(at..).unwrap_or_default();
                    let end = url.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(url.len());
                    return Ok(url.get(..end).unwrap_or_default().trim_end_matches('/').to_owned());
                }
            }
            anyhow::bail!("the process ended before it listened")
        })
        .await
        .context("the process did not start in time")??;
        // Keep reading, so that the process never blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, child })
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Processor time it has used so far, in seconds, where the system tells.
    #[must_use]
    pub fn processor_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?)).ok()?;
        // Behind the name, which may hold anything: user and system time are the 12th and 13th, in ticks of 10 ms.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u32>().ok());
        Some(f64::from(ticks(11)?.saturating_add(ticks(12)?)) / 100.0)
    }

    /// SIGTERM, and waits until it ended by itself: its exit code.
    pub async fn terminate(mut self) -> anyhow::Result<Option<i32>> {
        let id = self.child.id().context("the connector ended before it was told to")?;
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        anyhow::ensure!(sent.success(), "the signal could not be sent");
        let ended = timeout(READY, self.child.wait()).await.context("the connector did not end in time")??;
        Ok(ended.code())
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}
