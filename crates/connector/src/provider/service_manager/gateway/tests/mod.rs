//! Stories over real HTTP against the stateful stand-ins for the gateway, Azure Relay and Entra.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use emulators::desk::{Desk, Edit, Kind, Phase, Seen};
use emulators::service_manager::gateway::{Effect, Fault, Gateway as Tool, Options, SECRET, Time};

use crate::clock::{Clock, ManualClock};
use crate::provider::sample;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Change, ConfigurationItem, Draft, Transition, WorkItemKey, WorkItemType, Written};

mod checking;
mod credentials;
mod failures;
mod life;
mod records;
mod refresh;
mod relay;

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;
const CORRELATION: &str = "0123456789abcdef0123456789abcdef";
const KIND: WorkItemType = WorkItemType::Incident;

fn key(generation: u32) -> WorkItemKey {
    WorkItemKey { correlation: CORRELATION.to_owned(), generation }
}

/// A draft of an incident as the engine makes it.
fn draft() -> Draft {
    sample::draft(WorkItemType::Incident)
}

fn with_fields<const N: usize>(fields: [(&str, &str); N]) -> Draft {
    Draft { fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), ..draft() }
}

/// Settings for the gateway at `url`; `more` is TOML, and may hold its own `auth`.
fn settings(url: &str, more: &str) -> Connection {
    let auth = if more.contains("auth =") { "" } else { "auth = { type = \"shared_secret\", secret = \"$SECRET\" }\n" };
    toml::from_str(&format!("provider = \"service_manager\"\nurl = \"{url}\"\n{auth}{more}")).unwrap()
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default()
        .with("SECRET", SECRET)
        .with("WRONG", "a-secret-that-nobody-knows")
        .with("ADMIN", emulators::service_manager::gateway::ADMINISTRATOR_SECRET)
        .with("RELAY_KEY", emulators::relay::SEND_KEY)
        .with("LISTEN_KEY", emulators::relay::LISTEN_KEY)
        .with("CLIENT_SECRET", "connector-secret")
}

fn provider_for(connection: &Connection, secrets: FixedSecrets, clock: &Arc<ManualClock>) -> Arc<dyn Provider> {
    let surroundings = Surroundings { secrets: Arc::new(secrets), clock: Arc::clone(clock) as Arc<dyn Clock> };
    build("scsm", connection, &surroundings).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap()))
}

/// A gateway, a clock and a provider.
struct Stage {
    tool: Tool,
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Options::default(), "").await
    }

    async fn with(options: Options, more: &str) -> Self {
        let tool = Tool::start_with(Options { time: Time::Manual(NOW), ..options }).await;
        let clock = clock();
        let provider = provider_for(&settings(&tool.url(), more), secrets(), &clock);
        Self { tool, clock, provider }
    }

    fn advance(&self, seconds: u64) {
        let length = Duration::from_secs(seconds);
        self.tool.advance(length);
        self.clock.advance(length);
    }

    /// Something goes wrong once, in one operation.
    fn once(&self, effect: Effect, operation: &str) {
        self.tool.faults().add(Fault::new(effect).path(operation).times(1));
    }

    async fn created(&self) -> Written {
        self.provider.create(&draft()).await.unwrap()
    }

    fn incidents(&self) -> Vec<Seen> {
        self.tool.all(Kind::Incident)
    }

    fn incident(&self) -> Seen {
        let mut all = self.incidents();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// Requests whose path contains `part`, by method.
    fn asked(&self, method: &str, part: &str) -> usize {
        self.tool.requests().iter().filter(|request| request.method == method && request.path.contains(part)).count()
    }
}

fn resolving() -> Change {
    Change {
        transition: Some(Transition::Resolve),
        note: Some("It is over.\n[marker 7]".to_owned()),
        close_notes: Some("Azure Monitor reports that the condition is over.".to_owned()),
        ..Change::default()
    }
}

fn noting() -> Change {
    Change { note: Some("Once more.\n[marker 8]".to_owned()), ..Change::default() }
}

/// The reason for which a connection waits.
fn waits(error: &ProviderError) -> WaitReason {
    match error {
        ProviderError::Wait { reason, .. } => *reason,
        other => panic!("does not wait: {other:?}"),
    }
}

fn remedy(error: &ProviderError) -> &str {
    match error {
        ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. } => remedy,
        other => panic!("has no remedy: {other:?}"),
    }
}
