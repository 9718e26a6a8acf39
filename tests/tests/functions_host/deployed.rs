//! The connector as it stands on Azure: its package in an app root, its app settings, a storage account, a ServiceNow. With
//! `ITSM_PACKAGE=DIRECTORY` it is the package that is unpacked there, else the files of this repository and a test build.

use std::path::{Path, PathBuf};

use anyhow::Context;
use emulators::servicenow::{Options as ToolOptions, Seed, ServiceNow};
use serde_json::Value;
use tests::azurite::{azurite, unique};
use tests::crash;
use tests::functions_host::{App, AppSettings, FunctionsHost, Keys, Options, StorageAccount, StorageQueue, Worker, lay, until};
use tests::process::Scratch;

use crate::stage::client;

/// Ten minutes are twenty seconds, thirty seconds are one.
const FASTER: u32 = 30;
/// Nothing that a story does not put there itself.
const BARE: Seed = Seed { incidents: 0, change_requests: 0, problems: 0, servers: 0, tables: 0 };
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
pub(crate) const PROXYING: &str = "enableProxyingHttpRequest";
pub(crate) const INCIDENT: &str = "/api/alerts/snow/incident";

/// A deployment with a queue and containers of its own.
pub(crate) struct Deployed {
    pub(crate) tool: ServiceNow,
    pub(crate) settings: AppSettings,
    root: Scratch,
    account: StorageAccount,
    pub(crate) queue: String,
}

impl Deployed {
    /// With `more` settings of the connection, or further sections. Nothing where Azurite does not run.
    pub(crate) async fn new(more: &str) -> Option<Self> {
        Self::with(more, "").await
    }

    /// The same with `storage` settings, too.
    pub(crate) async fn with(more: &str, storage: &str) -> Option<Self> {
        let tool = ServiceNow::start_with(ToolOptions { seed: BARE, ..ToolOptions::default() }).await;
        Self::before(tool, more, storage)
    }

    /// Before a tool that is there.
    pub(crate) fn before(tool: ServiceNow, more: &str, storage: &str) -> Option<Self> {
        let connection = azurite()?.connection_string();
        let queue = unique("workitems");
        let settings = [
            ("FUNCTIONS_WORKER_RUNTIME", "custom"),
            ("AzureWebJobsStorage", &connection),
            ("ITSM_CONNECTOR_CONFIG", "connector.toml"),
            ("ITSM_QUEUE", &queue),
            ("ITSM_SYNC_SCHEDULE", "0 */5 * * * *"),
            ("ITSM_REFRESH_SCHEDULE", "0 0 3 * * *"),
            ("SNOW_PASSWORD", "p"),
            ("RUST_LOG", "info"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let root = Scratch::new("deployed").unwrap();
        let (state, deliveries) = (unique("state"), unique("deliveries"));
        let connector = format!(
            "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n\
             {more}\n[storage]\nblobs = \"$AzureWebJobsStorage\"\nqueues = \"$AzureWebJobsStorage\"\nqueue = \"{queue}\"\n\
             state_container = \"{state}\"\ndeliveries_container = \"{deliveries}\"\ntimeout = \"30s\"\n{storage}",
            tool.url()
        );
        let (files, executable) = match std::env::var_os("ITSM_PACKAGE").map(PathBuf::from) {
            Some(package) => {
                let package = package.canonicalize().unwrap();
                (package.clone(), package.join("itsm-connector"))
            }
            None => (REPOSITORY.into(), env!("CARGO_BIN_EXE_connector").into()),
        };
        lay(root.path(), &files, &executable, &connector).unwrap();
        let account = StorageAccount::parse(&connection).unwrap();
        Some(Self { tool, settings, root, account, queue })
    }

    /// With something else in one of the files of the app root, at a JSON pointer.
    pub(crate) fn edited(self, file: &str, pointer: &str, value: impl Into<Value>) -> Self {
        let path = self.path().join(file);
        let mut document: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.into(),
            other => other[name] = value.into(),
        }
        std::fs::write(path, document.to_string()).unwrap();
        self
    }

    /// In one of the two shapes of HTTP.
    pub(crate) fn proxying(self, proxying: bool) -> Self {
        self.edited("host.json", &format!("/customHandler/{PROXYING}"), proxying)
    }

    /// Loads the app; what the host would refuse fails the story.
    pub(crate) fn app(&self) -> App {
        App::read(self.path(), self.settings.clone()).unwrap()
    }

    /// The app root.
    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn connector_toml(&self) -> String {
        std::fs::read_to_string(self.path().join("connector.toml")).unwrap()
    }

    pub(crate) async fn run(&self, instances: usize) -> FunctionsHost {
        self.run_with(instances, options()).await
    }

    pub(crate) async fn run_with(&self, instances: usize, options: Options) -> FunctionsHost {
        FunctionsHost::run(self.app(), options, &vec![Worker::Executable; instances]).await.unwrap()
    }

    /// The queue of deliveries, or the one for what the host gave up.
    pub(crate) fn queue(&self, suffix: &str) -> StorageQueue {
        self.account.queue(&format!("{}{suffix}", self.queue)).unwrap()
    }

    /// Our incidents.
    pub(crate) fn incidents(&self) -> Vec<crash::Record> {
        crash::ours(&self.tool)
    }

    /// `itsm-connector deliveries .. --json`, beside the app, with its settings.
    pub(crate) async fn deliveries(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_connector"));
        command.arg("deliveries").args(arguments).args(["--json", "--config", "connector.toml"]);
        command.current_dir(self.path()).envs(&self.settings).env("RUST_LOG", "error");
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).with_context(|| format!("{} {said}", String::from_utf8_lossy(&output.stdout)))
    }

    /// Waits until nothing is left to deliver.
    pub(crate) async fn settled(&self, host: &FunctionsHost) -> Value {
        until("an empty backlog", async || status(host).await.pointer("/counts/backlog").and_then(Value::as_u64) == Some(0))
            .await;
        status(host).await
    }
}

/// With keys of the functions that stories call.
pub(crate) fn options() -> Options {
    let functions = [("alert_intake".to_owned(), "intake-key".to_owned()), ("status".to_owned(), "status-key".to_owned())];
    Options { keys: Keys { functions: functions.into(), ..Keys::default() }, faster: FASTER, ..Options::default() }
}

/// Posts with the function's key; status and body.
pub(crate) async fn post(host: &FunctionsHost, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = client().post(format!("{}{path}?code=intake-key", host.url())).header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

/// `GET /api/status`; nothing while it is not answered.
pub(crate) async fn status(host: &FunctionsHost) -> Value {
    let request = client().get(format!("{}/api/status", host.url())).header("x-functions-key", "status-key");
    let Ok(answer) = request.send().await else { return Value::Null };
    answer.json().await.unwrap_or_default()
}
