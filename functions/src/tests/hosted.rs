//! Behind the Functions host: the queue, the timers, HTTP in both shapes, and who is asked for what.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use connector::delivery::on_call::Dealt;
use connector::store::StoreError;
use connector::store::azure::DueMessage;
use serde_json::{Value, json};

use super::sign_in::{SignIn, TENANT};
use super::{Host, KEY, Mood, Setup, answer};
use crate::Work;
use crate::host::{Host as Before, HttpFunction};

const ID: &str = "0190a6a0-0000-7000-8000-000000000001";

/// Notes what it was called for, and does what it is told.
#[derive(Debug, Default)]
struct Worker {
    called: Mutex<Vec<String>>,
    down: bool,
}

#[async_trait]
impl Work for Worker {
    async fn deliver(&self, due: &DueMessage) -> Result<Dealt, StoreError> {
        self.called.lock().unwrap().push(format!("{} of {}", due.delivery_id, due.connection));
        if self.down { Err(StoreError::Unavailable("no answer".to_owned())) } else { Ok(Dealt::Attempted) }
    }

    async fn sync(&self) -> Vec<String> {
        self.called.lock().unwrap().push("sync".to_owned());
        vec!["3 rows".to_owned()]
    }

    async fn refresh(&self) -> Result<Vec<String>, String> {
        if self.down { Err("nobody answers".to_owned()) } else { Ok(Vec::new()) }
    }
}

/// An app root in which every HTTP function has this access level.
fn app(level: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for function in HttpFunction::ALL {
        let folder = root.path().join(function.folder());
        std::fs::create_dir(&folder).unwrap();
        let bindings = json!({"bindings": [{"type": "httpTrigger", "authLevel": level}, {"type": "http"}]});
        std::fs::write(folder.join("function.json"), bindings.to_string()).unwrap();
    }
    root
}

pub(super) async fn behind(level: &str, platform: bool, intake: Value) -> Host {
    let root = app(level);
    let behind = Some((Before::read(root.path(), platform), Arc::new(Worker::default()) as Arc<dyn Work>));
    Host::start(Setup { intake, behind, ..Setup::default() }).await
}

async fn working(worker: Worker) -> (Host, Arc<Worker>) {
    let worker = Arc::new(worker);
    let behind = Some((Before::default(), worker.clone() as Arc<dyn Work>));
    (Host::start(Setup { behind, ..Setup::default() }).await, worker)
}

/// What the host is answered when it calls `function` with `data` and `metadata`.
async fn invoke(host: &Host, function: &str, data: Value) -> (u16, Value) {
    let envelope = json!({"Data": data, "Metadata": {}});
    let answer = host.client.post(host.url(&format!("/{function}"))).json(&envelope).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// An HTTP request in an envelope, as the host describes it.
fn request(path: &str, headers: &Value, body: &str) -> Value {
    json!({"req": {
        "Url": format!("https://app.azurewebsites.net{path}"), "Method": "POST", "Query": {}, "Headers": headers, "Params": {},
        "Identities": [], "Body": body,
    }})
}

fn message(text: &str) -> Value {
    json!({ "due": Value::String(text.to_owned()).to_string() })
}

#[tokio::test]
async fn a_message_is_one_attempt_at_the_delivery_it_names() {
    let (host, worker) = working(Worker::default()).await;
    let text = json!({"deliveryId": ID, "connection": "snow", "DequeueCount": "lies"}).to_string();
    let (status, answer) = invoke(&host, "work_item_delivery", message(&text)).await;
    assert_eq!((status, answer), (200, json!({"Outputs": {}, "Logs": [], "ReturnValue": null})));
    assert_eq!(*worker.called.lock().unwrap(), [format!("{ID} of snow")]);
}

#[tokio::test]
async fn a_message_fails_only_when_it_names_no_delivery_or_the_store_does_not_answer() {
    let (host, worker) = working(Worker { down: true, ..Worker::default() }).await;
    for text in ["hello", "{}", "[1]", r#"{"deliveryId": "x", "connection": "snow"}"#] {
        assert_eq!(invoke(&host, "work_item_delivery", message(text)).await.0, 500, "{text}");
    }
    assert_eq!(*worker.called.lock().unwrap(), [""; 0]);
    let text = json!({"deliveryId": ID, "connection": "snow"}).to_string();
    assert_eq!(invoke(&host, "work_item_delivery", message(&text)).await.0, 500);
}

#[tokio::test]
async fn timers_tell_the_host_what_came_of_them_and_a_refresh_that_read_nothing_is_repeated() {
    let timer = json!({"timer": {"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": true}});
    let (well, worker) = working(Worker::default()).await;
    let (status, answer) = invoke(&well, "work_item_sync", timer.clone()).await;
    assert_eq!((status, &answer["Logs"]), (200, &json!(["3 rows"])));
    assert_eq!(*worker.called.lock().unwrap(), ["sync"]);
    assert_eq!(invoke(&well, "configuration_refresh", timer.clone()).await.0, 200);
    let (down, _) = working(Worker { down: true, ..Worker::default() }).await;
    assert_eq!(invoke(&down, "configuration_refresh", timer).await.0, 500);
}

#[tokio::test]
async fn an_alert_in_an_envelope_is_answered_like_one_that_was_forwarded() {
    let host = behind("function", false, json!({})).await;
    let path = "/api/alerts/snow/incident?per=rule";
    let (status, answer) = invoke(&host, "alert_intake", request(path, &json!({}), r#"{"a": 1}"#)).await;
    assert_eq!((status, &answer["Outputs"]["res"]["statusCode"]), (200, &json!("202")));
    let forwarded = host.client.post(host.url(path)).body(r#"{"a": 1}"#).send().await.unwrap();
    assert_eq!(forwarded.status(), 202);
    let [first, second] = <[_; 2]>::try_from(host.taken()).unwrap();
    assert_eq!((first.payload, first.choices.per), (second.payload, second.choices.per));

    // The host counts 503 in an envelope as a success, and passes it on: Azure posts again.
    *host.queue.mood.lock().unwrap() = Mood::Down;
    let (status, answer) = invoke(&host, "alert_intake", request(path, &json!({}), "{}")).await;
    assert_eq!((status, &answer["Outputs"]["res"]["statusCode"]), (200, &json!("503")));
}

#[tokio::test]
async fn where_the_host_asks_for_its_key_we_ask_for_none() {
    let host = behind("function", false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
    // `code` is the host's key here, and none of ours.
    let forwarded = host.client.post(host.url("/api/alerts/snow/incident?code=the-hosts")).body("{}");
    assert_eq!(answer(forwarded).await.0, 202);
    let (_, enveloped) = invoke(&host, "alert_intake", request("/api/alerts/snow/incident", &json!({}), "{}")).await;
    assert_eq!(enveloped["Outputs"]["res"]["statusCode"], "202");
}

#[tokio::test]
async fn where_the_host_lets_everybody_in_we_ask_ourselves() {
    let host = behind("anonymous", false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
    let path = "/api/alerts/snow/incident";
    assert_eq!(answer(host.client.post(host.url(path)).body("{}")).await.0, 401);
    assert_eq!(answer(host.post(path).body("{}")).await.0, 202);
    let (_, without) = invoke(&host, "alert_intake", request(path, &json!({}), "{}")).await;
    assert_eq!(without["Outputs"]["res"]["statusCode"], "401");
    let (_, with) = invoke(&host, "alert_intake", request(path, &json!({"x-functions-key": [KEY]}), "{}")).await;
    assert_eq!(with["Outputs"]["res"]["statusCode"], "202");
    // Neither a file that is not there nor settings that name nobody open the door.
    let nobody = Some((Before::read(Path::new("/nonexistent"), false), Arc::new(Worker::default()) as Arc<dyn Work>));
    let nobody = Host::start(Setup { intake: json!({}), behind: nobody, ..Setup::default() }).await;
    assert_eq!(answer(nobody.client.post(nobody.url(path)).body("{}")).await.0, 401);
}

#[tokio::test]
async fn what_the_platform_says_of_a_caller_counts_only_where_the_platform_stands_before_us() {
    let sign_in = SignIn::start().await;
    let entra = json!({"entra": {"tenant": TENANT, "audiences": ["our-app"], "authority": sign_in.url}});
    let (on, off) = (behind("anonymous", true, entra.clone()).await, behind("anonymous", false, entra).await);
    let claims = |change: (&str, &str)| {
        let caller = "461e8683-5575-4561-ac7f-899cc907d62a";
        let issuer = format!("https://sts.windows.net/{TENANT}/");
        let all = [("iss", issuer.as_str()), ("aud", "our-app"), ("appid", caller), ("roles", "ActionGroupsSecureWebhook")];
        let claims = all.map(|(kind, value)| json!({"typ": kind, "val": if kind == change.0 { change.1 } else { value }}));
        BASE64_STANDARD.encode(json!({"auth_typ": "aad", "claims": claims}).to_string())
    };
    let post = async |host: &Host, principal: &str| {
        let request = host.client.post(host.url("/api/alerts/snow/incident")).header("X-MS-CLIENT-PRINCIPAL", principal);
        answer(request.body("{}")).await.0
    };
    assert_eq!(post(&on, &claims(("", ""))).await, 202);
    assert_eq!(post(&off, &claims(("", ""))).await, 401, "anybody can write this header");
    for (change, status) in [
        (("iss", "https://sts.windows.net/another/"), 401),
        (("aud", "another"), 401),
        (("appid", "another"), 403),
        (("roles", "another"), 403),
    ] {
        assert_eq!(post(&on, &claims(change)).await, status, "{change:?}");
    }
    for garbage in ["", "%%%", "bm90IGpzb24=", "e30="] {
        assert_eq!(post(&on, garbage).await, 401, "{garbage}");
    }
}
