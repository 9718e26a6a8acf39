//! Faults, refusals by the framework, and the request log.

use serde_json::{Value, json};

use super::{INCIDENT, client, options, password, system, token};
use crate::cherwell::{Cherwell, Effect, Fault, Options};

#[tokio::test]
async fn what_the_framework_refuses_has_only_a_message() {
    let system = system().await;
    let client = client(&system).await;
    for (method, path, status) in [
        ("GET", "/api/V1/nothing", 404),
        ("GET", "/api/V2/getsearchresults", 404),
        ("GET", "/api/V1/savebusinessobject", 405),
        ("GET", "/nothing", 404),
    ] {
        let (found, body) = client.send(method, path, None).await;
        assert_eq!((found, body["Message"].is_string(), body.get("errorCode")), (status, true, None), "{method} {path}: {body}");
    }
    let post = || client.request("POST", "/api/V1/savebusinessobject");
    assert_eq!(post().header("Content-Type", "text/plain").body("{}").send().await.unwrap().status(), 415);
    assert_eq!(post().header("Content-Type", "application/json").body("{").send().await.unwrap().status(), 400);
    let outside = reqwest::get(system.url().replace("/CherwellAPI", "/")).await.unwrap();
    assert_eq!((outside.status().as_u16(), outside.headers()["content-type"].to_str().unwrap()), (404, "text/html"));
    let old = Cherwell::start_with(Options { base_path: "/Trebuchet.WebApi".to_owned(), ..options() }).await;
    assert!(old.url().ends_with("/Trebuchet.WebApi"));
    assert_eq!(super::client(&old).await.get("/api/V1/getteams").await.0, 200);
}

#[tokio::test]
async fn errors_come_with_any_status() {
    let system = system().await;
    let client = client(&system).await;
    let path = format!("/api/V1/getbusinessobjectschema/busobid/{INCIDENT}");
    for (effect, status, code) in [
        (Effect::InsufficientRights { status: 403 }, 403, json!("INSUFFICIENTRIGHTS")),
        (Effect::InsufficientRights { status: 500 }, 500, json!("INSUFFICIENTRIGHTS")),
        (Effect::HasError { code: "GENERALFAILURE".to_owned(), message: "Sorry".to_owned() }, 200, json!("GENERALFAILURE")),
        (Effect::Unauthorized, 401, json!(null)),
        (Effect::Status { code: 502, body: "<html>Bad gateway</html>".to_owned() }, 502, json!(null)),
    ] {
        system.faults().add(Fault::new(effect.clone()).path("getbusinessobjectschema").times(1));
        let (found, body) = client.get(&path).await;
        assert_eq!((found, &body["errorCode"]), (status, &code), "{effect:?}");
    }
    assert_eq!(client.get(&path).await.0, 200);
    system.faults().add(Fault::new(Effect::Unavailable).times(1));
    let answer = client.request("GET", &path).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (503, "text/html; charset=us-ascii")
    );
    assert!(answer.text().await.unwrap().contains("HTTP Error 503"));
    system.faults().add(Fault::new(Effect::NoLicences).times(1));
    assert_eq!(token(&system.url(), "", &password("itsm", "p")).await.0, 402);
    system.faults().add(Fault::new(Effect::HalfAnswer).times(1));
    assert_eq!(client.get(&path).await, (200, Value::Null));
    for effect in [Effect::DropBefore, Effect::DropAfter] {
        system.faults().add(Fault::new(effect).times(1));
        assert!(client.request("GET", &path).send().await.is_err());
    }
}

#[tokio::test]
async fn the_log_keeps_what_was_asked_and_no_secret() {
    let system = system().await;
    let client = client(&system).await;
    client.get("/api/V1/getteams?locale=en-US").await;
    let requests = system.requests();
    let lines: Vec<(&str, &str, u16)> = requests.iter().map(|one| (one.method.as_str(), one.path.as_str(), one.status)).collect();
    assert_eq!(lines, [("POST", "/CherwellAPI/token", 200), ("GET", "/CherwellAPI/api/V1/getteams", 200)]);
    let all = format!("{requests:?}");
    assert!(!all.contains("password") && !all.contains(&client.token), "{all}");
}

#[tokio::test]
async fn https_is_served_with_an_authority_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let tls = crate::cherwell::Tls { directory: directory.path().to_owned() };
    let system = Cherwell::start_with(Options { tls: Some(tls), ..options() }).await;
    let pem = std::fs::read(system.certificate_file().unwrap()).unwrap();
    let trusting =
        reqwest::Client::builder().add_root_certificate(reqwest::Certificate::from_pem(&pem).unwrap()).build().unwrap();
    let path = format!("{}/api/V1/serviceinfo", system.url());
    assert_eq!(trusting.get(&path).send().await.unwrap().status(), 200);
    assert!(reqwest::get(&path).await.is_err());
}
