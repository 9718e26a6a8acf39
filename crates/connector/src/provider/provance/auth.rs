//! How the connector proves who it is: tokens of Microsoft Entra by secret, by certificate, or by a user's password. Tenant and
//! sign-in service are asked of the environment when the settings do not name them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};
use tokio::sync::OnceCell;
use url::Url;

use super::challenge::{self, Challenge};
use super::classify::Environment;
use super::config::ProvanceAuth;
use super::{Connection, assertion, refusals};
use crate::clock::Clock;
use crate::provider::credentials::{self, Credentials, Proof, Worked, secret};
use crate::provider::grant::{Form, TokenEndpoint, entra_token_url};
use crate::provider::judgement::{Case, Flaw, Voice};
use crate::provider::token::{Token, TokenCache, TokenSource};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings};
use crate::secret::{Secret, SecretRef, Secrets};

const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com/";
/// A token's life when the answer does not tell: the shortest that Entra gives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

/// The sign-in service, in messages.
#[derive(Debug)]
struct Entra;

impl Voice for Entra {
    fn title(&self) -> &'static str {
        "Microsoft Entra"
    }
    fn noun(&self) -> &'static str {
        "sign-in service"
    }
    fn address(&self) -> &'static str {
        "https://login.microsoftonline.com in provance.authority"
    }
    fn told(&self, _body: &[u8]) -> Option<String> {
        // Its refusals have the shape of the RFC, which the endpoint reads by itself.
        None
    }
}

/// Where tokens come from, once that is known.
#[derive(Debug)]
struct Door {
    endpoint: TokenEndpoint,
    scope: String,
}

/// The credentials of one connection.
#[derive(Debug)]
pub(super) struct Auth {
    connection: Connection,
    wire: Wire,
    /// The Web API.
    base: Url,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    door: OnceCell<Door>,
    tokens: TokenCache,
    worked: Worked,
    assertions: AtomicU64,
}

impl Auth {
    pub(super) fn new(connection: &Connection, wire: Wire, base: Url, surroundings: &Surroundings) -> Self {
        let clock = || Arc::clone(&surroundings.clock);
        Self {
            connection: connection.clone(),
            wire,
            base,
            secrets: Arc::clone(&surroundings.secrets),
            clock: clock(),
            door: OnceCell::new(),
            tokens: TokenCache::new(clock()),
            worked: Worked::new(clock()),
            assertions: AtomicU64::new(0),
        }
    }

    fn secret(&self, reference: &SecretRef) -> Result<Secret, ProviderError> {
        secret(self.secrets.as_ref(), reference)
    }

    /// A call without credentials: a healthy environment refuses it. What its refusal says of where to sign in.
    pub(super) async fn knock(&self) -> Result<Option<Challenge>, Trouble> {
        const WHAT: &str = "asking the environment where to sign in";
        let request = self.wire.request(Method::GET, below(&self.base, &["WhoAmI"])).header(ACCEPT, "application/json");
        let answer = self.wire.send(request, Effect::Read, WHAT).await?;
        if answer.status == 401 {
            return Ok(challenge::read(&answer.headers));
        }
        let case = Case { voice: &Environment, answer: &answer, effect: Effect::Read, what: WHAT, now: self.clock.now() };
        case.whole(|_| Err::<(), _>(Flaw::Shape("it answers a call without credentials, which no environment does".into())))?;
        Ok(None)
    }

    /// The token endpoint; the environment is asked once for what the settings leave open.
    async fn door(&self) -> Result<&Door, ProviderError> {
        self.door.get_or_try_init(|| self.find_door()).await
    }

    async fn find_door(&self) -> Result<Door, ProviderError> {
        let settings = &self.connection.own.provance;
        let default: Url =
            DEFAULT_AUTHORITY.parse().map_err(|_| credentials::refused("the sign-in service has no address", ""))?;
        let own = self.connection.url.origin().ascii_serialization();
        let resource = |told: &str| {
            let named = [settings.resource.trim(), told, &own].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            named.trim_end_matches('/').to_owned()
        };
        let (authority, tenant, resource) = if settings.tenant.trim().is_empty() {
            let told = self.knock().await?.ok_or_else(|| {
                credentials::refused(
                    "the environment does not say where to sign in (its 401 has no authorization_uri)",
                    "set provance.tenant to the tenant's id or domain, and provance.authority outside of the public cloud",
                )
            })?;
            let authority = settings.authority.clone().unwrap_or_else(|| told.authority.clone());
            if settings.authority.is_none() && !challenge::is_known(&authority) {
                let host = authority.host_str().unwrap_or_default();
                return Err(credentials::refused(
                    format!(
                        "the environment names the sign-in service {host}, which is none of Microsoft's: no secret is sent there"
                    ),
                    "check url; if that service is the right one, set provance.authority and provance.tenant",
                ));
            }
            (authority, told.tenant, resource(&told.resource))
        } else {
            (settings.authority.clone().unwrap_or(default), settings.tenant.trim().to_owned(), resource(""))
        };
        let wire = Wire::towards(&authority, &self.connection)
            .map_err(|problem| credentials::refused(problem, "check provance.authority"))?;
        let url = entra_token_url(&authority, &tenant);
        let clock = Arc::clone(&self.clock);
        Ok(Door {
            endpoint: TokenEndpoint { wire, url, clock, default_life: DEFAULT_LIFE },
            scope: format!("{resource}/.default"),
        })
    }

    fn assertion(&self, client_id: &str, file: &Path, key: Option<&SecretRef>, audience: &str) -> Result<Secret, ProviderError> {
        let wrong = |problem: String| {
            let cause = format!("the certificate {} cannot be used: {problem}", file.display());
            credentials::refused(
                cause,
                "auth.certificate must name a PEM file with certificate and RSA private key that the connector may read",
            )
        };
        let pem = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let secret = key.map(|key| self.secret(key)).transpose()?;
        let key = secret.as_ref().map_or_else(|| assertion::private_key(&pem), |secret| Some(secret.expose()));
        let key = key.ok_or_else(|| wrong("it holds no private key (BEGIN PRIVATE KEY)".to_owned()))?;
        let number = self.assertions.fetch_add(1, Ordering::Relaxed);
        assertion::make(client_id, &pem, key, audience, self.clock.now(), number).map(Secret::new).map_err(wrong)
    }

    fn grant_refused(&self, told: &str) -> ProviderError {
        let short = refusals::short(told);
        if let Some(meaning) = refusals::meaning(told) {
            let since = self.worked.until().map(|until| format!("; it worked until {until}")).unwrap_or_default();
            return credentials::refused(format!("{short}: {}{since}", meaning.cause), meaning.remedy);
        }
        let remedy = match &self.connection.own.auth {
            ProvanceAuth::OauthPassword { .. } => {
                "check auth.client_id, auth.username and the password; see the sign-in logs of the user in Entra"
            }
            _ => "check auth.client_id and its secret or certificate; see the service principal sign-in logs in Entra",
        };
        credentials::refused(format!("{short}: Entra refused the sign-in"), remedy)
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
        credentials::refused(
            format!("{told}: a token that was issued a moment ago is not accepted by the environment"),
            "check provance.resource and url: tokens must be asked for this very environment, and its tenant must be the one signed in to",
        )
    }
}

#[async_trait]
impl TokenSource for Auth {
    async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let door = self.door().await?;
        let client_id = self.connection.own.auth.client_id();
        let client = ("client_id", client_id);
        let user_scope = format!("{} offline_access", door.scope);
        let (mut proof, mut password) = (None, None);
        let mut forms: Vec<Form<'_>> = Vec::new();
        let assertion_type = ("client_assertion_type", assertion::TYPE);
        match &self.connection.own.auth {
            ProvanceAuth::ClientCredentials { client_secret, .. } => {
                let secret = proof.insert(self.secret(client_secret)?);
                let grant = ("grant_type", "client_credentials");
                forms.push(vec![grant, client, ("client_secret", secret.expose()), ("scope", &door.scope)]);
            }
            ProvanceAuth::ClientCertificate { certificate, private_key, .. } => {
                let made = self.assertion(client_id, certificate, private_key.as_ref(), door.endpoint.url.as_str())?;
                let made = proof.insert(made);
                let grant = ("grant_type", "client_credentials");
                forms.push(vec![grant, client, assertion_type, ("client_assertion", made.expose()), ("scope", &door.scope)]);
            }
            ProvanceAuth::OauthPassword { client_secret, username, password: reference, .. } => {
                if let Some(reference) = client_secret {
                    proof = Some(self.secret(reference)?);
                }
                let password = password.insert(self.secret(reference)?);
                if let Some(refresh) = refresh {
                    forms.push(vec![
                        ("grant_type", "refresh_token"),
                        client,
                        ("refresh_token", refresh.expose()),
                        ("scope", &user_scope),
                    ]);
                }
                let user = [("username", username.as_str()), ("password", password.expose())];
                forms.push([("grant_type", "password"), client, ("scope", &user_scope)].into_iter().chain(user).collect());
                if let Some(secret) = &proof {
                    for form in &mut forms {
                        form.push(("client_secret", secret.expose()));
                    }
                }
            }
        }
        match door.endpoint.fetch(&Entra, &forms).await? {
            Ok(token) => {
                self.worked.now();
                Ok(token)
            }
            Err(told) => Err(self.grant_refused(&told)),
        }
    }
}

/// What an environment tells of its limits.
pub(super) fn left(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-ms-ratelimit-burst-remaining-xrm-requests")?.to_str().ok()
}
