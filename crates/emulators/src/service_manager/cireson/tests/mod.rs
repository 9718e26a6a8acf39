//! Stories over real HTTP.

mod access;
mod commits;
mod criteria;
mod desk;
mod lists;
mod projections;
mod speed;

use serde_json::{Value, json};

use super::{Cireson, Options, Time};
use crate::service_manager::model::ids;

/// 2026-09-01 10:00:00
pub(super) const NOW: i64 = 1_788_256_800;

/// Options with a clock that stands still.
pub(super) fn still() -> Options {
    Options { time: Time::Manual(NOW), ..Options::default() }
}

/// A portal whose time stands still.
pub(super) async fn portal() -> Cireson {
    Cireson::start_with(still()).await
}

/// A client with a token.
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) token: String,
}

pub(super) async fn client(portal: &Cireson) -> Client {
    client_as(portal, "CONTOSO\\svc-itsm", "p", "ENU").await
}

pub(super) async fn client_as(portal: &Cireson, user: &str, password: &str, language: &str) -> Client {
    let http = reqwest::Client::new();
    let body = json!({"UserName": user, "Password": password, "LanguageCode": language});
    let url = portal.url();
    let answer = http.post(format!("{url}/api/V3/Authorization/GetToken")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    Client { http, url, token: answer.json().await.unwrap() }
}

impl Client {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), format!("{}/api/V3/{path}", self.url));
        request.header("Authorization", format!("Token {}", self.token))
    }

    /// Status and body as text.
    pub(super) async fn text(&self, request: reqwest::RequestBuilder) -> (u16, String) {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.text(self.request("GET", path)).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, text) = self.text(self.request("POST", path).json(body)).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The id of a person.
    pub(super) async fn me(&self) -> String {
        let user = self.post("User/IsUserAuthorized?userName=svc-itsm&domain=CONTOSO", &json!(null)).await;
        user["Id"].as_str().unwrap().to_owned()
    }

    /// What the default template would make.
    pub(super) async fn draft(&self) -> Value {
        let (template, me) = (ids::DEFAULT_INCIDENT_TEMPLATE, self.me().await);
        self.get(&format!("Projection/CreateProjectionByTemplate?id={template}&createdById={me}")).await
    }

    pub(super) async fn commit(&self, current: &Value, original: &Value) -> Value {
        let form = json!({"formJson": {"isDirty": true, "current": current, "original": original}});
        self.post("Projection/Commit", &form).await
    }

    /// An incident as it is read after its creation.
    pub(super) async fn incident(&self, title: &str) -> Value {
        let mut draft = self.draft().await;
        draft["Title"] = json!(title);
        let done = self.commit(&draft, &Value::Null).await;
        assert_eq!(done["success"], true, "{done}");
        self.read(done["BaseId"].as_str().unwrap()).await
    }

    pub(super) async fn read(&self, id: &str) -> Value {
        let projection = ids::INCIDENT_PROJECTION;
        self.get(&format!("Projection/GetProjection?id={id}&typeProjectionId={projection}")).await
    }

    /// Ids of the incidents that fit, sorted.
    pub(super) async fn find(&self, expression: &Value) -> Vec<String> {
        let found = self.post("Projection/GetProjectionByCriteria", &query(expression)).await;
        let mut found: Vec<String> =
            found.as_array().unwrap().iter().map(|item| item["Id"].as_str().unwrap().to_owned()).collect();
        found.sort();
        found
    }
}

pub(super) fn query(expression: &Value) -> Value {
    json!({"Id": ids::INCIDENT_PROJECTION, "Criteria": {"Base": {"Expression": expression}}})
}

pub(super) fn generic(name: &str, operator: &str, value: &str) -> Value {
    simple(&json!({"GenericProperty": name}), operator, value)
}

pub(super) fn property(name: &str, operator: &str, value: &str) -> Value {
    let path = format!("$Context/Property[Type='{}']/{name}$", ids::INCIDENT);
    simple(&json!({"Property": path}), operator, value)
}

fn simple(left: &Value, operator: &str, value: &str) -> Value {
    json!({"SimpleExpression": {"ValueExpressionLeft": left, "Operator": operator, "ValueExpressionRight": {"Value": value}}})
}
