//! A provider whose operations are counted and timed. Around the provider rather than below it in [`Wire`](crate::provider::wire::Wire):
//! only here is it known what was asked for and what the answer means (a 200 with a sign-in page is an outage), and it is the same for
//! all products. [`build_measured`](crate::provider::build_measured) puts it below the wrapper of a dry run, so that writes that are
//! not done are not counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Metrics;
use super::label::{Connection, Operation, Outcome};
use crate::clock::{Clock, between};
use crate::configuration::Configuration;
use crate::probe::Report;
use crate::provider::records::{Ask, Gone, Page, Position};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, Lifecycle, Provider, ProviderError, WaitReason};
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, WorkItem, WorkItemKey, WorkItemType, Written};

/// Wraps a provider.
#[derive(Debug)]
pub struct Measured {
    provider: Arc<dyn Provider>,
    connection: Connection,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
}

impl Measured {
    /// The provider of `connection`.
    #[must_use]
    pub fn new(provider: Arc<dyn Provider>, connection: &str, metrics: Metrics, clock: Arc<dyn Clock>) -> Self {
        Self { provider, connection: metrics.connection(connection), metrics, clock }
    }

    async fn measure<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        // Told also when nobody waits for the end.
        let mut call = Call { of: self, operation, begun: self.clock.now(), outcome: Outcome::GivenUp };
        let result = work.await;
        call.outcome = outcome(&result);
        result
    }
}

struct Call<'a> {
    of: &'a Measured,
    operation: Operation,
    begun: Timestamp,
    outcome: Outcome,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let Measured { connection, metrics, clock, .. } = self.of;
        metrics.provider_operations(1, connection.clone(), self.operation, self.outcome);
        metrics.provider_duration(between(self.begun, clock.now()), connection.clone(), self.operation);
    }
}

pub(super) const fn outcome<T>(result: &Result<T, ProviderError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Ok,
        Err(ProviderError::Retry { .. }) => Outcome::Retry,
        Err(ProviderError::Wait { reason: WaitReason::RateLimit, .. }) => Outcome::RateLimit,
        Err(ProviderError::Wait { reason: WaitReason::Outage, .. }) => Outcome::Outage,
        Err(ProviderError::Wait { reason: WaitReason::Hibernating, .. }) => Outcome::Hibernating,
        Err(ProviderError::Wait { reason: WaitReason::Credentials, .. }) => Outcome::Credentials,
        Err(ProviderError::Ambiguous { .. }) => Outcome::Ambiguous,
        Err(ProviderError::Refused { .. }) => Outcome::Refused,
    }
}

#[async_trait]
impl Provider for Measured {
    fn lifecycle(&self, kind: WorkItemType) -> Option<Lifecycle> {
        self.provider.lifecycle(kind)
    }

    fn fields(&self, draft: &Draft) -> BTreeMap<String, String> {
        self.provider.fields(draft)
    }

    async fn find(&self, kind: WorkItemType, key: &WorkItemKey) -> Result<Option<WorkItem>, ProviderError> {
        self.measure(Operation::Find, self.provider.find(kind, key)).await
    }

    async fn newest(&self, kind: WorkItemType, correlation: &str) -> Result<Option<WorkItem>, ProviderError> {
        self.measure(Operation::Newest, self.provider.newest(kind, correlation)).await
    }

    async fn read(&self, kind: WorkItemType, id: &str) -> Result<Option<WorkItem>, ProviderError> {
        self.measure(Operation::Read, self.provider.read(kind, id)).await
    }

    async fn has_note(&self, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
        self.measure(Operation::HasNote, self.provider.has_note(item, marker)).await
    }

    async fn create(&self, draft: &Draft) -> Result<Written, ProviderError> {
        self.measure(Operation::Create, self.provider.create(draft)).await
    }

    async fn update(&self, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
        self.measure(Operation::Update, self.provider.update(item, change)).await
    }

    async fn find_configuration_item(&self, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
        self.measure(Operation::FindConfigurationItem, self.provider.find_configuration_item(query)).await
    }

    async fn page(&self, ask: &Ask<'_>) -> Result<Page, ProviderError> {
        self.measure(Operation::Page, self.provider.page(ask)).await
    }

    async fn gone(&self, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
        self.measure(Operation::Gone, self.provider.gone(kind, after, limit)).await
    }

    async fn configuration(&self, kinds: &[WorkItemType]) -> Result<Configuration, ProviderError> {
        self.measure(Operation::Configuration, self.provider.configuration(kinds)).await
    }

    fn adopt(&self, configuration: &Configuration) {
        self.provider.adopt(configuration);
    }

    async fn check(&self, kinds: &[WorkItemType], report: &mut Report) {
        self.provider.check(kinds, report).await;
    }

    async fn close(&self) {
        self.provider.close().await;
    }
}
