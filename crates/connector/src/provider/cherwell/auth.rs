//! How a call proves who it is: a bearer token by the password grant. A session holds one of the customer's licences, so there is one
//! for each connection and process, it is kept alive by its refresh token, and it is ended when the connector stops. Refresh tokens
//! live once and are never written down: a process that starts logs in anew, so that no two of them lock each other out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::classify;
use super::config::CherwellAuth;
use crate::provider::credentials::{self, Credentials, Proof, Worked, secret};
use crate::provider::grant::{Form, TokenEndpoint};
use crate::provider::token::{Token, TokenCache, TokenSource};
use crate::provider::wire::{Wire, below};
use crate::provider::{ProviderError, Surroundings, WaitReason};
use crate::secret::{Secret, Secrets};

/// Token life when the answer does not tell: Cherwell's default.
const DEFAULT_LIFE: Duration = Duration::from_secs(1200);

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    settings: CherwellAuth,
    secrets: Arc<dyn Secrets>,
    endpoint: TokenEndpoint,
    tokens: TokenCache,
    worked: Worked,
}

impl Auth {
    pub(super) fn new(settings: CherwellAuth, wire: Wire, base: &Url, surroundings: &Surroundings) -> Self {
        let clock = || Arc::clone(&surroundings.clock);
        let mut url = below(base, &["token"]);
        url.query_pairs_mut().append_pair("auth_mode", settings.mode.name());
        if !settings.site_name.is_empty() {
            url.query_pairs_mut().append_pair("site_name", &settings.site_name);
        }
        Self {
            settings,
            secrets: Arc::clone(&surroundings.secrets),
            endpoint: TokenEndpoint { wire, url, clock: clock(), default_life: DEFAULT_LIFE },
            tokens: TokenCache::new(clock()),
            worked: Worked::new(clock()),
        }
    }

    /// The token of the session that is open, if one is; it is forgotten here.
    pub(super) async fn leave(&self) -> Option<Secret> {
        self.tokens.take().await
    }

    /// Who the calls are made as.
    pub(super) fn username(&self) -> &str {
        &self.settings.username
    }

    /// What to say when no login is taken.
    fn refused(&self, told: &str) -> ProviderError {
        let user = &self.settings.username;
        if no_licence(told) {
            return busy(told);
        }
        let client = told.contains("client");
        let (cause, remedy) = match self.worked.until() {
            _ if client => (
                format!("{told}: the REST API client is not known, is disabled, or needs a secret"),
                "check auth.client_id against CSM Administrator > Security > Edit REST API client settings, and auth.client_secret \
                 if the client needs one"
                    .to_owned(),
            ),
            Some(since) => (
                format!("{told}: the login of \"{user}\" worked until {since}; its password has expired or was changed, or it was locked"),
                "set the new password in its environment variable, or unlock the user in CSM Administrator".to_owned(),
            ),
            None => (
                format!("{told}: user name or password of \"{user}\" is wrong, or the user is locked or not allowed to log in this way"),
                format!(
                    "check auth.username and the password's environment variable, that auth.mode is the directory that knows the user \
                     (now {}), and that the REST API client allows that login",
                    self.settings.mode.name()
                ),
            ),
        };
        credentials::refused(cause, remedy)
    }
}

/// Whether a refusal speaks of licences. Its words are not documented; either spelling is.
fn no_licence(told: &str) -> bool {
    let lower = told.to_ascii_lowercase();
    lower.contains("license") || lower.contains("licence") || lower.contains("status 402")
}

/// No licence is left for now. It is nobody's mistake in the credentials, and ends when a session does.
fn busy(told: &str) -> ProviderError {
    ProviderError::Wait {
        reason: WaitReason::Outage,
        after: None,
        cause: format!("{told}: no licence is left for a session of the connector"),
        remedy: "end sessions that nobody needs (CSM Administrator > Security > Logged-in users), or reserve a licence for the \
                 integration user; the connector holds one for each process and gives it back when it stops"
            .to_owned(),
    }
}

#[async_trait]
impl Credentials for Auth {
    async fn proof(&self) -> Result<Proof, ProviderError> {
        self.tokens.get(self).await.map(Proof::bearer)
    }

    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    fn accepted(&self) {
        self.worked.now();
    }

    fn unauthorised(&self, told: &str) -> ProviderError {
        let cause = format!("{told}: a token that was issued a moment ago is not accepted");
        let remedy = format!(
            "see that user {} may use the REST API, and that all servers behind the address share one Cherwell database",
            self.settings.username
        );
        credentials::refused(cause, remedy)
    }
}

#[async_trait]
impl TokenSource for Auth {
    async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let settings = &self.settings;
        let client_secret = settings.client_secret.as_ref().map(|name| secret(self.secrets.as_ref(), name)).transpose()?;
        let password = secret(self.secrets.as_ref(), &settings.password)?;
        let mut forms: Vec<Form<'_>> = Vec::new();
        if let Some(refresh) = refresh {
            // Keeps the session, and with it the licence.
            forms.push(vec![("grant_type", "refresh_token"), ("refresh_token", refresh.expose())]);
        }
        forms.push(vec![("grant_type", "password"), ("username", &settings.username), ("password", password.expose())]);
        for form in &mut forms {
            form.push(("client_id", &settings.client_id));
            if let Some(secret) = &client_secret {
                form.push(("client_secret", secret.expose()));
            }
        }
        match self.endpoint.fetch(&classify::Cherwell, &forms).await {
            Ok(Ok(token)) => {
                self.worked.now();
                Ok(token)
            }
            Ok(Err(told)) => Err(self.refused(&told)),
            // 402 is documented for this call, without a reason; licences are the likeliest.
            Err(ProviderError::Wait { reason: WaitReason::Credentials, cause, .. }) if no_licence(&cause) => Err(busy(&cause)),
            Err(other) => Err(other),
        }
    }
}
