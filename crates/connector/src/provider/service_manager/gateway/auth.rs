//! How a call proves who it is: to the gateway by its shared secret or a token of Entra ID, and before that to Azure Relay, where it is
//! on the way. Secrets are asked when they are used, so that a rotated one is picked up without a restart.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;

use super::super::Connection;
use super::super::config::ServiceManagerAuth;
use super::problem::Gateway;
use super::relay::{self, Hop};
use crate::provider::credentials::{self, Credentials, Proof, Worked, secret};
use crate::provider::grant::{TokenEndpoint, entra_token_url};
use crate::provider::token::{Renewal, Token, TokenCache, TokenSource};
use crate::provider::wire::Wire;
use crate::provider::{ProviderError, Surroundings};
use crate::secret::{Secret, Secrets};

/// Token life when the answer does not tell, which Entra's always does.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    settings: ServiceManagerAuth,
    secrets: Arc<dyn Secrets>,
    endpoint: Option<TokenEndpoint>,
    tokens: TokenCache,
    hop: Option<Hop>,
    relay_life: Duration,
    worked: Worked,
}

impl Auth {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let clock = || Arc::clone(&surroundings.clock);
        let settings = connection.own.auth.clone();
        let endpoint = match &settings {
            ServiceManagerAuth::ClientCredentials { tenant, authority, .. } => Some(TokenEndpoint {
                wire: Wire::towards(authority, connection)?,
                url: entra_token_url(authority, tenant),
                clock: clock(),
                default_life: DEFAULT_LIFE,
            }),
            ServiceManagerAuth::SharedSecret { .. } => None,
            ServiceManagerAuth::Password { .. } | ServiceManagerAuth::PortalToken { .. } => {
                return Err(
                    "the SM gateway knows no user names and passwords: give it a shared_secret or client_credentials".to_owned()
                );
            }
        };
        let relay = connection.own.service_manager.relay.clone();
        Ok(Self {
            settings,
            secrets: Arc::clone(&surroundings.secrets),
            endpoint,
            tokens: TokenCache::new(clock()),
            relay_life: relay.as_ref().map_or(Duration::ZERO, |relay| relay.token_life.get()),
            hop: relay.map(|relay| Hop::new(relay, &connection.url, surroundings)),
            worked: Worked::new(clock()),
        })
    }

    /// What a call shows on the way, before the gateway is asked; nothing without a relay.
    pub(super) async fn hop(&self) -> Result<Option<Proof>, ProviderError> {
        match &self.hop {
            Some(hop) => hop.proof().await.map(Some),
            None => Ok(None),
        }
    }

    /// Who calls, for people.
    pub(super) fn who(&self) -> String {
        match &self.settings {
            ServiceManagerAuth::SharedSecret { .. } => "the holder of the shared secret".to_owned(),
            ServiceManagerAuth::ClientCredentials { client_id, .. } => format!("application {client_id}"),
            ServiceManagerAuth::Password { username, .. } | ServiceManagerAuth::PortalToken { username, .. } => username.clone(),
        }
    }

    /// What to say about a relay's refusal.
    pub(super) fn relay_refused(&self, told: &str) -> ProviderError {
        let rule = self.hop.as_ref().map_or("", Hop::rule);
        relay::not_accepted(told, rule, self.relay_life)
    }
}

#[async_trait]
impl Credentials for Auth {
    async fn proof(&self) -> Result<Proof, ProviderError> {
        let own = match &self.settings {
            ServiceManagerAuth::SharedSecret { secret: reference } => {
                let shared = secret(self.secrets.as_ref(), reference)?;
                Proof::Key { header: AUTHORIZATION.as_str(), key: Secret::new(format!("Bearer {}", shared.expose())) }
            }
            _ => Proof::bearer(self.tokens.get(self).await?),
        };
        Ok(match self.hop().await? {
            Some(relay) => Proof::Through { relay: Box::new(relay), own: Box::new(own) },
            None => own,
        })
    }

    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    fn accepted(&self) {
        self.worked.now();
    }

    /// A token of Entra is asked for anew, and a relay's is made anew with the key as it is now, once each.
    async fn renew(&self, refused: &Proof, tries: u32) -> bool {
        let (relay, own) = match refused {
            Proof::Through { relay, own } => (Some(relay.as_ref()), own.as_ref()),
            own => (None, own),
        };
        let mut renewed = false;
        if tries > 1 {
            return renewed;
        }
        if let (Some(hop), Some(Proof::Key { key, .. })) = (&self.hop, relay) {
            hop.tokens().refused(key, Renewal::Login).await;
            renewed = true;
        }
        if let Proof::Token { token, .. } = own {
            self.tokens.refused(token, Renewal::Login).await;
            renewed = true;
        }
        renewed
    }

    fn unauthorised(&self, told: &str) -> ProviderError {
        if told.contains(relay::NOT_ACCEPTED) {
            return self.relay_refused(told);
        }
        let until = self.worked.until();
        let (cause, remedy) = match (&self.settings, until) {
            (ServiceManagerAuth::ClientCredentials { client_id, scope, .. }, _) => (
                format!("{told}: the gateway does not accept a token that Entra issued a moment ago for {scope}"),
                format!(
                    "see that the gateway accepts this audience, issuer and tenant, has {client_id} on its list of clients, and that its \
                     clock is right; a gateway that knows shared secrets only wants auth type = \"shared_secret\""
                ),
            ),
            (_, Some(since)) => (
                format!("{told}: the shared secret worked until {since}; it was replaced at the gateway"),
                "set the new secret in its environment variable".to_owned(),
            ),
            (_, None) => (
                format!("{told}: the gateway does not know the shared secret"),
                "compare the SHA-256 of the secret with TokenHashes in the gateway's settings, and restart the gateway after a change \
                 there"
                    .to_owned(),
            ),
        };
        credentials::refused(cause, remedy)
    }
}

#[async_trait]
impl TokenSource for Auth {
    async fn fetch(&self, _refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let (ServiceManagerAuth::ClientCredentials { client_id, client_secret, scope, .. }, Some(endpoint)) =
            (&self.settings, &self.endpoint)
        else {
            return Err(credentials::refused("this connection does not use tokens", "check auth"));
        };
        let client_secret = secret(self.secrets.as_ref(), client_secret)?;
        let form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.expose()),
            ("scope", scope.as_str()),
        ];
        match endpoint.fetch(&Gateway { relay: false }, &[form]).await? {
            Ok(token) => Ok(token),
            Err(told) => Err(credentials::refused(
                format!("{told}: Entra gives no token for {scope} to application {client_id}"),
                "check tenant, client_id, scope and the client secret in its environment variable (it may have expired: app registration, \
                 Certificates & secrets)",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_asked_for_below_the_tenant() {
        let authority = "https://login.microsoftonline.com/".parse().unwrap();
        let url = entra_token_url(&authority, "contoso.onmicrosoft.com");
        assert_eq!(url.as_str(), "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
    }
}
