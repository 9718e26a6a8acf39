//! Stories over real HTTP.

mod access;
mod definitions;
mod desk;
mod failures;
mod reading;
mod related;
mod saving;
mod searching;
mod speed;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CLIENT_ID, Cherwell, Options, Time};

/// 2026-09-01 10:00:00 UTC, 4:00 AM in Denver.
pub(super) const NOW: i64 = 1_788_256_800;

pub(super) const INCIDENT: &str = "6dd53665c0c24cab86870a21cf6434ae";
pub(super) const CHANGE: &str = "934ec7a1701c451ce57f2c43bfbbe2e46fe4843f81";
pub(super) const ITEMS: &str = "9344be92d5b7b4c290437c4110bc5b7147c9e3e98a";

/// A system whose time stands still.
pub(super) fn options() -> Options {
    Options { time: Time::Manual(NOW), ..Options::default() }
}

pub(super) async fn system() -> Cherwell {
    Cherwell::start_with(options()).await
}

/// A client with a token.
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) token: String,
    pub(super) refresh: String,
}

/// Status and body of a token call.
pub(super) async fn token(url: &str, query: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = reqwest::Client::new().post(format!("{url}/token{query}")).form(form).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

pub(super) fn password<'a>(user: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [("grant_type", "password"), ("client_id", CLIENT_ID), ("username", user), ("password", password)]
}

pub(super) async fn client(system: &Cherwell) -> Client {
    client_as(system, "itsm", "p").await
}

pub(super) async fn client_as(system: &Cherwell, user: &str, secret: &str) -> Client {
    let (status, body) = token(&system.url(), "", &password(user, secret)).await;
    assert_eq!(status, 200, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Client { http: reqwest::Client::new(), url: system.url(), token: text("access_token"), refresh: text("refresh_token") }
}

impl Client {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// Status and body of an exchange; `null` when the body is no JSON.
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

    pub(super) async fn post(&self, call: &str, body: Value) -> (u16, Value) {
        self.send("POST", &format!("/api/V1/{call}"), Some(body)).await
    }

    /// Short field ids by name, from the schema.
    pub(super) async fn fields(&self, object: &str) -> BTreeMap<String, String> {
        let (_, schema) = self.get(&format!("/api/V1/getbusinessobjectschema/busobid/{object}")).await;
        let fields = schema["fieldDefinitions"].as_array().unwrap().iter();
        fields.map(|field| (field["name"].as_str().unwrap().to_owned(), field["fieldId"].as_str().unwrap().to_owned())).collect()
    }

    /// Items of a save, marked dirty.
    pub(super) async fn items(&self, object: &str, values: &[(&str, &str)]) -> Vec<Value> {
        let fields = self.fields(object).await;
        let item = |(name, value): &(&str, &str)| json!({"dirty": true, "fieldId": fields[*name], "name": name, "value": value});
        values.iter().map(item).collect()
    }

    /// Saves an incident or changes it; the answer.
    pub(super) async fn save(&self, id: Option<&str>, values: &[(&str, &str)]) -> (u16, Value) {
        let body = json!({"busObId": INCIDENT, "busObRecId": id, "persist": true, "fields": self.items(INCIDENT, values).await});
        self.post("savebusinessobject", body).await
    }

    /// Creates an incident that has all it needs; `RecID`.
    pub(super) async fn create(&self, system: &Cherwell, more: &[(&str, &str)]) -> String {
        let customer = system.records("Customer")[0]["RecID"].clone();
        let mut values = needed(&customer);
        values.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        values.extend(more);
        let (status, saved) = self.save(None, &values).await;
        assert_eq!((status, &saved["hasError"]), (200, &json!(false)), "{saved}");
        saved["busObRecId"].as_str().unwrap().to_owned()
    }

    /// A record by the names of its fields.
    pub(super) async fn read(&self, object: &str, id: &str) -> BTreeMap<String, String> {
        let (status, record) = self.get(&format!("/api/V1/getbusinessobject/busobid/{object}/busobrecid/{id}")).await;
        assert_eq!(status, 200, "{record}");
        named(&record)
    }

    /// Status, and the values of one field in order of the answer.
    pub(super) async fn column(&self, search: Value, name: &str) -> Vec<String> {
        let (status, found) = self.post("getsearchresults", search).await;
        assert_eq!((status, &found["hasError"]), (200, &json!(false)), "{found}");
        found["businessObjects"].as_array().unwrap().iter().map(|record| named(record)[name].clone()).collect()
    }
}

/// What an incident needs, and no more.
pub(super) fn needed(customer: &str) -> Vec<(&str, &str)> {
    vec![
        ("Description", "CPU over 90% on WEB01"),
        ("CustomerRecID", customer),
        ("Service", "Server Management"),
        ("Category", "Server"),
        ("Subcategory", "Performance"),
    ]
}

pub(super) fn named(record: &Value) -> BTreeMap<String, String> {
    let fields = record["fields"].as_array().unwrap().iter();
    fields.map(|field| (field["name"].as_str().unwrap().to_owned(), field["value"].as_str().unwrap().to_owned())).collect()
}
