//! Stories over real HTTP.

mod access;
mod events;
mod failures;
mod import;
mod lists;
mod policies;
mod shapes;
mod speed;
mod table;

use serde_json::{Value, json};

use super::{Options, ServiceNow, Time};

/// 2026-09-01 10:00:00
pub(super) const NOW: i64 = 1_788_256_800;

/// An instance whose time stands still.
pub(super) async fn instance() -> ServiceNow {
    ServiceNow::start_with(Options { time: Time::Manual(NOW), ..Options::default() }).await
}

/// A client that signs in as the integration user.
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
}

pub(super) fn client(instance: &ServiceNow) -> Client {
    Client { http: reqwest::Client::new(), url: instance.url() }
}

impl Client {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url)).basic_auth("itsm", Some("p"))
    }

    /// Status and body of a JSON exchange; `null` when the body is no JSON.
    pub(super) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, None).await
    }

    /// Creates an incident; its `sys_id`.
    pub(super) async fn create(&self, body: Value) -> String {
        let (status, answer) = self.send("POST", "/api/now/table/incident", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer["result"]["sys_id"].as_str().unwrap().to_owned()
    }

    /// The named column of every row of a list.
    pub(super) async fn column(&self, path: &str, column: &str) -> Vec<String> {
        let (status, answer) = self.get(path).await;
        assert_eq!(status, 200, "{answer}");
        answer["result"].as_array().unwrap().iter().map(|row| row[column].as_str().unwrap().to_owned()).collect()
    }
}

pub(super) fn incident(text: &str) -> Value {
    json!({"short_description": text})
}
