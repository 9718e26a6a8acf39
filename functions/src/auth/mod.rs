//! Who may call. A request from outside has no name here; only [`Verified`] does, and only this room can make one, so no
//! function can look at a path, a query or a body before the caller is known.

mod entra;
mod keys;
mod signing_keys;

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use connector::clock::Clock;
use connector::secret::Secrets;
use connector::settings::Intake;
use serde::de::DeserializeOwned;

use crate::body;
use crate::edge::{Edge, Limits};
use crate::host::{Host, HttpFunction};
use crate::problem::Problem;
use entra::EntraTokens;
use keys::{ApiKeys, KeyVerdict};

/// A request whose caller may call.
pub struct Verified {
    parts: Parts,
    body: Body,
}

impl fmt::Debug for Verified {
    /// Without headers and query: they hold the key or the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("path", &self.parts.uri.path()).finish_non_exhaustive()
    }
}

impl Verified {
    /// The parts of the path that the function's route names, percent-decoded.
    pub(crate) async fn path<T: DeserializeOwned + Send>(&mut self) -> Result<T, Problem> {
        let path = Path::<T>::from_request_parts(&mut self.parts, &()).await.map_err(|_| {
            Problem::new(StatusCode::BAD_REQUEST, "bad-path", "The path is wrong")
                .detail("the path is not percent-encoded UTF-8")
                .remedy("use the names of connector.toml: letters, digits, \"-\" and \"_\"")
        })?;
        Ok(path.0)
    }

    /// The query as it came. It holds the key: never shown, never logged.
    pub(crate) fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.parts.headers.get(name).map(HeaderValue::as_bytes)
    }

    /// A header's values, in their order.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.parts.headers.get_all(name).iter().map(HeaderValue::as_bytes)
    }

    /// The whole body, within the limits.
    pub(crate) async fn body(self, limits: &Limits) -> Result<Bytes, Problem> {
        body::read(self.body, limits).await
    }
}

impl FromRequest<Arc<Edge>> for Verified {
    type Rejection = Problem;

    async fn from_request(request: Request, edge: &Arc<Edge>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let function = parts.extensions.get::<HttpFunction>().copied();
        edge.authenticator.check(function, &parts.headers, parts.uri.query()).await?;
        Ok(Self { parts, body })
    }
}

/// No HTTPS client towards Entra can be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot prepare the check of Entra tokens: {0}; see that the machine has certificate authorities installed")]
pub struct SetupError(String);

/// Where the platform puts what it knows of a caller: base64 of JSON.
const PRINCIPAL: &str = "x-ms-client-principal";

/// Checks credentials: API keys, Entra bearer tokens, or both; behind the Functions host also what the host and the platform checked.
#[derive(Debug)]
pub struct Authenticator {
    keys: Option<ApiKeys>,
    entra: Option<EntraTokens>,
    host: Host,
}

impl Authenticator {
    /// Accepts what `intake` names; with nothing named, nobody.
    pub fn new(intake: &Intake, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let entra = intake.entra.as_ref().map(|entra| EntraTokens::new(entra, Arc::clone(&clock))).transpose()?;
        let keys = (!intake.api_keys.is_empty()).then(|| ApiKeys::new(intake.api_keys.clone(), secrets, clock));
        Ok(Self { keys, entra, host: Host::default() })
    }

    /// The same behind `host`: where it asks for a function key, nobody without one comes as far as here, and its key may be no
    /// key of ours.
    pub(crate) fn set_host(&mut self, host: Host) {
        self.host = host;
    }

    async fn check(&self, function: Option<HttpFunction>, headers: &HeaderMap, query: Option<&str>) -> Result<(), Problem> {
        if function.is_some_and(|function| self.host.asks_for_key(function)) {
            return Ok(());
        }
        let key = match &self.keys {
            Some(keys) => keys.check(headers, query),
            None => KeyVerdict::Absent,
        };
        if key == KeyVerdict::Accepted {
            return Ok(());
        }
        let principal = headers.get(PRINCIPAL).filter(|_| self.host.names_callers());
        match (&self.entra, bearer(headers), principal) {
            (Some(entra), Some(token), _) => entra.check(token).await,
            (Some(entra), None, Some(principal)) => entra.check_principal(principal.as_bytes()),
            (_, token, _) => Err(self.refusal(key, token.is_some())),
        }
    }

    fn refusal(&self, key: KeyVerdict, token: bool) -> Problem {
        let (detail, remedy) = match (key, &self.keys, &self.entra) {
            (_, None, None) => (
                "no way to authenticate is configured, so every call is refused",
                "set api_keys or entra in the section [intake] of connector.toml",
            ),
            (KeyVerdict::Unresolved, ..) => {
                return Problem::unavailable("keys-unavailable", "The keys are not available")
                    .detail("no accepted key can be read, so the caller cannot be checked")
                    .remedy("set the environment variables that intake.api_keys names (on Azure: see that the Key Vault reference resolves)");
            }
            (KeyVerdict::Refused, ..) => (
                "the key is not one of the accepted keys",
                "use a key that intake.api_keys names; after a rotation, put the new key into the action group's URL",
            ),
            (_, Some(_), None) if token => (
                "a bearer token came, but this connector accepts keys only",
                "send a key in the header x-functions-key or the query parameter code, or configure intake.entra",
            ),
            (_, Some(_), None) => ("no key came", "send it in the header x-functions-key or the query parameter code"),
            (_, None, Some(_)) => ("no bearer token came", "use the secure webhook of the action group, which sends one"),
            (_, Some(_), Some(_)) => (
                "neither a key nor a bearer token came",
                "send a key in the header x-functions-key or the query parameter code, or use a secure webhook",
            ),
        };
        let challenge = if self.entra.is_some() { "Bearer" } else { "ApiKey header=\"x-functions-key\"" };
        Problem::new(StatusCode::UNAUTHORIZED, "not-authenticated", "Not authenticated")
            .detail(detail)
            .remedy(remedy)
            .challenge(challenge)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
