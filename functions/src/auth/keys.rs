//! API keys. Keys are compared as SHA-256 digests in constant time, so neither content nor length shows in the time taken.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use connector::clock::{Clock, later};
use connector::secret::{SecretRef, Secrets};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

const HEADERS: [&str; 2] = ["x-functions-key", "x-api-key"];
/// A rotated key is accepted after this long at the latest.
const REFRESH: Duration = Duration::from_secs(30);

type KeyDigest = [u8; 32];

/// What a check of keys says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyVerdict {
    /// One of the keys that came is accepted.
    Accepted,
    /// None of the keys that came is.
    Refused,
    /// No key came.
    Absent,
    /// A key came, but not one of the accepted keys is known.
    Unresolved,
}

/// The accepted keys.
pub(super) struct ApiKeys {
    references: Vec<SecretRef>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

/// Digests by reference; a reference that cannot be resolved for a while keeps its last digest.
struct Known {
    digests: Vec<Option<KeyDigest>>,
    refresh_at: Timestamp,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("references", &self.references).finish_non_exhaustive()
    }
}

impl ApiKeys {
    pub(super) fn new(references: Vec<SecretRef>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        let known = RwLock::new(Known { digests: vec![None; references.len()], refresh_at: Timestamp::MIN });
        Self { references, secrets, clock, known }
    }

    pub(super) fn check(&self, headers: &HeaderMap, query: Option<&str>) -> KeyVerdict {
        self.refresh();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut verdict = KeyVerdict::Absent;
        let in_headers = HEADERS.iter().filter_map(|name| headers.get(*name)).map(HeaderValue::as_bytes);
        for key in in_headers {
            verdict = known.judge(verdict, key);
        }
        // Keys are often pasted without percent-encoding, and no key has a space in it: a plus sign means itself.
        let query = query.map(|query| if query.contains('+') { Cow::Owned(query.replace('+', "%2B")) } else { query.into() });
        let in_query = query.iter().flat_map(|query| form_urlencoded::parse(query.as_bytes()));
        for (_, key) in in_query.filter(|(name, _)| name == "code") {
            verdict = known.judge(verdict, key.as_bytes());
        }
        verdict
    }

    fn refresh(&self) {
        let now = self.clock.now();
        if now < self.known.read().unwrap_or_else(PoisonError::into_inner).refresh_at {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if now < known.refresh_at {
            return;
        }
        known.refresh_at = later(now, REFRESH);
        for (reference, digest) in self.references.iter().zip(&mut known.digests) {
            match self.secrets.get(reference) {
                // An empty secret would let everybody in who sends an empty key.
                Ok(secret) if !secret.expose().is_empty() => *digest = Some(Sha256::digest(secret.expose()).into()),
                Ok(_) => tracing::warn!(?reference, "an API key is empty and not accepted; set the environment variable"),
                Err(error) => tracing::warn!(%error, "an API key cannot be read; the one known before stays accepted"),
            }
        }
    }
}

impl Known {
    /// `so_far`, or better when `key` is accepted. Compares with every digest, whatever the outcome.
    fn judge(&self, so_far: KeyVerdict, key: &[u8]) -> KeyVerdict {
        if so_far == KeyVerdict::Accepted || key.is_empty() {
            return so_far;
        }
        let presented: KeyDigest = Sha256::digest(key).into();
        let (mut equal, mut any) = (Choice::from(0), false);
        for digest in self.digests.iter().flatten() {
            equal |= digest.ct_eq(&presented);
            any = true;
        }
        match (bool::from(equal), any) {
            (true, _) => KeyVerdict::Accepted,
            (false, true) => KeyVerdict::Refused,
            (false, false) => KeyVerdict::Unresolved,
        }
    }
}
