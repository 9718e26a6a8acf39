//! One connector in this process, one ServiceNow, one clock for both. Nothing waits in real time longer than the work takes:
//! [`Stage::settled`] moves the clock while nothing is in hand, [`Stage::happens`] lets it stand still.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use connector::clock::{Chance, Clock, ManualClock, SystemClock};
use connector::secret::{MissingSecret, Secret, SecretRef, Secrets};
use connector::settings::Settings;
use connector::store::{Filter, Listed, Status};
use emulators::servicenow::{Effect, Fault, Options, Record, Seed, ServiceNow, Time};
use itsm_connector::cli::{Cli, Command};
use itsm_connector::commands::deliveries;
use itsm_connector::ending::Ending;
use itsm_connector::host::{self, Outside, Running};
use itsm_connector::output::Output;
use jiff::Timestamp;
use serde_json::Value;
use tests::process::Scratch;

/// When every story begins: half an hour after episode 0 of `tests::alerts::metric`.
pub(crate) const BEGIN: &str = "2026-03-02T04:30:00Z";
/// Nothing that a story does not put there itself, besides people, lists and the six computers of the demo data.
pub(crate) const BARE: Seed = Seed { incidents: 0, change_requests: 0, problems: 0, servers: 0, tables: 0 };
pub(crate) const INCIDENT: &str = "/api/alerts/snow/incident";
/// A condition that has not come about after this long never will.
const PATIENCE: Duration = Duration::from_secs(40);

/// Secrets that a story can change.
#[derive(Debug, Default)]
pub(crate) struct Vault(Mutex<BTreeMap<String, String>>);

impl Vault {
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }
}

impl Secrets for Vault {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let name = reference.name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().get(&name).map(Secret::new).ok_or(MissingSecret { name })
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
}

pub(crate) fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

/// Options of an instance whose clock is ours.
pub(crate) fn options() -> Options {
    Options { time: Time::Manual(begin().as_second()), seed: BARE, ..Options::default() }
}

/// `[connections.snow]` and what a story adds to it; `more` may hold its own `auth`, and sections at its end.
fn connection(url: &str, more: &str) -> String {
    let auth = if more.contains("auth =") {
        ""
    } else {
        "auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n"
    };
    let intake = if more.contains("[intake]") { "" } else { "[intake]\napi_keys = [\"$INTAKE_KEY\"]\n" };
    format!("[connections.snow]\nprovider = \"servicenow\"\nurl = \"{url}\"\n{auth}{more}\n{intake}")
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
        for (name, value) in
            [("SNOW_PASSWORD", "p"), ("INTAKE_KEY", "k"), ("CLIENT_SECRET", "itsm-secret"), ("API_KEY", "itsm-api-key")]
        {
            vault.set(name, value);
        }
        let settings = Settings::from_toml(settings, "connector.toml").unwrap();
        assert_eq!(settings.validate(&*vault), []);
        let scratch = Scratch::new("story").unwrap();
        let clock = Arc::new(ManualClock::new(begin()));
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { tool, clock, vault, running, client, scratch, settings }
    }

    /// Ends the connector in good order and starts it again on the same data.
    pub(crate) async fn restarted(self) -> Self {
        let settings = self.settings.clone();
        self.restarted_with(settings).await
    }

    /// The same, with other settings of the connection.
    pub(crate) async fn restarted_on(self, more: &str) -> Self {
        let settings = Settings::from_toml(&connection(&self.tool.url(), more), "connector.toml").unwrap();
        self.restarted_with(settings).await
    }

    /// The same, with the settings given.
    pub(crate) async fn restarted_with(self, settings: Settings) -> Self {
        let Self { tool, clock, vault, running, client, scratch, settings: _ } = self;
        running.stop().await;
        let running = start(settings.clone(), scratch.path(), &clock, &vault).await;
        Self { tool, clock, vault, running, client, scratch, settings }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        self.scratch.path()
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
        let mut step = Duration::from_millis(500);
        while !condition().await {
            if begun.elapsed() > PATIENCE {
                let all = self.running.queue.list(&Filter { limit: 20, ..Filter::default() }).await.unwrap();
                panic!("{what} did not come about; {all:#?}");
            }
            if passing {
                // What is in hand works in real time: beside it the clock only creeps.
                let working = Filter { status: Some(Status::Working), limit: 1, connection: None };
                let busy = !self.running.queue.list(&working).await.unwrap().is_empty();
                // Long waits are passed over in longer steps.
                step = (step + step / 32).min(Duration::from_secs(15));
                self.advance(if busy { Duration::from_millis(2) } else { step });
            }
            let clock: &dyn Clock = &SystemClock;
            clock.sleep(Duration::from_millis(1)).await;
        }
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
        let line = ["itsm-connector", "deliveries"].into_iter().chain(arguments.iter().copied()).chain(["--data", &data]);
        let Command::Deliveries(arguments) = Cli::try_parse_from(line).unwrap().command else { panic!("not deliveries") };
        let mut printed = Vec::new();
        let ending = deliveries::run(&arguments, &*self.clock, &mut Output::new(&mut printed)).await;
        (ending.map_err(|failure| failure.to_string()).unwrap(), String::from_utf8(printed).unwrap())
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
    let outside = Outside { secrets: vault.clone(), clock: clock.clone(), chance: Arc::new(Chance::seeded(11)) };
    host::start(settings, data, "127.0.0.1:0".parse().unwrap(), outside).await.unwrap()
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
