//! How a call proves who it is: a token that the portal gives out for a user name and password and that lives a few minutes, or one made
//! in the portal's own pages. Secrets are asked when they are used, so that a rotated one is picked up without a restart.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::json;
use url::Url;

use super::super::config::ServiceManagerAuth;
use super::classify;
use crate::clock::Clock;
use crate::provider::credentials::{self, Credentials, Proof, Worked, secret};
use crate::provider::judgement::{Case, Flaw, json as read};
use crate::provider::token::{Token, TokenCache, TokenSource};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Effect, Wire};
use crate::provider::{ProviderError, Surroundings};
use crate::secret::{Secret, Secrets};

/// How long a token is believed. The portal does not tell; published clients reckon with this.
const LIFE: Duration = Duration::from_secs(300);
const WHAT: &str = "signing in at the portal";

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    settings: ServiceManagerAuth,
    language: String,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    wire: Wire,
    /// Where tokens are given out.
    url: Url,
    tokens: TokenCache,
    worked: Worked,
}

impl Auth {
    pub(super) fn new(settings: ServiceManagerAuth, language: String, wire: Wire, url: Url, surroundings: &Surroundings) -> Self {
        let clock = || Arc::clone(&surroundings.clock);
        let secrets = Arc::clone(&surroundings.secrets);
        let (tokens, worked) = (TokenCache::new(clock()), Worked::new(clock()));
        Self { settings, language, secrets, clock: clock(), wire, url, tokens, worked }
    }

    /// The user's name as the settings tell it.
    pub(super) fn username(&self) -> &str {
        match &self.settings {
            ServiceManagerAuth::Password { username, .. } | ServiceManagerAuth::PortalToken { username, .. } => username,
            ServiceManagerAuth::SharedSecret { .. } | ServiceManagerAuth::ClientCredentials { .. } => "",
        }
    }

    /// For people: who signs in, and how.
    pub(super) fn who(&self) -> String {
        let how = match self.settings {
            ServiceManagerAuth::PortalToken { .. } => "a token made in the portal",
            _ => "user name and password",
        };
        format!("{} ({how})", self.username())
    }

    /// What to say when user name and password are refused.
    fn sign_in_refused(&self, told: &str) -> ProviderError {
        let user = self.username();
        let (cause, remedy) = match self.worked.until() {
            Some(since) => (
                format!(
                    "{told}: the password of \"{user}\" worked until {since}; it has expired or was changed, or the account was locked"
                ),
                "set the new password in its environment variable, or have the account unlocked".to_owned(),
            ),
            None => (
                format!("{told}: user name or password of \"{user}\" is wrong, or the account may not use the portal"),
                format!(
                    "check the user name (DOMAIN\\user) and the password's environment variable; see that {user} can sign in at the \
                     portal's own page, is not locked, and was synchronised to the portal (a new account takes its CacheBuilder a while)"
                ),
            ),
        };
        credentials::refused(cause, remedy)
    }
}

#[async_trait]
impl Credentials for Auth {
    async fn proof(&self) -> Result<Proof, ProviderError> {
        match &self.settings {
            ServiceManagerAuth::PortalToken { token, .. } => {
                let token = secret(self.secrets.as_ref(), token)?;
                // It cannot be renewed, which is what tells it from the other kind.
                let key = Secret::new(format!("Bearer {}", token.expose()));
                Ok(Proof::Key { header: "authorization", key })
            }
            _ => self.tokens.get(self).await.map(|token| Proof::Token { scheme: "Token", token }),
        }
    }

    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    fn accepted(&self) {
        self.worked.now();
    }

    fn unauthorised(&self, told: &str) -> ProviderError {
        let (cause, remedy) = match (&self.settings, self.worked.until()) {
            (ServiceManagerAuth::PortalToken { .. }, None) => (
                format!("{told}: the portal's token is wrong"),
                "check the token's environment variable; tokens are made in the portal's administration and need its newer platform",
            ),
            (ServiceManagerAuth::PortalToken { .. }, Some(since)) => (
                format!("{told}: the portal's token worked until {since}; it was revoked, or its user was locked"),
                "make a new token in the portal's administration and set it in its environment variable",
            ),
            (_, _) => (
                format!("{told}: a token that was given out a moment ago is not accepted"),
                "see that the integration user may use the portal's API (an analyst with a portal licence), and that a load balancer keeps \
                 its calls at one server: a token may be known to the server alone that gave it out",
            ),
        };
        credentials::refused(cause, remedy)
    }
}

#[async_trait]
impl TokenSource for Auth {
    async fn fetch(&self, _refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let ServiceManagerAuth::Password { username, password } = &self.settings else {
            let remedy = "write type = \"password\" or \"portal_token\" in auth";
            return Err(credentials::refused("the portal gives out tokens for a user name and password alone", remedy));
        };
        let password = secret(self.secrets.as_ref(), password)?;
        let body = json!({"UserName": username, "Password": password.expose(), "LanguageCode": self.language});
        let request = self.wire.request(Method::POST, self.url.clone()).header(ACCEPT, "application/json").json(&body);
        let answer = self.wire.send(request, Effect::Read, WHAT).await?;
        let now = self.clock.now();
        let judged = Case { voice: &classify::Portal, answer: &answer, effect: Effect::Read, what: WHAT, now };
        match judged.whole(token) {
            Ok(token) => {
                self.worked.now();
                Ok(Token::new(Secret::new(token), None, now, LIFE))
            }
            Err(Trouble::Unauthorised(told)) => Err(self.sign_in_refused(&told)),
            Err(Trouble::NotFound(cause)) => {
                Err(credentials::refused(cause, "check url: it must be the portal's address without /api"))
            }
            // Without a token nothing works, so it is never one delivery's fault.
            Err(Trouble::Error(ProviderError::Refused { cause, remedy })) => Err(credentials::refused(cause, remedy)),
            Err(Trouble::Error(error)) => Err(error),
        }
    }
}

/// The token is a JSON text, with its quotes; kept, they would make it worthless.
fn token(body: &[u8]) -> Result<String, Flaw> {
    let token: String = read(body)?;
    let token = token.trim();
    let good = !token.is_empty() && token.chars().all(|letter| letter.is_ascii_graphic());
    if good { Ok(token.to_owned()) } else { Err(Flaw::Shape("the answer is JSON but holds no token".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_json_text() {
        assert_eq!(token(b"\"b1f6c0\"").unwrap(), "b1f6c0");
        for body in [&b"b1f6c0"[..], b"\"\"", b"null", b"{\"token\":\"x\"}", b"\"two words\""] {
            assert!(token(body).is_err());
        }
    }
}
