//! Tokens by RFC 6749: forms to a token endpoint, tried one after another until one is taken, and what its answers mean. Which
//! forms there are, and what a refusal means, is the product's business.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::ProviderError;
use super::credentials;
use super::judgement::{Case, Flaw, Voice, json};
use super::token::Token;
use super::trouble::Trouble;
use super::wire::{Effect, Wire};
use crate::clock::Clock;
use crate::secret::Secret;

const WHAT: &str = "fetching an OAuth token";

/// A form for the endpoint; holds secrets.
pub type Form<'a> = Vec<(&'a str, &'a str)>;

/// A token endpoint.
#[derive(Debug)]
pub struct TokenEndpoint {
    /// The way to it.
    pub wire: Wire,
    /// Where it is.
    pub url: Url,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// A token's life when the answer does not tell.
    pub default_life: Duration,
}

impl TokenEndpoint {
    /// Tries `forms` in order. The inner error is the last refusal, in the endpoint's words, when none is taken.
    pub async fn fetch(&self, voice: &dyn Voice, forms: &[Form<'_>]) -> Result<Result<Token, String>, ProviderError> {
        let mut refused = String::new();
        for form in forms {
            match self.grant(voice, form).await {
                Ok(token) => return Ok(Ok(token)),
                // A refresh token ends unannounced; the next form is the way back.
                Err(Trouble::Unauthorised(told)) => refused = told,
                Err(Trouble::NotFound(cause)) => return Err(credentials::refused(cause, "check url")),
                // Without a token nothing works, so it is never one delivery's fault.
                Err(Trouble::Error(ProviderError::Refused { cause, remedy })) => return Err(credentials::refused(cause, remedy)),
                Err(Trouble::Error(error)) => return Err(error),
            }
        }
        Ok(Err(refused))
    }

    /// One request. `Unauthorised` when the grant is refused.
    async fn grant(&self, voice: &dyn Voice, form: &Form<'_>) -> Result<Token, Trouble> {
        let request = self.wire.request(Method::POST, self.url.clone()).form(form);
        let answer = self.wire.send(request, Effect::Read, WHAT).await?;
        if answer.status == 400 {
            // By the RFC refused credentials are a 400.
            let told = voice.told(&answer.body).or_else(|| refusal(&answer.body));
            let told = told.unwrap_or_else(|| "the request was refused".to_owned());
            return Err(Trouble::Unauthorised(format!("{WHAT}: {told}")));
        }
        let now = self.clock.now();
        let case = Case { voice, answer: &answer, effect: Effect::Read, what: WHAT, now };
        let value = case.whole(answered)?;
        token(&value, now, self.default_life).ok_or_else(|| {
            let cause = format!("{WHAT}: the answer holds no access_token");
            Trouble::Error(ProviderError::Retry { after: None, cause })
        })
    }
}

fn answered(body: &[u8]) -> Result<Value, Flaw> {
    let value: Value = json(body)?;
    if value.get("error").is_some() { Err(Flaw::Error) } else { Ok(value) }
}

/// The token in a good answer. Some tools write `expires_in` as a text.
fn token(value: &Value, now: Timestamp, default_life: Duration) -> Option<Token> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let seconds = value.get("expires_in").and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
    let life = seconds.map_or(default_life, Duration::from_secs);
    Some(Token::new(Secret::new(text("access_token")?), text("refresh_token").map(Secret::new), now, life))
}

/// The words of a refusal: `{"error": "invalid_grant", "error_description": "..."}`, at a readable length.
#[must_use]
pub fn refusal(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let code = value.get("error")?.as_str().filter(|text| !text.is_empty())?;
    let told = value.get("error_description").and_then(Value::as_str);
    let words = told.map_or_else(|| code.to_owned(), |words| format!("{words} ({code})"));
    Some(words.chars().take(500).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn life(answer: &Value) -> Option<i64> {
        let token = token(answer, Timestamp::UNIX_EPOCH, Duration::from_secs(1000))?;
        Some(token.use_until.as_second())
    }

    #[test]
    fn a_life_may_be_a_number_a_text_or_missing() {
        assert_eq!(life(&json!({"access_token": "a", "expires_in": 100})), Some(90));
        assert_eq!(life(&json!({"access_token": "a", "expires_in": "3600"})), Some(3540));
        assert_eq!(life(&json!({"access_token": "a"})), Some(940));
        assert_eq!(life(&json!({"access_token": "", "expires_in": 100})), None);
    }

    #[test]
    fn a_refusal_is_told_with_its_code() {
        let told = |body: &str| refusal(body.as_bytes());
        assert_eq!(told(r#"{"error": "invalid_grant", "error_description": "No"}"#).as_deref(), Some("No (invalid_grant)"));
        assert_eq!(told(r#"{"error": "server_error"}"#).as_deref(), Some("server_error"));
        assert_eq!(told(r#"{"error": {"message": "x"}}"#), None);
        assert_eq!(told("<html>"), None);
    }
}
