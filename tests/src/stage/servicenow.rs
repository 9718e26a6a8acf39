//! The stage with a ServiceNow on it.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Parser;
use connector::store::Listed;
use emulators::servicenow::{Effect, Fault, Options, Record, Seed, ServiceNow, Time};
use itsm_connector::cli::{Cli, Command};
use itsm_connector::commands::deliveries;
use itsm_connector::ending::Ending;
use itsm_connector::output::Output;
use serde_json::Value;

use super::{Stage, Tool, begin, outside, parsed};

/// Nothing that a story does not put there itself, besides people, lists and the six computers of the demo data.
pub const BARE: Seed = Seed { incidents: 0, change_requests: 0, problems: 0, servers: 0, tables: 0 };
/// Where most stories post to.
pub const INCIDENT: &str = "/api/alerts/snow/incident";

impl Tool for ServiceNow {
    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }
}

/// Options of an instance whose clock is ours.
pub fn options() -> Options {
    Options { time: Time::Manual(begin().as_second()), seed: BARE, ..Options::default() }
}

/// `[connections.snow]` and what a story adds to it; `more` may hold its own `auth`, and sections at its end.
pub fn connection(url: &str, more: &str) -> String {
    let auth = if more.contains("auth =") {
        ""
    } else {
        "auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n"
    };
    let intake = if more.contains("[intake]") { "" } else { "[intake]\napi_keys = [\"$INTAKE_KEY\"]\n" };
    format!("[connections.snow]\nprovider = \"servicenow\"\nurl = \"{url}\"\n{auth}{more}\n{intake}")
}

impl<const OVER_AZURITE: bool> Stage<ServiceNow, OVER_AZURITE> {
    /// With the minimal settings.
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With `more` settings of the connection.
    pub async fn with(more: &str) -> Self {
        Self::on(options(), more).await
    }

    /// With a chosen instance.
    pub async fn on(options: Options, more: &str) -> Self {
        let tool = ServiceNow::start_with(options).await;
        let settings = connection(&tool.url(), more);
        Self::open(tool, &settings).await
    }

    /// With the whole settings file given.
    pub async fn open(tool: ServiceNow, settings: &str) -> Self {
        let secrets = [("SNOW_PASSWORD", "p"), ("CLIENT_SECRET", "itsm-secret"), ("API_KEY", "itsm-api-key")];
        Self::begun(tool, "snow", settings, &secrets).await
    }

    /// The same, with other settings of the connection.
    pub async fn restarted_on(self, more: &str) -> Self {
        let settings = parsed(&connection(&self.tool.url(), more));
        self.restarted_with(settings).await
    }

    /// Posts to the usual place and waits for the outcome.
    pub async fn told(&self, alert: &Value) -> Listed {
        self.told_to(INCIDENT, alert).await
    }

    /// `itsm-connector deliveries ...` beside the running connector.
    pub async fn deliveries(&self, arguments: &[&str]) -> (Ending, String) {
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

    /// Lets something go wrong, for ever.
    pub fn fault(&self, effect: Effect) {
        self.tool.faults().add(Fault::new(effect));
    }

    /// Our incidents, in order of creation.
    pub fn incidents(&self) -> Vec<Record> {
        self.ours("incident")
    }

    /// Our records of a table, in order of creation.
    pub fn ours(&self, table: &str) -> Vec<Record> {
        let mut all = self.tool.records(table);
        all.retain(|record| ["correlation_id", "message_key"].iter().any(|key| value(record, key).starts_with("az-")));
        all
    }

    /// The one incident there is.
    pub fn incident(&self) -> Record {
        let mut all = self.incidents();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// The work notes of a record.
    pub fn notes(&self, record: &Record) -> Vec<String> {
        self.tool.notes(value(record, "sys_id"))
    }

    /// Requests whose path contains `part`, by method.
    pub fn asked(&self, method: &str, part: &str) -> usize {
        self.tool.requests().iter().filter(|request| request.method == method && request.path.contains(part)).count()
    }
}

/// A field of a record; empty when there is none.
pub fn value<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).map_or("", String::as_str)
}
