//! One connector in this process, one ITSM tool, one clock for both. Nothing waits in real time longer than the work takes:
//! [`Stage::settled`] moves the clock while nothing is in hand, [`Stage::happens`] lets it stand still.

mod servicenow;
mod time;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector::clock::{Chance, Clock, ManualClock};
use connector::secret::{MissingSecret, Secret, SecretRef, Secrets};
use connector::settings::span::Span;
use connector::settings::{Settings, Storage};
use connector::store::{Filter, Listed, Reading, RecordFilter, RecordTable, StateStore, Status};
use emulators::desk::Desk;
use emulators::logs_ingestion::TOKEN;
use itsm_connector::host::{self, Outside, Running};
use itsm_connector::stores::Stores;
use jiff::Timestamp;
use serde_json::Value;

pub use self::servicenow::{BARE, INCIDENT, connection, options, value};
use crate::azurite::{azurite, unique};
use crate::process::Scratch;

/// When every story begins: half an hour after episode 0 of `tests::alerts::metric`.
pub const BEGIN: &str = "2026-03-02T04:30:00Z";
/// Secrets that a story can change.
#[derive(Debug, Default)]
pub struct Vault(Mutex<BTreeMap<String, String>>);

impl Vault {
    /// It has this value from now on.
    pub fn set(&self, name: &str, value: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// There is no such secret any more.
    pub fn forget(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

impl Secrets for Vault {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let name = reference.name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().get(&name).map(Secret::new).ok_or_else(|| MissingSecret::variable(&name))
    }
}

/// An emulated ITSM tool whose clock is ours.
pub trait Tool: Send + Sync {
    /// Its time moves forward.
    fn advance(&self, by: Duration);
}

impl Tool for Arc<dyn Desk> {
    fn advance(&self, by: Duration) {
        (**self).advance(by);
    }
}

/// The stage. `OVER_AZURITE`: the connector keeps its things there instead of in the embedded database.
pub struct Stage<T, const OVER_AZURITE: bool = false> {
    /// The ITSM tool.
    pub tool: T,
    /// The connection that stories are about.
    pub name: String,
    /// The connector's clock.
    pub clock: Arc<ManualClock>,
    /// Its secrets.
    pub vault: Arc<Vault>,
    /// The connector.
    pub running: Running,
    /// For calls to it.
    pub client: reqwest::Client,
    scratch: Scratch,
    /// What it runs with.
    pub settings: Settings,
    /// Where it is kept, when that is not the embedded database.
    pub storage: Option<Storage>,
}

/// [`BEGIN`] as an instant.
pub fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

/// The settings, without schedules unless they have their own: most stories are about alerts, and their clock jumps.
pub fn parsed(text: &str) -> Settings {
    let mut settings = Settings::from_toml(text, "connector.toml").unwrap();
    if !text.contains("[schedule]") {
        settings.schedule.sync.clear();
        settings.schedule.configuration_refresh.clear();
    }
    settings
}

impl<T: Tool, const OVER_AZURITE: bool> Stage<T, OVER_AZURITE> {
    /// With the whole settings file given; `name` is that of the connection that stories are about.
    pub async fn begun(tool: T, name: &str, settings: &str, secrets: &[(&str, &str)]) -> Self {
        let vault = Arc::new(Vault::default());
        for (name, value) in [("INTAKE_KEY", "k"), ("INGESTION_TOKEN", TOKEN)].iter().chain(secrets) {
            vault.set(name, value);
        }
        let storage = if OVER_AZURITE { storage(&vault) } else { None };
        let settings = placed(parsed(settings), storage.as_ref());
        assert_eq!(settings.validate(&*vault), []);
        let scratch = Scratch::new("story").unwrap();
        let clock = Arc::new(ManualClock::new(begin()));
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { tool, name: name.to_owned(), clock, vault, running, client, scratch, settings, storage }
    }

    /// Ends the connector in good order and starts it again on the same data.
    pub async fn restarted(self) -> Self {
        let settings = self.settings.clone();
        self.restarted_with(settings).await
    }

    /// The same, with the settings given.
    pub async fn restarted_with(self, settings: Settings) -> Self {
        let Self { tool, name, clock, vault, running, client, scratch, settings: _, storage } = self;
        running.stop().await;
        let settings = placed(settings, storage.as_ref());
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        Self { tool, name, clock, vault, running, client, scratch, settings, storage }
    }

    /// The same, all that the connector remembers gone.
    pub async fn forgetful(self) -> Self {
        let Self { tool, name, clock, vault, running, client, scratch: _, settings, storage } = self;
        assert!(storage.is_none(), "only the embedded database can be forgotten");
        running.stop().await;
        let scratch = Scratch::new("story").unwrap();
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        Self { tool, name, clock, vault, running, client, scratch, settings, storage }
    }

    /// The present instant of the connector.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        self.scratch.path()
    }

    /// Another handle on what the connector remembers.
    pub fn state(&self) -> Arc<dyn StateStore> {
        Stores::open(&self.settings, self.data(), &outside(&self.clock, &self.vault)).unwrap().state
    }

    /// An address of the connector.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// A request with the right key.
    pub fn request(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(self.url(path)).header("x-functions-key", "k").body(body)
    }

    /// Posts what is accepted; the delivery's id.
    pub async fn post(&self, path: &str, body: &Value) -> String {
        let answer = self.request(path, body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(status, 202, "{path}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["deliveryId"].as_str().unwrap().to_owned()
    }

    /// Posts and waits for the outcome.
    pub async fn told_to(&self, path: &str, alert: &Value) -> Listed {
        let id = self.post(path, alert).await;
        self.settled().await;
        self.delivery(&id).await
    }

    /// A delivery as it stands.
    pub async fn delivery(&self, id: &str) -> Listed {
        let all = self.running.queue.list(&Filter { limit: 10_000, ..Filter::default() }).await.unwrap();
        all.into_iter().find(|listed| listed.id.to_string() == id).expect("the delivery is known")
    }

    /// `GET /api/status`.
    pub async fn status(&self) -> Value {
        let request = self.client.get(self.url("/api/status")).header("x-functions-key", "k");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Of `GET /api/status`: the gate of a connection.
    pub async fn gate(&self, connection: &str) -> Value {
        let status = self.status().await;
        let all = status["connections"].as_array().unwrap();
        all.iter().find(|one| one["name"] == connection).unwrap()["gate"].clone()
    }

    /// The rows of `ServiceDesk_CL` or `ServiceDeskLog_CL`, oldest first.
    pub async fn rows(&self, table: RecordTable) -> Vec<Value> {
        let records = self.running.records.as_ref().unwrap();
        let mut reading = Reading::new(&**records, RecordFilter { table, ..RecordFilter::default() });
        let mut rows = Vec::new();
        while let Some(page) = reading.next().await.unwrap() {
            rows.extend(page.iter().map(|row| serde_json::from_str::<Value>(row).unwrap()));
        }
        rows
    }
}

async fn start(settings: Settings, data: &Path, clock: &Arc<ManualClock>, vault: &Arc<Vault>) -> Running {
    Box::pin(host::start(settings, data, "127.0.0.1:0".parse().unwrap(), outside(clock, vault))).await.unwrap()
}

/// Azure Storage, with names that no other story has, where the stories are told over it.
fn storage(vault: &Vault) -> Option<Storage> {
    let azurite = azurite()?;
    vault.set("STORAGE", &azurite.connection_string());
    Some(Storage {
        state_container: unique("state"),
        deliveries_container: unique("deliveries"),
        queue: unique("workitems"),
        // Many stories share one Azurite and two processors.
        timeout: Span::seconds(120),
        ..Storage::at("$STORAGE", "$STORAGE")
    })
}

fn placed(settings: Settings, storage: Option<&Storage>) -> Settings {
    Settings { storage: storage.cloned().map(Box::new), ..settings }
}

fn outside(clock: &Arc<ManualClock>, vault: &Arc<Vault>) -> Outside {
    Outside { secrets: vault.clone(), clock: clock.clone(), chance: Arc::new(Chance::seeded(11)) }
}

/// Done, with what it did: created, updated, duplicates.
pub fn did(listed: &Listed) -> (u32, u32, u32) {
    let summary = listed.summary.as_ref().unwrap_or_else(|| panic!("not done: {listed:#?}"));
    (summary.created, summary.updated, summary.duplicates)
}

/// What a person should know though it worked.
pub fn remarks(listed: &Listed) -> String {
    listed.summary.as_ref().unwrap_or_else(|| panic!("not done: {listed:#?}")).remarks.join("\n")
}

/// Cause and remedy of a dead letter.
pub fn dead(listed: &Listed) -> (&str, &str) {
    assert_eq!(listed.status, Status::DeadLetter, "{listed:#?}");
    (&listed.cause, &listed.remedy)
}
