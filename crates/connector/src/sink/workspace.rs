//! Rows to a Log Analytics workspace, through the streams of one data collection rule. Batching, retries and their waits are the
//! ingestion client's; here its answers become words for an operator who knows `connector.toml`.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use logs_ingestion::{Client, Failure, Options, Report, Target};
use serde::Serialize;

use super::{Sink, SinkError, Written};
use crate::clock::{Chance, Clock};
use crate::rows::{LogRow, ServiceDeskRow};
use crate::settings::{Cloud, Workspace};

/// How often a call with rows of the log is repeated: the journal has its own patience, and a command must end.
const LOG_RETRIES: u32 = 2;

/// Writes to a workspace.
pub struct WorkspaceSink {
    records: Client,
    log: Client,
    described: String,
}

impl WorkspaceSink {
    /// Touches no network. `credential` is best made by [`credential`](super::credential::credential).
    pub fn new(
        settings: &Workspace,
        credential: Arc<dyn TokenCredential>,
        clock: Arc<dyn Clock>,
        chance: Arc<Chance>,
    ) -> Result<Self, SinkError> {
        let options = Options {
            cloud: match settings.cloud {
                Cloud::Public => logs_ingestion::Cloud::Public,
                Cloud::UsGovernment => logs_ingestion::Cloud::UsGovernment,
                Cloud::China => logs_ingestion::Cloud::China,
            },
            clock: Arc::new(Bridge { clock, chance }),
            ..Options::default()
        };
        let log_options = Options { parallel: NonZeroUsize::MIN, retries: LOG_RETRIES, ..options.clone() };
        let client = |stream: &str, credential, options| {
            let target = Target::new(settings.endpoint.as_str(), &settings.rule, stream)?;
            Client::with_options(&target, credential, options)
        };
        let wrong = |error: logs_ingestion::SettingsError| SinkError {
            cause: format!("The [workspace] settings cannot work: {error}."),
            remedy: "Correct the section [workspace] of connector.toml.".to_owned(),
            retry_after: None,
            maybe_there: 0,
        };
        Ok(Self {
            records: client(&settings.service_desk_stream, Arc::clone(&credential), options).map_err(wrong)?,
            log: client(&settings.log_stream, credential, log_options).map_err(wrong)?,
            described: format!("{} at {}", settings.rule, settings.endpoint.origin().ascii_serialization()),
        })
    }
}

impl fmt::Debug for WorkspaceSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("WorkspaceSink").field(&self.described).finish()
    }
}

#[async_trait]
impl Sink for WorkspaceSink {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        upload(&self.records, rows).await
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        upload(&self.log, rows).await
    }

    fn describe(&self) -> String {
        self.described.clone()
    }
}

async fn upload<R: Serialize + Sync>(client: &Client, rows: &[R]) -> Result<Written, SinkError> {
    match client.upload(rows).await {
        Ok(report) => Ok(written(report)),
        Err(failed) => Err(explained(failed.failure, failed.report.accepted + failed.report.maybe_there)),
    }
}

fn written(report: Report) -> Written {
    let mut refused: Vec<_> = report
        .refused
        .into_iter()
        .map(|refused| (usize::try_from(refused.position).unwrap_or(usize::MAX), refused.because.to_string()))
        .collect();
    refused.sort();
    Written { accepted: report.accepted, maybe_twice: report.maybe_twice, cut_fields: report.cut_fields, refused }
}

/// The end of a sentence: what others said, without a full stop of its own.
fn end(said: &str) -> String {
    format!("{}.", said.trim_end_matches(['.', ' ']))
}

fn explained(failure: Failure, maybe_there: u64) -> SinkError {
    let (cause, remedy, retry_after) = match failure {
        Failure::NoToken { scope, said } => (
            format!("There is no token for {scope}: {}", end(&said)),
            "Check workspace.credential: that this identity exists, and that it may be used where the connector runs.",
            None,
        ),
        Failure::Unauthorised { scope, said } => (
            format!("The workspace's endpoint does not take the token for {scope} (401): {}", end(&said)),
            "Check that workspace.cloud is the endpoint's cloud and that the identity belongs to the tenant of the workspace.",
            None,
        ),
        Failure::Forbidden { said } => (
            format!("The identity may not send to the data collection rule (403): {}", end(&said)),
            "Give it the role Monitoring Metrics Publisher on the rule; that takes effect within 30 minutes. If it has the role, allow \
             public access on the data collection endpoint or reach it over its private link.",
            None,
        ),
        Failure::NotFound { said } => (
            format!("The endpoint does not know the data collection rule or the stream (404): {}", end(&said)),
            "Check workspace.rule (the rule's immutable id), the names of the streams, and that workspace.endpoint is in the rule's \
             region.",
            None,
        ),
        Failure::Busy { said, retry_after } => {
            (format!("The workspace's endpoint cannot take rows now: {}", end(&said)), "", retry_after)
        }
        Failure::TooManyRefused { count, said } => (
            format!("The workspace's endpoint refused {count} rows, the last with: {}", end(&said)),
            "Compare the rule's stream declarations with infra/tables/streams.json of this version; if the rows are too large (413), \
             look for a proxy before workspace.endpoint that limits the length of calls.",
            None,
        ),
        Failure::Unexpected { status, said } => (
            format!("Something that is not the workspace's endpoint answered {status}: {}", end(&said)),
            "Check what stands between the connector and workspace.endpoint: a proxy, a firewall, a sign-in page.",
            None,
        ),
        Failure::Ended => ("A call was ended before its answer, since the process is ending.".to_owned(), "", None),
    };
    SinkError { cause, remedy: remedy.to_owned(), retry_after, maybe_there }
}

/// The connector's time and chance, as the ingestion client asks for them.
#[derive(Debug)]
struct Bridge {
    clock: Arc<dyn Clock>,
    chance: Arc<Chance>,
}

#[async_trait]
impl logs_ingestion::Clock for Bridge {
    fn now(&self) -> SystemTime {
        self.clock.now().into()
    }

    async fn sleep(&self, length: Duration) {
        self.clock.sleep(length).await;
    }

    fn chance(&self) -> f64 {
        self.chance.fraction()
    }
}
