//! The part of Microsoft Entra ID that a receiver of bearer tokens sees: the discovery document and the signing keys of a tenant. It also
//! mints tokens as the action group's caller would send them, good ones and bad ones.

mod claims;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

pub use claims::{ACTION_GROUP_APPLICATION, ACTION_GROUP_ROLE, Claims, TENANT, TokenVersion};

use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Server, Service},
};

/// A signing key with what is published of it.
struct SigningKey {
    id: String,
    secret: EncodingKey,
    published: Value,
}

impl SigningKey {
    fn generate(id: String) -> io::Result<Self> {
        let pair =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).map_err(io::Error::other)?;
        let secret = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).map_err(io::Error::other)?;
        let jwk = Jwk::from_encoding_key(&secret, Algorithm::RS256).map_err(io::Error::other)?;
        let mut published = serde_json::to_value(jwk).map_err(io::Error::other)?;
        if let Some(fields) = published.as_object_mut() {
            // Entra publishes no `alg`.
            fields.remove("alg");
            fields.insert("kid".to_owned(), id.clone().into());
            fields.insert("x5t".to_owned(), id.clone().into());
            fields.insert("use".to_owned(), "sig".into());
        }
        Ok(Self { id, secret, published })
    }
}

struct Tenant {
    url: String,
    /// The newest last; that one signs.
    keys: Mutex<Vec<SigningKey>>,
    foreign: SigningKey,
    down: AtomicBool,
    requests: AtomicU64,
    rotations: AtomicU64,
    clock: EmulatorClock,
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
    pub async fn start_with(clock: EmulatorClock) -> Self {
        match Self::try_start(clock).await {
            Ok(started) => started,
            Err(error) => panic!("the Entra emulator cannot start: {error}"),
        }
    }

    /// Started, or why not.
    pub async fn try_start(clock: EmulatorClock) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let tenant = Arc::new(Tenant {
            url: format!("http://{}", listener.local_addr()?),
            keys: Mutex::new(vec![SigningKey::generate("emulator-key-0".to_owned())?]),
            foreign: SigningKey::generate("emulator-key-0".to_owned())?,
            down: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            rotations: AtomicU64::new(0),
            clock,
        });
        let server = Server::start(listener, None, Arc::clone(&tenant) as Arc<dyn Service>)?;
        Ok(Self { tenant, _server: server })
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
        self.sign(claims, &self.tenant.foreign)
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
            _ => Answer::json(404, &json!({"error": "not_found"})),
        }
    }

    fn discovery(&self, tenant: &str, version: TokenVersion) -> Answer {
        let (url, path) = (&self.url, if version == TokenVersion::Two { "v2.0/" } else { "" });
        let body = json!({
            "issuer": version.issuer(tenant),
            "jwks_uri": format!("{url}/{tenant}/discovery/{path}keys"),
            "token_endpoint": format!("{url}/{tenant}/oauth2/{path}token"),
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
