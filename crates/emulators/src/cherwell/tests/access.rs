//! Logging in and out, tokens, seats, rights.

use std::time::Duration;

use serde_json::json;

use super::{CHANGE, INCIDENT, client, client_as, options, password, system, token};
use crate::cherwell::{ApiClient, CLIENT_ID, Cherwell};

#[tokio::test]
async fn the_client_key_is_taken_from_the_form_the_query_or_basic_credentials() {
    let system = system().await;
    let form = password("itsm", "p");
    let without: Vec<(&str, &str)> = form.into_iter().filter(|(name, _)| *name != "client_id").collect();
    let (status, body) = token(&system.url(), "", &form).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("bearer"), &json!(1199)));
    assert_eq!((&body["as:client_id"], &body["username"]), (&json!(CLIENT_ID), &json!("itsm")));
    assert_eq!(
        (&body[".issued"], &body[".expires"]),
        (&json!("Tue, 01 Sep 2026 10:00:00 GMT"), &json!("Tue, 01 Sep 2026 10:20:00 GMT"))
    );
    assert_eq!(token(&system.url(), &format!("?auth_mode=Internal&api_key={CLIENT_ID}"), &without).await.0, 200);
    let basic = reqwest::Client::new().post(format!("{}/token", system.url())).basic_auth(CLIENT_ID, Some("")).form(&without);
    assert_eq!(basic.send().await.unwrap().status(), 200);
    let (status, body) = token(&system.url(), "?api_key=12345", &without).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_client_id")));
    assert_eq!(body["error_description"], "Client 12345 is not registered in the system.");
}

#[tokio::test]
async fn wrong_passwords_and_wrong_modes_are_one_refusal() {
    let system = system().await;
    for (query, user, secret, status) in [
        ("", "itsm", "wrong", 400),
        ("?auth_mode=Windows", "itsm", "p", 400),
        ("", "CONTOSO\\itsm", "p", 400),
        ("?auth_mode=Windows", "CONTOSO\\itsm", "p", 200),
        ("?auth_mode=LDAP", "contoso\\ITSM", "p", 200),
        ("?auth_mode=Auto", "itsm", "p", 200),
        ("?auth_mode=SAML", "itsm", "p", 400),
    ] {
        let (found, body) = token(&system.url(), query, &password(user, secret)).await;
        assert_eq!(found, status, "{query} {user}: {body}");
        if status == 400 {
            assert_eq!(body["error_description"], "Could not login to system with the provided user ID and password.");
        }
    }
    let secret = ApiClient { id: CLIENT_ID.to_owned(), secret: Some("s".to_owned()), access_life: 60, refresh_life: 60 };
    let system = Cherwell::start_with(crate::cherwell::Options { clients: vec![secret], ..options() }).await;
    let mut form = password("itsm", "p").to_vec();
    assert_eq!(token(&system.url(), "", &form).await.0, 400);
    form.push(("client_secret", "s"));
    assert_eq!(token(&system.url(), "", &form).await.0, 200);
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_kills_the_old_one() {
    let system = system().await;
    let client = client(&system).await;
    let form = |refresh: &str| {
        [("grant_type", "refresh_token"), ("client_id", CLIENT_ID)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .chain([("refresh_token".to_owned(), refresh.to_owned())])
            .collect::<Vec<_>>()
    };
    let send = async |refresh: &str| {
        let form = form(refresh);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        token(&system.url(), "", &form).await
    };
    let (status, first) = send(&client.refresh).await;
    assert_eq!(status, 200);
    assert_ne!(first["refresh_token"], json!(client.refresh));
    assert_eq!(client.get("/api/V1/getteams").await.0, 401, "the old access token is dead before its time");
    let (status, body) = send(&client.refresh).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    assert_eq!((send(first["refresh_token"].as_str().unwrap()).await.0, system.seats()), (200, 1));
}

#[tokio::test]
async fn a_token_lives_twenty_minutes_and_its_end_is_a_plain_message() {
    let system = system().await;
    let client = client(&system).await;
    system.advance(Duration::from_secs(1199));
    assert_eq!(client.get("/api/V1/getteams").await.0, 200);
    system.advance(Duration::from_secs(1));
    let (status, body) = client.get("/api/V1/getteams").await;
    assert_eq!((status, body), (401, json!({"Message": "Authorization has been denied for this request."})));
}

#[tokio::test]
async fn seats_run_out_when_nobody_logs_out() {
    let system = system().await;
    let first = client(&system).await;
    for _ in 0..4 {
        client(&system).await;
    }
    assert_eq!((system.seats(), token(&system.url(), "", &password("itsm", "p")).await.0), (5, 402));
    assert_eq!(first.send("DELETE", "/api/V1/logout", None).await.0, 200);
    assert_eq!(first.get("/api/V1/getteams").await.0, 401);
    assert_eq!(token(&system.url(), "", &password("itsm", "p")).await.0, 200);
    // The access tokens are long dead, the sessions are not.
    system.advance(Duration::from_secs(3600));
    assert_eq!((system.seats(), token(&system.url(), "", &password("itsm", "p")).await.0), (5, 402));
    system.advance(Duration::from_secs(86_400));
    assert_eq!(system.seats(), 0);
}

#[tokio::test]
async fn service_info_needs_no_login_and_knows_summer_time() {
    let system = system().await;
    let info = async || -> serde_json::Value {
        reqwest::get(format!("{}/api/V1/serviceinfo", system.url())).await.unwrap().json().await.unwrap()
    };
    let summer = info().await;
    assert_eq!((&summer["apiVersion"], &summer["csmCulture"]), (&json!("10.5.0"), &json!("en-US")));
    assert_eq!((&summer["timeZone"]["Id"], &summer["systemUtcOffset"]), (&json!("Mountain Standard Time"), &json!("-06:00:00")));
    assert_eq!(summer["systemDateTime"], "2026-09-01T04:00:00.0000000-06:00");
    system.advance(Duration::from_secs(90 * 86_400));
    assert_eq!(info().await["systemUtcOffset"], "-07:00:00");
    let old = crate::cherwell::Options { api_version: "9.3.2".to_owned(), zone_as_object: false, ..options() };
    let old = Cherwell::start_with(old).await;
    let info: serde_json::Value = reqwest::get(format!("{}/api/V1/serviceinfo", old.url())).await.unwrap().json().await.unwrap();
    assert_eq!((info.get("systemUtcOffset"), &info["timeZone"]), (None, &json!("Mountain Standard Time")));
}

#[tokio::test]
async fn the_integration_user_may_do_its_work_and_no_more() {
    let system = system().await;
    let id = system.insert("ChangeRequest", &[("Title", "Change")]);
    let client = client(&system).await;
    let incident = client.create(&system, &[]).await;
    assert_eq!(client.get(&format!("/api/V1/getbusinessobject/busobid/{CHANGE}/busobrecid/{id}")).await.0, 200);
    let save =
        json!({"busObId": CHANGE, "busObRecId": id, "persist": true, "fields": client.items(CHANGE, &[("Title", "x")]).await});
    let (status, body) = client.post("savebusinessobject", save.clone()).await;
    assert_eq!((status, &body["errorCode"], &body["httpStatusCode"]), (403, &json!("INSUFFICIENTRIGHTS"), &json!("Forbidden")));
    assert_eq!(body["errorMessage"], "You are not authorized to view this object");
    let path = format!("/api/V1/deletebusinessobject/busobid/{INCIDENT}/busobrecid/{incident}");
    assert_eq!(client.send("DELETE", &path, None).await.0, 403);
    let admin = client_as(&system, "CSDAdmin", "CSDAdmin").await;
    assert_eq!(admin.post("savebusinessobject", save).await.1["hasError"], false);
    let (status, body) = admin.send("DELETE", &path, None).await;
    assert_eq!((status, body["busObRecId"].as_str()), (200, Some(incident.as_str())));
    assert_eq!(admin.send("DELETE", &path, None).await.1["errorCode"], "RECORDNOTFOUND");
}
