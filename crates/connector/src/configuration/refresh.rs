//! Reads the tool's configuration anew, keeps it, hands it to the provider, holds the settings against it and tells the journal.
//! When it cannot be read, the last good copy stays in use and its age is said. A copy takes at most 1 MiB of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde::Serialize;

use super::changes::changes;
use super::kept::{self, Kept};
use super::validate::{findings, kinds, needs, wanted_values, without_values};
use super::{Configuration, Finding, Gap, as_read};
use crate::clock::{Chance, Clock, between};
use crate::journal::{Entry, Journal, LogType};
use crate::metrics::{Metrics, label};
use crate::provider::{Provider, ProviderError, WaitReason};
use crate::route::Route;
use crate::settings::Connection;
use crate::store::{StateStore, StoreError};
use crate::telemetry::{Parent, Tracing};

// The old connector's words, so that who searches for them finds these.
const NO_TEMPLATES: &str = "can't retrieve the template configuration";
const NO_VALUES: &str = "no values found for the following fields";
const FAILED: &str = "could not sync templates configuration for Event, Alert, Incident";

const READ_AGAIN: &str = "nothing to do: it is read again by schedule, or at once with `itsm-connector refresh`";

const READ: &str = "the configuration could be read again";
const BROKEN: &str = "a setting refers to something that the tool does not have";

/// Refreshes the configuration of connections.
#[derive(Debug, Clone)]
pub struct Refresher {
    /// Where the last good copies are kept, as `configuration/<connection>`.
    pub store: Arc<dyn StateStore>,
    /// What is told of a refresh.
    pub journal: Arc<dyn Journal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names of runs.
    pub chance: Arc<Chance>,
    /// Spans of runs.
    pub tracing: Tracing,
    /// What is counted and measured.
    pub metrics: Metrics,
}

/// What came of a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refreshed {
    /// Name of the connection.
    pub connection: String,
    /// The run.
    pub run_id: String,
    /// What is in use now: just read, or the last good copy; nothing when there is neither.
    pub configuration: Option<Configuration>,
    /// How old it is.
    pub age_seconds: Option<u64>,
    /// Why it could not be read; nothing when it was.
    pub failure: Option<Failure>,
    /// References of the settings to something that the tool does not have.
    pub findings: Vec<Finding>,
    /// What is different from the last copy, in few words.
    pub changes: Vec<String>,
}

/// Why a configuration could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// Whether it takes a person.
    pub needs_a_person: bool,
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let cause = error.to_string();
        let (needs_a_person, remedy) = match error {
            ProviderError::Wait { reason, remedy, .. } => {
                (matches!(reason, WaitReason::Credentials | WaitReason::Hibernating), remedy)
            }
            ProviderError::Refused { remedy, .. } => (true, remedy),
            ProviderError::Retry { .. } | ProviderError::Ambiguous { .. } => (false, String::new()),
        };
        let remedy = if remedy.is_empty() { READ_AGAIN.to_owned() } else { remedy };
        Self { cause, remedy, needs_a_person }
    }
}

impl Refresher {
    /// The last good copy of a connection's configuration; nothing when there is none or the store cannot be read.
    pub async fn last(&self, connection: &str) -> Option<Configuration> {
        match kept::load(&*self.store, connection).await {
            Ok((kept, _)) => kept.configuration,
            Err(error) => {
                tracing::warn!(connection, %error, "the kept configuration cannot be read");
                None
            }
        }
    }

    /// Hands the last good copy to the provider and answers it: at the start, before anything was read.
    pub async fn adopt_last(&self, connection: &str, provider: &dyn Provider) -> Option<Configuration> {
        let last = self.last(connection).await?;
        provider.adopt(&last);
        Some(last)
    }

    /// Reads the configuration of the connection `name` and does all that follows from it. `routes` may hold those of other
    /// connections. Never fails: what went wrong stands in the answer and in the journal.
    pub async fn refresh(
        &self,
        name: &str,
        connection: &Connection,
        routes: &BTreeMap<String, Route>,
        provider: &dyn Provider,
    ) -> Refreshed {
        let refreshed = self.read(name, connection, routes, provider).await;
        let gaps = refreshed.configuration.as_ref().is_some_and(|configuration| !configuration.gaps.is_empty());
        let result = match refreshed.failure {
            Some(_) => label::Refresh::Failed,
            None if gaps => label::Refresh::Gaps,
            None => label::Refresh::Done,
        };
        self.metrics.refreshes(1, self.metrics.connection(name), result);
        refreshed
    }

    async fn read(
        &self,
        name: &str,
        connection: &Connection,
        routes: &BTreeMap<String, Route>,
        provider: &dyn Provider,
    ) -> Refreshed {
        let run = Run { journal: &*self.journal, connection: name, id: self.chance.id(self.clock.now()).simple().to_string() };
        let attributes =
            [KeyValue::new("itsm_connector.connection", name.to_owned()), KeyValue::new("itsm_connector.run_id", run.id.clone())];
        let span = self.tracing.start(SpanKind::Internal, "refresh configuration", Parent::Current, attributes);
        let refreshed = span.within(Box::pin(self.refresh_named(run, name, connection, routes, provider))).await;
        if refreshed.failure.is_some() {
            span.failed("unread");
        }
        refreshed
    }

    async fn refresh_named(
        &self,
        run: Run<'_>,
        name: &str,
        connection: &Connection,
        routes: &BTreeMap<String, Route>,
        provider: &dyn Provider,
    ) -> Refreshed {
        let read = provider.configuration(&kinds(name, connection, routes)).await;
        let now = self.clock.now();
        match read {
            Ok(fresh) => {
                let (configuration, before, changes) = self.keep(&run, fresh, now).await;
                provider.adopt(&configuration);
                if let Some(before) = before {
                    run.whole_again(&before, &configuration, connection);
                }
                let findings = findings(name, connection, routes, &configuration);
                for gap in &configuration.gaps {
                    run.gap(gap, connection, routes, &configuration, now);
                }
                run.values(connection, &configuration);
                for finding in &findings {
                    run.tell(LogType::Warning, BROKEN, &format!("{}: {}", finding.setting, finding.problem), &finding.remedy);
                }
                Refreshed { findings, changes, ..run.done(Some(configuration), now) }
            }
            Err(error) => {
                let failure = Failure::from(error);
                let last = self.failed(name, now).await;
                let (log_type, age) = match &last {
                    Some(last) => {
                        let log_type = if failure.needs_a_person { LogType::Error } else { LogType::Warning };
                        (log_type, format!("the copy {} is used", as_read(last.read_at, now)))
                    }
                    None => (LogType::Error, "there is no earlier copy".to_owned()),
                };
                let cause = format!("{}; {NO_TEMPLATES}: {age}", failure.cause);
                run.tell(log_type, FAILED, &cause, &failure.remedy);
                if let Some(last) = &last {
                    provider.adopt(last);
                }
                Refreshed { failure: Some(failure), ..run.done(last, now) }
            }
        }
    }

    /// Keeps a fresh copy; answers it with the parts that only earlier copies have, the last copy, and what is different from it.
    async fn keep(
        &self,
        run: &Run<'_>,
        fresh: Configuration,
        now: Timestamp,
    ) -> (Configuration, Option<Configuration>, Vec<String>) {
        let merged = |before: &Kept| {
            let mut fresh = fresh.clone();
            match &before.configuration {
                // Another run was later.
                Some(last) if last.read_at > fresh.read_at => fresh = last.clone(),
                Some(last) => fresh.keep(last),
                None => {}
            }
            Kept { configuration: Some(fresh), failing_since: None }
        };
        match kept::change(&*self.store, run.connection, now, merged).await {
            Ok((before, _)) => {
                // What is used is whole, also what was too large to be kept.
                let used = merged(&before).configuration.unwrap_or_else(|| fresh.clone());
                if let Some(since) = before.failing_since {
                    run.tell(LogType::Info, READ, &format!("it had failed since {since}"), "");
                }
                let changes = before.configuration.as_ref().map(|last| changes(last, &used)).unwrap_or_default();
                if !changes.is_empty() {
                    run.tell(LogType::Info, "the configuration of the tool has changed", &changes.join("; "), "");
                }
                (used, before.configuration, changes)
            }
            Err(error) => {
                run.unkept(&error);
                (fresh, None, Vec::new())
            }
        }
    }

    /// Remembers that a refresh failed; answers the last good copy.
    async fn failed(&self, connection: &str, now: Timestamp) -> Option<Configuration> {
        let since = |before: &Kept| Kept { failing_since: Some(before.failing_since.unwrap_or(now)), ..before.clone() };
        match kept::change(&*self.store, connection, now, since).await {
            Ok((before, _)) => before.configuration,
            Err(error) => {
                tracing::warn!(connection, %error, "that the refresh failed could not be kept");
                self.last(connection).await
            }
        }
    }
}

/// One refresh, as the journal sees it.
struct Run<'a> {
    journal: &'a dyn Journal,
    connection: &'a str,
    id: String,
}

impl Run<'_> {
    fn tell(&self, log_type: LogType, message: impl Into<String>, cause: &str, remedy: &str) {
        self.journal.record(Entry {
            log_type,
            connection: self.connection.to_owned(),
            operation: "refresh",
            message: message.into(),
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            work_item: String::new(),
            alert: String::new(),
            correlation_id: self.id.clone(),
            details: String::new(),
        });
    }

    fn unkept(&self, error: &StoreError) {
        let remedy = "mend the store: after a restart there is no copy to fall back on";
        self.tell(LogType::Warning, "the configuration was read and could not be kept", &error.to_string(), remedy);
    }

    /// A gap is a warning only when the settings need what is missing, and all of it is.
    fn gap(
        &self,
        gap: &Gap,
        connection: &Connection,
        routes: &BTreeMap<String, Route>,
        configuration: &Configuration,
        now: Timestamp,
    ) {
        let lacks = configuration.lacks(&gap.part);
        let needed = needs(&gap.part, self.connection, connection, routes);
        let log_type = if lacks && needed { LogType::Warning } else { LogType::Info };
        let message = match gap.part.as_str() {
            "templates" if lacks => NO_TEMPLATES.to_owned(),
            "choices" if lacks => format!("{NO_VALUES}: {}", wanted_values(connection).join(", ")),
            part => format!("not all {part} of the tool could be read"),
        };
        let cause = match gap.kept_from {
            Some(at) => format!("{}; the copy {} is used", gap.cause, as_read(at, now)),
            None => gap.cause.clone(),
        };
        self.tell(log_type, message, &cause, &gap.remedy);
    }

    /// Parts that could be read this time and not the last time.
    fn whole_again(&self, before: &Configuration, now: &Configuration, connection: &Connection) {
        let gaps = before.gaps.iter().filter(|gap| before.lacks(&gap.part) && !now.lacks(&gap.part));
        let mut parts: Vec<String> = gaps.map(|gap| format!("{} could not be read before", gap.part)).collect();
        if before.gap("choices").is_none() {
            let missing = without_values(connection, now);
            let lists = without_values(connection, before).into_iter().filter(|field| !missing.contains(field));
            parts.extend(lists.map(|field| format!("{field} had no values before")));
        }
        if !parts.is_empty() {
            self.tell(LogType::Info, READ, &parts.join("; "), "");
        }
    }

    /// Fields without a list though lists can be read.
    fn values(&self, connection: &Connection, configuration: &Configuration) {
        let missing = without_values(connection, configuration);
        if configuration.gap("choices").is_none() && !missing.is_empty() {
            let cause = "the instance's choice lists can be read and hold none for incidents";
            let remedy =
                "add the choices in the instance, or check that the integration user may read them (role personalize_choices)";
            self.tell(LogType::Warning, format!("{NO_VALUES}: {}", missing.join(", ")), cause, remedy);
        }
    }

    fn done(&self, configuration: Option<Configuration>, now: Timestamp) -> Refreshed {
        Refreshed {
            connection: self.connection.to_owned(),
            run_id: self.id.clone(),
            age_seconds: configuration.as_ref().map(|configuration| between(configuration.read_at, now).as_secs()),
            configuration,
            failure: None,
            findings: Vec::new(),
            changes: Vec::new(),
        }
    }
}
