//! Alerts come in through the host, in both shapes of HTTP, and become incidents.

use emulators::entra::{ACTION_GROUP_APPLICATION, ACTION_GROUP_ROLE, Claims, Entra, TENANT, TokenVersion};
use serde_json::{Value, json};
use tests::alerts::metric;
use tests::functions_host::{Authentication, Encoding, Options, Principal, Trouble, until};

use crate::deployed::{Deployed, INCIDENT, options, post, status};
use crate::stage::client;

fn value<'a>(record: &'a tests::crash::Record, field: &str) -> &'a str {
    record.get(field).map_or("", String::as_str)
}

async fn an_alert_and_its_end(proxying: bool, encoding: Encoding) {
    let Some(mut deployed) = Deployed::new("").await.map(|deployed| deployed.proxying(proxying)) else { return };
    deployed.settings.insert("RUST_LOG".to_owned(), "info,connector=debug,functions=debug".to_owned());
    let host = deployed.run_with(1, Options { encoding, ..options() }).await;
    let (answered, body) = post(&host, INCIDENT, metric("cpu-web01", 0, false).to_string()).await;
    assert_eq!(answered, 202, "{body}");
    let delivery = body["deliveryId"].as_str().unwrap().to_owned();
    until("the incident is there", async || deployed.incidents().len() == 1).await;
    deployed.settled(&host).await;
    let incident = deployed.incidents().remove(0);
    assert!(value(&incident, "short_description").contains("cpu-web01"), "{incident:#?}");
    assert_ne!(value(&incident, "state"), "6");

    assert_eq!(post(&host, INCIDENT, metric("cpu-web01", 0, true).to_string()).await.0, 202);
    until("the incident is resolved", async || value(&deployed.incidents()[0], "state") == "6").await;
    let status = deployed.settled(&host).await;
    assert_eq!(status["counts"]["dead_letters"], 0, "{status:#}");
    assert_eq!(deployed.incidents().len(), 1);

    // Whoever reads the host's telemetry finds our lines by the invocation.
    let lines = host.lines(0).unwrap();
    let dispatched = host.invoked("work_item_delivery");
    let told = |id: &str| lines.iter().any(|line| line.contains(id));
    assert!(dispatched.iter().any(|invoked| told(&invoked.id)), "{lines:#?}");
    let of_delivery: Vec<&String> = lines.iter().filter(|line| line.contains(&delivery)).collect();
    assert!(!of_delivery.is_empty(), "{lines:#?}");
    for line in of_delivery {
        let parsed: Value = serde_json::from_str(line).unwrap();
        let spans = parsed["spans"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        assert!(spans.iter().any(|span| span["invocation_id"].is_string()), "a line without an invocation: {line}");
    }
    for secret in ["intake-key", "status-key", "SharedAccessSignature", "sig="] {
        assert!(!told(secret), "{secret}: {lines:#?}");
    }
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_becomes_an_incident_and_its_end_resolves_it_when_requests_are_passed_on() {
    an_alert_and_its_end(true, Encoding::Source).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_becomes_an_incident_and_its_end_resolves_it_when_requests_come_in_envelopes() {
    an_alert_and_its_end(false, Encoding::Source).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_in_envelopes_as_the_documentation_shows_them() {
    an_alert_and_its_end(false, Encoding::Documentation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_lets_in_by_another_spelling_of_the_path_is_not_lost() {
    for proxying in [true, false] {
        let Some(deployed) = Deployed::new("").await.map(|deployed| deployed.proxying(proxying)) else { return };
        let host = deployed.run(1).await;
        for (number, path) in ["/API/Alerts/snow/incident", "/api/alerts/snow/incident/"].into_iter().enumerate() {
            let (answered, body) = post(&host, path, metric(&format!("cpu-{number}"), 0, false).to_string()).await;
            assert_eq!(answered, 202, "{path}, proxying {proxying}: {body}");
        }
        deployed.settled(&host).await;
        assert_eq!(deployed.incidents().len(), 2);
        host.stop().await.unwrap().expect_nothing();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_of_256_kilobytes_is_taken_in_both_shapes() {
    for proxying in [true, false] {
        let Some(deployed) = Deployed::new("").await.map(|deployed| deployed.proxying(proxying)) else { return };
        let host = deployed.run(1).await;
        let mut alert = metric("disk-full", 0, false);
        // Quotes double in an envelope.
        alert["data"]["customProperties"] = json!({ "dump": "\"x\"\n".repeat(38_000) });
        let text = alert.to_string();
        assert!(text.len() > 256 * 1024, "{}", text.len());
        let (answered, body) = post(&host, INCIDENT, text).await;
        assert_eq!(answered, 202, "{body}");
        until("the incident is there", async || deployed.incidents().len() == 1).await;
        deployed.settled(&host).await;
        host.stop().await.unwrap().expect_nothing();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_functions_key_the_host_answers_and_the_connector_hears_nothing() {
    let Some(deployed) = Deployed::new("").await else { return };
    let host = deployed.run(1).await;
    let alert = metric("cpu", 0, false).to_string();
    for query in ["", "?code=", "?code=status-key", "?code=k"] {
        let answer = client().post(format!("{}{INCIDENT}{query}", host.url())).body(alert.clone()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.bytes().await.unwrap().len()), (401, 0), "{query}");
    }
    assert!(host.invoked("alert_intake").is_empty());
    for key in ["the-host-key", "the-admin-key"] {
        let url = format!("{}{INCIDENT}", host.url());
        let answer = client().post(url).header("x-functions-key", key).body(alert.clone()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{key}");
    }
    deployed.settled(&host).await;
    assert_eq!(deployed.incidents().len(), 1);
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_by_its_own_status_in_both_shapes_and_is_no_failure_of_the_function() {
    for proxying in [true, false] {
        let Some(deployed) = Deployed::new("").await.map(|deployed| deployed.proxying(proxying)) else { return };
        let host = deployed.run(1).await;
        for (path, body, wanted) in [
            (INCIDENT, "not json".to_owned(), 400),
            (INCIDENT, "[]".to_owned(), 400),
            (INCIDENT, String::new(), 400),
            (INCIDENT, format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024)), 413),
            ("/api/alerts/nobody/incident", "{}".to_owned(), 404),
        ] {
            let (answered, problem) = post(&host, path, body).await;
            assert_eq!(answered, wanted, "proxying {proxying}: {problem}");
            assert!(problem["remedy"].is_string(), "{problem}");
        }
        // The caller is a machine that shows nobody its answers.
        let lines = host.lines(0).unwrap();
        for kind in ["not-a-json-object", "body-too-large", "unknown-connection"] {
            let told = |line: &&String| line.contains("\"WARN\"") && line.contains(kind) && line.contains("invocation_id");
            assert!(lines.iter().any(|line| told(&line)), "{kind}, proxying {proxying}: {lines:#?}");
        }
        // What is no alert of any kind we know is a work item all the same.
        assert_eq!(post(&host, INCIDENT, r#"{"hello": ["world"], "Id": "planted", "sys": 1}"#).await.0, 202);
        deployed.settled(&host).await;
        assert_eq!(deployed.incidents().len(), 1);
        host.stop().await.unwrap().expect_nothing();
    }
}

fn principal(role: &str) -> Principal {
    let claims = [
        ("iss", TokenVersion::One.issuer(TENANT)),
        ("aud", "api://itsm".to_owned()),
        ("appid", ACTION_GROUP_APPLICATION.to_owned()),
        ("roles", role.to_owned()),
    ];
    Principal { claims: claims.map(|(name, value)| (name.to_owned(), value)).into() }
}

/// A deployment that lets in whom Entra knows; keys of functions are not asked for at the intake.
async fn secure(entra: &Entra) -> Option<Deployed> {
    let section =
        format!("\n[intake.entra]\ntenant = \"{TENANT}\"\naudiences = [\"api://itsm\"]\nauthority = \"{}\"\n", entra.url());
    let deployed = Deployed::new(&section).await?;
    Some(deployed.edited("alert_intake/function.json", "/bindings/0/authLevel", "anonymous"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secure_webhook_is_let_in_by_its_token_with_and_without_the_platforms_authentication() {
    let entra = Entra::start().await;
    let token = entra.mint(&Claims::action_group(TokenVersion::One, "api://itsm"));
    let forged = entra.mint_forged(&Claims::action_group(TokenVersion::One, "api://itsm"));
    let tokens = [(token.clone(), principal(ACTION_GROUP_ROLE))].into();
    for authentication in [None, Some(Authentication { tokens, required: false })] {
        for proxying in [true, false] {
            let Some(deployed) = secure(&entra).await.map(|deployed| deployed.proxying(proxying)) else { return };
            let host = deployed.run_with(1, Options { authentication: authentication.clone(), ..options() }).await;
            let ask = async |token: &str| {
                let request = client().post(format!("{}{INCIDENT}", host.url())).body(metric("cpu", 0, false).to_string());
                request.bearer_auth(token).send().await.unwrap().status().as_u16()
            };
            assert_eq!((ask(&token).await, ask(&forged).await), (202, 401), "proxying {proxying}");
            assert_eq!(post(&host, INCIDENT, "{}").await.0, 401);
            deployed.settled(&host).await;
            assert_eq!(deployed.incidents().len(), 1);
            host.stop().await.unwrap().expect_nothing();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_let_in_by_what_the_platform_says_of_him_and_nobody_can_say_so_himself() {
    let entra = Entra::start().await;
    for proxying in [true, false] {
        let Some(deployed) = secure(&entra).await.map(|deployed| deployed.proxying(proxying)) else { return };
        let tokens = [("right".to_owned(), principal(ACTION_GROUP_ROLE)), ("wrong".to_owned(), principal("Reader"))];
        let authentication = Some(Authentication { tokens: tokens.into(), required: false });
        let host = deployed.run_with(1, Options { authentication, ..options() }).await;
        let ask = async |token: Option<&str>, forged: bool| {
            let mut request = client().post(format!("{}{INCIDENT}", host.url())).body(metric("cpu", 0, false).to_string());
            if let Some(token) = token {
                request = request.header("x-zumo-auth", token);
            }
            if forged {
                request = request.header("x-ms-client-principal", "eyJjbGFpbXMiOltdfQ==");
            }
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(ask(None, false).await, 401);
        assert_eq!(ask(None, true).await, 401);
        assert_eq!(ask(Some("unknown"), true).await, 401);
        assert_eq!(deployed.incidents().len(), 0);
        host.report().expect_nothing();
        let told = (ask(Some("right"), true).await, ask(Some("wrong"), false).await);
        assert_eq!(told, (202, 403), "proxying {proxying}");
        deployed.settled(&host).await;
        assert_eq!(deployed.incidents().len(), 1);
        host.stop().await.unwrap().expect_nothing();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_members_named_like_metadata_does_no_harm_and_a_strangers_ends_as_poison() {
    let Some(deployed) = Deployed::new("").await else { return };
    let host = deployed.run(1).await;
    let id = "0190a6a0-0000-7000-8000-000000000001";
    let planted =
        json!({ "deliveryId": id, "connection": "snow", "DequeueCount": "x", "Id": {}, "sys": [], "due": 1, "PopReceipt": null });
    let queue = deployed.queue("");
    queue.create().await.unwrap();
    queue.put(&planted.to_string()).await.unwrap();
    queue.put("who am I?").await.unwrap();
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    until("the stranger is poison", async || !host.report().of(Trouble::Poisoned).is_empty()).await;
    until("the queue is empty", async || queue.count().await.unwrap() == Some(0)).await;
    deployed.settled(&host).await;
    assert_eq!(deployed.incidents().len(), 1);
    // It stays there for a person, also when the store is tidied, which hides it for a while.
    let poison = deployed.queue("-poison");
    assert_eq!(poison.peek().await.unwrap()[0].text, "who am I?");
    host.run_timer("work_item_sync", false).await.unwrap().outcome.unwrap();
    assert_eq!(poison.count().await.unwrap(), Some(1));
    let failed = host.report().of(Trouble::Failed).len();
    assert_eq!(failed, 5);
    assert_eq!(status(&host).await["counts"]["dead_letters"], 0);
    host.stop().await.unwrap().expect_only(&[Trouble::Failed, Trouble::Poisoned]);
}
