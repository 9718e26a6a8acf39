//! function.json: one trigger, its outputs, a retry policy.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::http::Method;
use connector::sync::schedule::Schedule;
use serde::Deserialize;
use serde_json::Value;

use super::connection::StorageAccount;
use super::route::Route;
use super::settings::{AppSettings, resolve_all, span};

/// One function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: String,
    /// The trigger's binding.
    pub(super) binding: String,
    pub(super) trigger: Trigger,
    pub(super) outputs: Vec<Output>,
    pub(super) retry: Option<Retry>,
}

#[derive(Debug, Clone)]
pub(super) enum Trigger {
    Http { methods: Option<Vec<Method>>, route: Route, level: Level },
    Queue { queue: String, account: StorageAccount },
    Timer { schedule: Box<Schedule>, monitored: bool },
}

/// Which key a caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Anonymous,
    Function,
    Admin,
}

#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: String,
    /// Whether strings that look like base64 are left alone.
    pub(super) binary: bool,
    /// Nothing: it is the HTTP answer.
    pub(super) queue: Option<(String, StorageAccount)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    /// -1 has no end.
    pub(super) most: i32,
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    bindings: Vec<Binding>,
    retry: Option<RetryFile>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Binding {
    r#type: String,
    direction: String,
    name: String,
    methods: Option<Vec<String>>,
    route: Option<String>,
    auth_level: Option<String>,
    queue_name: String,
    connection: String,
    schedule: String,
    use_monitor: Option<bool>,
    run_on_startup: bool,
    data_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryFile {
    strategy: String,
    max_retry_count: i32,
    delay_interval: Option<String>,
    minimum_interval: Option<String>,
    maximum_interval: Option<String>,
}

impl Function {
    pub(super) fn parse(name: &str, text: &str, prefix: &str, settings: &AppSettings) -> anyhow::Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let fits = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain) && name.len() < 128;
        ensure!(fits, "'{name}' is no name for a function");
        let mut document: Value = serde_json::from_str(text)?;
        resolve_all(&mut document, settings)?;
        let file: File = serde_json::from_value(document)?;
        ensure!(!file.disabled, "the function is disabled: it would never run");
        let mut trigger = None;
        let mut outputs = Vec::new();
        for binding in &file.bindings {
            let kind = binding.r#type.as_str();
            ensure!(!binding.name.is_empty(), "a binding of type '{kind}' has no name");
            let wanted = match kind {
                "httpTrigger" | "queueTrigger" | "timerTrigger" => "in",
                "http" | "queue" => "out",
                other => bail!("binding '{}' has the type '{other}', for which no extension is registered", binding.name),
            };
            ensure!(binding.direction == wanted, "binding '{}' has the direction '{}'", binding.name, binding.direction);
            if wanted == "in" {
                ensure!(trigger.is_none(), "there are several triggers");
                trigger = Some((binding.name.clone(), binding.trigger(name, prefix, settings)?));
            } else {
                outputs.push(binding.output(settings)?);
            }
        }
        let (binding, trigger) = trigger.context("there is no trigger")?;
        let mut names: Vec<_> = file.bindings.iter().map(|binding| binding.name.to_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        ensure!(names.len() == file.bindings.len(), "several bindings have the same name");
        let retry = file.retry.map(|retry| retry.read()).transpose().context("retry")?;
        let is_timer = matches!(trigger, Trigger::Timer { .. });
        ensure!(retry.is_none() || is_timer, "retry works for timers only: queues have visibilityTimeout, HTTP has nothing");
        Ok(Self { name: name.to_owned(), binding, trigger, outputs, retry })
    }

    /// Whether its requests can be passed on as they came.
    pub(super) fn passes(&self) -> bool {
        matches!(self.trigger, Trigger::Http { .. }) && matches!(self.outputs.as_slice(), [Output { queue: None, .. }])
    }
}

impl Binding {
    fn trigger(&self, function: &str, prefix: &str, settings: &AppSettings) -> anyhow::Result<Trigger> {
        Ok(match self.r#type.as_str() {
            "httpTrigger" => {
                let method = |name: &String| Method::from_bytes(name.to_uppercase().as_bytes());
                let methods = self.methods.as_ref().map(|all| all.iter().map(method).collect()).transpose()?;
                let level = match self.auth_level.as_deref().unwrap_or("function") {
                    "anonymous" => Level::Anonymous,
                    "function" => Level::Function,
                    "admin" => Level::Admin,
                    other => bail!("authLevel is '{other}'"),
                };
                Trigger::Http { methods, route: Route::parse(prefix, self.route.as_deref().unwrap_or(function))?, level }
            }
            "queueTrigger" => {
                let (queue, account) = self.queue(settings)?;
                Trigger::Queue { queue, account }
            }
            _ => {
                ensure!(!self.run_on_startup, "runOnStartup must be false in production: each scale-out would run it");
                Trigger::Timer { schedule: Box::new(schedule(&self.schedule)?), monitored: self.use_monitor.unwrap_or(true) }
            }
        })
    }

    fn output(&self, settings: &AppSettings) -> anyhow::Result<Output> {
        let queue = if self.r#type == "queue" { Some(self.queue(settings)?) } else { None };
        Ok(Output { name: self.name.clone(), binary: self.data_type.as_deref() == Some("binary"), queue })
    }

    fn queue(&self, settings: &AppSettings) -> anyhow::Result<(String, StorageAccount)> {
        let name = &self.queue_name;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (3..=63).contains(&name.len()) && name.chars().all(plain) && !name.contains("--");
        ensure!(fits && !name.starts_with('-') && !name.ends_with('-'), "'{name}' is no name for a queue");
        let setting = if self.connection.is_empty() { "AzureWebJobsStorage" } else { &self.connection };
        Ok((name.clone(), StorageAccount::of(setting, settings)?))
    }
}

fn schedule(text: &str) -> anyhow::Result<Schedule> {
    // The host takes five fields, too.
    let six = if text.split_whitespace().count() == 5 { format!("0 {text}") } else { text.to_owned() };
    let parsed = Schedule::parse(&six).map_err(anyhow::Error::msg).context("schedule")?;
    parsed.context("the schedule is empty")
}

impl RetryFile {
    fn read(&self) -> anyhow::Result<Retry> {
        ensure!(self.max_retry_count >= -1, "maxRetryCount is {}", self.max_retry_count);
        let told = |name, told: &Option<String>| {
            span(told.as_deref().with_context(|| format!("{name} is missing for the strategy {}", self.strategy))?)
        };
        let (shortest, longest) = match self.strategy.as_str() {
            "fixedDelay" => {
                let delay = told("delayInterval", &self.delay_interval)?;
                (delay, delay)
            }
            "exponentialBackoff" => {
                (told("minimumInterval", &self.minimum_interval)?, told("maximumInterval", &self.maximum_interval)?)
            }
            other => bail!("the strategy is '{other}'; the host knows fixedDelay and exponentialBackoff"),
        };
        ensure!(shortest <= longest, "minimumInterval is longer than maximumInterval");
        Ok(Retry { most: self.max_retry_count, shortest, longest })
    }
}
