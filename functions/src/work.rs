//! What happens when a queue or a timer says so. Who does it stands behind [`Work`]; here is only what is asked and answered.

use std::fmt::Debug;

use async_trait::async_trait;
use connector::delivery::on_call::Dealt;
use connector::store::StoreError;
use connector::store::azure::DueMessage;
use custom_handler::Outcome;

/// Who works when called.
#[async_trait]
pub trait Work: Send + Sync + Debug {
    /// Makes one attempt at the delivery that a message names.
    async fn deliver(&self, due: &DueMessage) -> Result<Dealt, StoreError>;

    /// Syncs the records of all connections as far as the time of a run goes, and tidies the store when that is due. Answers a line
    /// for each thing that a person should see.
    async fn sync(&self) -> Vec<String>;

    /// Reads the configuration of all tools anew. Answers as [`Work::sync`] does, and a line with the reason when no tool could be read.
    async fn refresh(&self) -> Result<Vec<String>, String>;
}

/// Success, with lines for the host's log.
pub(crate) fn told(lines: Vec<String>) -> Outcome {
    lines.into_iter().fold(Outcome::new(), Outcome::log)
}
