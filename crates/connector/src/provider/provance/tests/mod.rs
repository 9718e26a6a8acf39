//! Stories over real HTTP against the stateful stand-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulators::dataverse::options::{APPLICATION, SECRET};
use emulators::dataverse::{Dataverse, Options, Time};
use emulators::desk::{Desk, Kind, Seen};

use crate::clock::{Clock, ManualClock};
use crate::provider::product::Product;
use crate::provider::sample;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Draft, WorkItemKey, WorkItemType};

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;

/// A minimal connection; `more` are settings of `[provance]`.
pub(super) fn connection(more: &str) -> super::Connection {
    let connection = settings("http://127.0.0.1:1", &format!("[provance]\n{more}"));
    let Product::Provance(own) = connection.product.clone() else { unreachable!("the settings say provance") };
    super::Connection::new(&connection, &own)
}

/// A draft of an incident as the engine makes it.
pub(super) fn draft() -> Draft {
    sample::draft(WorkItemType::Incident)
}

/// Settings for the environment at `url`; `more` is TOML, and may hold its own `auth`.
fn settings(url: &str, more: &str) -> Connection {
    let auth = if more.contains("auth =") {
        String::new()
    } else {
        format!("auth = {{ type = \"client_credentials\", client_id = \"{APPLICATION}\", client_secret = \"$SECRET\" }}\n")
    };
    toml::from_str(&format!("provider = \"provance\"\nurl = \"{url}\"\n{auth}{more}")).unwrap()
}

/// What a story of incidents needs: a customer.
const CUSTOMER: &str = "[provance]\ncustomer = \"Contoso\"\n";
/// A column for our key in the stock table, with an alternate key.
const KEY: &str = r#"
[[tables]]
logical_name = "incident"
columns = [{ name = "new_key", schema_name = "new_Key", label = "Key", max = 100 }]
keys = [{ name = "new_keykey", label = "Key", columns = ["new_key"] }]
"#;

fn options() -> Options {
    Options { time: Time::Manual(NOW), ..Options::default() }
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default().with("SECRET", SECRET).with("WRONG", "not-the-secret").with("PASSWORD", "p")
}

/// An environment, a clock and a provider.
struct Stage {
    tool: Dataverse,
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(options(), CUSTOMER).await
    }

    async fn with(options: Options, more: &str) -> Self {
        let tool = Dataverse::start_with(options).await;
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap()));
        let provider = provider_for(&settings(&tool.url(), more), &clock);
        Self { tool, clock, provider }
    }

    /// The same environment with other settings.
    fn again(self, more: &str) -> Self {
        let provider = provider_for(&settings(&self.tool.url(), more), &self.clock);
        Self { provider, ..self }
    }

    /// Time passes for both.
    fn advance(&self, seconds: u64) {
        let length = std::time::Duration::from_secs(seconds);
        Dataverse::advance(&self.tool, length);
        self.clock.advance(length);
    }

    /// The one incident there is.
    fn incident(&self) -> Seen {
        let mut all = self.tool.all(Kind::Incident);
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// Requests whose path contains `part`, by method.
    fn asked(&self, method: &str, part: &str) -> usize {
        self.tool.requests().iter().filter(|request| request.method == method && request.path.contains(part)).count()
    }
}

fn provider_for(connection: &Connection, clock: &Arc<ManualClock>) -> Arc<dyn Provider> {
    let surroundings = Surroundings { secrets: Arc::new(secrets()), clock: Arc::clone(clock) as Arc<dyn Clock> };
    build("prov", connection, &surroundings).unwrap()
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

mod checking;
mod credentials;
mod discovering;
mod failures;
mod keys;
mod life;
mod records;
mod settings_told;
