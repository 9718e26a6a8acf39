//! Tokens, and sites that want something else.

use std::time::Duration;

use serde_json::json;

use super::{client, portal, still};
use crate::service_manager::cireson::{Cireson, Options};

#[tokio::test]
async fn a_token_is_a_json_text_and_with_its_quotes_it_is_no_good() {
    let portal = portal().await;
    let client = client(&portal).await;
    let body = json!({"username": "svc-itsm", "PASSWORD": "p", "languagecode": "ENU"});
    let (status, text) = client.text(client.http.post(format!("{}/api/v3/authorization/gettoken", client.url)).json(&body)).await;
    assert_eq!(status, 200);
    assert!(text.starts_with('"') && text.ends_with('"'), "{text}");
    let quoted =
        client.http.get(format!("{}/api/V3/User/GetUserList", client.url)).header("Authorization", format!("Token {text}"));
    assert_eq!(client.text(quoted).await.0, 401);
    let unquoted = format!("Token {}", text.trim_matches('"'));
    let good = client.http.get(format!("{}/api/V3/User/GetUserList", client.url)).header("Authorization", unquoted);
    assert_eq!(client.text(good).await.0, 200);
}

#[tokio::test]
async fn a_token_ends_and_a_new_one_can_be_had() {
    let portal = portal().await;
    let client = client(&portal).await;
    portal.advance(Duration::from_secs(299));
    assert_eq!(client.text(client.request("GET", "User/GetUserList")).await.0, 200);
    portal.advance(Duration::from_secs(1));
    assert_eq!(client.text(client.request("GET", "User/GetUserList")).await.0, 401);
    assert_eq!(super::client(&portal).await.get("User/GetUserList").await.as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn wrong_credentials_and_none_are_refused() {
    for status in [401, 403] {
        let portal = Cireson::start_with(Options { refused_status: status, ..still() }).await;
        let client = client(&portal).await;
        for body in
            [json!({"UserName": "svc-itsm", "Password": "wrong"}), json!({"UserName": "nobody", "Password": "p"}), json!({})]
        {
            let request = client.http.post(format!("{}/api/V3/Authorization/GetToken", client.url)).json(&body);
            assert_eq!(client.text(request).await.0, status, "{body}");
        }
        assert_eq!(client.text(client.http.get(format!("{}/api/V3/Enum/GetList", client.url))).await.0, 401);
    }
}

#[tokio::test]
async fn a_token_made_in_the_portal_is_a_bearer_token() {
    let options = Options { bearer_tokens: vec![("0a1b-2c3d".to_owned(), "CONTOSO\\svc-itsm".to_owned())], ..still() };
    let portal = Cireson::start_with(options).await;
    let client = client(&portal).await;
    for (token, status) in [("0a1b-2c3d", 200), ("0a1b-2c3e", 401)] {
        let request = client.http.get(format!("{}/api/V3/User/GetUserList", client.url)).bearer_auth(token);
        assert_eq!(client.text(request).await.0, status);
    }
}

#[tokio::test]
async fn a_site_with_windows_authentication_says_so_on_every_address() {
    let portal = Cireson::start_with(Options { windows_authentication: true, ..still() }).await;
    let http = reqwest::Client::new();
    for path in ["/", "/api/V3/Authorization/GetToken", "/api/V3/User/GetUserList"] {
        let answer = http.get(format!("{}{path}", portal.url())).header("Authorization", "Token x").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let schemes: Vec<_> = answer.headers().get_all("www-authenticate").iter().collect();
        assert_eq!(schemes, ["Negotiate", "NTLM"]);
    }
    let front = reqwest::get(super::portal().await.url()).await.unwrap();
    assert!(!front.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn the_log_keeps_no_password() {
    let portal = portal().await;
    client(&portal).await;
    let [request] = portal.requests().try_into().unwrap();
    assert_eq!((request.path.as_str(), request.status, request.body.as_str()), ("/api/V3/Authorization/GetToken", 200, ""));
}

#[tokio::test]
async fn strange_addresses_methods_and_bodies_get_the_frameworks_answers() {
    let portal = portal().await;
    let client = client(&portal).await;
    for (method, path, status) in [
        ("GET", "Nothing/AtAll", 404),
        ("GET", "Projection/Commit", 405),
        ("GET", "Template/GetTemplates", 404),
        ("GET", "Template/GetTemplates?classId=incident", 400),
        ("POST", "Projection/Commit", 415),
    ] {
        assert_eq!(client.text(client.request(method, path)).await.0, status, "{method} {path}");
    }
    let broken = client.request("POST", "Projection/Commit").header("Content-Type", "application/json").body("{");
    let (status, text) = client.text(broken).await;
    assert_eq!((status, text.as_str()), (500, "Object reference not set to an instance of an object."));
}
