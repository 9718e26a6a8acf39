//! Stories over real HTTP against the stateful stand-in: the wire's traps, each in both of the ways in which a portal may behave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use emulators::desk::{Desk, Edit, Kind, Seen};
use emulators::service_manager::cireson::{Cireson as Portal, Effect, Fault, Options, Time};

use crate::alert::Severity;
use crate::clock::{Clock, ManualClock};
use crate::provider::sample;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Change, Draft, Transition, WorkItem, WorkItemKey, WorkItemType, Written};

mod checking;
mod computers;
mod credentials;
mod failures;
mod forms;
mod lists;
mod records;

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;

/// A draft of an incident as the engine makes it.
fn draft() -> Draft {
    sample::draft(WorkItemType::Incident)
}

/// Settings for the portal at `url`; `more` is TOML, and may hold its own `auth`.
fn settings(url: &str, more: &str) -> Connection {
    let auth = if more.contains("auth =") {
        ""
    } else {
        "auth = { type = \"password\", username = 'CONTOSO\\svc-itsm', password = \"$PASSWORD\" }\n"
    };
    toml::from_str(&format!("provider = \"service_manager\"\nurl = \"{url}\"\n{auth}{more}")).unwrap()
}

/// A portal, a clock and a provider.
struct Stage {
    portal: Portal,
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
        let portal = Portal::start_with(Options { time: Time::Manual(NOW), ..options }).await;
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap()));
        let secrets = FixedSecrets::default().with("PASSWORD", "p").with("WRONG", "wrong").with("TOKEN", "abc-def");
        let surroundings = Surroundings { secrets: Arc::new(secrets), clock: Arc::clone(&clock) as Arc<dyn Clock> };
        let provider = build("scsm", &settings(&portal.url(), more), &surroundings).unwrap();
        Self { portal, clock, provider }
    }

    /// Time passes for both.
    fn advance(&self, seconds: u64) {
        let length = Duration::from_secs(seconds);
        self.portal.advance(length);
        self.clock.advance(length);
    }

    async fn created(&self) -> Written {
        self.provider.create(&draft()).await.unwrap()
    }

    async fn found(&self) -> Result<Option<WorkItem>, ProviderError> {
        self.provider.find(WorkItemType::Incident, &draft().key).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Written {
        self.provider.update(item, change).await.unwrap()
    }

    fn fault(&self, fault: Fault) {
        self.portal.faults().add(fault);
    }

    /// Requests whose path contains `part`.
    fn asked(&self, part: &str) -> usize {
        self.portal.requests().iter().filter(|request| request.path.contains(part)).count()
    }

    /// Our one incident.
    fn incident(&self) -> Seen {
        let mut all = self.portal.all(Kind::Incident);
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    fn edit(&self, edit: &Edit) {
        self.portal.edit(Kind::Incident, &self.incident().id, edit);
    }
}

fn noted(text: &str) -> Change {
    Change { note: Some(format!("{text}\n[event 0123456789ab]")), ..Change::default() }
}

fn resolving() -> Change {
    Change {
        transition: Some(Transition::Resolve),
        close_notes: Some("Azure Monitor reports that the condition is over.".to_owned()),
        ..noted("It is over.")
    }
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
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
