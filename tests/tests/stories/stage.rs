//! One connector in this process, one ServiceNow, one clock for both. Nothing waits in real time longer than the work takes:
//! [`Stage::settled`] moves the clock while nothing is in hand, [`Stage::happens`] lets it stand still.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use connector::clock::{Chance, Clock, ManualClock, SystemClock, between};
use connector::secret::{MissingSecret, Secret, SecretRef, Secrets};
use connector::settings::span::Span;
use connector::settings::{Settings, Storage};
use connector::store::{Filter, Listed, Reading, RecordFilter, RecordTable, StateStore, Status};
use emulators::logs_ingestion::TOKEN;
use emulators::servicenow::{Effect, Fault, Options, Record, Seed, ServiceNow, Time};
use itsm_connector::cli::{Cli, Command};
use itsm_connector::commands::deliveries;
use itsm_connector::ending::Ending;
use itsm_connector::host::{self, Outside, Running};
use itsm_connector::output::Output;
use itsm_connector::stores::Stores;
use jiff::Timestamp;
use serde_json::Value;
use tests::azurite::{azurite, unique};
use tests::process::Scratch;

/// When every story begins: half an hour after episode 0 of `tests::alerts::metric`.
pub(crate) const BEGIN: &str = "2026-03-02T04:30:00Z";
/// Nothing that a story does not put there itself, besides people, lists and the six computers of the demo data.
pub(crate) const BARE: Seed = Seed { incidents: 0, change_requests: 0, problems: 0, servers: 0, tables: 0 };
pub(crate) const INCIDENT: &str = "/api/alerts/snow/incident";
/// A condition that has not come about after this long never will.
const PATIENCE: Duration = Duration::from_secs(if crate::OVER_AZURITE { 200 } else { 40 });
/// So long the clock only creeps while a delivery is due and nobody takes it: the machine may be busy. Then whoever should take
/// it waits for time to pass.
const CREEP: Duration = Duration::from_secs(5);
/// The first step of the clock while nothing is to be done.
const STEP: Duration = Duration::from_millis(500);

/// Secrets that a story can change.
#[derive(Debug, Default)]
pub(crate) struct Vault(Mutex<BTreeMap<String, String>>);

impl Vault {
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

impl Secrets for Vault {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let name = reference.name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().get(&name).map(Secret::new).ok_or_else(|| MissingSecret::variable(&name))
    }
}

/// The stage.
pub(crate) struct Stage {
    pub(crate) tool: ServiceNow,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) running: Running,
    pub(crate) client: reqwest::Client,
    scratch: Scratch,
    pub(crate) settings: Settings,
    /// Where it is kept, when that is not the embedded database.
    pub(crate) storage: Option<Storage>,
}

pub(crate) fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

/// Options of an instance whose clock is ours.
pub(crate) fn options() -> Options {
    Options { time: Time::Manual(begin().as_second()), seed: BARE, ..Options::default() }
}

/// `[connections.snow]` and what a story adds to it; `more` may hold its own `auth`, and sections at its end.
pub(crate) fn connection(url: &str, more: &str) -> String {
    let auth = if more.contains("auth =") {
        ""
    } else {
        "auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n"
    };
    let intake = if more.contains("[intake]") { "" } else { "[intake]\napi_keys = [\"$INTAKE_KEY\"]\n" };
    format!("[connections.snow]\nprovider = \"servicenow\"\nurl = \"{url}\"\n{auth}{more}\n{intake}")
}

/// The settings, without schedules unless they have their own: most stories are about alerts, and their clock jumps.
fn parsed(text: &str) -> Settings {
    let mut settings = Settings::from_toml(text, "connector.toml").unwrap();
    if !text.contains("[schedule]") {
        settings.schedule.sync.clear();
        settings.schedule.configuration_refresh.clear();
    }
    settings
}

impl Stage {
    /// With the minimal settings.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// With `more` settings of the connection.
    pub(crate) async fn with(more: &str) -> Self {
        Self::on(options(), more).await
    }

    /// With a chosen instance.
    pub(crate) async fn on(options: Options, more: &str) -> Self {
        let tool = ServiceNow::start_with(options).await;
        let settings = connection(&tool.url(), more);
        Self::open(tool, &settings).await
    }

    /// With the whole settings file given.
    pub(crate) async fn open(tool: ServiceNow, settings: &str) -> Self {
        let vault = Arc::new(Vault::default());
        for (name, value) in [
            ("SNOW_PASSWORD", "p"),
            ("INTAKE_KEY", "k"),
            ("CLIENT_SECRET", "itsm-secret"),
            ("API_KEY", "itsm-api-key"),
            ("INGESTION_TOKEN", TOKEN),
        ] {
            vault.set(name, value);
        }
        let storage = storage(&vault);
        let settings = placed(parsed(settings), storage.as_ref());
        assert_eq!(settings.validate(&*vault), []);
        let scratch = Scratch::new("story").unwrap();
        let clock = Arc::new(ManualClock::new(begin()));
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { tool, clock, vault, running, client, scratch, settings, storage }
    }

    /// Ends the connector in good order and starts it again on the same data.
    pub(crate) async fn restarted(self) -> Self {
        let settings = self.settings.clone();
        self.restarted_with(settings).await
    }

    /// The same, with other settings of the connection.
    pub(crate) async fn restarted_on(self, more: &str) -> Self {
        let settings = parsed(&connection(&self.tool.url(), more));
        self.restarted_with(settings).await
    }

    /// The same, with the settings given.
    pub(crate) async fn restarted_with(self, settings: Settings) -> Self {
        let Self { tool, clock, vault, running, client, scratch, settings: _, storage } = self;
        running.stop().await;
        let settings = placed(settings, storage.as_ref());
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        Self { tool, clock, vault, running, client, scratch, settings, storage }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        self.scratch.path()
    }

    /// Another handle on what the connector remembers.
    pub(crate) fn state(&self) -> Arc<dyn StateStore> {
        Stores::open(&self.settings, self.data(), &outside(&self.clock, &self.vault)).unwrap().state
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// A request with the right key.
    pub(crate) fn request(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(self.url(path)).header("x-functions-key", "k").body(body)
    }

    /// Posts what is accepted; the delivery's id.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> String {
        let answer = self.request(path, body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(status, 202, "{path}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["deliveryId"].as_str().unwrap().to_owned()
    }

    /// Posts to the usual place and waits for the outcome.
    pub(crate) async fn told(&self, alert: &Value) -> Listed {
        self.told_to(INCIDENT, alert).await
    }

    /// Posts and waits for the outcome.
    pub(crate) async fn told_to(&self, path: &str, alert: &Value) -> Listed {
        let id = self.post(path, alert).await;
        self.settled().await;
        self.delivery(&id).await
    }

    /// Lets time pass until `condition` holds.
    pub(crate) async fn in_time(&self, what: &str, condition: impl AsyncFn() -> bool) {
        self.wait(what, true, condition).await;
    }

    /// Waits until `condition` holds while the clock stands still.
    pub(crate) async fn happens(&self, what: &str, condition: impl AsyncFn() -> bool) {
        self.wait(what, false, condition).await;
    }

    async fn wait(&self, what: &str, passing: bool, condition: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        let mut step = STEP;
        let mut due_since = None;
        while !condition().await {
            if begun.elapsed() > PATIENCE {
                let all = self.running.queue.list(&Filter { limit: 20, ..Filter::default() }).await.unwrap();
                panic!("{what} did not come about; {all:#?}");
            }
            if passing {
                // What is due is asked first: what is taken in between is in hand.
                let rest = self.rest().await;
                let due = rest.is_some_and(|rest| rest.is_zero());
                let working = Filter { status: Some(Status::Working), limit: 1, connection: None };
                let in_hand = !self.running.queue.list(&working).await.unwrap().is_empty();
                due_since = if due && !in_hand { due_since.or(Some(Instant::now())) } else { None };
                let forgotten = due_since.is_some_and(|since| since.elapsed() > CREEP);
                // What is in hand works in real time: beside it the clock only creeps.
                let pass = if in_hand {
                    Duration::from_millis(2)
                } else if due && !forgotten {
                    Duration::from_millis(20)
                } else {
                    // Long waits are passed over in longer steps, but not past what comes next.
                    step = (step + step / 32).min(Duration::from_secs(15));
                    rest.filter(|_| !due).map_or(step, |rest| rest.min(step))
                };
                self.advance(pass);
            }
            let clock: &dyn Clock = &SystemClock;
            clock.sleep(Duration::from_millis(1)).await;
        }
    }

    /// How long until a delivery is due and its connection does not wait; nothing when there is none.
    async fn rest(&self) -> Option<Duration> {
        let mut rests = Vec::new();
        for connection in self.settings.connections.keys() {
            if let Some(due) = self.running.queue.next_due(connection).await.unwrap() {
                let rest = between(self.clock.now(), due);
                rests.push(if rest.is_zero() { self.closed(connection).await.unwrap_or_default() } else { rest });
            }
        }
        rests.into_iter().min()
    }

    /// How long a connection still waits, if it does.
    async fn closed(&self, connection: &str) -> Option<Duration> {
        let request = self.client.get(self.url("/api/status")).header("x-functions-key", "k");
        // A story may have other keys; then nobody knows, and the clock creeps.
        let status: Value = serde_json::from_str(&request.send().await.ok()?.text().await.ok()?).ok()?;
        let all = status["connections"].as_array()?;
        let until = all.iter().find(|one| one["name"] == connection)?["gate"]["until"].as_str()?;
        let until: Timestamp = until.parse().ok()?;
        Some(between(self.clock.now(), until)).filter(|rest| !rest.is_zero())
    }

    /// Lets what can be done without time passing be done. For proving that something does not happen.
    pub(crate) async fn quiet(&self) {
        let clock: &dyn Clock = &SystemClock;
        clock.sleep(Duration::from_millis(40)).await;
    }

    /// Lets time pass until nothing is left to deliver.
    pub(crate) async fn settled(&self) {
        self.in_time("an empty backlog", async || self.running.queue.counts(None).await.unwrap().backlog == 0).await;
    }

    /// Time passes for the connector and the instance.
    pub(crate) fn advance(&self, length: Duration) {
        self.tool.advance(length);
        self.clock.advance(length);
    }

    pub(crate) async fn delivery(&self, id: &str) -> Listed {
        let all = self.running.queue.list(&Filter { limit: 10_000, ..Filter::default() }).await.unwrap();
        all.into_iter().find(|listed| listed.id.to_string() == id).expect("the delivery is known")
    }

    /// Presses the Sync button while time passes, for what waits and tries again; the answer.
    pub(crate) async fn sync_now(&self) -> Value {
        self.sync_in_time("").await
    }

    /// The same with a query.
    pub(crate) async fn sync_in_time(&self, query: &str) -> Value {
        let request = self.request(&format!("/api/connections/snow/sync{query}"), "").send();
        let answer = async {
            let answer = request.await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, 200, "{text}");
            serde_json::from_str(&text).unwrap()
        };
        let passing = async {
            loop {
                self.advance(Duration::from_millis(500));
                let clock: &dyn Clock = &SystemClock;
                clock.sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            answer = answer => answer,
            () = passing => unreachable!("time has no end"),
        }
    }

    /// `GET /api/status`.
    pub(crate) async fn status(&self) -> Value {
        let request = self.client.get(self.url("/api/status")).header("x-functions-key", "k");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Of `GET /api/status`: the gate of a connection.
    pub(crate) async fn gate(&self, connection: &str) -> Value {
        let status = self.status().await;
        let all = status["connections"].as_array().unwrap();
        all.iter().find(|one| one["name"] == connection).unwrap()["gate"].clone()
    }

    /// `itsm-connector deliveries ...` beside the running connector.
    pub(crate) async fn deliveries(&self, arguments: &[&str]) -> (Ending, String) {
        let data = self.data().to_str().unwrap().to_owned();
        let file = self.data().join("storage.toml");
        let storage = self.storage.as_ref().map(|storage| ("storage", storage));
        let storage = toml::to_string(&BTreeMap::from_iter(storage)).unwrap();
        let settings = connection(&self.tool.url(), "");
        std::fs::write(&file, format!("{settings}{storage}")).unwrap();
        let place = ["--data", &data, "--config", file.to_str().unwrap()];
        let line = ["itsm-connector", "deliveries"].into_iter().chain(arguments.iter().copied()).chain(place);
        let Command::Deliveries(arguments) = Cli::try_parse_from(line).unwrap().command else { panic!("not deliveries") };
        let mut printed = Vec::new();
        let ending = deliveries::run(&arguments, &outside(&self.clock, &self.vault), &mut Output::new(&mut printed)).await;
        (ending.map_err(|failure| failure.to_string()).unwrap(), String::from_utf8(printed).unwrap())
    }

    /// The rows of `ServiceDesk_CL` or `ServiceDeskLog_CL`, oldest first.
    pub(crate) async fn rows(&self, table: RecordTable) -> Vec<Value> {
        let records = self.running.records.as_ref().unwrap();
        let mut reading = Reading::new(&**records, RecordFilter { table, ..RecordFilter::default() });
        let mut rows = Vec::new();
        while let Some(page) = reading.next().await.unwrap() {
            rows.extend(page.iter().map(|row| serde_json::from_str::<Value>(row).unwrap()));
        }
        rows
    }

    pub(crate) fn fault(&self, effect: Effect) {
        self.tool.faults().add(Fault::new(effect));
    }

    /// Our incidents, in order of creation.
    pub(crate) fn incidents(&self) -> Vec<Record> {
        self.ours("incident")
    }

    /// Our records of a table, in order of creation.
    pub(crate) fn ours(&self, table: &str) -> Vec<Record> {
        let mut all = self.tool.records(table);
        all.retain(|record| ["correlation_id", "message_key"].iter().any(|key| value(record, key).starts_with("az-")));
        all
    }

    /// The one incident there is.
    pub(crate) fn incident(&self) -> Record {
        let mut all = self.incidents();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    pub(crate) fn notes(&self, record: &Record) -> Vec<String> {
        self.tool.notes(value(record, "sys_id"))
    }

    /// Requests whose path contains `part`, by method.
    pub(crate) fn asked(&self, method: &str, part: &str) -> usize {
        self.tool.requests().iter().filter(|request| request.method == method && request.path.contains(part)).count()
    }
}

async fn start(settings: Settings, data: &Path, clock: &Arc<ManualClock>, vault: &Arc<Vault>) -> Running {
    Box::pin(host::start(settings, data, "127.0.0.1:0".parse().unwrap(), outside(clock, vault))).await.unwrap()
}

/// Azure Storage, with names that no other story has, where the stories are told over it.
fn storage(vault: &Vault) -> Option<Storage> {
    let azurite = if crate::OVER_AZURITE { azurite()? } else { return None };
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

/// A field of a record; empty when there is none.
pub(crate) fn value<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).map_or("", String::as_str)
}

/// Done, with what it did: created, updated, duplicates.
pub(crate) fn did(listed: &Listed) -> (u32, u32, u32) {
    let summary = listed.summary.as_ref().unwrap_or_else(|| panic!("not done: {listed:#?}"));
    (summary.created, summary.updated, summary.duplicates)
}

/// What a person should know though it worked.
pub(crate) fn remarks(listed: &Listed) -> String {
    listed.summary.as_ref().unwrap_or_else(|| panic!("not done: {listed:#?}")).remarks.join("\n")
}

/// Cause and remedy of a dead letter.
pub(crate) fn dead(listed: &Listed) -> (&str, &str) {
    assert_eq!(listed.status, Status::DeadLetter, "{listed:#?}");
    (&listed.cause, &listed.remedy)
}
