//! How a call proves who it is. Secrets are asked when they are used, so that a rotated one is picked up without a restart.
//! ServiceNow answers the same for a wrong password, a wrong client secret, an expired refresh token and a disabled grant;
//! which of them it can be is told from what worked before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::classify;
use super::config::ServiceNowAuth;
use crate::provider::credentials::{self, Credentials, Proof, Worked, secret};
use crate::provider::grant::{Form, TokenEndpoint};
use crate::provider::token::{Token, TokenCache, TokenSource};
use crate::provider::wire::Wire;
use crate::provider::{ProviderError, Surroundings};
use crate::secret::{Secret, SecretRef, Secrets};

/// Token life when the answer does not tell: ServiceNow's default.
const DEFAULT_LIFE: Duration = Duration::from_secs(1800);
/// The old connector's words, so that who searches for them finds these; and what is different here.
const INVALID: &str =
    "AccessToken and RefreshToken invalid. User needs to authenticate again. Signing in anew does not work either: ";

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    settings: ServiceNowAuth,
    secrets: Arc<dyn Secrets>,
    endpoint: TokenEndpoint,
    tokens: TokenCache,
    worked: Worked,
}

impl Auth {
    pub(super) fn new(settings: ServiceNowAuth, wire: Wire, url: Url, surroundings: &Surroundings) -> Self {
        let clock = || Arc::clone(&surroundings.clock);
        Self {
            settings,
            secrets: Arc::clone(&surroundings.secrets),
            endpoint: TokenEndpoint { wire, url, clock: clock(), default_life: DEFAULT_LIFE },
            tokens: TokenCache::new(clock()),
            worked: Worked::new(clock()),
        }
    }

    fn secret(&self, reference: &SecretRef) -> Result<Secret, ProviderError> {
        secret(self.secrets.as_ref(), reference)
    }

    /// What to say when no grant is taken; `refreshed` when a refresh token was not taken either.
    fn grant_refused(&self, told: &str, refreshed: bool) -> ProviderError {
        let which = match &self.settings {
            ServiceNowAuth::ClientCredentials { .. } => "the client id or client secret",
            _ => "the user name, password, client id or client secret",
        };
        let told = if refreshed { format!("{told}: {INVALID}") } else { format!("{told}: ") };
        let (cause, remedy) = match self.worked.until() {
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
        credentials::refused(cause, remedy)
    }
}

#[async_trait]
impl Credentials for Auth {
    async fn proof(&self) -> Result<Proof, ProviderError> {
        match &self.settings {
            ServiceNowAuth::Basic { username, password } => Ok(Proof::Basic(username.clone(), self.secret(password)?)),
            ServiceNowAuth::ApiKey { key } => Ok(Proof::Key { header: "x-sn-apikey", key: self.secret(key)? }),
            ServiceNowAuth::OauthPassword { .. } | ServiceNowAuth::ClientCredentials { .. } => {
                self.tokens.get(self).await.map(Proof::bearer)
            }
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
        credentials::refused(cause, remedy)
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
        let mut forms: Vec<Form<'_>> = Vec::new();
        if let Some(refresh) = refresh {
            forms.push(vec![("grant_type", "refresh_token"), ("refresh_token", refresh.expose())]);
        }
        forms.push(match &user {
            Some((name, password)) => {
                vec![("grant_type", "password"), ("username", name), ("password", password.expose())]
            }
            None => vec![("grant_type", "client_credentials")],
        });
        for form in &mut forms {
            form.extend(client);
        }
        match self.endpoint.fetch(&classify::ServiceNow, &forms).await? {
            Ok(token) => {
                self.worked.now();
                Ok(token)
            }
            Err(told) => Err(self.grant_refused(&told, refresh.is_some())),
        }
    }
}
