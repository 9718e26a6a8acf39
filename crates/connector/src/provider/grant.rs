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
use super::wire::{Effect, Wire, below};
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
                Err(Trouble::Unauthorised(words)) => refused = words,
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
        let (told, refusal) = (voice.told(&answer.body), refusal(&answer.body));
        // By the RFC refused credentials are a 400, or a 401 in its own shape.
        if answer.status == 400 || (answer.status == 401 && told.is_none() && refusal.is_some()) {
            let words = told.or(refusal).unwrap_or_else(|| "the request was refused".to_owned());
            return Err(Trouble::Unauthorised(format!("{WHAT}: {words}")));
        }
        let now = self.clock.now();
        let case = Case { voice, answer: &answer, effect: Effect::Read, what: WHAT, now };
        let value = case.whole(answered)?;
        let missing = || Effect::Read.unknown(format!("{WHAT}: the answer holds no access_token"));
        token(&value, now, self.default_life).ok_or_else(|| missing().into())
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

/// Where Entra gives out tokens of a tenant (id or domain).
#[must_use]
pub fn entra_token_url(authority: &Url, tenant: &str) -> Url {
    below(authority, &[tenant, "oauth2", "v2.0", "token"])
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::clock::ManualClock;
    use crate::provider::WaitReason;

    /// A tool that tells its errors in a shape of its own.
    struct Tool;

    impl Voice for Tool {
        fn title(&self) -> &'static str {
            "Helpdesk"
        }
        fn noun(&self) -> &'static str {
            "server"
        }
        fn address(&self) -> &'static str {
            "https://HOST"
        }
        fn told(&self, _body: &[u8]) -> Option<String> {
            None
        }
    }

    /// Takes the form that holds `good`, refuses with `status`.
    async fn fetched(good: &'static str, status: StatusCode) -> Result<Result<Token, String>, ProviderError> {
        let handler = move |_: HeaderMap, form: String| async move {
            if form.contains(good) {
                return (StatusCode::OK, json!({"access_token": "a", "expires_in": 100}).to_string());
            }
            (status, json!({"error": "invalid_grant", "error_description": form}).to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(handler))).await });
        let settings = format!("provider = \"servicenow\"\nurl = \"{url}\"\nauth = {{ type = \"api_key\", key = \"$KEY\" }}");
        let wire = Wire::new(&toml::from_str(&settings).unwrap()).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let endpoint = TokenEndpoint { wire, url: url.parse().unwrap(), clock, default_life: Duration::from_secs(60) };
        endpoint.fetch(&Tool, &[vec![("by", "refresh")], vec![("by", "password")]]).await
    }

    #[tokio::test]
    async fn forms_are_tried_in_order_until_one_is_taken() {
        let token = fetched("password", StatusCode::BAD_REQUEST).await.unwrap().unwrap();
        assert_eq!(token.access.expose(), "a");
        for status in [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED] {
            let told = fetched("nothing", status).await.unwrap().unwrap_err();
            assert_eq!(told, "fetching an OAuth token: by=password (invalid_grant)", "{status}");
        }
        let down = fetched("password", StatusCode::BAD_GATEWAY).await.unwrap_err();
        assert!(matches!(down, ProviderError::Wait { reason: WaitReason::Outage, .. }));
        let forbidden = fetched("password", StatusCode::UNPROCESSABLE_ENTITY).await.unwrap_err();
        assert!(matches!(forbidden, ProviderError::Wait { reason: WaitReason::Credentials, .. }));
    }

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
