//! What the stories stand on: an app in a directory of its own, and small handlers in this process.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tests::functions_host::{App, AppSettings, FunctionsHost, Options, Worker};
use tests::process::Scratch;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// An app root that is being written.
pub(crate) struct Root {
    pub(crate) scratch: Scratch,
    pub(crate) host: Value,
    pub(crate) settings: AppSettings,
}

impl Root {
    pub(crate) fn new() -> Self {
        let host = json!({
            "version": "2.0",
            "customHandler": { "description": { "defaultExecutablePath": "handler" }, "initializationTimeout": "00:01:00" },
            "extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)" },
            "extensions": { "queues": { "messageEncoding": "none" } }
        });
        Self { scratch: Scratch::new("app").unwrap(), host, settings: AppSettings::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// With something else in host.json, at a JSON pointer.
    pub(crate) fn host(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.host.pointer_mut(parent).unwrap()[name] = value.into();
        self
    }

    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn function(self, name: &str, content: &Value) -> Self {
        let folder = self.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("function.json"), content.to_string()).unwrap();
        self
    }

    /// A function that runs by the clock, every hour.
    pub(crate) fn timer(self, name: &str) -> Self {
        let timer = json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 * * * *" });
        self.function(name, &json!({ "bindings": [timer] }))
    }

    /// A function with an HTTP trigger and one output, open to anybody.
    pub(crate) fn http(self, name: &str, route: &str) -> Self {
        self.http_at(name, route, "anonymous")
    }

    pub(crate) fn http_at(self, name: &str, route: &str, level: &str) -> Self {
        let trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "req", "route": route, "authLevel": level });
        self.function(name, &json!({ "bindings": [trigger, { "type": "http", "direction": "out", "name": "res" }] }))
    }

    /// A script as the executable.
    pub(crate) fn script(self, content: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join("handler");
        std::fs::write(&path, format!("#!/bin/sh\n{content}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A program of ours as the executable.
    pub(crate) fn executable(self, binary: &str) -> Self {
        std::os::unix::fs::symlink(binary, self.path().join("handler")).unwrap();
        self
    }

    pub(crate) fn read(&self) -> anyhow::Result<App> {
        std::fs::write(self.path().join("host.json"), self.host.to_string())?;
        App::read(self.path(), self.settings.clone())
    }

    pub(crate) async fn run(&self, options: Options, worker: Worker) -> FunctionsHost {
        FunctionsHost::run(self.read().unwrap(), options, &[worker]).await.unwrap()
    }
}

/// A request as a handler got it.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A handler in this process that answers everything in one way, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Handler {
    answer: Arc<dyn Fn(&Got) -> Response + Send + Sync>,
    got: Arc<Mutex<Vec<Got>>>,
    /// Each answer takes a permit.
    pub(crate) gate: Arc<Semaphore>,
    /// The only path with the gate; else all have it.
    gated: Option<&'static str>,
}

impl Handler {
    pub(crate) fn new(answer: impl Fn(&Got) -> Response + Send + Sync + 'static) -> Self {
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { answer: Arc::new(answer), got: Arc::default(), gate, gated: None }
    }

    /// One that answers nothing until its gate gets permits.
    pub(crate) fn gated(mut self) -> Self {
        self.gate = Arc::new(Semaphore::new(0));
        self
    }

    /// The same at one path only.
    pub(crate) fn gated_at(self, path: &'static str) -> Self {
        Self { gated: Some(path), ..self.gated() }
    }

    /// One that answers with success and these outputs.
    pub(crate) fn outputs(outputs: Value) -> Self {
        Self::new(move |_| axum::Json(json!({ "Outputs": outputs, "Logs": [], "ReturnValue": null })).into_response())
    }

    pub(crate) async fn serve(&self) -> Worker {
        self.serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn serve_on(&self, listener: TcpListener) -> Worker {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Worker::At(url)
    }

    /// What it was asked, probes aside.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn handle(State(handler): State<Handler>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let got = Got { method, uri, headers, body };
    if got.uri.path() == "/" {
        return StatusCode::NOT_FOUND.into_response();
    }
    handler.got.lock().unwrap().push(got.clone());
    if handler.gated.is_none_or(|gated| gated == got.uri.path()) {
        handler.gate.acquire().await.unwrap().forget();
    }
    (handler.answer)(&got)
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}
