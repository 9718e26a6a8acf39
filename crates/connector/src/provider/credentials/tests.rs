use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::Method;
use url::Url;

use super::*;
use crate::clock::ManualClock;
use crate::provider::token::{Token, TokenSource};

/// Issues `token-1`, `token-2`, ...; remembers how often it was given a refresh token.
#[derive(Debug)]
struct Ours {
    tokens: TokenCache,
    worked: Worked,
    issued: AtomicU32,
    refreshed: AtomicU32,
}

#[async_trait]
impl TokenSource for Ours {
    async fn fetch(&self, refresh: Option<&Secret>) -> Result<Token, ProviderError> {
        self.refreshed.fetch_add(u32::from(refresh.is_some()), Ordering::SeqCst);
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let access = Secret::new(format!("token-{number}"));
        Ok(Token::new(access, Some(Secret::new("refresh")), Timestamp::UNIX_EPOCH, Duration::from_secs(1800)))
    }
}

#[async_trait]
impl Credentials for Ours {
    async fn proof(&self) -> Result<Proof, ProviderError> {
        self.tokens.get(self).await.map(Proof::bearer)
    }
    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }
    fn accepted(&self) {
        self.worked.now();
    }
    fn unauthorised(&self, told: &str) -> ProviderError {
        refused(format!("{told}, since {:?}", self.worked.until()), "ask")
    }
}

fn ours() -> Ours {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    Ours {
        tokens: TokenCache::new(Arc::clone(&clock)),
        worked: Worked::new(clock),
        issued: AtomicU32::new(0),
        refreshed: AtomicU32::new(0),
    }
}

/// A tool that takes one token only.
async fn serve(good: &'static str) -> (Wire, Url) {
    let handler = move |headers: HeaderMap| async move {
        if headers[AUTHORIZATION] == good { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(handler))).await });
    let settings = format!("provider = \"servicenow\"\nurl = \"{url}\"\nauth = {{ type = \"api_key\", key = \"$KEY\" }}");
    (Wire::new(&toml::from_str(&settings).unwrap()).unwrap(), url.parse().unwrap())
}

async fn ask(good: &'static str, credentials: &Ours) -> Result<(), Trouble> {
    let (wire, url) = serve(good).await;
    let judged = |answer: &Answer| {
        if answer.status == 401 { Err(Trouble::Unauthorised("no".to_owned())) } else { Ok(()) }
    };
    let request = || wire.request(Method::GET, url.clone());
    call(&wire, credentials, Effect::Read, "asking", request, judged).await.map(drop)
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_then_the_credentials_are_used_once() {
    let credentials = ours();
    ask("Bearer token-3", &credentials).await.unwrap();
    assert_eq!((credentials.issued.load(Ordering::SeqCst), credentials.refreshed.load(Ordering::SeqCst)), (3, 1));
    assert_eq!(credentials.worked.until(), Some(Timestamp::UNIX_EPOCH));
}

#[tokio::test]
async fn then_the_product_says_what_a_person_has_to_know() {
    let credentials = ours();
    let told = ask("Bearer token-4", &credentials).await.unwrap_err();
    assert_eq!(told, Trouble::Error(refused("no, since None", "ask")));
    assert_eq!(credentials.issued.load(Ordering::SeqCst), 3);
}

#[test]
fn no_log_shows_a_proof_and_a_secret_that_is_no_header_value_fails_the_request() {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let shown = |proof: Proof| proof.show(client.get("http://127.0.0.1:1/")).build();
    let key = |text| Proof::Key { header: "x-key", key: Secret::new(text) };
    for proof in [key("hunter2"), Proof::Token { scheme: "Token", token: Secret::new("hunter2") }] {
        let request = shown(proof).unwrap();
        assert!(request.headers().values().all(HeaderValue::is_sensitive));
        assert!(!format!("{request:?}").contains("hunter2"));
    }
    assert!(shown(key("two\nlines")).unwrap_err().is_builder());
}
