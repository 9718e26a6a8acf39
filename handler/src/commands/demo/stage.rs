//! The stage of the demo: the emulated tool, the connector, and the caller that plays the action group.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use connector::clock::{Chance, Clock, SystemClock};
use connector::delivery::DeliveryId;
use connector::secret::FixedSecrets;
use connector::settings::Settings;
use connector::store::{Listed, Reading, RecordFilter, Status};
use emulators::desk::{Kind, Seen, Trouble};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use tempfile::TempDir;

use super::script::Step;
use super::tools::Tool;
use crate::host::{self, Outside, Running};

/// The intake key of the demo; it opens nothing but the demo.
pub(super) const KEY: &str = "demo";

/// How long an alert may take before the demo says that something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the tool is down.
const OUTAGE: Duration = Duration::from_millis(1500);
const LOOK: Duration = Duration::from_millis(20);

/// All that is on stage.
pub(super) struct Stage {
    pub(super) tool: Tool,
    pub(super) running: Running,
    pub(super) client: reqwest::Client,
    clock: Arc<dyn Clock>,
    data: TempDir,
}

/// One alert and what became of it.
pub(super) struct Played {
    pub(super) says: &'static str,
    pub(super) id: DeliveryId,
    pub(super) status: Option<Status>,
    pub(super) work_items: Vec<String>,
    pub(super) done: String,
    row: ProgressBar,
}

impl Stage {
    pub(super) async fn build(tool: Tool, listen: SocketAddr) -> anyhow::Result<Self> {
        let settings = format!(
            "[connections.{}]\nurl = \"{}\"\n{}\n\
             [intake]\napi_keys = [\"$INTAKE_KEY\"]\n\n\
             [schedule]\nsync = \"*/15 * * * * *\"\n",
            tool.connection,
            tool.desk.url(),
            tool.settings
        );
        let settings = Settings::from_toml(&settings, "demo")
            .map_err(|problems| anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        let data = tempfile::Builder::new().prefix("itsm-connector-demo").tempdir().context("a directory for the database")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outside = Outside {
            secrets: Arc::new(
                tool.secrets
                    .iter()
                    .fold(FixedSecrets::default().with("INTAKE_KEY", KEY), |all, (name, value)| all.with(name, value)),
            ),
            clock: clock.clone(),
            chance: Arc::new(Chance::from_system()),
        };
        let running = start(settings, data.path(), listen, outside).await?;
        Ok(Self { tool, running, client: reqwest::Client::new(), clock, data })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// The console, with the key that opens it.
    pub(super) fn console(&self) -> String {
        format!("{}#code={KEY}", self.running.console())
    }

    /// The directory of the database.
    pub(super) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The rows of `ServiceDesk_CL`, oldest first.
    pub(super) async fn rows(&self) -> anyhow::Result<Vec<Value>> {
        let mut rows = Vec::new();
        let Some(records) = &self.running.records else { return Ok(rows) };
        let mut reading = Reading::new(&**records, RecordFilter::default());
        while let Some(page) = reading.next().await? {
            for row in page {
                rows.push(serde_json::from_str(&row).context("a row is JSON")?);
            }
        }
        Ok(rows)
    }

    /// Lets time pass.
    pub(super) async fn wait(&self, length: Duration) {
        self.clock.sleep(length).await;
    }

    /// The incidents that the connector made.
    pub(super) fn incidents(&self) -> impl Iterator<Item = Seen> {
        self.tool.desk.all(Kind::Incident).into_iter().filter(|incident| incident.key.starts_with("az-"))
    }

    /// Posts every step, with the outage where the script says so, and follows each to its end.
    pub(super) async fn play(&self, steps: Vec<Step>) -> anyhow::Result<Vec<Played>> {
        let table = MultiProgress::new();
        let mut played = Vec::new();
        let mut outage = false;
        for step in steps {
            if step.outage && !outage {
                outage = self.tool.desk.strike(&Trouble::Down);
            }
            if !step.outage && outage {
                outage = false;
                // The deliveries of the outage wait meanwhile; the table shows why.
                let until = connector::clock::later(self.clock.now(), OUTAGE);
                while self.clock.now() < until {
                    self.look(&mut played).await?;
                    self.clock.sleep(LOOK).await;
                }
                self.tool.desk.calm();
                self.follow(&mut played).await?;
            }
            let row = table.add(ProgressBar::new_spinner());
            row.set_style(ProgressStyle::with_template("{spinner} {prefix:32} {msg}").context("the table's style")?);
            row.set_prefix(step.says);
            row.enable_steady_tick(Duration::from_millis(100));
            played.push(Played {
                says: step.says,
                id: self.post(&step).await?,
                status: None,
                work_items: Vec::new(),
                done: String::new(),
                row,
            });
            if !outage {
                self.follow(&mut played).await?;
            }
        }
        let _ = table.clear();
        Ok(played)
    }

    async fn post(&self, step: &Step) -> anyhow::Result<DeliveryId> {
        let mark = if step.path.contains('?') { '&' } else { '?' };
        let url = format!("{}{}{mark}code={KEY}", self.url(), step.path);
        let answer = self.client.post(url).json(&step.body).send().await.context("posting an alert")?;
        let (status, body) = (answer.status(), answer.json::<serde_json::Value>().await.unwrap_or_default());
        let id = body.get("deliveryId").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        match id {
            Some(id) if status == 202 => Ok(DeliveryId(id)),
            _ => bail!("\"{}\" was answered with {status}: {body}", step.says),
        }
    }

    /// Waits until everything posted so far is done or dead.
    async fn follow(&self, played: &mut [Played]) -> anyhow::Result<()> {
        let end = connector::clock::later(self.clock.now(), PATIENCE);
        while !self.look(played).await? {
            if self.clock.now() > end {
                return Ok(());
            }
            self.clock.sleep(LOOK).await;
        }
        Ok(())
    }

    /// Looks at every delivery; true when all are done or dead.
    async fn look(&self, played: &mut [Played]) -> anyhow::Result<bool> {
        let mut all = true;
        for played in played.iter_mut().filter(|played| !finished(played.status)) {
            let Some((listed, _)) = self.running.queue.show(played.id).await? else { continue };
            played.show(&listed);
            all &= finished(Some(listed.status));
        }
        Ok(all)
    }
}

async fn start(settings: Settings, data: &Path, listen: SocketAddr, outside: Outside) -> anyhow::Result<Running> {
    host::start(settings, data, listen, outside).await
}

const fn finished(status: Option<Status>) -> bool {
    matches!(status, Some(Status::Done | Status::DeadLetter))
}

impl Played {
    fn show(&mut self, listed: &Listed) {
        self.status = Some(listed.status);
        if let Some(summary) = &listed.summary {
            self.work_items.clone_from(&summary.work_items);
            let parts =
                [(summary.created, "created"), (summary.updated, "updated"), (summary.duplicates, "suppressed as duplicate")];
            let parts: Vec<String> =
                parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            self.done = if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") };
            if listed.attempts > 1 {
                self.done = format!("{} after {} attempts", self.done, listed.attempts);
            }
        }
        match listed.status {
            Status::Done => self.row.finish_with_message(format!("{}  {}", self.work_items.join(", "), self.done)),
            Status::DeadLetter => {
                self.done = format!("dead letter: {}; {}", listed.cause, listed.remedy);
                self.row.finish_with_message(self.done.clone());
            }
            Status::Waiting | Status::Working => self.row.set_message(listed.cause.clone()),
        }
    }
}
