//! Stories over real HTTP.

mod access;
mod conditions;
mod delta;
mod desk;
mod lists;
mod metadata;
mod protection;
mod records;
mod tokens;

use serde_json::{Value, json};

use super::{
    Dataverse, Options, Time,
    options::{ADMINISTRATOR_APPLICATION, APPLICATION, SECRET},
};

/// 2026-09-01T10:00:00Z
pub(super) const NOW: i64 = 1_788_256_800;
/// A key that a client chose.
pub(super) const CHOSEN: &str = "6b0a1d7e-3c1f-5d2a-9a51-0d9b6f0e2c11";

pub(super) fn options() -> Options {
    Options { time: Time::Manual(NOW), ..Options::default() }
}

pub(super) async fn environment() -> Dataverse {
    Dataverse::start_with(options()).await
}

/// An answer, read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

impl Read {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(super) fn error(&self) -> (u16, &str, &str) {
        let text = |name: &str| self.body["error"][name].as_str().unwrap_or_default();
        (self.status, text("code"), text("message"))
    }

    pub(super) fn rows(&self) -> &Vec<Value> {
        self.body["value"].as_array().unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// A client with a token.
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) base: String,
    pub(super) token: String,
}

pub(super) async fn ask_token(environment: &Dataverse, form: &[(&str, &str)]) -> Read {
    let url = format!("{}/{}/oauth2/v2.0/token", environment.authority_url(), environment.tenant());
    read(reqwest::Client::new().post(url).form(form)).await
}

pub(super) async fn client_of(environment: &Dataverse, application: &str) -> Client {
    let scope = format!("{}/.default", environment.url());
    let form =
        [("grant_type", "client_credentials"), ("client_id", application), ("client_secret", SECRET), ("scope", scope.as_str())];
    let token = ask_token(environment, &form).await;
    let token = token.body["access_token"].as_str().unwrap_or_else(|| panic!("{token:?}")).to_owned();
    Client { http: reqwest::Client::new(), base: format!("{}/api/data/v9.2", environment.url()), token }
}

pub(super) async fn client(environment: &Dataverse) -> Client {
    client_of(environment, APPLICATION).await
}

pub(super) async fn administrator(environment: &Dataverse) -> Client {
    client_of(environment, ADMINISTRATOR_APPLICATION).await
}

pub(super) async fn read(request: reqwest::RequestBuilder) -> Read {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    Read { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

impl Client {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}/{path}", self.base) };
        self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token)
    }

    pub(super) async fn get(&self, path: &str) -> Read {
        read(self.request("GET", path)).await
    }

    pub(super) async fn prefer(&self, path: &str, prefer: &str) -> Read {
        read(self.request("GET", path).header("Prefer", prefer)).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Read {
        read(self.request(method, path).json(&body)).await
    }

    pub(super) async fn account(&self) -> String {
        self.get("accounts?$select=name&$filter=name eq 'contoso'").await.rows()[0]["accountid"].as_str().unwrap().to_owned()
    }

    /// A body for an incident that can be created.
    pub(super) async fn incident(&self, title: &str) -> Value {
        json!({"title": title, "customerid_account@odata.bind": format!("/accounts({})", self.account().await)})
    }

    /// Creates an incident; its id.
    pub(super) async fn create(&self, title: &str) -> String {
        let answer = self.send("POST", "incidents", self.incident(title).await).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        let address = answer.header("odata-entityid");
        address.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    }
}
