//! Azure Relay on the way to a gateway: the token that opens it, made here from a key and renewed in time, and what its own answers
//! mean. An answer is Relay's own when it has no `Via` and is no problem of the gateway's protocol: a proxy between may add a `Via`
//! of its own, but nobody else writes such a problem.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::VIA;
use url::{Url, form_urlencoded};

use super::super::config::Relay;
use crate::clock::{Clock, later};
use crate::provider::credentials::{Proof, secret};
use crate::provider::judgement::Case;
use crate::provider::token::{Token, TokenCache, TokenSource};
use crate::provider::trouble::Trouble;
use crate::provider::wire::Effect;
use crate::provider::{ProviderError, Surroundings, WaitReason};
use crate::secret::{Secret, Secrets};

/// The header that Relay reads and takes off.
const HEADER: &str = "servicebusauthorization";
/// Begins what is said when Relay does not take a token, so that it is told apart from the gateway's own refusal.
pub(super) const NOT_ACCEPTED: &str = "Azure Relay does not accept the token (401)";

/// The way through a hybrid connection.
#[derive(Debug)]
pub(super) struct Hop {
    settings: Relay,
    /// What tokens are for.
    audience: String,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    tokens: TokenCache,
}

impl Hop {
    pub(super) fn new(settings: Relay, url: &Url, surroundings: &Surroundings) -> Self {
        let clock = || Arc::clone(&surroundings.clock);
        Self {
            settings,
            audience: audience(url),
            secrets: Arc::clone(&surroundings.secrets),
            clock: clock(),
            tokens: TokenCache::new(clock()),
        }
    }

    /// The rule whose key is used.
    pub(super) fn rule(&self) -> &str {
        &self.settings.rule
    }

    /// What a call shows to Relay.
    pub(super) async fn proof(&self) -> Result<Proof, ProviderError> {
        Ok(Proof::Key { header: HEADER, key: self.tokens.get(self).await? })
    }

    /// Where the token is kept: one that is refused is forgotten, and the next one made with the key as it is then.
    pub(super) const fn tokens(&self) -> &TokenCache {
        &self.tokens
    }
}

#[async_trait]
impl TokenSource for Hop {
    async fn fetch(&self, _refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        let key = secret(self.secrets.as_ref(), &self.settings.key)?;
        let (now, life) = (self.clock.now(), self.settings.token_life.get());
        let token = signed(&self.audience, &self.settings.rule, &key, later(now, life).as_second());
        Ok(Token::new(Secret::new(token), None, now, life))
    }
}

/// The hybrid connection as Relay's tokens name it: with `http`, and without port and query.
fn audience(url: &Url) -> String {
    format!("http://{}{}", url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'))
}

/// A shared access signature for `audience`, good until `expires` (seconds since 1970).
fn signed(audience: &str, rule: &str, key: &Secret, expires: i64) -> String {
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let resource = escape(audience);
    // The key is used as the text that it is shown as, not as the bytes that it encodes.
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().trim().as_bytes());
    let signature = hmac::sign(&key, format!("{resource}\n{expires}").as_bytes());
    let signature = escape(&BASE64_STANDARD.encode(signature.as_ref()));
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expires}&skn={}", escape(rule))
}

/// Judges an answer that came by way of Relay; nothing when it is not Relay's own.
pub(super) fn own(case: &Case<'_>) -> Option<Trouble> {
    if case.answer.headers.contains_key(VIA) || case.words().is_some() {
        return None;
    }
    let wait = |reason, told: &str, remedy: &str| Some(Trouble::wait(reason, case.say(told), remedy));
    match case.answer.status {
        401 => Some(Trouble::Unauthorised(case.say(NOT_ACCEPTED))),
        403 => wait(
            WaitReason::Credentials,
            "Azure Relay refuses the token (403): its rule may not send to this hybrid connection",
            "use a shared access policy of this very hybrid connection (or its namespace) that has the right Send, and check the \
             hybrid connection's name in url",
        ),
        404 => wait(
            WaitReason::Outage,
            "Azure Relay knows no such hybrid connection (404)",
            "check url (https://NAMESPACE.servicebus.windows.net/HYBRID-CONNECTION) against `az relay hyco list`; it may have been \
             deleted",
        ),
        502 | 503 => {
            let status = case.answer.status;
            let told = format!("no gateway is connected to the hybrid connection (Azure Relay answers {status})");
            if case.effect == Effect::Write {
                // A gateway that goes away with the request in its hands gives the same status.
                return Some(Trouble::Error(ProviderError::Ambiguous { cause: case.say(&told) }));
            }
            wait(
                WaitReason::Outage,
                &told,
                "start the scheduled task of the SM gateway; check its log, its outbound port 443 to *.servicebus.windows.net, and that \
                 its listen rule still has the key that it uses",
            )
        }
        // Whether the gateway did anything is not known.
        504 => Some(Trouble::Error(case.effect.unknown(case.say("the gateway did not answer Azure Relay within 60 s (504)")))),
        _ => None,
    }
}

/// What to say when Relay does not take a token that was made a moment ago.
pub(super) fn not_accepted(told: &str, rule: &str, life: Duration) -> ProviderError {
    ProviderError::Wait {
        reason: WaitReason::Credentials,
        after: None,
        cause: format!(
            "{told}: the key is not that of rule \"{rule}\", there is no such rule, or this machine's clock is more than {} s off",
            life.as_secs()
        ),
        remedy: format!(
            "compare service_manager.relay.rule and its key with the shared access policies of the hybrid connection (`az relay hyco \
             authorization-rule keys list ... --name {rule}`); synchronise this machine's clock"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_the_hybrid_connection_without_port_and_slash() {
        for url in ["https://contoso.servicebus.windows.net/scsm", "https://Contoso.servicebus.windows.net:443/scsm/"] {
            assert_eq!(audience(&url.parse().unwrap()), "http://contoso.servicebus.windows.net/scsm");
        }
    }

    #[test]
    fn a_token_is_the_one_that_others_make_of_the_same_key() {
        let ours =
            signed("http://contoso-relay.servicebus.windows.net/scsm", "send", &Secret::new(emulators::relay::SEND_KEY), 100);
        let theirs =
            emulators::relay::token("http://contoso-relay.servicebus.windows.net/scsm", "send", emulators::relay::SEND_KEY, 100);
        assert_eq!(ours, theirs);
        // And so does openssl: printf '%s\n%s' "$sr" 100 | openssl dgst -sha256 -hmac "$key" -binary | base64
        let signature = "%2FURL19Bxmq03SVCGcVc2WcUoZ5t8QYknUZgkDYFWYbU%3D";
        let resource = "http%3A%2F%2Fcontoso-relay.servicebus.windows.net%2Fscsm";
        assert_eq!(ours, format!("SharedAccessSignature sr={resource}&sig={signature}&se=100&skn=send"));
    }
}
