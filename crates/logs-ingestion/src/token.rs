//! The bearer token: asked of the credential when there is none or it ends soon, and again when the service does not take it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use azure_core::{
    credentials::{AccessToken, Secret, TokenCredential},
    time::OffsetDateTime,
};
use tokio::sync::Mutex;

use crate::{report::Failure, wire::short};

/// A token is not used in its last minutes: a call may take some of them.
const MARGIN: Duration = Duration::from_secs(300);

/// One token for all calls; asked for by one call at a time.
pub(crate) struct Tokens {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    kept: Mutex<Option<AccessToken>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(credential: Arc<dyn TokenCredential>, scope: &str) -> Self {
        Self { credential, scope: scope.to_owned(), kept: Mutex::new(None) }
    }

    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// A token that is good for some minutes.
    pub(crate) async fn get(&self, now: SystemTime) -> Result<Secret, Failure> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.expires_on > OffsetDateTime::from(now) + MARGIN) {
            return Ok(token.token.clone());
        }
        let token = self
            .credential
            .get_token(&[&self.scope], None)
            .await
            .map_err(|error| Failure::NoToken { scope: self.scope.clone(), said: short(&error.to_string()) })?;
        Ok(kept.insert(token).token.clone())
    }

    /// Does not use this token again; another call may have found a new one already.
    pub(crate) async fn forget(&self, refused: &Secret) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|token| token.token == *refused) {
            *kept = None;
        }
    }
}
