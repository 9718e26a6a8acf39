//! Where telemetry goes: `[telemetry]`, and where it says nothing, the standard environment variables.

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::super::resource::{pairs, variable};
use super::Trouble;
use crate::provider::wire::is_loopback;
use crate::secret::{MissingSecret, SecretRef, Secrets};
use crate::settings::Telemetry as Settings;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

/// The value of a header.
pub(super) enum Shown {
    Secret(SecretRef),
    Text(String),
}

impl Shown {
    /// As it is now.
    pub(super) fn value(&self, secrets: &dyn Secrets) -> Result<String, MissingSecret> {
        match self {
            Self::Secret(secret) => Ok(secrets.get(secret)?.expose().to_owned()),
            Self::Text(text) => Ok(text.clone()),
        }
    }
}

/// Addresses and what to show there.
pub(super) struct Destination {
    pub(super) traces: Option<Url>,
    pub(super) metrics: Option<Url>,
    /// Looked up at each call, so that a rotated secret is taken.
    pub(super) headers: Vec<(HeaderName, Shown)>,
}

impl Destination {
    /// Nothing when there is nowhere to go, or nothing wanted.
    pub(super) fn of(settings: &Settings, variables: &dyn Secrets) -> Result<Option<Self>, Trouble> {
        if variable(variables, DISABLED).is_some_and(|told| told.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let base = match &settings.otlp {
            Some(url) => Some(url.clone()),
            None => variable(variables, ENDPOINT).map(|told| from_environment(&told)).transpose()?,
        };
        let at = |wanted: bool, own: Option<&Url>, path: &str| {
            wanted.then(|| own.cloned().or_else(|| base.as_ref().map(|base| below(base, path)))).flatten()
        };
        let traces = at(settings.traces, settings.otlp_traces.as_ref(), "v1/traces");
        let metrics = at(settings.metrics, settings.otlp_metrics.as_ref(), "v1/metrics");
        if traces.is_none() && metrics.is_none() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        for (name, value) in &settings.headers {
            let shown = value.secret().map_or_else(|| Shown::Text(value.text().to_owned()), Shown::Secret);
            headers.push((header(name, "telemetry.headers")?, shown));
        }
        // The variable belongs to the address beside it: what it says must not go to another.
        let theirs = settings.otlp.is_none() && settings.headers.is_empty();
        if let Some(told) = variable(variables, HEADERS).filter(|_| theirs) {
            for (name, value) in pairs(&told) {
                headers.push((header(&name, HEADERS)?, Shown::Text(value)));
            }
        }
        let destination = Self { traces, metrics, headers };
        if !destination.headers.is_empty() || settings.credential.is_some() {
            destination.must_not_be_overheard()?;
        }
        Ok(Some(destination))
    }

    pub(super) fn url(&self, signal: Signal) -> Option<&Url> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Url> {
        self.traces.iter().chain(&self.metrics)
    }

    fn must_not_be_overheard(&self) -> Result<(), Trouble> {
        if self.all().all(|url| url.scheme() == "https" || is_loopback(url)) {
            return Ok(());
        }
        let cause = "headers or a token would go to the collector in the clear";
        Err(Trouble::new(cause, format!("use an address that begins with https in telemetry.otlp or {ENDPOINT}")))
    }

    pub(super) fn https(&self) -> bool {
        self.all().any(|url| url.scheme() == "https")
    }

    pub(super) fn is_near(&self) -> bool {
        self.all().all(is_loopback)
    }

    /// For people: what goes where, without paths.
    pub(super) fn described(&self) -> String {
        let one =
            |what: &str, url: &Option<Url>| url.as_ref().map(|url| format!("{what} to {}", url.origin().ascii_serialization()));
        [one("traces", &self.traces), one("metrics", &self.metrics)].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn from_environment(told: &str) -> Result<Url, Trouble> {
    let url = Url::parse(told).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    // The value is not shown: somebody may have written a password into it.
    url.ok_or_else(|| {
        let remedy = "set it to the collector's address for OTLP over HTTP, for example http://127.0.0.1:4318";
        Trouble::new(format!("{ENDPOINT} is no address that begins with http or https"), remedy)
    })
}

fn header(name: &str, place: &str) -> Result<HeaderName, Trouble> {
    name.parse().map_err(|_| {
        let remedy = "write names of letters, digits and hyphens, as the collector's documentation has them";
        Trouble::new(format!("{place} has a header with a name that is none"), remedy)
    })
}

fn below(base: &Url, path: &str) -> Url {
    crate::provider::wire::below(base, &path.split('/').collect::<Vec<_>>())
}

/// The value of a header, if it can be one.
pub(super) fn value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
