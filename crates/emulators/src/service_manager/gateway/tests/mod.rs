//! Stories over real HTTP, one for each promise of the protocol.

mod access;
mod changing;
mod creating;
mod failures;
mod lists;
mod shapes;
mod speed;

use serde_json::{Value, json};

use super::{Gateway, Options, SECRET, Time};

/// 2026-09-01 10:00:00
pub(super) const NOW: i64 = 1_788_256_800;

/// A gateway whose time stands still.
pub(super) async fn gateway() -> Gateway {
    gateway_with(Options::default()).await
}

pub(super) async fn gateway_with(options: Options) -> Gateway {
    Gateway::start_with(Options { time: Time::Manual(NOW), ..options }).await
}

/// A client with a secret.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    secret: &'static str,
}

pub(super) fn client(gateway: &Gateway) -> Client {
    client_as(gateway, SECRET)
}

pub(super) fn client_as(gateway: &Gateway, secret: &'static str) -> Client {
    Client { http: reqwest::Client::new(), url: gateway.url(), secret }
}

/// Status, headers and body.
pub(super) type Told = (u16, reqwest::header::HeaderMap, Value);

impl Client {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url)).bearer_auth(self.secret)
    }

    pub(super) async fn told(request: reqwest::RequestBuilder) -> Told {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = Self::told(self.request("GET", path)).await;
        (status, body)
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, _, body) = Self::told(self.request(method, path).json(body)).await;
        (status, body)
    }

    /// Creates with a key.
    pub(super) async fn create(&self, key: &str, body: &Value) -> Told {
        Self::told(self.request("POST", "/v1/incidents").header("Idempotency-Key", key).json(body)).await
    }

    /// Creates a plain incident; its id.
    pub(super) async fn incident(&self, key: &str) -> String {
        let (status, _, body) = self.create(key, &draft(key)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// The ids of a list.
    pub(super) async fn ids(&self, path: &str) -> Vec<String> {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{body}");
        ids(&body)
    }
}

pub(super) fn ids(body: &Value) -> Vec<String> {
    body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn draft(title: &str) -> Value {
    json!({"properties": {"Title": title, "Impact": "Medium", "Urgency": "High"}})
}

pub(super) fn code(body: &Value) -> &str {
    body["code"].as_str().unwrap_or_default()
}
