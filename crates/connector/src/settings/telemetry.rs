//! Where traces and metrics go.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::record_flow::{AzureCredential, Cloud};
use super::span::Span;
use crate::secret::SecretRef;

/// Traces and metrics by OpenTelemetry, sent by OTLP over HTTP as protobuf.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Address of a collector, `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` are put behind it. Default: the environment
    /// variable `OTEL_EXPORTER_OTLP_ENDPOINT`; without either nothing is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp: Option<Url>,
    /// Address for traces alone, used as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_traces: Option<Url>,
    /// Address for metrics alone, used as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_metrics: Option<Url>,
    /// Headers of every call; a value may be `"$NAME"` or `"@NAME"`, and that of a key or token must be. Default, with the address of
    /// the environment: `OTEL_EXPORTER_OTLP_HEADERS`.
    pub headers: BTreeMap<String, HeaderText>,
    /// Who the connector is towards Azure Monitor's own OTLP endpoints. Without it no token is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<AzureCredential>,
    /// The cloud: decides what tokens are asked for.
    pub cloud: Cloud,
    /// Whether traces are exported.
    pub traces: bool,
    /// Whether metrics are exported.
    pub metrics: bool,
    /// Which part of the traces that begin here is exported, 0.0 to 1.0. Whoever began a trace elsewhere has decided for it.
    pub sample: f64,
    /// Metrics are sent so often.
    pub interval: Span,
    /// How metrics count: since the start of the process, or since they were last sent.
    pub temporality: Temporality,
    /// A call that takes longer is given up.
    pub timeout: Span,
    /// PEM file of an additional certificate authority to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
    /// `service.name`. Default: `OTEL_SERVICE_NAME`, else `azure-itsm-connector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// More attributes of the resource, beside those of `OTEL_RESOURCE_ATTRIBUTES`.
    pub attributes: BTreeMap<String, String>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp: None,
            otlp_traces: None,
            otlp_metrics: None,
            headers: BTreeMap::new(),
            credential: None,
            cloud: Cloud::default(),
            traces: true,
            metrics: true,
            sample: 1.0,
            interval: Span::seconds(60),
            temporality: Temporality::Cumulative,
            timeout: Span::seconds(10),
            ca_certificate: None,
            service_name: None,
            attributes: BTreeMap::new(),
        }
    }
}

/// How metrics count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Temporality {
    /// Since the start of the process: what was lost on the way is in the next ones.
    Cumulative,
    /// Since they were last sent, as Application Insights wants it.
    Delta,
}

/// The value of a header: a reference to a secret, or the text itself. `Debug` shows no text, since it may be a secret that somebody
/// wrote down.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct HeaderText(String);

impl HeaderText {
    /// The secret that it names, if it names one.
    #[must_use]
    pub fn secret(&self) -> Option<SecretRef> {
        SecretRef::parse(&self.0)
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret() {
            Some(secret) => secret.fmt(f),
            None => f.write_str("<text>"),
        }
    }
}
