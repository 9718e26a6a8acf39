//! Where records go and how. Everything is checked here, once, so that nothing later can fail because of a setting.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use url::Url;

use crate::clock::{Clock, SystemClock};

/// Most bytes of one call, uncompressed: "1 MB" in the service's documentation, read as the smaller of its two meanings.
pub const CALL_LIMIT: usize = 1_000_000;

/// Bytes of one field value that the service surely keeps (it says 64 KB, not of which kind).
pub const FIELD_LIMIT: usize = 64_000;

/// One stream of one data collection rule.
#[derive(Debug, Clone)]
pub struct Target {
    pub(crate) address: Url,
}

impl Target {
    /// `endpoint` is the rule's own logs ingestion endpoint or that of a data collection endpoint, for example
    /// `https://rule-ab12.westeurope-1.ingest.monitor.azure.com`; `immutable_id` is `dcr-` with 32 digits, from the rule's
    /// JSON view; `stream` is a name from its `streamDeclarations`, for example `Custom-ServiceDesk`.
    pub fn new(endpoint: &str, immutable_id: &str, stream: &str) -> Result<Self, SettingsError> {
        let mut address = Url::parse(endpoint).map_err(|_| SettingsError::Endpoint)?;
        let local = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if address.scheme() != "https" && !(local && address.scheme() == "http") {
            return Err(SettingsError::Endpoint);
        }
        if !immutable_id.starts_with("dcr-") {
            return Err(SettingsError::ImmutableId(immutable_id.to_owned()));
        }
        if stream.is_empty() {
            return Err(SettingsError::Stream);
        }
        address.set_fragment(None);
        address.path_segments_mut().map_err(|()| SettingsError::Endpoint)?.clear().extend([
            "dataCollectionRules",
            immutable_id,
            "streams",
            stream,
        ]);
        address.set_query(Some("api-version=2023-01-01"));
        Ok(Self { address })
    }
}

/// The cloud that the rule lives in; decides what the token is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cloud {
    /// The global cloud.
    #[default]
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
    /// Another one, by its scope, for example `https://monitor.azure.com/.default`.
    Scope(String),
}

impl Cloud {
    /// What the token is asked for.
    #[must_use]
    pub fn scope(&self) -> &str {
        match self {
            Self::Public => "https://monitor.azure.com/.default",
            Self::UsGovernment => "https://monitor.azure.us/.default",
            Self::China => "https://monitor.azure.cn/.default",
            Self::Scope(scope) => scope,
        }
    }
}

/// How records are sent. The defaults are good; change what you have measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which cloud.
    pub cloud: Cloud,
    /// Most bytes of one call before compression, brackets and commas counted; at most [`CALL_LIMIT`].
    pub call_limit: usize,
    /// Longest text of one field, in bytes, as UTF-8 and as UTF-16; what is longer is cut and marked.
    pub field_limit: usize,
    /// gzip level, 0 (none) to 9 (smallest).
    pub gzip_level: u32,
    /// Calls on their way at the same time. With 1, records arrive in the order given.
    pub parallel: NonZeroUsize,
    /// How often one call is tried again after 429, 5xx or a broken connection.
    pub retries: u32,
    /// The first wait before trying again; doubled each time, half of it left to chance.
    pub first_wait: Duration,
    /// The longest wait. When the service asks for a longer one, the upload ends with what it asked for.
    pub longest_wait: Duration,
    /// Time for one call, from connecting to the end of the answer.
    pub timeout: Duration,
    /// An upload ends when the service refused more records than this: then the stream is wrong, not the records.
    pub most_refused: usize,
    /// Time, waiting and chance.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cloud: Cloud::Public,
            call_limit: CALL_LIMIT,
            field_limit: FIELD_LIMIT,
            gzip_level: 1,
            parallel: NonZeroUsize::MIN.saturating_add(3),
            retries: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            timeout: Duration::from_secs(60),
            most_refused: 1000,
            clock: Arc::new(SystemClock),
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !(1000..=CALL_LIMIT).contains(&self.call_limit) {
            return Err(SettingsError::CallLimit(self.call_limit));
        }
        if self.field_limit < 100 {
            return Err(SettingsError::FieldLimit(self.field_limit));
        }
        if self.gzip_level > 9 {
            return Err(SettingsError::GzipLevel(self.gzip_level));
        }
        Ok(())
    }
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No address, or one that would send a token in clear.
    #[error(
        "the endpoint is not an https address; copy `logsIngestion` from the JSON view of the data collection rule or endpoint"
    )]
    Endpoint,
    /// Mostly the resource id or the name of the rule.
    #[error("`{0}` is not an immutable id; copy `immutableId` (`dcr-...`) from the JSON view of the data collection rule")]
    ImmutableId(String),
    /// Empty.
    #[error("the stream has no name; use a name from `streamDeclarations` of the data collection rule, such as Custom-MyTable")]
    Stream,
    /// Outside 1000 to 1,000,000.
    #[error("call_limit is {0}; use 1000 to 1000000 bytes")]
    CallLimit(usize),
    /// Too small to hold anything.
    #[error("field_limit is {0}; use 100 bytes or more")]
    FieldLimit(usize),
    /// Over 9.
    #[error("gzip_level is {0}; use 0 to 9")]
    GzipLevel(u32),
    /// The machine's TLS cannot be set up.
    #[error("the HTTP client cannot be set up; look at the certificate authorities of this machine")]
    Http(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_made_of_endpoint_rule_and_stream() {
        let target = Target::new("https://e.ingest.monitor.azure.com/", "dcr-1", "Custom-A b").unwrap();
        let wanted = "https://e.ingest.monitor.azure.com/dataCollectionRules/dcr-1/streams/Custom-A%20b?api-version=2023-01-01";
        assert_eq!(target.address.as_str(), wanted);
    }

    #[test]
    fn a_token_is_never_sent_in_clear_to_another_machine() {
        assert!(matches!(Target::new("http://e.ingest.monitor.azure.com", "dcr-1", "s"), Err(SettingsError::Endpoint)));
        assert!(Target::new("http://127.0.0.1:80", "dcr-1", "s").is_ok());
        assert!(matches!(Target::new("https://e", "/subscriptions/1", "s"), Err(SettingsError::ImmutableId(_))));
    }
}
