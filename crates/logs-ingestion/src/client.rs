//! The client, and one upload through it: records come in one by one, calls go out side by side, memory stays at a few calls' size.

use std::{sync::Arc, time::Duration};

use azure_core::credentials::TokenCredential;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::task::{JoinError, JoinSet};

use crate::{
    batch::{Batch, Batcher},
    record::encode,
    report::{Failed, Failure, Refused, Report},
    send::{Sender, Shared},
    settings::{Options, SettingsError, Target},
    token::Tokens,
};

/// Sends records to one stream of a data collection rule. Cheap to clone; clones share connections and token.
#[derive(Debug, Clone)]
pub struct Client {
    sender: Arc<Sender>,
}

impl Client {
    /// A client with the usual options. Touches no network.
    pub fn new(target: &Target, credential: Arc<dyn TokenCredential>) -> Result<Self, SettingsError> {
        Self::with_options(target, credential, Options::default())
    }

    /// A client with these options. Touches no network.
    pub fn with_options(target: &Target, credential: Arc<dyn TokenCredential>, options: Options) -> Result<Self, SettingsError> {
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            .user_agent(concat!("logs-ingestion-rust/", env!("CARGO_PKG_VERSION")));
        if target.address.scheme() == "http" {
            // Only this machine is spoken to in clear; a proxy could not reach it.
            http = http.no_proxy();
        }
        Self::with_http(target, credential, options, http.build().map_err(SettingsError::Http)?)
    }

    /// A client over a given HTTP client, for proxies and own certificate authorities. It must not follow redirects;
    /// `options.timeout` is not used.
    pub fn with_http(
        target: &Target,
        credential: Arc<dyn TokenCredential>,
        options: Options,
        http: reqwest::Client,
    ) -> Result<Self, SettingsError> {
        options.check()?;
        let tokens = Tokens::new(credential, options.cloud.scope());
        Ok(Self { sender: Arc::new(Sender { http, address: target.address.clone(), tokens, options }) })
    }

    /// Sends all records; returns when the service has answered for each.
    pub async fn upload<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> Result<Report, Failed> {
        self.upload_stream(futures_util::stream::iter(records)).await
    }

    /// Sends the records of a stream as they come. After a failure the stream is not read to its end.
    pub async fn upload_stream<R: Serialize>(&self, records: impl Stream<Item = R>) -> Result<Report, Failed> {
        let mut records = std::pin::pin!(records);
        let mut upload = self.begin();
        while let Some(record) = records.next().await {
            if upload.push(&record).await.is_err() {
                break;
            }
        }
        upload.finish().await
    }

    /// Begins an upload that is fed by hand.
    pub fn begin(&self) -> Upload {
        Upload {
            batcher: Batcher::new(self.sender.options.call_limit),
            sender: Arc::clone(&self.sender),
            shared: Arc::default(),
            calls: JoinSet::new(),
            report: Report::default(),
            failure: None,
            next: 0,
        }
    }
}

/// The upload has failed; [`Upload::finish`] tells why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upload has ended early; finish it to learn why")]
pub struct Stopped;

/// An upload under way. Dropping it gives up: calls on their way may still be stored.
#[derive(Debug)]
#[must_use = "nothing is certain before `finish`"]
pub struct Upload {
    sender: Arc<Sender>,
    shared: Arc<Shared>,
    batcher: Batcher,
    calls: JoinSet<(Report, Option<Failure>)>,
    report: Report,
    failure: Option<Failure>,
    next: u64,
}

impl Upload {
    /// Adds one record. Waits while as many calls are on their way as allowed, and so holds back a source that is too fast.
    pub fn push<'a, R: Serialize + ?Sized>(&'a mut self, record: &R) -> impl Future<Output = Result<(), Stopped>> + use<'a, R> {
        // Serialised before the future is made, so that it does not hold the record.
        let full = self.take_in(record);
        async move {
            if let Some(batch) = full {
                self.start(batch).await;
            }
            while let Some(done) = self.calls.try_join_next() {
                self.settle(done);
            }
            if self.failure.is_some() { Err(Stopped) } else { Ok(()) }
        }
    }

    /// Sends what is left and waits for all answers.
    pub async fn finish(mut self) -> Result<Report, Failed> {
        if let Some(batch) = self.batcher.rest() {
            self.start(batch).await;
        }
        while let Some(done) = self.calls.join_next().await {
            self.settle(done);
        }
        match self.failure {
            None => Ok(self.report),
            Some(failure) => Err(Failed { failure, report: self.report }),
        }
    }

    fn take_in<R: Serialize + ?Sized>(&mut self, record: &R) -> Option<Batch> {
        if self.failure.is_some() {
            return None;
        }
        let options = &self.sender.options;
        let position = self.next;
        self.next += 1;
        match encode(record, options.field_limit, options.call_limit) {
            Ok(encoded) => {
                self.report.cut_fields += encoded.cut;
                self.batcher.push(&encoded.json, position)
            }
            Err((because, record)) => {
                let failure = self.shared.refuse(options.most_refused, &because);
                self.report.refused.push(Refused { position, record, because });
                self.fail(failure);
                None
            }
        }
    }

    async fn start(&mut self, batch: Batch) {
        while self.calls.len() >= self.sender.options.parallel.get() {
            let Some(done) = self.calls.join_next().await else { break };
            self.settle(done);
        }
        if self.failure.is_none() {
            let (sender, shared) = (Arc::clone(&self.sender), Arc::clone(&self.shared));
            self.calls.spawn(async move { sender.send(batch, &shared).await });
        }
    }

    fn settle(&mut self, done: Result<(Report, Option<Failure>), JoinError>) {
        let (report, failure) = done.unwrap_or_else(|_| (Report::default(), Some(Failure::Ended)));
        self.report.add(report);
        self.fail(failure);
    }

    /// Keeps the first failure and stops everything else.
    fn fail(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            self.failure.get_or_insert(failure);
            self.shared.stop.send_replace(true);
        }
    }
}
