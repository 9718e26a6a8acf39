//! host.json, as far as the host acts on it here. What would make the host refuse the app is refused.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::settings::span;

/// Which HTTP requests reach the handler as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// None: all are put into envelopes.
    Envelope,
    /// `enableForwardingHttpRequest`: rebuilt, the host's headers beside what the caller sent.
    Forwarding,
    /// `enableProxyingHttpRequest`: passed on, `X-Azure-Functions-*` of the caller overwritten.
    Proxying,
}

/// host.json.
#[derive(Debug, Clone)]
pub(super) struct HostJson {
    pub(super) executable: String,
    pub(super) working_directory: Option<String>,
    pub(super) arguments: Vec<String>,
    pub(super) passing: Passing,
    /// `http.routes` of the handler: functions without function.json.
    pub(super) has_routes: bool,
    pub(super) initialization_timeout: Duration,
    /// Nothing is no end.
    pub(super) function_timeout: Option<Duration>,
    pub(super) route_prefix: String,
    pub(super) queues: Queues,
    pub(super) has_bundle: bool,
}

/// `extensions.queues`.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    pub(super) batch: usize,
    pub(super) threshold: usize,
    pub(super) most_dequeues: u32,
    pub(super) visibility_timeout: Duration,
    pub(super) polling: Duration,
    pub(super) base64: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct File {
    version: String,
    function_timeout: Option<String>,
    custom_handler: Option<CustomHandler>,
    http_worker: Option<Value>,
    extensions: Extensions,
    extension_bundle: Option<Bundle>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CustomHandler {
    description: Description,
    enable_forwarding_http_request: bool,
    enable_proxying_http_request: bool,
    port: Option<u16>,
    http: Option<HttpRoutes>,
    r#type: Option<String>,
    initialization_timeout: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HttpRoutes {
    routes: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Description {
    default_executable_path: String,
    working_directory: Option<String>,
    arguments: Vec<String>,
    worker_arguments: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Extensions {
    http: Http,
    queues: QueueOptions,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Http {
    route_prefix: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct QueueOptions {
    batch_size: Option<usize>,
    new_batch_threshold: Option<usize>,
    max_dequeue_count: Option<u32>,
    visibility_timeout: Option<String>,
    max_polling_interval: Option<String>,
    message_encoding: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Bundle {
    id: String,
    version: String,
}

impl HostJson {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = serde_json::from_str(text)?;
        ensure!(file.version == "2.0", "\"version\" is '{}'; the host reads \"2.0\"", file.version);
        ensure!(file.http_worker.is_none(), "httpWorker is the old name of customHandler");
        let handler = file.custom_handler.context("there is no customHandler")?;
        let description = handler.description;
        ensure!(!description.default_executable_path.is_empty(), "customHandler.description.defaultExecutablePath is missing");
        ensure!(handler.port.is_none(), "customHandler.port: the stand-in gives out free ports only");
        let kind = handler.r#type.as_deref().unwrap_or("http");
        ensure!(kind == "http", "customHandler.type is '{kind}'; only http is live");
        let passing = match (handler.enable_proxying_http_request, handler.enable_forwarding_http_request) {
            (true, _) => Passing::Proxying,
            (false, true) => Passing::Forwarding,
            (false, false) => Passing::Envelope,
        };
        let bundle = file.extension_bundle.unwrap_or_default();
        Ok(Self {
            executable: description.default_executable_path,
            working_directory: description.working_directory,
            arguments: [description.arguments, description.worker_arguments].concat(),
            passing,
            has_routes: handler.http.is_some_and(|http| !http.routes.is_empty()),
            initialization_timeout: or(handler.initialization_timeout.as_deref(), Duration::from_secs(30))?,
            function_timeout: match file.function_timeout.as_deref() {
                Some("-1") => None,
                told => Some(or(told, Duration::from_secs(30 * 60))?),
            },
            route_prefix: file.extensions.http.route_prefix.unwrap_or_else(|| "api".to_owned()),
            queues: Queues::read(&file.extensions.queues).context("extensions.queues")?,
            has_bundle: bundle.id == "Microsoft.Azure.Functions.ExtensionBundle" && !bundle.version.is_empty(),
        })
    }
}

impl Queues {
    fn read(told: &QueueOptions) -> anyhow::Result<Self> {
        let batch = told.batch_size.unwrap_or(16);
        ensure!((1..=32).contains(&batch), "batchSize is {batch}; the host takes 1 to 32");
        let most_dequeues = told.max_dequeue_count.unwrap_or(5);
        ensure!(most_dequeues > 0, "maxDequeueCount is 0; the host takes 1 at least");
        let polling = or(told.max_polling_interval.as_deref(), Duration::from_secs(60))?;
        ensure!(polling >= Duration::from_millis(100), "maxPollingInterval is shorter than 100 ms");
        let encoding = told.message_encoding.as_deref().unwrap_or("base64");
        let base64 = encoding.eq_ignore_ascii_case("base64");
        ensure!(
            base64 || encoding.eq_ignore_ascii_case("none"),
            "messageEncoding is '{encoding}'; the host takes base64 or none"
        );
        Ok(Self {
            batch,
            threshold: told.new_batch_threshold.unwrap_or(batch / 2),
            most_dequeues,
            visibility_timeout: or(told.visibility_timeout.as_deref(), Duration::ZERO)?,
            polling,
            base64,
        })
    }
}

fn or(told: Option<&str>, default: Duration) -> anyhow::Result<Duration> {
    told.map_or(Ok(default), span)
}
