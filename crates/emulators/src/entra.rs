//! The part of Microsoft Entra ID that a receiver of bearer tokens sees: the discovery document and the signing keys of a tenant. It also
//! mints tokens as the action group's caller would send them, good ones and bad ones, and gives tokens to the applications and people of
//! its directory.

mod assertion;
mod claims;
mod directory;
mod failure;
#[cfg(test)]
mod tests;
mod token;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

pub use claims::{ACTION_GROUP_APPLICATION, ACTION_GROUP_ROLE, Claims, TENANT, TokenVersion};
pub use directory::{Application, Certificate, Directory, Person, Secret};

use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Server, Service},
};

/// A signing key with what is published of it.
struct SigningKey {
    id: String,
    secret: EncodingKey,
    public: DecodingKey,
    published: Value,
}

impl SigningKey {
    fn generate(id: String) -> io::Result<Self> {
        let pair =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).map_err(io::Error::other)?;
        let secret = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).map_err(io::Error::other)?;
        let jwk = Jwk::from_encoding_key(&secret, Algorithm::RS256).map_err(io::Error::other)?;
        let public = DecodingKey::from_jwk(&jwk).map_err(io::Error::other)?;
        let mut published = serde_json::to_value(jwk).map_err(io::Error::other)?;
        if let Some(fields) = published.as_object_mut() {
            // Entra publishes no `alg`.
            fields.remove("alg");
            fields.insert("kid".to_owned(), id.clone().into());
            fields.insert("x5t".to_owned(), id.clone().into());
            fields.insert("use".to_owned(), "sig".into());
        }
        Ok(Self { id, secret, public, published })
    }
}

struct Tenant {
    url: String,
    /// The newest last; that one signs.
    keys: Mutex<Vec<SigningKey>>,
    /// Made when the first forgery is asked for: keys take long to make.
    foreign: OnceLock<Option<SigningKey>>,
    down: AtomicBool,
    requests: AtomicU64,
    rotations: AtomicU64,
    clock: Arc<EmulatorClock>,
    directory: Directory,
    issued: token::Issued,
    /// Tokens given out by the endpoint; the number is in the token.
    given: AtomicU64,
    refusing: AtomicBool,
}

/// A running stand-in; dropping it closes its port.
pub struct Entra {
    tenant: Arc<Tenant>,
    _server: Server,
}

impl std::fmt::Debug for Entra {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entra").field("url", &self.tenant.url).finish_non_exhaustive()
    }
}

impl Entra {
    /// On a free port of this machine, with one signing key, in the machine's time.
    ///
    /// # Panics
    /// When no port can be bound or no key made.
    pub async fn start() -> Self {
        Self::start_with(EmulatorClock::real()).await
    }

    /// With a clock of one's own.
    ///
    /// # Panics
    /// When no port can be bound or no key made.
    #[expect(
        clippy::panic,
        reason = "a test that needs tokens cannot go on without this emulator; try_start is for everybody else"
    )]
    pub async fn start_with(clock: impl Into<Arc<EmulatorClock>>) -> Self {
        match Self::try_start(clock).await {
            Ok(started) => started,
            Err(error) => panic!("the Entra emulator cannot start: {error}"),
        }
    }

    /// Started, or why not.
    pub async fn try_start(clock: impl Into<Arc<EmulatorClock>>) -> io::Result<Self> {
        Self::try_start_in(clock, Directory::default(), None).await
    }

    /// With a directory whose applications and people get tokens, over HTTPS when an acceptor is given; or why not.
    pub async fn try_start_in(
        clock: impl Into<Arc<EmulatorClock>>,
        directory: Directory,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let protocol = if tls.is_some() { "https" } else { "http" };
        let tenant = Arc::new(Tenant {
            url: format!("{protocol}://{}", listener.local_addr()?),
            keys: Mutex::new(vec![SigningKey::generate("emulator-key-0".to_owned())?]),
            foreign: OnceLock::new(),
            down: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            rotations: AtomicU64::new(0),
            clock: clock.into(),
            directory,
            issued: token::Issued::default(),
            given: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
        });
        let server = Server::start(listener, tls, Arc::clone(&tenant) as Arc<dyn Service>)?;
        Ok(Self { tenant, _server: server })
    }

    /// The clock by which tokens are given and expire.
    #[must_use]
    pub fn clock(&self) -> Arc<EmulatorClock> {
        Arc::clone(&self.tenant.clock)
    }

    /// While set, every secret, certificate and password is wrong.
    pub fn set_refusing(&self, refusing: bool) {
        self.tenant.refusing.store(refusing, Ordering::Relaxed);
    }

    /// How many tokens the token endpoint gave out; the newest carries this number as its `uti`.
    #[must_use]
    pub fn given(&self) -> u64 {
        self.tenant.given.load(Ordering::Relaxed)
    }

    /// What a token says when a published key signed it and it is not expired.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Value> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let id = header.kid?;
        let key = self.tenant.keys().iter().find(|key| key.id == id).map(|key| key.public.clone())?;
        let mut validation = Validation::new(Algorithm::RS256);
        // The emulator's clock decides, and the caller looks at the audience.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
        let until = claims.get("exp").and_then(Value::as_i64)?;
        (until > self.tenant.clock.seconds()).then_some(claims)
    }

    /// Stands for `https://login.microsoftonline.com`.
    #[must_use]
    pub fn url(&self) -> String {
        self.tenant.url.clone()
    }

    /// A token signed with the newest key.
    #[must_use]
    pub fn mint(&self, claims: &Claims) -> String {
        let keys = self.tenant.keys();
        keys.last().map(|key| self.sign(claims, key)).unwrap_or_default()
    }

    /// A token that names the first key but is signed with another: a forgery.
    #[must_use]
    pub fn mint_forged(&self, claims: &Claims) -> String {
        let foreign = self.tenant.foreign.get_or_init(|| SigningKey::generate("emulator-key-0".to_owned()).ok());
        foreign.as_ref().map(|key| self.sign(claims, key)).unwrap_or_default()
    }

    /// A token with algorithm `none` and no signature: a forgery too.
    #[must_use]
    pub fn mint_unsigned(&self, claims: &Claims) -> String {
        let header = json!({"typ": "JWT", "alg": "none"}).to_string();
        let payload = claims.payload(self.tenant.clock.seconds()).to_string();
        format!("{}.{}.", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    fn sign(&self, claims: &Claims, key: &SigningKey) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, &claims.payload(self.tenant.clock.seconds()), &key.secret).unwrap_or_default()
    }

    /// Signs with a new key from now on; the one before stays published, older ones do not.
    ///
    /// # Panics
    /// When no key can be made.
    #[expect(clippy::panic, reason = "a test that rotates keys cannot go on without the new one")]
    pub fn rotate(&self) {
        let number = self.tenant.rotations.fetch_add(1, Ordering::Relaxed) + 1;
        match SigningKey::generate(format!("emulator-key-{number}")) {
            Err(error) => panic!("the Entra emulator cannot make a key: {error}"),
            Ok(key) => {
                let mut keys = self.tenant.keys();
                keys.push(key);
                let old = keys.len().saturating_sub(2);
                keys.drain(..old);
            }
        }
    }

    /// Answers 503 to everything while `down`.
    pub fn set_down(&self, down: bool) {
        self.tenant.down.store(down, Ordering::Relaxed);
    }

    /// How many requests came in, refused ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.tenant.requests.load(Ordering::Relaxed)
    }

    /// Moves the time of minting forward.
    pub fn advance(&self, by: Duration) {
        self.tenant.clock.advance(by);
    }
}

impl Tenant {
    fn keys(&self) -> MutexGuard<'_, Vec<SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call) -> Answer {
        if self.down.load(Ordering::Relaxed) {
            return Answer::new(503, "text/html", "<html><body>Service unavailable</body></html>");
        }
        let segments: Vec<&str> = call.path.trim_matches('/').split('/').collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => self.discovery(tenant, TokenVersion::Two),
            ("GET", [tenant, ".well-known", "openid-configuration"]) => self.discovery(tenant, TokenVersion::One),
            ("GET", [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
                let keys: Vec<Value> = self.keys().iter().map(|key| key.published.clone()).collect();
                Answer::json(200, &json!({"keys": keys}))
            }
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => self.token(call, tenant, TokenVersion::Two),
            ("POST", [tenant, "oauth2", "token"]) => self.token(call, tenant, TokenVersion::One),
            _ => Answer::json(404, &json!({"error": "not_found"})),
        }
    }

    fn token(&self, call: &Call, tenant: &str, version: TokenVersion) -> Answer {
        let (now, number) = (self.clock.seconds(), self.requests.load(Ordering::Relaxed));
        if tenant != self.directory.tenant && tenant != "common" && tenant != "organizations" {
            let text = format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            );
            return failure::Failure::new(400, "invalid_request", 90_002, text).answer(now, number);
        }
        let path = if version == TokenVersion::Two { "v2.0/" } else { "" };
        let audiences = ["v2.0/", ""].map(|other| format!("{}/{tenant}/oauth2/{other}token", self.url)).to_vec();
        let audiences = [audiences, vec![format!("{}/{tenant}/{path}", self.url).trim_end_matches('/').to_owned()]].concat();
        let mut request = token::Request::read(&self.directory, version, audiences, now, call);
        request.refusing = self.refusing.load(Ordering::Relaxed);
        match request.decide(&self.issued) {
            Err(failure) => failure.answer(now, number),
            Ok(grant) => {
                let token = self.sign(&grant, now);
                request.answer(grant, &token, number, &self.issued)
            }
        }
    }

    /// An access token of version 1, which is what Dataverse and most of Microsoft's own resources ask for.
    fn sign(&self, grant: &token::Grant, now: i64) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        let mut payload = Claims {
            application: grant.application.clone(),
            tenant: self.directory.tenant.clone(),
            roles: Vec::new(),
            expires_in: self.directory.token_life,
            begins_in: 0,
            ..Claims::action_group(TokenVersion::One, &grant.resource)
        }
        .payload(now);
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("uti".to_owned(), number.to_string().into());
            match &grant.person {
                Some(person) => {
                    fields.insert("upn".to_owned(), person.clone().into());
                    fields.insert("scp".to_owned(), "user_impersonation".into());
                    fields.insert("idtyp".to_owned(), "user".into());
                }
                None => {
                    fields.insert("idtyp".to_owned(), "app".into());
                }
            }
        }
        let keys = self.keys();
        let Some(key) = keys.last() else { return String::new() };
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, &payload, &key.secret).unwrap_or_default()
    }

    fn discovery(&self, tenant: &str, version: TokenVersion) -> Answer {
        let (url, path) = (&self.url, if version == TokenVersion::Two { "v2.0/" } else { "" });
        let body = json!({
            "issuer": version.issuer(tenant),
            "jwks_uri": format!("{url}/{tenant}/discovery/{path}keys"),
            "token_endpoint": format!("{url}/{tenant}/oauth2/{path}token"),
            "authorization_endpoint": format!("{url}/{tenant}/oauth2/{path}authorize"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["pairwise"],
            "response_types_supported": ["code", "id_token"],
        });
        Answer::json(200, &body)
    }
}

impl Service for Tenant {
    fn decide(&self, call: Call) -> Decision {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Decision::Answer(self.answer(&call), Duration::ZERO)
    }
}
