//! The gateway's wire: addresses, parameters, credentials. Knows items and problems, nothing of alerts.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, IF_MATCH};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::super::Connection;
use super::auth::Auth;
use super::problem::{Gateway, Problem, unfit};
use super::shapes::{Changed, Comment, Computer, Created, Health, Item, Items, Listed, Metadata};
use crate::clock::Clock;
use crate::provider::judgement::{Case, json};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings, credentials};

/// One call.
struct Call<'a> {
    method: Method,
    /// Path segments below `/v1/`.
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
    body: Option<Vec<u8>>,
    /// Names the call in errors, as a participle.
    what: &'a str,
}

impl<'a> Call<'a> {
    const fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)], what: &'a str) -> Self {
        Self { method: Method::GET, path, query, headers: &[], body: None, what }
    }

    fn effect(&self) -> Effect {
        if self.method == Method::GET { Effect::Read } else { Effect::Write }
    }
}

/// What came of a write: done, or not begun because of a property that does not fit.
#[derive(Debug)]
pub(super) enum Said<T> {
    Done(T),
    Unfit(Problem),
}

/// Which kind of work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Incidents,
    Changes,
}

impl Kind {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Changes => "changes",
        }
    }
}

/// One gateway.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    base: Url,
    auth: Auth,
    voice: Gateway,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            wire: Wire::new(connection)?,
            base: connection.url.clone(),
            auth: Auth::new(connection, surroundings)?,
            voice: Gateway { relay: connection.own.service_manager.relay.is_some() },
            clock: Arc::clone(&surroundings.clock),
        })
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) const fn auth(&self) -> &Auth {
        &self.auth
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = below(&below(&self.base, &["v1"]), call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        url
    }

    fn request(&self, call: &Call<'_>, url: &Url) -> RequestBuilder {
        let mut request =
            self.wire.request(call.method.clone(), url.clone()).header(ACCEPT, "application/json, application/problem+json");
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        }
    }

    const fn case<'a>(&'a self, answer: &'a Answer, effect: Effect, what: &'a str, now: jiff::Timestamp) -> Case<'a> {
        Case { voice: &self.voice, answer, effect, what, now }
    }

    async fn exchange<T: Send>(
        &self,
        call: &Call<'_>,
        judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<(T, HeaderMap), Trouble> {
        let url = self.url(call);
        let request = || self.request(call, &url);
        credentials::call(&self.wire, &self.auth, call.effect(), call.what, request, judged).await
    }

    /// A read, or a write that is not asked again with less.
    async fn whole<T: DeserializeOwned + Send>(&self, call: &Call<'_>) -> Result<(T, HeaderMap), Trouble> {
        self.exchange(call, |answer| self.case(answer, call.effect(), call.what, self.clock.now()).whole(json)).await
    }

    async fn write<T: DeserializeOwned + Send>(&self, call: &Call<'_>) -> Result<(Said<T>, HeaderMap), ProviderError> {
        let judged = |answer: &Answer| match unfit(answer) {
            Some(problem) => Ok(Said::Unfit(problem)),
            None => self.case(answer, Effect::Write, call.what, self.clock.now()).whole(json).map(Said::Done),
        };
        Ok(self.exchange(call, judged).await?)
    }

    /// How the gateway is, with the headers of its answer.
    pub(super) async fn health(&self) -> Result<(Health, HeaderMap), Trouble> {
        self.whole(&Call::get(&["health"], &[], "asking the gateway how it is")).await
    }

    /// The same as a stranger, past the relay if there is one: tells whether a gateway is there at all.
    pub(super) async fn knock(&self) -> Result<(), Trouble> {
        let call = Call::get(&["health"], &[], "asking whether a gateway is there");
        let request = self.request(&call, &self.url(&call));
        let request = match self.auth.hop().await? {
            Some(proof) => proof.show(request),
            None => request,
        };
        let answer = self.wire.send(request, Effect::Read, call.what).await?;
        self.case(&answer, Effect::Read, call.what, self.clock.now()).whole(json::<Value>).map(drop)
    }

    pub(super) async fn metadata(&self) -> Result<Metadata, ProviderError> {
        Ok(self.whole(&Call::get(&["metadata"], &[], "reading lists, templates and properties")).await?.0)
    }

    /// Computers that `name` means.
    pub(super) async fn computers(&self, name: &str) -> Result<Vec<Computer>, ProviderError> {
        let found: (Items<Computer>, _) =
            self.whole(&Call::get(&["computers"], &[("name", name)], "looking for a computer")).await?;
        Ok(found.0.items)
    }

    /// Creates a computer, or answers the one that has the name.
    pub(super) async fn create_computer(&self, name: &str) -> Result<Computer, ProviderError> {
        let body = bytes(&serde_json::json!({"principalName": name}));
        let call = Call {
            method: Method::POST,
            path: &["computers"],
            query: &[],
            headers: &[],
            body: Some(body),
            what: "creating a computer",
        };
        let computer: Computer = self.whole(&call).await?.0;
        if computer.id.is_empty() {
            return Err(ProviderError::Ambiguous { cause: format!("{}: the answer names no computer", call.what) });
        }
        Ok(computer)
    }

    /// Incidents of a look-up; the caller verifies each.
    pub(super) async fn keyed(&self, query: &[(&str, &str)]) -> Result<Vec<Item>, ProviderError> {
        let found: (Listed, _) = self.whole(&Call::get(&["incidents"], query, "looking for an incident")).await?;
        Ok(found.0.items)
    }

    /// A page. An inner error is an answer that is not whole; asking for less may help.
    pub(super) async fn list(&self, kind: Kind, query: &[(&str, &str)]) -> Result<Result<Listed, String>, ProviderError> {
        let what = format!("reading {}", kind.path());
        let path = [kind.path()];
        let call = Call::get(&path, query, &what);
        let judged = |answer: &Answer| self.case(answer, Effect::Read, call.what, self.clock.now()).judge(json);
        Ok(self.exchange(&call, judged).await?.0)
    }

    /// One incident, verified to be the one; nothing when it is gone or not ours to see.
    pub(super) async fn incident(&self, id: &str) -> Result<Option<Item>, ProviderError> {
        let what = format!("reading incident {id}");
        match self.whole::<Item>(&Call::get(&["incidents", id], &[], &what)).await {
            Ok((item, _)) if item.id.eq_ignore_ascii_case(id) => Ok(Some(item)),
            Ok(_) => Err(Effect::Read.unknown(format!("{what}: the gateway answered with another work item"))),
            Err(Trouble::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Creates an incident; whether the answer is one that was given before.
    pub(super) async fn create(&self, key: &str, body: &Value) -> Result<(Said<Created>, bool), ProviderError> {
        let call = Call {
            method: Method::POST,
            path: &["incidents"],
            query: &[],
            headers: &[("idempotency-key", key)],
            body: Some(bytes(body)),
            what: "creating incident",
        };
        let (said, headers) = self.write(&call).await?;
        if matches!(&said, Said::Done(Created { id, .. }) if id.is_empty()) {
            return Err(ProviderError::Ambiguous { cause: "creating incident: the answer names no incident".to_owned() });
        }
        Ok((said, headers.contains_key("idempotent-replayed")))
    }

    /// Changes an incident; with an `etag` only if nobody else has changed it meanwhile.
    pub(super) async fn change(
        &self,
        id: &str,
        etag: Option<&str>,
        body: &Value,
        what: &str,
    ) -> Result<Said<Changed>, ProviderError> {
        let headers: Vec<_> = etag.map(|etag| (IF_MATCH.as_str(), etag)).into_iter().collect();
        let call = Call {
            method: Method::PATCH,
            path: &["incidents", id],
            query: &[],
            headers: &headers,
            body: Some(bytes(body)),
            what,
        };
        let (said, _) = self.write::<Changed>(&call).await?;
        match &said {
            Said::Done(changed) if !changed.item.id.eq_ignore_ascii_case(id) => {
                Err(ProviderError::Ambiguous { cause: format!("{what}: the gateway answered with another work item") })
            }
            _ => Ok(said),
        }
    }

    /// All comments of an incident; nothing when it is gone.
    pub(super) async fn comments(&self, id: &str) -> Result<Option<Vec<Comment>>, ProviderError> {
        let what = format!("reading the comments of {id}");
        match self.whole::<Items<Comment>>(&Call::get(&["incidents", id, "comments"], &[], &what)).await {
            Ok((found, _)) => Ok(Some(found.items)),
            Err(Trouble::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Appends a comment. Not idempotent: the caller has looked before.
    pub(super) async fn comment(&self, id: &str, text: &str) -> Result<(), ProviderError> {
        let what = format!("appending a comment to {id}");
        let call = Call {
            method: Method::POST,
            path: &["incidents", id, "comments"],
            query: &[],
            headers: &[],
            body: Some(bytes(&serde_json::json!({"text": text}))),
            what: &what,
        };
        let _: (Value, _) = self.whole(&call).await?;
        Ok(())
    }
}

/// A body as it is sent: the gateway tells a repeated create by its bytes.
fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}
