//! Stories over real HTTP against the stateful stand-in: what is Cherwell's own, and every point on which its documentation is silent,
//! with each answer that the stand-in can give.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use emulators::cherwell::{CLIENT_ID, Cherwell as Server, Effect, Fault, Options, Time};

use crate::clock::{Clock, ManualClock};
use crate::provider::sample;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Change, Draft, Transition, WorkItemKey, WorkItemType, Written};

mod checking;
mod items;
mod keys;
mod life;
mod records;
mod refusals;
mod sessions;
mod settings;

/// 2026-09-01 10:00:00 UTC, 4:00 AM in Denver.
const NOW: i64 = 1_788_256_800;
/// What the stand-in's content requires.
const REQUIRED: &str = "[cherwell.defaults]\nService = \"Server Management\"\nCategory = \"Server\"\n\
                        Subcategory = \"Submit Incident\"\nCallSource = \"Event\"\n";

/// A draft of an incident as the engine makes it.
fn draft() -> Draft {
    sample::draft(WorkItemType::Incident)
}

/// Settings for the server at `url`: `top` are keys of the connection, `own` those of its section.
fn connection(url: &str, top: &str, own: &str) -> Connection {
    let auth = if top.contains("auth =") {
        String::new()
    } else {
        format!("auth = {{ client_id = \"{CLIENT_ID}\", username = \"itsm\", password = \"$PASSWORD\" }}\n")
    };
    let customer = if own.contains("customer =") { "" } else { "customer = \"Azure Monitor\"\n" };
    let required = if own.contains("[cherwell.defaults]") { "" } else { REQUIRED };
    let text = format!("provider = \"cherwell\"\nurl = \"{url}\"\n{auth}{top}\n[cherwell]\n{customer}{own}\n{required}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default().with("PASSWORD", "p").with("WRONG", "not-the-password").with("ADMIN", "CSDAdmin")
}

/// A server, a clock and a provider.
struct Stage {
    server: Server,
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
    connection: Connection,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Options::default(), "", "").await
    }

    async fn own(own: &str) -> Self {
        Self::with(Options::default(), "", own).await
    }

    async fn with(options: Options, top: &str, own: &str) -> Self {
        Self::at(NOW, options, top, own).await
    }

    async fn at(seconds: i64, options: Options, top: &str, own: &str) -> Self {
        let server = Server::start_with(Options { time: Time::Manual(seconds), ..options }).await;
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(seconds).unwrap()));
        let connection = connection(&server.url(), top, own);
        let provider = provider(&connection, &clock);
        Self { server, clock, provider, connection }
    }

    /// The same server, another process.
    fn another(&self) -> Arc<dyn Provider> {
        provider(&self.connection, &self.clock)
    }

    /// Time passes for both.
    fn advance(&self, seconds: u64) {
        let length = Duration::from_secs(seconds);
        self.server.advance(length);
        self.clock.advance(length);
    }

    async fn created(&self) -> Written {
        self.provider.create(&draft()).await.unwrap()
    }

    async fn resolved(&self, written: &Written) -> Result<Written, ProviderError> {
        self.provider.update(&written.item, &resolve()).await
    }

    /// The next call to a path that contains this goes wrong.
    fn fault(&self, path: &str, effect: Effect) {
        self.server.faults().add(Fault::new(effect).path(path).times(1));
    }

    /// Requests whose path contains `part`.
    fn asked(&self, part: &str) -> usize {
        self.server.requests().iter().filter(|request| request.path.to_lowercase().contains(part)).count()
    }

    fn incidents(&self) -> Vec<BTreeMap<String, String>> {
        self.server.records("Incident")
    }

    fn notes(&self) -> Vec<String> {
        self.server.records("JournalNote").into_iter().map(|note| note["Details"].clone()).collect()
    }
}

fn resolve() -> Change {
    Change {
        transition: Some(Transition::Resolve),
        note: Some("It is over.\n[event 7]".to_owned()),
        close_notes: Some("Azure Monitor reports that the condition is over.".to_owned()),
        ..Change::default()
    }
}

fn note(text: &str) -> Change {
    Change { note: Some(text.to_owned()), ..Change::default() }
}

fn provider(connection: &Connection, clock: &Arc<ManualClock>) -> Arc<dyn Provider> {
    let surroundings = Surroundings { secrets: Arc::new(secrets()), clock: Arc::clone(clock) as Arc<dyn Clock> };
    build("csm", connection, &surroundings).unwrap()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Cause and remedy of a refusal.
fn refused(error: ProviderError) -> (String, String) {
    match error {
        ProviderError::Refused { cause, remedy } => (cause, remedy),
        other => panic!("is no refusal: {other:?}"),
    }
}

/// Reason, cause and remedy of a connection that waits.
fn waits(error: ProviderError) -> (WaitReason, String, String) {
    match error {
        ProviderError::Wait { reason, cause, remedy, .. } => (reason, cause, remedy),
        other => panic!("does not wait: {other:?}"),
    }
}
