//! How a call proves who it is. Secrets are asked when they are used, so that a rotated one is picked up without a restart.
//! ServiceNow answers the same for a wrong password, a wrong client secret, an expired refresh token and a disabled grant;
//! which of them it can be is told from what worked before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::classify::{Trouble, envelope, judge};
use super::config::ServiceNowAuth;
use crate::clock::Clock;
use crate::provider::token::{Renewal, Token, TokenCache, TokenSource};
use crate::provider::wire::{Effect, Wire};
use crate::provider::{ProviderError, Surroundings, WaitReason};
use crate::secret::{Secret, SecretRef, Secrets};

/// Token life when the answer does not tell: ServiceNow's default.
const DEFAULT_LIFE: Duration = Duration::from_secs(1800);
/// The old connector's words, so that who searches for them finds these; and what is different here.
const INVALID: &str =
    "AccessToken and RefreshToken invalid. User needs to authenticate again. Signing in anew does not work either: ";

/// What a call shows.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    Basic(String, Secret),
    Bearer(Secret),
    ApiKey(Secret),
}

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    settings: ServiceNowAuth,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    wire: Wire,
    token_url: Url,
    tokens: TokenCache,
    /// When the instance last took our credentials.
    accepted: Mutex<Option<Timestamp>>,
}

impl Auth {
    pub(super) fn new(settings: ServiceNowAuth, wire: Wire, token_url: Url, surroundings: &Surroundings) -> Self {
        Self {
            settings,
            secrets: Arc::clone(&surroundings.secrets),
            clock: Arc::clone(&surroundings.clock),
            wire,
            token_url,
            tokens: TokenCache::new(Arc::clone(&surroundings.clock)),
            accepted: Mutex::new(None),
        }
    }

    /// What the next call shows; fetches a token if need be.
    pub(super) async fn proof(&self) -> Result<Proof, ProviderError> {
        match &self.settings {
            ServiceNowAuth::Basic { username, password } => Ok(Proof::Basic(username.clone(), self.secret(password)?)),
            ServiceNowAuth::ApiKey { key } => Ok(Proof::ApiKey(self.secret(key)?)),
            ServiceNowAuth::OauthPassword { .. } | ServiceNowAuth::ClientCredentials { .. } => {
                self.tokens.get(self).await.map(Proof::Bearer)
            }
        }
    }

    /// Whether another try makes sense after a 401, the `tries`th of one call: a token is refreshed once, then the
    /// credentials are used once.
    pub(super) async fn renew(&self, refused: &Proof, tries: u32) -> bool {
        match (refused, tries) {
            (Proof::Bearer(token), 1) => self.tokens.refused(token, Renewal::Refresh).await,
            (Proof::Bearer(token), 2) => self.tokens.refused(token, Renewal::Login).await,
            _ => return false,
        }
        true
    }

    /// Remembers that the credentials work.
    pub(super) fn accepted(&self) {
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
    }

    /// What to say when a call is refused for good with `told`.
    pub(super) fn unauthorised(&self, told: &str) -> ProviderError {
        let (cause, remedy) = match (&self.settings, self.since()) {
            (ServiceNowAuth::Basic { username, .. }, None) => (
                format!("{told}: user name or password of \"{username}\" is wrong, or the user may not use REST"),
                format!(
                    "check the user name and the password's environment variable; see that user {username} is active, not \
                     locked out, without multi-factor authentication, and has the role snc_basic_auth_api_access if the \
                     instance restricts basic authentication"
                ),
            ),
            (ServiceNowAuth::Basic { username, .. }, Some(since)) => (
                format!(
                    "{told}: the password of \"{username}\" worked until {since}; it has expired or was changed, or the user was locked out"
                ),
                "set the new password in its environment variable, or unlock the user".to_owned(),
            ),
            (ServiceNowAuth::ApiKey { .. }, None) => (
                format!("{told}: the API key is wrong or not allowed"),
                "check the key's environment variable, and that a REST API Access Policy with an Inbound Authentication Profile \
                 (x-sn-apikey) covers the Table API"
                    .to_owned(),
            ),
            (ServiceNowAuth::ApiKey { .. }, Some(since)) => (
                format!("{told}: the API key worked until {since}; it has expired or was revoked, or its user was locked out"),
                "make a new REST API key and set it in its environment variable".to_owned(),
            ),
            (ServiceNowAuth::OauthPassword { .. } | ServiceNowAuth::ClientCredentials { .. }, _) => (
                format!(
                    "{told}: a token that was issued a moment ago is not accepted, so the user of this token is not authorised"
                ),
                "see that the OAuth user is active, not locked out, and has the roles for REST (snc_platform_rest_api_access \
                 where the instance asks for it)"
                    .to_owned(),
            ),
        };
        ProviderError::Wait { reason: WaitReason::Credentials, after: None, cause, remedy }
    }

    fn since(&self) -> Option<Timestamp> {
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn secret(&self, reference: &SecretRef) -> Result<Secret, ProviderError> {
        self.secrets.get(reference).map_err(|missing| ProviderError::Wait {
            reason: WaitReason::Credentials,
            after: None,
            cause: missing.cause,
            remedy: missing.remedy,
        })
    }

    /// One request to the token endpoint. `Unauthorised` when the instance refuses the grant.
    async fn grant(&self, form: &[(&str, &str)]) -> Result<Token, Trouble> {
        let what = "fetching an OAuth token";
        let request = self.wire.request(Method::POST, self.token_url.clone()).form(form);
        let answer = self.wire.send(request, Effect::Read, what).await.map_err(Trouble::Error)?;
        let now = self.clock.now();
        if answer.status == 400 {
            // Newer releases may follow RFC 6749, where refused credentials are a 400.
            let told = envelope(&answer.body).unwrap_or_else(|| "the request was refused".to_owned());
            return Err(Trouble::Unauthorised(format!("{what}: {told}")));
        }
        let value = judge(&answer, Effect::Read, what, now)?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let seconds = value.get("expires_in").and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
        let access = text("access_token").ok_or_else(|| {
            Trouble::Error(ProviderError::Retry { after: None, cause: format!("{what}: the answer holds no access_token") })
        })?;
        let life = seconds.map_or(DEFAULT_LIFE, Duration::from_secs);
        Ok(Token::new(Secret::new(access), text("refresh_token").map(Secret::new), now, life))
    }

    /// What to say when no grant is taken; `refreshed` when a refresh token was not taken either.
    fn grant_refused(&self, told: &str, refreshed: bool) -> ProviderError {
        let which = match &self.settings {
            ServiceNowAuth::ClientCredentials { .. } => "the client id or client secret",
            _ => "the user name, password, client id or client secret",
        };
        let told = if refreshed { format!("{told}: {INVALID}") } else { format!("{told}: ") };
        let (cause, remedy) = match self.since() {
            Some(since) => (
                format!("{told}{which} worked until {since}; one of them has expired or was changed (ServiceNow does not tell which)"),
                "set the new secret in its environment variable; see that the OAuth application and its user are active".to_owned(),
            ),
            None => match &self.settings {
                ServiceNowAuth::ClientCredentials { .. } => (
                    format!("{told}{which} is wrong, or the grant is not allowed (ServiceNow does not tell which)"),
                    "check both; see that glide.oauth.inbound.client.credential.grant_type.enabled is true and that the OAuth \
                     application has an application user"
                        .to_owned(),
                ),
                _ => (
                    format!("{told}{which} is wrong, or the grant is not allowed (ServiceNow does not tell which)"),
                    "check all four; see that the user is active, not locked out and without multi-factor authentication, and that \
                     glide.oauth.inbound.ropc.grant_type.disabled is not set"
                        .to_owned(),
                ),
            },
        };
        ProviderError::Wait { reason: WaitReason::Credentials, after: None, cause, remedy }
    }
}

#[async_trait]
impl TokenSource for Auth {
    async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let (client_id, client_secret, user) = match &self.settings {
            ServiceNowAuth::OauthPassword { client_id, client_secret, username, password } => {
                (client_id, self.secret(client_secret)?, Some((username, self.secret(password)?)))
            }
            ServiceNowAuth::ClientCredentials { client_id, client_secret } => (client_id, self.secret(client_secret)?, None),
            ServiceNowAuth::Basic { .. } | ServiceNowAuth::ApiKey { .. } => {
                return Err(ProviderError::Refused {
                    cause: "this connection does not use tokens".to_owned(),
                    remedy: String::new(),
                });
            }
        };
        let client = [("client_id", client_id.as_str()), ("client_secret", client_secret.expose())];
        let with = |more: &[(&'static str, &str)], form: &mut Vec<(&'static str, String)>| {
            form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        };
        let mut attempts: Vec<Vec<(&'static str, String)>> = Vec::new();
        if let Some(refresh) = refresh {
            let mut form = Vec::new();
            with(&[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())], &mut form);
            attempts.push(form);
        }
        let mut form = Vec::new();
        match &user {
            Some((name, password)) => {
                with(&[("grant_type", "password"), ("username", name), ("password", password.expose())], &mut form);
            }
            None => with(&[("grant_type", "client_credentials")], &mut form),
        }
        attempts.push(form);
        let mut refused = String::new();
        for form in &attempts {
            let form: Vec<(&str, &str)> =
                form.iter().map(|(name, value)| (*name, value.as_str())).chain(client.iter().copied()).collect();
            match self.grant(&form).await {
                Ok(token) => {
                    self.accepted();
                    return Ok(token);
                }
                // A refresh token ends unannounced; the credentials are the way back.
                Err(Trouble::Unauthorised(told)) => refused = told,
                Err(Trouble::NotFound(cause)) => return Err(no_token(cause, "check url".to_owned())),
                // Without a token nothing works, so it is never one delivery's fault.
                Err(Trouble::Error(ProviderError::Refused { cause, remedy })) => return Err(no_token(cause, remedy)),
                Err(Trouble::Error(error)) => return Err(error),
            }
        }
        Err(self.grant_refused(&refused, refresh.is_some()))
    }
}

/// Adds the proof to a request, marked so that no log prints it.
pub(super) fn show(proof: &Proof, request: RequestBuilder) -> RequestBuilder {
    let sensitive = |text: &str| {
        HeaderValue::from_str(text).map(|mut value| {
            value.set_sensitive(true);
            value
        })
    };
    match proof {
        Proof::Basic(user, password) => request.basic_auth(user, Some(password.expose())),
        Proof::Bearer(token) => match sensitive(&format!("Bearer {}", token.expose())) {
            Ok(value) => request.header(AUTHORIZATION, value),
            Err(_) => request.header(AUTHORIZATION, "\n"),
        },
        Proof::ApiKey(key) => match sensitive(key.expose()) {
            Ok(value) => request.header("x-sn-apikey", value),
            // Not a header value: let the request fail to build, with a remedy.
            Err(_) => request.header("x-sn-apikey", "\n"),
        },
    }
}

fn no_token(cause: String, remedy: String) -> ProviderError {
    ProviderError::Wait { reason: WaitReason::Credentials, after: None, cause, remedy }
}
