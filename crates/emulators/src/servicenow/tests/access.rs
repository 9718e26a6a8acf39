//! Passwords, tokens, API keys, roles, limits.

use std::time::Duration;

use serde_json::{Value, json};

use super::{NOW, client, incident, instance};
use crate::servicenow::{Effect, Fault, Options, RateLimit, ServiceNow, Time, User};

async fn token(instance: &ServiceNow, form: &[(&str, &str)]) -> (u16, Value) {
    let mut form = form.to_vec();
    form.extend([("client_id", "itsm-client"), ("client_secret", "itsm-secret")]);
    let answer = reqwest::Client::new().post(format!("{}/oauth_token.do", instance.url())).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

const PASSWORD: [(&str, &str); 3] = [("grant_type", "password"), ("username", "itsm"), ("password", "p")];

async fn with_bearer(instance: &ServiceNow, token: &str) -> u16 {
    let url = format!("{}/api/now/table/incident?sysparm_limit=1", instance.url());
    reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn nobody_and_a_wrong_password_get_the_same_401() {
    let instance = instance().await;
    let url = format!("{}/api/now/table/incident", instance.url());
    let http = reqwest::Client::new();
    for request in [http.get(&url), http.get(&url).basic_auth("itsm", Some("wrong")), http.get(&url).bearer_auth("stale")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.unwrap();
        let error = json!({"message": "User Not Authenticated", "detail": "Required to provide Auth information"});
        assert_eq!(body, json!({"error": error, "status": "failure"}));
    }
}

#[tokio::test]
async fn the_same_token_comes_back_with_less_life_until_it_expires() {
    let instance = instance().await;
    let (_, first) = token(&instance, &PASSWORD).await;
    assert_eq!((first["expires_in"].as_i64().unwrap(), first["token_type"].as_str().unwrap()), (1799, "Bearer"));
    instance.advance(Duration::from_secs(1000));
    let (_, second) = token(&instance, &PASSWORD).await;
    assert_eq!((&second["access_token"], second["expires_in"].as_i64().unwrap()), (&first["access_token"], 799));
    let text = first["access_token"].as_str().unwrap();
    assert_eq!(with_bearer(&instance, text).await, 200);
    instance.advance(Duration::from_secs(800));
    assert_eq!(with_bearer(&instance, text).await, 401);
    let (_, third) = token(&instance, &PASSWORD).await;
    assert_ne!(third["access_token"], first["access_token"]);
}

#[tokio::test]
async fn a_refresh_keeps_the_refresh_token_until_that_expires_too() {
    let instance = instance().await;
    let (_, first) = token(&instance, &PASSWORD).await;
    let refresh = first["refresh_token"].as_str().unwrap();
    instance.advance(Duration::from_secs(2000));
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, second) = token(&instance, &form).await;
    assert_eq!((status, &second["refresh_token"]), (200, &first["refresh_token"]));
    instance.advance(Duration::from_secs(8_640_000));
    assert_eq!(token(&instance, &form).await, (401, json!({"error_description": "access_denied", "error": "server_error"})));
}

#[tokio::test]
async fn client_credentials_work_only_where_the_property_allows_them_and_give_no_refresh_token() {
    let instance = instance().await;
    let form = [("grant_type", "client_credentials")];
    assert_eq!(token(&instance, &form).await.0, 401);
    instance.set_property("glide.oauth.inbound.client.credential.grant_type.enabled", "true");
    let (status, body) = token(&instance, &form).await;
    assert_eq!((status, body.get("refresh_token")), (200, None));
}

#[tokio::test]
async fn the_password_grant_can_be_switched_off() {
    let instance = instance().await;
    instance.set_property("glide.oauth.inbound.ropc.grant_type.disabled", "true");
    assert_eq!(token(&instance, &PASSWORD).await.0, 401);
}

#[tokio::test]
async fn a_revoked_token_is_worth_nothing() {
    let instance = instance().await;
    let (_, body) = token(&instance, &PASSWORD).await;
    let text = body["access_token"].as_str().unwrap();
    reqwest::get(format!("{}/oauth_revoke_token.do?token={text}", instance.url())).await.unwrap();
    assert_eq!(with_bearer(&instance, text).await, 401);
}

#[tokio::test]
async fn a_token_request_in_json_is_refused() {
    let instance = instance().await;
    let body = json!({"grant_type": "password", "username": "itsm", "password": "p", "client_id": "itsm-client", "client_secret": "itsm-secret"});
    let answer = reqwest::Client::new().post(format!("{}/oauth_token.do", instance.url())).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn an_api_key_stands_for_its_user() {
    let instance = instance().await;
    let url = format!("{}/api/now/table/incident", instance.url());
    for (key, status) in [("itsm-api-key", 201), ("other", 401)] {
        let answer = reqwest::Client::new().post(&url).header("x-sn-apikey", key).json(&incident("by key")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{key}");
    }
    assert_eq!(instance.records("incident")[0]["sys_created_by"], "itsm");
}

#[tokio::test]
async fn without_a_role_reads_are_empty_and_writes_are_refused() {
    let users = vec![User::new("itsm", "p", &[])];
    let instance = ServiceNow::start_with(Options { users, time: Time::Manual(NOW), ..Options::default() }).await;
    let client = client(&instance);
    let sys_id = instance.insert("incident", &[("short_description", "hidden")]);
    assert_eq!(client.get("/api/now/table/incident").await, (200, json!({"result": []})));
    assert_eq!(client.get(&format!("/api/now/table/incident/{sys_id}")).await.0, 404);
    let (status, answer) = client.send("POST", "/api/now/table/incident", Some(incident("x"))).await;
    assert_eq!(
        (status, answer["error"]["detail"].as_str().unwrap()),
        (403, "ACL Exception Insert Failed due to security constraints")
    );
}

#[tokio::test]
async fn a_rate_limit_counts_by_the_hour_and_says_when_it_ends() {
    let instance = instance().await;
    instance.set_rate_limit(Some(RateLimit { requests_per_hour: 2 }));
    let client = client(&instance);
    let get = || client.request("GET", "/api/now/table/incident").send();
    let good = get().await.unwrap();
    assert_eq!((good.status().as_u16(), good.headers()["x-ratelimit-limit"].to_str().unwrap()), (200, "2"));
    assert_eq!(get().await.unwrap().status(), 200);
    instance.advance(Duration::from_secs(60));
    let refused = get().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "3540"));
    assert!(refused.headers().contains_key("x-ratelimit-rule"));
    instance.advance(Duration::from_secs(3540));
    assert_eq!(get().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_read_rule_with_a_condition_hides_after_the_limit_and_counts_before_it() {
    let instance = instance().await;
    let open = instance.insert("incident", &[("impact", "1")]);
    let hidden = instance.insert("incident", &[("impact", "3")]);
    instance.insert("incident", &[("impact", "1")]);
    let rule = Effect::ReadHidden { table: "incident".to_owned(), query: "impact=3".to_owned() };
    instance.faults().add(Fault::new(rule));
    let client = client(&instance);
    let path = "/api/now/table/incident?sysparm_limit=2&sysparm_fields=sys_id";
    let answer = client.request("GET", path).send().await.unwrap();
    assert_eq!(answer.headers()["x-total-count"], "3");
    assert_eq!(client.column(path, "sys_id").await, [open]);
    assert_eq!(client.get(&format!("/api/now/table/incident/{hidden}")).await.0, 404);
}

#[tokio::test]
async fn an_archived_record_leaves_its_table_and_stands_in_the_archive_log_only() {
    let instance = instance().await;
    let sys_id = instance.insert("incident", &[]);
    let number = instance.record("incident", &sys_id).unwrap()["number"].clone();
    instance.archive("incident", &sys_id);
    assert!(instance.record("incident", &sys_id).is_none());
    assert_eq!(instance.count("sys_audit_delete"), 0);
    let log = instance.records("sys_archive_log");
    let [entry] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(
        [&entry["from_table"], &entry["id"], &entry["display_value"], &entry["restored"]],
        ["incident", &sys_id, &number, ""]
    );
}
