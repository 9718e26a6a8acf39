//! The keys Entra signs with: fetched when first needed, kept for a day, fetched again for a key not known. One fetch at a
//! time. When Entra cannot be reached, the keys known before stay good.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use connector::clock::{Clock, later};
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::SetupError;

/// Known keys are taken without asking for this long.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// After a fetch, an unknown key makes no other one for this long: the caller chooses the key's name.
const PAUSE: Duration = Duration::from_secs(30);
/// The same after a fetch that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Entra's answer is some 20 KB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Why there is no key of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// Entra does not know it.
    Unknown,
    /// Entra could not be asked.
    Unavailable,
}

#[derive(Debug)]
pub(super) struct SigningKeys {
    url: String,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    held: RwLock<Held>,
    fetching: Mutex<()>,
}

#[derive(Debug)]
struct Held {
    keys: HashMap<String, Arc<DecodingKey>>,
    fresh_until: Timestamp,
    fetch_not_before: Timestamp,
    last_fetch_failed: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl SigningKeys {
    pub(super) fn new(url: String, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            // Less than an action group waits, so that it gets its 503.
            .timeout(Duration::from_secs(4))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SetupError(error.to_string()))?;
        let held =
            Held { keys: HashMap::new(), fresh_until: Timestamp::MIN, fetch_not_before: Timestamp::MIN, last_fetch_failed: true };
        Ok(Self { url, client, clock, held: RwLock::new(held), fetching: Mutex::new(()) })
    }

    /// The key named `kid`.
    pub(super) async fn get(&self, kid: &str) -> Result<Arc<DecodingKey>, NoKey> {
        let now = self.clock.now();
        match self.known(kid) {
            Some((key, fresh_until)) if now < fresh_until => return Ok(key),
            // Known but old: one request looks for news, the others go on with what is known.
            Some((key, _)) => match self.fetching.try_lock() {
                Ok(_turn) => self.fetch_if_due(now).await,
                Err(_) => return Ok(key),
            },
            None => {
                let _turn = self.fetching.lock().await;
                if self.known(kid).is_none() {
                    self.fetch_if_due(now).await;
                }
            }
        }
        self.known(kid).map(|(key, _)| key).ok_or_else(|| {
            let failed = self.held.read().unwrap_or_else(PoisonError::into_inner).last_fetch_failed;
            if failed { NoKey::Unavailable } else { NoKey::Unknown }
        })
    }

    fn known(&self, kid: &str) -> Option<(Arc<DecodingKey>, Timestamp)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.keys.get(kid).map(|key| (Arc::clone(key), held.fresh_until))
    }

    /// Called by who holds `fetching`.
    async fn fetch_if_due(&self, now: Timestamp) {
        {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if now < held.fetch_not_before {
                return;
            }
            // Said before the fetch, for the caller may go away in the middle of it.
            held.fetch_not_before = later(now, PAUSE_AFTER_FAILURE);
            held.last_fetch_failed = true;
        }
        match self.fetch().await {
            Ok(keys) => {
                let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
                held.keys = keys;
                held.fresh_until = later(now, FRESH);
                held.fetch_not_before = later(now, PAUSE);
                held.last_fetch_failed = false;
            }
            Err(cause) => tracing::warn!(url = self.url, cause, "signing keys could not be fetched; known ones stay good"),
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, Arc<DecodingKey>>, String> {
        let mut answer = self.client.get(&self.url).send().await.map_err(describe)?.error_for_status().map_err(describe)?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(describe)? {
            if body.len() + part.len() > LARGEST_ANSWER {
                return Err("the answer is too large to be a key set".to_owned());
            }
            body.extend_from_slice(&part);
        }
        let set: KeySet = serde_json::from_slice(&body).map_err(|error| format!("the answer is not a key set: {error}"))?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(Key::decode).collect();
        if keys.is_empty() { Err("the answer holds no RSA signing key".to_owned()) } else { Ok(keys) }
    }
}

impl Key {
    /// Name and key, if it is an RSA key for signatures.
    fn decode(self) -> Option<(String, Arc<DecodingKey>)> {
        if self.kty != "RSA" || self.r#use.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let key = DecodingKey::from_rsa_components(&self.n?, &self.e?).ok()?;
        Some((self.kid?, Arc::new(key)))
    }
}

fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
