//! Talks to the intake of a running connector: posts one document, reads the receipt or the problem. Shared by `send` and
//! `create`. A post is never repeated here; the person decides.

use std::time::Duration;

use anyhow::{Context, anyhow};
use connector::secret::{SecretRef, Secrets};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::cli::Connector;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Where the key is when nobody says.
const KEY: &str = "INTAKE_KEY";
/// The connector answers 503 after 10 s at the latest; a proxy before it may need longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running connector.
pub(super) struct Intake {
    client: reqwest::Client,
    url: Url,
    key: Option<HeaderValue>,
}

/// What the connector answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is on disk.
    Accepted(Receipt),
    /// It was not taken.
    Refused(Refusal),
}

/// The receipt of a delivery.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    delivery_id: String,
}

/// A problem document, as far as we show it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    status: u16,
    r#type: String,
    title: String,
    detail: String,
    remedy: String,
}

impl Refusal {
    pub(super) fn not_found(&self) -> bool {
        self.status == 404
    }
}

impl Intake {
    /// Prepares; touches no network.
    pub(super) fn new(connector: &Connector, secrets: &dyn Secrets) -> Result<Self, Failure> {
        let url = connector.url.clone();
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::Wrong(
                "--url is only the address of the connector, like https://itsm.example.com; the key comes from --key-env"
                    .to_owned(),
            ));
        }
        let key = key(connector, secrets)?;
        match url.scheme() {
            "https" => {}
            "http" if key.is_none() || is_loopback(&url) => {}
            "http" => {
                return Err(Failure::Wrong("refusing to send the key over plain http to another machine; use https".to_owned()));
            }
            other => return Err(Failure::Wrong(format!("--url has the scheme {other}; write https://..."))),
        }
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client can be made")?;
        Ok(Self { client, url, key })
    }

    /// Posts `body` to the path made of `segments`, with `query` and perhaps a key that names the request.
    pub(super) async fn post(
        &self,
        segments: &[&str],
        query: &[(String, String)],
        request_key: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let mut request = self.client.post(url).query(query).header(CONTENT_TYPE, "application/json").body(body);
        if let Some(key) = &self.key {
            request = request.header("x-functions-key", key.clone());
        }
        if let Some(key) = request_key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let content = response.bytes().await.map_err(|error| self.unreachable(error))?;
        if status == StatusCode::ACCEPTED {
            let receipt = serde_json::from_slice(&content)
                .map_err(|_| anyhow!("{} answered 202 without a delivery id; is it really the connector?", self.url))?;
            return Ok(Answer::Accepted(receipt));
        }
        let mut refusal: Refusal = serde_json::from_slice(&content).unwrap_or_default();
        if refusal.title.is_empty() {
            refusal.title = format!("{} answered {status}, and not as the connector does", self.url);
            "see that --url names the connector, and what stands between".clone_into(&mut refusal.remedy);
        }
        if status == StatusCode::UNAUTHORIZED && self.key.is_none() {
            format!("put the intake key into the environment variable {KEY}, or name another with --key-env")
                .clone_into(&mut refusal.remedy);
        }
        refusal.status = status.as_u16();
        Ok(Answer::Refused(refusal))
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let remedy = if error.is_connect() {
            "start it with `itsm-connector local`, or name its address with --url"
        } else {
            "it may or may not have been accepted; see `itsm-connector deliveries list`"
        };
        // The URL of the error would hold the query.
        anyhow::Error::new(error.without_url()).context(format!("the connector at {} gave no answer; {remedy}", self.url))
    }
}

/// Prints the delivery's id, or why there is none.
pub(super) fn print(answer: &Answer, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    match answer {
        Answer::Accepted(receipt) => {
            if json {
                output.json(receipt)?;
            } else {
                output.line(&receipt.delivery_id)?;
            }
            Ok(Ending::Good)
        }
        Answer::Refused(refusal) if json => {
            output.json(refusal)?;
            Ok(Ending::Failed)
        }
        Answer::Refused(Refusal { status, title, detail, remedy, .. }) => {
            let mut text = format!("not accepted ({status}): {title}");
            for (before, more) in [(": ", detail), ("; ", remedy)] {
                if !more.is_empty() {
                    text.push_str(before);
                    text.push_str(more);
                }
            }
            Err(Failure::Failed(anyhow!(text)))
        }
    }
}

fn key(connector: &Connector, secrets: &dyn Secrets) -> Result<Option<HeaderValue>, Failure> {
    let name = connector.key_env.as_deref().unwrap_or(KEY);
    let secret = match secrets.get(&SecretRef::variable(name)) {
        Ok(secret) => secret,
        Err(_) if connector.key_env.is_none() => return Ok(None),
        Err(_) => {
            return Err(Failure::Wrong(format!(
                "environment variable {name} is not set; set it to the intake key, or name another with --key-env"
            )));
        }
    };
    let mut value = HeaderValue::from_str(secret.expose())
        .map_err(|_| Failure::Wrong(format!("the key in {name} holds characters that no HTTP header may hold")))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
