//! A token that is fetched once, shared by all calls of a connection and renewed in time. Secrets are asked at every fetch by
//! the source, so that a rotated one is picked up; the cache itself knows only tokens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::ProviderError;
use crate::clock::{Clock, later};
use crate::secret::Secret;

/// A token as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub access: Secret,
    /// What may be traded for the next one.
    pub refresh: Option<Secret>,
    /// Until when it is used: some time before it ends.
    pub use_until: Timestamp,
}

impl Token {
    /// A token that was issued at `now` for `life`. It is given up 60 s early, or a tenth of its life if that is less: tools
    /// that hand out the same token again tell only what is left of it.
    #[must_use]
    pub fn new(access: Secret, refresh: Option<Secret>, now: Timestamp, life: Duration) -> Self {
        let margin = Duration::from_secs(60).min(life / 10);
        Self { access, refresh, use_until: later(now, life.saturating_sub(margin)) }
    }
}

/// Where tokens come from.
#[async_trait]
pub trait TokenSource: Send + Sync + std::fmt::Debug {
    /// A new token: by `refresh` when it is given and still good, else with the connection's own credentials.
    async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError>;
}

/// How much of a refused token is still believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Only the access token is bad: the refresh token may be used.
    Refresh,
    /// Nothing of it is: the credentials must be used again.
    Login,
}

/// The one token of a connection.
#[derive(Debug)]
pub struct TokenCache {
    // Held while fetching, so that a hundred calls that find no token make one request.
    held: Mutex<Option<Token>>,
    clock: Arc<dyn Clock>,
}

impl TokenCache {
    /// An empty cache.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { held: Mutex::new(None), clock }
    }

    /// A token that can be used now, fetched if need be.
    pub async fn get(&self, source: &dyn TokenSource) -> Result<Secret, ProviderError> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref().filter(|token| self.clock.now() < token.use_until) {
            return Ok(token.access.clone());
        }
        let refresh = held.as_ref().and_then(|token| token.refresh.clone());
        let token = source.fetch(refresh.as_ref()).await?;
        let access = token.access.clone();
        *held = Some(token);
        Ok(access)
    }

    /// Says that the tool refused `used`. Does nothing when another call has renewed it meanwhile.
    pub async fn refused(&self, used: &Secret, renewal: Renewal) {
        let mut held = self.held.lock().await;
        match held.as_mut() {
            Some(token) if token.access == *used => match renewal {
                Renewal::Refresh => token.use_until = Timestamp::MIN,
                Renewal::Login => *held = None,
            },
            _ => {}
        }
    }

    /// Forgets the token and answers it if it is still good, so that the tool can be told that nobody needs it any more.
    pub async fn take(&self) -> Option<Secret> {
        let token = self.held.lock().await.take()?;
        (self.clock.now() < token.use_until).then_some(token.access)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::ManualClock;

    /// Issues `token-1`, `token-2`, ... and remembers how often it was given a refresh token.
    #[derive(Debug)]
    struct Issuer {
        clock: Arc<ManualClock>,
        issued: AtomicU32,
        refreshed: AtomicU32,
    }

    #[async_trait]
    impl TokenSource for Issuer {
        async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError> {
            tokio::task::yield_now().await;
            if refresh.is_some() {
                self.refreshed.fetch_add(1, Ordering::SeqCst);
            }
            let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
            let life = Duration::from_secs(1800);
            Ok(Token::new(Secret::new(format!("token-{number}")), Some(Secret::new("refresh")), self.clock.now(), life))
        }
    }

    fn issuer() -> (Arc<ManualClock>, TokenCache, Issuer) {
        let clock = Arc::new(ManualClock::new("2026-09-01T12:00:00Z".parse().unwrap()));
        let cache = TokenCache::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let issuer = Issuer { clock: Arc::clone(&clock), issued: AtomicU32::new(0), refreshed: AtomicU32::new(0) };
        (clock, cache, issuer)
    }

    #[tokio::test]
    async fn calls_at_the_same_time_share_one_fetch() {
        let (_, cache, issuer) = issuer();
        let (a, b, c) = tokio::join!(cache.get(&issuer), cache.get(&issuer), cache.get(&issuer));
        assert!(a == b && b == c);
        assert_eq!(issuer.issued.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_token_is_renewed_by_its_refresh_token_a_minute_before_it_ends() {
        let (clock, cache, issuer) = issuer();
        cache.get(&issuer).await.unwrap();
        clock.advance(Duration::from_secs(28 * 60));
        assert_eq!(cache.get(&issuer).await.unwrap().expose(), "token-1");
        clock.advance(Duration::from_secs(61));
        assert_eq!(cache.get(&issuer).await.unwrap().expose(), "token-2");
        assert_eq!(issuer.refreshed.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_however_many_calls_it_failed() {
        let (_, cache, issuer) = issuer();
        let first = cache.get(&issuer).await.unwrap();
        cache.refused(&first, Renewal::Refresh).await;
        cache.get(&issuer).await.unwrap();
        cache.refused(&first, Renewal::Login).await;
        assert_eq!(cache.get(&issuer).await.unwrap().expose(), "token-2");
        assert_eq!((issuer.issued.load(Ordering::SeqCst), issuer.refreshed.load(Ordering::SeqCst)), (2, 1));
    }

    #[test]
    fn a_token_about_to_end_is_not_thrown_away_at_once() {
        let now: Timestamp = "2026-09-01T12:00:00Z".parse().unwrap();
        let token = Token::new(Secret::new("t"), None, now, Duration::from_secs(30));
        assert_eq!(token.use_until, later(now, Duration::from_secs(27)));
    }
}
