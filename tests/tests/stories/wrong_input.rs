//! Wrong settings through the real process; wrong requests to the whole host.
//!
//! Proven elsewhere over real sockets and not told again: slow-loris, 200 MB bodies, chunks, header limits
//! (`functions/src/tests/hostile.rs`); each check of a token, rotation and outages of Entra (`entra.rs`); key rotation
//! (`keys.rs`); every wrong parameter and body (`intake.rs`, `work_items.rs`).

use std::process::Stdio;

use emulators::clock::EmulatorClock;
use emulators::entra::{Claims, Entra, TENANT, TokenVersion};
use emulators::servicenow::ServiceNow;
use serde_json::Value;
use tests::alerts::metric;
use tests::process::Scratch;

use crate::stage::{INCIDENT, Stage, begin, options};

const GOOD: &str = r#"[connections.snow]
provider = "servicenow"
url = "http://127.0.0.1:1"
auth = { type = "basic", username = "itsm", password = "$SNOW_PASSWORD" }

[intake]
api_keys = ["$INTAKE_KEY"]
"#;

/// What the process says about these settings; it must end with 2 and never listen.
async fn complaint(settings: &str) -> String {
    let scratch = Scratch::new("wrong").unwrap();
    let config = scratch.path().join("connector.toml");
    std::fs::write(&config, settings).unwrap();
    let process = tokio::process::Command::new(env!("CARGO_BIN_EXE_connector"))
        .args(["local", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(scratch.path().join("data"))
        .env_clear()
        .env("INTAKE_KEY", "k-secret")
        .env("SNOW_PASSWORD", "p-secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), process).await.expect("it starts").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()), (Some(2), ""), "{said}");
    assert!(!said.contains("-secret"), "{said}");
    assert!(!scratch.path().join("data").exists(), "nothing is made before the settings are good");
    said
}

#[tokio::test]
async fn wrong_settings_are_refused_with_key_line_and_remedy() {
    for (settings, words) in [
        (GOOD.replace("url =", "urll ="), &["connector.toml:3:", "urll", "\"url\""][..]),
        (GOOD.replace("\"servicenow\"", "\"servicenov\""), &["connector.toml:2:", "servicenov", "servicenow"]),
        (
            GOOD.replace("http://127.0.0.1:1", "http://dev1.service-now.com"),
            &["connector.toml:3:", "connections.snow.url", "https"],
        ),
        (GOOD.replace("$SNOW_PASSWORD", "$SNOW_PASWORD"), &["connector.toml:4:", "SNOW_PASWORD"]),
        (GOOD.replace("$SNOW_PASSWORD", "hunter2"), &["connector.toml:4:", "password", "$NAME"]),
        (format!("{GOOD}[route.night]\nconnection = \"snov\"\n"), &["connector.toml:9", "route.night.connection", "\"snow\""]),
        (format!("{GOOD}[route.snow]\nconnection = \"snow\"\n"), &["route.snow", "name"]),
        (format!("{GOOD}[delivery]\nfirst_wait = \"2 fortnights\"\n"), &["connector.toml:9:", "first_wait", "30s"]),
        (
            format!("{GOOD}[connections.snow.incident]\ntitle = \"{{{{ alert.title \"\n"),
            &["connector.toml:9:", "connections.snow.incident.title", "unexpected end"],
        ),
        (
            format!("{GOOD}[connections.snow.incident.fields]\ncategory = \"{{{{ alert.sevirity }}}}\"\n"),
            &["connector.toml:9:", "connections.snow.incident.fields.category", "sevirity"],
        ),
        (format!("{GOOD}[intake]\n"), &["connector.toml:8:", "duplicate key"]),
        (String::new(), &["connections"]),
    ] {
        let said = complaint(&settings).await;
        for word in words {
            assert!(said.contains(word), "{word} in: {said}\nfor: {settings}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}

async fn problem(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"));
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
    assert!(problem["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{text}");
    (status, text)
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind_and_harms_nobody() {
    let stage = Stage::new().await;
    let alert = metric("cpu", 0, false).to_string();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    for (path, body, status) in [
        (INCIDENT, alert.as_bytes()[..alert.len() / 2].to_vec(), 400),
        (INCIDENT, deep.into_bytes(), 400),
        (INCIDENT, b"{\"a\": \"\xff\xfe\"}".to_vec(), 400),
        (INCIDENT, Vec::new(), 400),
        (INCIDENT, b"[1]".to_vec(), 400),
        (INCIDENT, large.into_bytes(), 413),
        ("/api/alerts/snov/incident", alert.clone().into_bytes(), 404),
        ("/api/alerts/snow/incidents", alert.clone().into_bytes(), 404),
        ("/api/alerts/snow/incident?per=computer", alert.clone().into_bytes(), 400),
    ] {
        let (given, text) = problem(stage.request(path, body)).await;
        assert_eq!(given, status, "{path}: {text}");
    }
    for key in ["wrong", "K", "kk"] {
        let wrong = stage.client.post(stage.url(&format!("{INCIDENT}?code={key}"))).body(alert.clone());
        assert_eq!(problem(wrong).await.0, 401);
    }
    assert_eq!(problem(stage.client.post(stage.url(INCIDENT)).body(alert)).await.0, 401);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().accepted, 0);
    stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn an_action_groups_token_is_taken_and_an_expired_or_foreign_one_is_not() {
    let entra = Entra::start_with(EmulatorClock::manual(begin().as_second())).await;
    let tool = ServiceNow::start_with(options()).await;
    let settings = GOOD.replace("http://127.0.0.1:1", &tool.url())
        + &format!("entra = {{ tenant = \"{TENANT}\", audiences = [\"our-app\"], authority = \"{}\" }}\n", entra.url());
    let stage = Stage::open(tool, &settings).await;
    let claims = Claims::action_group(TokenVersion::Two, "our-app");
    let post =
        |token: String| stage.client.post(stage.url(INCIDENT)).bearer_auth(token).body(metric("cpu", 0, false).to_string());
    for (token, word) in [
        (entra.mint(&Claims { expires_in: -3600, begins_in: -7200, ..claims.clone() }), "expired"),
        (entra.mint(&Claims { audience: "another-app".to_owned(), ..claims.clone() }), "audience"),
        (entra.mint_forged(&claims), "sign"),
        (entra.mint_unsigned(&claims), ""),
    ] {
        let (status, text) = problem(post(token)).await;
        assert_eq!(status, 401, "{text}");
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(stage.running.queue.counts(None).await.unwrap().accepted, 0);
    assert_eq!(post(entra.mint(&claims)).send().await.unwrap().status(), 202);
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}
