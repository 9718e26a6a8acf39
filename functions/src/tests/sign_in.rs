//! A sign-in service as small as it can be: publishes keys, signs what a test asks for, counts how often it is asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) const TENANT: &str = "0aaa1111-2222-4333-8444-555566667777";

/// Two keys, made once: making one takes a while.
static KEYS: LazyLock<[EncodingKey; 2]> = LazyLock::new(|| {
    let make = || {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap()
    };
    [make(), make()]
});

#[derive(Debug, Default)]
struct State {
    /// The keys that are published, by position.
    published: Mutex<Vec<usize>>,
    down: AtomicBool,
    asked: AtomicUsize,
}

pub(super) struct SignIn {
    pub(super) url: String,
    state: Arc<State>,
}

impl SignIn {
    pub(super) async fn start() -> Self {
        let state = Arc::new(State { published: Mutex::new(vec![0]), ..State::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Arc::clone(&state);
        let app = Router::new().fallback(get(move |uri: Uri| async move { serving.answer(&uri) }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(super) fn publish(&self, keys: &[usize]) {
        *self.state.published.lock().unwrap() = keys.to_vec();
    }

    pub(super) fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    pub(super) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// Claims of a good version 2 token at noon.
    pub(super) fn claims(&self) -> Value {
        json!({
            "iss": format!("{}/{TENANT}/v2.0", self.url),
            "aud": "our-app",
            "iat": 1_795_435_200, "nbf": 1_795_435_200, "exp": 1_795_435_200 + 3600,
            "azp": "461e8683-5575-4561-ac7f-899cc907d62a",
            "roles": ["ActionGroupsSecureWebhook"],
            "tid": TENANT, "ver": "2.0", "marker": "token-content",
        })
    }
}

impl State {
    fn answer(&self, uri: &Uri) -> (StatusCode, String) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return (StatusCode::BAD_GATEWAY, "<html>".to_owned());
        }
        if uri.path() != format!("/{TENANT}/discovery/v2.0/keys") {
            return (StatusCode::NOT_FOUND, String::new());
        }
        let mut keys = vec![json!({"kty": "EC", "kid": "curve", "crv": "P-256", "x": "a", "y": "b"})];
        for position in self.published.lock().unwrap().iter() {
            let mut key = serde_json::to_value(Jwk::from_encoding_key(&KEYS[*position], Algorithm::RS256).unwrap()).unwrap();
            key["kid"] = json!(format!("key-{position}"));
            key["use"] = json!("sig");
            key["x5c"] = json!(["MIIC"]);
            keys.push(key);
        }
        (StatusCode::OK, json!({ "keys": keys }).to_string())
    }
}

/// A token with `claims`, signed with the key at `position` and named as it.
pub(super) fn sign(position: usize, claims: &Value) -> String {
    sign_as(position, &format!("key-{position}"), claims)
}

/// A token whose header names another key than the one that signed it.
pub(super) fn sign_as(position: usize, kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &KEYS[position]).unwrap()
}

/// The confusion of old libraries: the public key's modulus used as the secret of HS256.
pub(super) fn sign_confused(claims: &Value) -> String {
    let public = serde_json::to_value(Jwk::from_encoding_key(&KEYS[0], Algorithm::RS256).unwrap()).unwrap();
    let header = Header { kid: Some("key-0".to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(public["n"].as_str().unwrap().as_bytes())).unwrap()
}
