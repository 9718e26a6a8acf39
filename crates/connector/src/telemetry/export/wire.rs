//! One call to the collector: OTLP over HTTP with protobuf, bounded in time and size. Every answer becomes words for an operator.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use bytes::BytesMut;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};
use url::Url;

use super::Trouble;
use super::destination::{Destination, Signal, value};
use crate::clock::Clock;
use crate::provider::{tls, wire};
use crate::secret::Secrets;
use crate::settings::{Cloud, Telemetry as Settings};
use crate::sink::credential::credential;

const PROTOBUF: &str = "application/x-protobuf";
/// More of an answer is not read.
const LONGEST_ANSWER: usize = 64 * 1024;
/// More of what a collector says is not told.
const LONGEST_SAID: usize = 200;

/// The way to the collector.
pub(super) struct Wire {
    pub(super) destination: Destination,
    client: Client,
    timeout: Duration,
    secrets: Arc<dyn Secrets>,
    credential: Option<Arc<dyn TokenCredential>>,
    scope: &'static str,
}

/// A call that was taken, but not all of it.
#[derive(Debug)]
pub(super) struct Partly {
    pub(super) trouble: Trouble,
    pub(super) rejected: u64,
}

/// A call that was not taken.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) trouble: Trouble,
    /// Whether it may be taken later, and what the collector asked for.
    pub(super) again: Option<Duration>,
}

impl Wire {
    pub(super) fn new(
        settings: &Settings,
        destination: Destination,
        secrets: &Arc<dyn Secrets>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Trouble> {
        let unusable =
            |cause: String| Trouble::new(cause, "mend it, or remove telemetry.otlp to go on without traces and metrics");
        let tls = tls::configuration(destination.https(), settings.ca_certificate.as_deref()).map_err(unusable)?;
        let timeout = settings.timeout.get();
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(timeout)
            .user_agent(concat!("azure-itsm-connector/", env!("CARGO_PKG_VERSION")));
        if destination.is_near() {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|error| unusable(format!("the HTTP client cannot be set up: {}", wire::told(&error))))?;
        let credential = settings.credential.as_ref().map(|chosen| {
            credential(chosen, settings.cloud, secrets.clone(), clock.clone()).map_err(|error| {
                Trouble::new(
                    error.cause.replace("of the workspace", "of telemetry"),
                    error.remedy.replace("workspace.", "telemetry."),
                )
            })
        });
        let scope = match settings.cloud {
            Cloud::Public => "https://monitor.azure.com/.default",
            Cloud::UsGovernment => "https://monitor.azure.us/.default",
            Cloud::China => "https://monitor.azure.cn/.default",
        };
        Ok(Self { destination, client, timeout, secrets: secrets.clone(), credential: credential.transpose()?, scope })
    }

    /// Sends `body`. What is said of it never holds a header or a token.
    pub(super) async fn post(&self, signal: Signal, body: Vec<u8>) -> Result<Option<Partly>, Failed> {
        let Some(url) = self.destination.url(signal) else { return Ok(None) };
        let mut request = self.client.post(url.clone()).header(CONTENT_TYPE, PROTOBUF).body(body);
        for (name, text) in &self.destination.headers {
            let text = text.value(&*self.secrets).map_err(|missing| later(missing.cause, missing.remedy))?;
            let value = value(&text).ok_or_else(|| {
                later(format!("the value of the header {name} cannot be one"), "see that it holds no line breaks".to_owned())
            })?;
            request = request.header(name, value);
        }
        if let Some(credential) = &self.credential {
            // Bounded like the call itself: an endpoint of identities may hang, too.
            let token = tokio::time::timeout(self.timeout, credential.get_token(&[self.scope], None)).await;
            let token = match token {
                Ok(Ok(token)) => token,
                Ok(Err(error)) => return Err(no_token(&cut(&error.to_string()))),
                Err(_) => return Err(no_token("no answer in time")),
            };
            let header = value(&format!("Bearer {}", token.token.secret())).ok_or_else(|| no_token("it is no token"))?;
            request = request.header(AUTHORIZATION, header);
        }
        let response = request.send().await.map_err(|error| self.unanswered(url, &error))?;
        let status = response.status().as_u16();
        let asked = asked(&response);
        let body = read(response).await;
        if (200..300).contains(&status) {
            return Ok(partly(signal, &body).map(|partly| Partly { trouble: self.clean(partly.trouble), ..partly }));
        }
        Err(refused(url, status, asked))
    }

    fn unanswered(&self, url: &Url, error: &reqwest::Error) -> Failed {
        let host = address(url);
        if error.is_timeout() && !error.is_connect() {
            let cause = format!("the collector at {host} did not answer within {} s", self.timeout.as_secs());
            return later(cause, "look at the collector's own log and load".to_owned());
        }
        if let Some((cause, remedy)) = tls::find(error).map(|found| tls::explain(found, url.host_str().unwrap_or_default())) {
            return later(cause, remedy);
        }
        let remedy = "check telemetry.otlp, that the collector is up, and that it listens for OTLP over HTTP there: usually port \
                      4318, not 4317, which is gRPC";
        if error.is_connect() {
            return later(format!("the collector at {host} cannot be reached: {}", wire::told(error)), remedy.to_owned());
        }
        later(format!("the connection to the collector at {host} broke: {}", wire::told(error)), remedy.to_owned())
    }

    /// A collector may say back what it was shown.
    fn clean(&self, trouble: Trouble) -> Trouble {
        let secrets = self.destination.headers.iter().filter_map(|(_, text)| text.value(&*self.secrets).ok());
        let cause =
            secrets.filter(|secret| secret.len() >= 4).fold(trouble.cause, |cause, secret| cause.replace(&secret, "<secret>"));
        Trouble { cause, ..trouble }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wire").field(&self.destination.described()).finish()
    }
}

fn later(cause: String, remedy: String) -> Failed {
    Failed { trouble: Trouble { cause, remedy }, again: Some(Duration::ZERO) }
}

fn no_token(said: &str) -> Failed {
    let remedy = "check telemetry.credential: that this identity exists, and that it may be used where the connector runs";
    later(format!("there is no token for the collector: {said}"), remedy.to_owned())
}

fn address(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What the status means, by the protocol's own rules: these four may be tried again, all others never.
fn refused(url: &Url, status: u16, asked: Duration) -> Failed {
    let at = address(url);
    let remedy = match status {
        401 | 403 => {
            "check telemetry.headers, or telemetry.credential; Azure Monitor wants the role Monitoring Metrics Publisher on the data \
             collection rule"
        }
        404 | 405 => {
            "check telemetry.otlp: /v1/traces and /v1/metrics are put behind it; give whole addresses in telemetry.otlp_traces and \
             telemetry.otlp_metrics where they are others"
        }
        413 => "raise the collector's limit for the size of a request",
        415 => "the collector must take OTLP over HTTP as protobuf",
        300..=399 => "give the address that it is redirected to",
        _ => "look at the collector's own log",
    };
    let again = matches!(status, 429 | 502 | 503 | 504).then_some(asked);
    Failed { trouble: Trouble::new(format!("the collector at {at} answered {status}"), remedy), again }
}

fn asked(response: &Response) -> Duration {
    let told = response.headers().get(RETRY_AFTER).and_then(|told| told.to_str().ok());
    told.and_then(|told| told.trim().parse().ok()).map(Duration::from_secs).unwrap_or_default()
}

/// What an answer holds, as far as it can be read.
async fn read(mut response: Response) -> Vec<u8> {
    let mut body = BytesMut::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    body.into()
}

/// What of a call was not taken. An answer that cannot be read is one that says nothing.
fn partly(signal: Signal, body: &[u8]) -> Option<Partly> {
    let (rejected, said) = match signal {
        Signal::Traces => {
            let partial = ExportTraceServiceResponse::decode(body).ok()?.partial_success?;
            (partial.rejected_spans, partial.error_message)
        }
        Signal::Metrics => {
            let partial = ExportMetricsServiceResponse::decode(body).ok()?.partial_success?;
            (partial.rejected_data_points, partial.error_message)
        }
    };
    let rejected = u64::try_from(rejected).unwrap_or_default();
    if rejected == 0 && said.is_empty() {
        return None;
    }
    let cause = if rejected == 0 {
        format!("the collector took everything, with a warning: {}", cut(&said))
    } else {
        format!("the collector took a part only: {}", cut(&said))
    };
    Some(Partly { trouble: Trouble::new(cause, "look at the collector's own log and limits"), rejected })
}

/// In one line, and not too long a one.
fn cut(said: &str) -> String {
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SAID).collect()
}
