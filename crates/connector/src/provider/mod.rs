//! Code for one ITSM product behind one trait. A provider knows its tool's wire and nothing of Azure, queues or stores.
//! Every provider is a folder with `mod.rs` (the provider), `client.rs` (wire), `auth.rs`, `mapping.rs`, `config.rs`,
//! `tests.rs`; a new one is that folder and one line in the list of [`product`]. What they share stands beside them, named for
//! what it is about; `docs/adding-a-provider.md` says which piece serves for what.

pub mod cached;
pub mod checking;
pub mod cherwell;
pub mod choices;
pub mod configuration_items;
pub mod credentials;
pub mod dry_run;
pub mod fields;
pub mod grant;
pub mod judgement;
pub mod order;
pub mod pace;
pub mod parts;
pub mod product;
pub mod provance;
pub mod records;
pub mod retry_after;
#[cfg(test)]
pub(crate) mod sample;
pub mod service_manager;
pub mod servicenow;
pub mod severity;
pub mod text;
pub(crate) mod tls;
pub mod token;
pub mod trouble;
pub mod webpage;
pub mod wire;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use self::records::{Ask, Gone, Page, Position};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::metrics::Metrics;
use crate::metrics::provider::Measured;
use crate::probe::Report;
use crate::rows::RecordKind;
use crate::secret::Secrets;
use crate::settings::Connection;
use crate::work_item::{Change, ConfigurationItem, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

/// Why a call to the ITSM tool did not give what was asked, shaped by what the caller does next. Causes and remedies are
/// whole sentences for an operator; they never hold a secret, a token or a URL's query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was written. Try this delivery again later.
    #[error("{cause}")]
    Retry {
        /// What the tool asked for, if it did.
        after: Option<Duration>,
        /// What happened.
        cause: String,
    },
    /// Nothing was written, and nothing else on this connection will work either for now.
    #[error("{cause}")]
    Wait {
        /// Why the whole connection waits.
        reason: WaitReason,
        /// What the tool asked for, if it did.
        after: Option<Duration>,
        /// What happened.
        cause: String,
        /// What a person can do; empty when waiting is enough.
        remedy: String,
    },
    /// A write may or may not have been done (timeout, reset, an answer that is none). Look up before trying again.
    #[error("{cause}")]
    Ambiguous {
        /// What happened.
        cause: String,
    },
    /// The tool refused; trying again changes nothing.
    #[error("{cause}")]
    Refused {
        /// What happened, with the tool's own words.
        cause: String,
        /// What a person can do.
        remedy: String,
    },
}

/// Why a whole connection waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// A rate limit.
    RateLimit,
    /// Down, unreachable, or answering as a proxy or maintenance page would.
    Outage,
    /// A developer instance that sleeps.
    Hibernating,
    /// The credentials are wrong, expired or not allowed: a person has to mend them.
    Credentials,
}

impl WaitReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::RateLimit, Self::Outage, Self::Hibernating, Self::Credentials];

    /// The word for it, as in the answer of `status`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Outage => "outage",
            Self::Hibernating => "hibernating",
            Self::Credentials => "credentials",
        }
    }
}

/// How a kind of work item lives in this tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// One record that follows the alert: created, noted, resolved, reopened.
    Tracked,
    /// One record per notification, never changed (ServiceNow events).
    Stream,
}

/// What to look for in the CMDB, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigurationItemQuery {
    /// ARM id of the resource, if known.
    pub resource_id: Option<String>,
    /// FQDN, host or resource names, without repeats.
    pub names: Vec<String>,
}

/// What the look-up found, and an account of what it looked for (`cmdb_ci name = web01: 2 records`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigurationItemFound {
    /// The one to link; nothing when none fits or several do and the setting says to link none.
    pub item: Option<ConfigurationItem>,
    /// Each step of the look-up, for the log and the work note.
    pub account: Vec<String>,
    /// Whether it was created just now.
    pub created: bool,
}

/// One connection to one ITSM tool.
///
/// Reads may be retried by the provider itself, briefly; writes never are. A provider re-authenticates by itself once per
/// call. Every answer is checked to be one: a 2xx that is HTML, half a page or an error inside is a [`ProviderError`].
#[async_trait]
pub trait Provider: Send + Sync + Debug {
    /// Whether the tool has this kind of work item, and how it lives.
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle>;

    /// The fields that `create` would send for `draft` before the template is applied: pure, for `preview` and for telling
    /// later which fields a person changed.
    fn fields(&self, draft: &Draft) -> BTreeMap<String, String>;

    /// The work item that carries exactly `key`, verified on the returned record. Several: the oldest, with a warning in the
    /// log.
    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError>;

    /// The work item of the highest generation for `correlation`. Asked only when our own memory is gone. The default gallops
    /// over generations with [`Provider::find`].
    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        let key = |generation| WorkItemKey { correlation: correlation.to_owned(), generation };
        let mut newest = None;
        let (mut low, mut step) = (0_u32, 1_u32);
        while step > 0 {
            match self.find(kind, &key(low.saturating_add(step))).await? {
                Some(item) => {
                    low = low.saturating_add(step);
                    newest = Some(item);
                    step = step.saturating_mul(2);
                }
                None if step == 1 => break,
                None => step = 1,
            }
        }
        Ok(newest)
    }

    /// The record with the tool's own `id`, or nothing when it was deleted or hidden.
    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError>;

    /// Whether a work note with `marker` stands in the record. Asked only after an interrupted append. `None` when the tool
    /// does not let us read notes.
    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError>;

    /// Creates a work item. The caller has looked up before.
    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError>;

    /// Changes a work item that the caller has just read.
    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError>;

    /// Looks for a configuration item; creates one when the connection's settings say so.
    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError>;

    /// A page of records behind `ask.after`, in the order of their last change. Every record that can be read and is not
    /// changed meanwhile comes once; a record changed meanwhile comes again at its new place.
    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError>;

    /// Records that went from their table since `after`, at most about `limit`. `None` when the tool does not tell, or not us.
    async fn gone(&self, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError>;

    /// Reads what the tool offers for the work item types in `kinds`. Parts that may not be read are gaps; it fails only when
    /// the tool cannot be spoken to.
    async fn configuration(&self, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError>;

    /// Takes a copy of [`Provider::configuration`] to fall back on when a list that is needed cannot be read.
    fn adopt(&self, configuration: &Configuration);

    /// Goes through every step of a connection check, for the work item types in `kinds`. Never fails: failures are probes.
    async fn check(&self, kinds: &[WorkItemType], report: &mut Report);

    /// Gives back what the tool holds for this connection (a session, a licence). Called once, at the end; nothing is asked of
    /// the provider afterwards. Never fails: what cannot be given back runs out by itself.
    async fn close(&self) {}
}

/// What a provider is built from, besides its own settings.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Secrets, asked at every use.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A rate budget as the tool last told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateBudget {
    /// Requests per window.
    pub limit: u64,
    /// When the window ends.
    pub resets_at: Timestamp,
}

/// Settings from which no provider can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection \"{connection}\": {problem}")]
pub struct BuildError {
    /// The connection's name.
    pub connection: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// Makes the provider of the connection `name`; touches no network. With `dry_run` it is wrapped so that nothing is written.
pub fn build(name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, BuildError> {
    build_measured(name, connection, surroundings, &Metrics::default())
}

/// The same, with what the tool is asked for counted and timed.
pub fn build_measured(
    name: &str,
    connection: &Connection,
    surroundings: &Surroundings,
    metrics: &Metrics,
) -> Result<Arc<dyn Provider>, BuildError> {
    let bad = |problem: String| BuildError { connection: name.to_owned(), problem };
    let url = &connection.url;
    match url.scheme() {
        "https" => {}
        "http" if wire::is_loopback(url) => {}
        "http" => return Err(bad("url must be https; plain http is allowed to this machine only".to_owned())),
        other => return Err(bad(format!("url has the scheme {other}; write https://..."))),
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(bad(
            "url must be a plain address: no user name, password, query or fragment; credentials go to auth".to_owned()
        ));
    }
    let mut connection = connection.clone();
    if connection.dry_run {
        // Creating a configuration item is a write.
        connection.configuration_item.create = false;
    }
    let provider = connection.product.build(name, &connection, surroundings).map_err(bad)?;
    let provider = Arc::new(Measured::new(provider, name, metrics.clone(), surroundings.clock.clone()));
    Ok(if connection.dry_run { Arc::new(dry_run::DryRun(provider)) } else { provider })
}
