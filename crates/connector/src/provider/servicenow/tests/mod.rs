//! Stories over real HTTP against the stateful stand-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulators::servicenow::{Effect, Fault, Options, Seed, ServiceNow as Instance, Time};

use crate::clock::{Clock, ManualClock};
use crate::provider::product::Product;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Change, Draft, Transition, WorkItemType, Written};

mod checking;
mod configuration_items;
mod credentials;
mod failures;
mod gone;
mod life;
mod other_kinds;
mod records;
mod refresh;

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;
/// Nothing that a story does not put there itself.
const BARE: Seed = Seed { incidents: 0, change_requests: 0, problems: 0, servers: 0, tables: 0 };

/// A minimal connection.
pub(super) fn connection() -> super::Connection {
    let connection = settings("http://127.0.0.1:1", "");
    let Product::ServiceNow(own) = connection.product.clone() else { unreachable!("the settings say servicenow") };
    super::Connection::new(&connection, &own)
}

pub(super) use crate::provider::sample::draft;

/// Settings for the instance at `url`; `more` is TOML, and may hold its own `auth`.
fn settings(url: &str, more: &str) -> Connection {
    let auth = if more.contains("auth =") {
        ""
    } else {
        "auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n"
    };
    toml::from_str(&format!("provider = \"servicenow\"\nurl = \"{url}\"\n{auth}{more}")).unwrap()
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default()
        .with("SNOW_PASSWORD", "p")
        .with("ADMIN", "admin")
        .with("WRONG", "not-the-password")
        .with("CLIENT_SECRET", "itsm-secret")
        .with("API_KEY", "itsm-api-key")
        .with("BROKEN", "itsm-api-key\n")
}

/// An instance, a clock and a provider.
struct Stage {
    instance: Instance,
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Options::default(), "").await
    }

    async fn settings(more: &str) -> Self {
        Self::with(Options::default(), more).await
    }

    async fn with(options: Options, more: &str) -> Self {
        let instance = Instance::start_with(Options { time: Time::Manual(NOW), seed: BARE, ..options }).await;
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap()));
        let provider = provider_for(&settings(&instance.url(), more), &clock);
        Self { instance, clock, provider }
    }

    /// Time passes for both.
    fn advance(&self, seconds: u64) {
        let length = std::time::Duration::from_secs(seconds);
        self.instance.advance(length);
        self.clock.advance(length);
    }

    async fn created(&self) -> Written {
        self.provider.create(&draft(WorkItemType::Incident)).await.unwrap()
    }

    async fn resolved(&self, written: &Written) -> Result<Written, ProviderError> {
        let change = Change {
            transition: Some(Transition::Resolve),
            note: Some("It is over.\n[marker 7]".to_owned()),
            close_notes: Some("Azure Monitor reports that the condition is over.".to_owned()),
            ..Change::default()
        };
        self.provider.update(&written.item, &change).await
    }

    fn fault(&self, fault: Fault) {
        self.instance.faults().add(fault);
    }

    /// Requests whose path contains `part`, by method.
    fn asked(&self, method: &str, part: &str) -> usize {
        self.instance.requests().iter().filter(|request| request.method == method && request.path.contains(part)).count()
    }

    /// Our incidents.
    fn incidents(&self) -> Vec<emulators::servicenow::Record> {
        let mut all = self.instance.records("incident");
        all.retain(|record| record["correlation_id"].starts_with("az-"));
        all
    }
}

fn provider_for(connection: &Connection, clock: &Arc<ManualClock>) -> Arc<dyn Provider> {
    let surroundings = Surroundings { secrets: Arc::new(secrets()), clock: Arc::clone(clock) as Arc<dyn Clock> };
    build("snow", connection, &surroundings).unwrap()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn status(code: u16, body: &str) -> Effect {
    Effect::Status { code, body: body.to_owned(), headers: Vec::new() }
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
