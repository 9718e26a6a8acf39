//! Reading secrets from Azure Key Vault: the challenge that every first call is answered with, versions, disabled and deleted secrets,
//! and Azure's error shapes. Always https, as the real one. Not emulated: writing over the wire, keys, certificates, lists, expiry (Key
//! Vault itself hands out expired secrets).

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    authority::Authority,
    http::{Answer, Call, Decision, Server, Service},
};

/// The token that is taken from the beginning; its holder may read secrets.
pub const TOKEN: &str = "a-token-for-the-vault";
/// A good token whose holder has no role on the vault.
pub const TOKEN_WITHOUT_ROLE: &str = "a-token-without-role";

const CHALLENGE: &str = "Bearer authorization=\"https://login.microsoftonline.com/ab1f708d-50f6-404c-a006-d71b2ac7a606\", resource=\"https://vault.azure.net\"";

/// How every call fails until it is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429.
    Throttled,
    /// 503.
    Down,
    /// The connection is closed without an answer.
    Silent,
    /// 403: the vault's firewall does not let the caller in.
    Firewall,
    /// 200 with a page of a proxy.
    Page,
}

#[derive(Debug, Default)]
struct State {
    secrets: BTreeMap<String, Kept>,
    tokens: BTreeSet<String>,
    fault: Option<Fault>,
    calls: usize,
    reads: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Kept {
    /// Oldest first; the name of a version is its place.
    versions: Vec<String>,
    enabled: bool,
}

#[derive(Debug)]
struct Vault {
    url: String,
    state: Mutex<State>,
}

/// A running vault; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct KeyVault {
    vault: Arc<Vault>,
    certificate: PathBuf,
    _server: Server,
}

impl KeyVault {
    /// An empty vault on a free port; its certificate authority is written to `ca.pem` in `directory`.
    pub async fn start(directory: &Path) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let authority = Authority::create(directory)?;
        let tokens = BTreeSet::from([TOKEN.to_owned()]);
        let vault = Arc::new(Vault {
            url: format!("https://{}", listener.local_addr()?),
            state: Mutex::new(State { tokens, ..State::default() }),
        });
        let server = Server::start(listener, Some(authority.acceptor()?), Arc::clone(&vault) as Arc<dyn Service>)?;
        Ok(Self { vault, certificate: authority.certificate_file, _server: server })
    }

    /// Scheme, address and port.
    #[must_use]
    pub fn url(&self) -> String {
        self.vault.url.clone()
    }

    /// The file with the certificate authority to trust.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        &self.certificate
    }

    /// Makes a secret, or a new version of it, enabled.
    pub fn set(&self, name: &str, value: &str) {
        let mut state = self.vault.state();
        let kept = state.secrets.entry(name.to_lowercase()).or_insert(Kept { versions: Vec::new(), enabled: true });
        kept.versions.push(value.to_owned());
        kept.enabled = true;
    }

    /// Disables the newest version of a secret.
    pub fn disable(&self, name: &str) {
        if let Some(kept) = self.vault.state().secrets.get_mut(&name.to_lowercase()) {
            kept.enabled = false;
        }
    }

    /// Deletes a secret with its versions.
    pub fn delete(&self, name: &str) {
        self.vault.state().secrets.remove(&name.to_lowercase());
    }

    /// How every call fails from now on; `None`: no more.
    pub fn fail(&self, fault: Option<Fault>) {
        self.vault.state().fault = fault;
    }

    /// Takes a token from now on.
    pub fn accept_token(&self, token: &str) {
        self.vault.state().tokens.insert(token.to_owned());
    }

    /// Calls so far, good ones and others.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.vault.state().calls
    }

    /// How often the value of a secret was given away.
    #[must_use]
    pub fn reads(&self, name: &str) -> usize {
        self.vault.state().reads.get(&name.to_lowercase()).copied().unwrap_or_default()
    }
}

impl Vault {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call, state: &mut State) -> Answer {
        if call.method != "GET" {
            return refusal(405, "MethodNotAllowed", "The emulator only reads.", None);
        }
        // Key Vault looks at the token before anything else.
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match token {
            None => {
                let text = "AKV10000: Request is missing a Bearer or PoP token.";
                return refusal(401, "Unauthorized", text, None).with_header("WWW-Authenticate", CHALLENGE);
            }
            Some(TOKEN_WITHOUT_ROLE) => {
                let text = "Caller is not authorized to perform action on resource.";
                return refusal(403, "Forbidden", text, Some("ForbiddenByRbac"));
            }
            Some(token) if state.tokens.contains(token) => {}
            Some(_) => {
                let challenge = format!("{CHALLENGE}, error=\"invalid_token\"");
                let text = "AKV10032: Invalid issuer.";
                return refusal(401, "Unauthorized", text, None).with_header("WWW-Authenticate", challenge);
            }
        }
        if !call.query.split('&').any(|pair| pair.starts_with("api-version=")) {
            let text = "The request is missing the api-version parameter.";
            return refusal(400, "BadParameter", text, None);
        }
        let mut parts = call.path.trim_matches('/').split('/');
        let (Some("secrets"), Some(name), version, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return refusal(404, "NotFound", "The emulator knows /secrets/NAME and /secrets/NAME/VERSION.", None);
        };
        let folded = name.to_lowercase();
        let newest = state.secrets.get(&folded).map_or(0, |kept| kept.versions.len());
        let number =
            version.map_or(Some(newest), |version| u64::from_str_radix(version, 16).ok().and_then(|n| n.try_into().ok()));
        let kept = state.secrets.get(&folded);
        let value = kept.zip(number).and_then(|(kept, number)| kept.versions.get(number.checked_sub(1)?).cloned());
        let (Some(value), Some(number)) = (value, number) else {
            let text = format!("A secret with (name/id) {name} was not found in this key vault.");
            return refusal(404, "SecretNotFound", &text, None);
        };
        if number == newest && kept.is_some_and(|kept| !kept.enabled) {
            let text = "Operation get is not allowed on a disabled secret.";
            return refusal(403, "Forbidden", text, Some("SecretDisabled"));
        }
        *state.reads.entry(folded).or_default() += 1;
        let body = json!({
            "value": value,
            "id": format!("{}/secrets/{name}/{number:032x}", self.url),
            "attributes": {
                "enabled": true, "created": 1_767_225_600, "updated": 1_767_225_600,
                "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90
            },
            "tags": {}
        });
        Answer::new(200, "application/json; charset=utf-8", body.to_string())
    }
}

impl Service for Vault {
    fn decide(&self, call: Call) -> Decision {
        let mut state = self.state();
        state.calls += 1;
        let answer = match state.fault {
            None => self.answer(&call, &mut state),
            Some(Fault::Silent) => return Decision::Drop(Duration::ZERO),
            Some(Fault::Throttled) => refusal(429, "Throttled", "Too many requests.", None),
            Some(Fault::Down) => refusal(503, "ServiceUnavailable", "Service is down.", None),
            Some(Fault::Firewall) => {
                let text = "Client address is not authorized and caller is not a trusted service.";
                refusal(403, "Forbidden", text, Some("ForbiddenByFirewall"))
            }
            Some(Fault::Page) => Answer::new(200, "text/html", "<html><body>Welcome to the proxy</body></html>"),
        };
        Decision::Answer(answer, Duration::ZERO)
    }
}

fn refusal(status: u16, code: &str, message: &str, inner: Option<&str>) -> Answer {
    let inner = inner.map_or(Value::Null, |inner| json!({ "code": inner }));
    let mut error = json!({ "code": code, "message": message });
    if let (Some(error), false) = (error.as_object_mut(), inner.is_null()) {
        error.insert("innererror".to_owned(), inner);
    }
    Answer::new(status, "application/json; charset=utf-8", json!({ "error": error }).to_string())
}
