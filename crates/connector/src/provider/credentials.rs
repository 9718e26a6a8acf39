//! How a call proves who it is, and what happens when the proof is refused: a token is refreshed once, then the credentials are
//! used once, then a person is told in the product's words. Secrets are asked when they are used, so that a rotated one is
//! picked up without a restart.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::token::{Renewal, TokenCache};
use super::trouble::Trouble;
use super::wire::{Answer, Effect, Wire};
use super::{ProviderError, WaitReason};
use crate::clock::Clock;
use crate::secret::{Secret, SecretRef, Secrets};

/// What a call shows.
#[derive(Debug, Clone)]
pub enum Proof {
    /// User name and password.
    Basic(String, Secret),
    /// A token in `Authorization`, behind the scheme's name.
    Token {
        /// `Bearer`, or what the tool wants there.
        scheme: &'static str,
        /// The token, which can be renewed.
        token: Secret,
    },
    /// A key in a header of its own.
    Key {
        /// The header, in lower case.
        header: &'static str,
        /// The key, which cannot be renewed.
        key: Secret,
    },
    /// Two of them: one for a relay on the way, and one for the tool behind it.
    Through {
        /// For the relay.
        relay: Box<Self>,
        /// For the tool.
        own: Box<Self>,
    },
}

impl Proof {
    /// A bearer token.
    #[must_use]
    pub const fn bearer(token: Secret) -> Self {
        Self::Token { scheme: "Bearer", token }
    }

    /// Adds the proof to a request, marked so that no log prints it.
    pub fn show(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic(user, password) => request.basic_auth(user, Some(password.expose())),
            Self::Token { scheme, token } => sensitive(request, AUTHORIZATION.as_str(), &format!("{scheme} {}", token.expose())),
            Self::Key { header, key } => sensitive(request, header, key.expose()),
            Self::Through { relay, own } => own.show(relay.show(request)),
        }
    }
}

/// Adds a header that no log prints.
pub fn sensitive(request: RequestBuilder, header: &str, text: &str) -> RequestBuilder {
    match HeaderValue::from_str(text) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(header, value)
        }
        // Not a header value: let the request fail to build, for which the wire has a remedy.
        Err(_) => request.header(header, "\n"),
    }
}

/// The credentials of one connection.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// What the next call shows; fetches a token if need be.
    async fn proof(&self) -> Result<Proof, ProviderError>;

    /// Where tokens are kept.
    fn tokens(&self) -> &TokenCache;

    /// Remembers that the credentials work.
    fn accepted(&self);

    /// What to say when a call is refused for good; `told` is what the tool said.
    fn unauthorised(&self, told: &str) -> ProviderError;

    /// Whether another try makes sense after the `tries`th refusal of one call: a token is refreshed once, then the credentials
    /// are used once.
    async fn renew(&self, refused: &Proof, tries: u32) -> bool {
        let Proof::Token { token, .. } = refused else { return false };
        let renewal = match tries {
            1 => Renewal::Refresh,
            2 => Renewal::Login,
            _ => return false,
        };
        self.tokens().refused(token, renewal).await;
        true
    }
}

/// Does one call: shows a proof, sends, judges, and renews the proof when it is refused. `request` makes the request anew for
/// each try, without the proof. Answers the headers, too.
pub async fn call<T>(
    wire: &Wire,
    credentials: &dyn Credentials,
    effect: Effect,
    what: &str,
    request: impl Fn() -> RequestBuilder + Send + Sync,
    judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
) -> Result<(T, HeaderMap), Trouble> {
    let mut tries = 0;
    loop {
        tries += 1;
        let proof = credentials.proof().await?;
        let answer = wire.send(proof.show(request()), effect, what).await?;
        match judged(&answer) {
            Ok(value) => {
                credentials.accepted();
                return Ok((value, answer.headers));
            }
            Err(Trouble::Unauthorised(told)) => {
                if !credentials.renew(&proof, tries).await {
                    return Err(Trouble::Error(credentials.unauthorised(&told)));
                }
            }
            Err(other) => return Err(other),
        }
    }
}

/// When credentials last worked: tells a wrong secret from one that has expired, where the tool answers the same to both.
#[derive(Debug)]
pub struct Worked {
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Timestamp>>,
}

impl Worked {
    /// Never yet.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new(None) }
    }

    /// They work now.
    pub fn now(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
    }

    /// Until when they are known to have worked; nothing when they never did.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A secret; one that is missing makes the connection wait.
pub fn secret(secrets: &dyn Secrets, reference: &SecretRef) -> Result<Secret, ProviderError> {
    secrets.get(reference).map_err(|missing| refused(missing.cause, missing.remedy))
}

/// The connection waits until a person mends its credentials.
#[must_use]
pub fn refused(cause: impl Into<String>, remedy: impl Into<String>) -> ProviderError {
    ProviderError::Wait { reason: WaitReason::Credentials, after: None, cause: cause.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests;
