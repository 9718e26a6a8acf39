//! Faults and refusals as a client meets them.

use std::time::Duration;

use serde_json::json;

use super::{client, incident, instance};
use crate::servicenow::{Effect, Fault, Partial};

#[tokio::test]
async fn refusals_have_the_texts_of_the_documentation() {
    let instance = instance().await;
    let client = client(&instance);
    for (method, path, body, status, message) in [
        ("GET", "/api/now/table/u_test_table", None, 400, "Invalid table u_test_table"),
        ("GET", "/api/now/nothing", None, 400, "Requested URI does not represent any resource"),
        ("GET", "/api/now/table/incident?sysparm_limit=0", None, 400, "Invalid value for sysparm_limit"),
        ("GET", "/api/now/table/incident/none", None, 404, "No Record found"),
        ("PATCH", "/api/now/table/incident/none", Some(json!({})), 404, "No Record found"),
        ("POST", "/api/now/table/incident", Some(json!("text")), 400, "Exception while reading request"),
        ("PATCH", "/api/now/table/incident", Some(json!({})), 405, "Method not supported"),
    ] {
        let (found, answer) = client.send(method, path, body).await;
        assert_eq!((found, answer["error"]["message"].as_str().unwrap()), (status, message), "{method} {path}");
        assert_eq!(answer["status"], "failure");
    }
    let post = || client.request("POST", "/api/now/table/incident");
    assert_eq!(post().header("Content-Type", "text/plain").body("{}").send().await.unwrap().status(), 415);
    assert_eq!(post().header("Accept", "application/xml").json(&json!({})).send().await.unwrap().status(), 406);
    assert_eq!(post().header("Content-Type", "application/json").body("{").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn pages_of_html_come_with_status_200() {
    let instance = instance().await;
    let client = client(&instance);
    for (effect, words) in [(Effect::Hibernating, "Your instance is hibernating"), (Effect::LoginPage, "login_form")] {
        instance.faults().add(Fault::new(effect).times(1));
        let answer = client.request("GET", "/api/now/table/incident").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (200, "text/html;charset=UTF-8")
        );
        assert!(answer.text().await.unwrap().contains(words));
    }
    assert_eq!(client.get("/api/now/table/incident").await.0, 200);
}

#[tokio::test]
async fn a_load_balancers_page_can_stand_in() {
    let instance = instance().await;
    instance.faults().add(Fault::new(Effect::Status {
        code: 502,
        body: "<html>Bad gateway</html>".into(),
        headers: vec![("Retry-After".into(), "5".into())],
    }));
    let answer = client(&instance).request("POST", "/api/now/table/incident").json(&incident("x")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (502, "5"));
    assert_eq!((answer.headers()["content-type"].to_str().unwrap(), instance.count("incident")), ("text/html;charset=UTF-8", 0));
}

#[tokio::test]
async fn a_reset_before_the_commit_leaves_nothing_and_one_after_it_leaves_the_record() {
    let instance = instance().await;
    let client = client(&instance);
    for (effect, count) in [(Effect::ResetBeforeCommit, 0), (Effect::ResetAfterCommit, 1)] {
        instance.faults().add(Fault::new(effect).method("POST").times(1));
        let sent = client.request("POST", "/api/now/table/incident").json(&incident("x")).send().await;
        assert!(sent.is_err(), "the connection is closed without an answer");
        assert_eq!(instance.count("incident"), count);
    }
    assert_eq!(instance.requests().iter().map(|request| request.status).collect::<Vec<_>>(), [0, 0]);
}

#[tokio::test]
async fn a_cancelled_transaction_gives_half_a_page_with_status_200() {
    let instance = instance().await;
    instance.insert("incident", &[("short_description", "x")]);
    let client = client(&instance);
    instance.faults().add(Fault::new(Effect::PartialPage(Partial::Valid)).times(1));
    let (status, body) = client.get("/api/now/table/incident").await;
    assert_eq!((status, body["result"].as_array().unwrap().len(), body["status"].as_str().unwrap()), (200, 1, "failure"));
    instance.faults().add(Fault::new(Effect::PartialPage(Partial::ArrayOpen)).times(1));
    instance.faults().add(Fault::new(Effect::BrokenJson).after(1).times(1));
    for _ in 0..2 {
        assert_eq!(client.get("/api/now/table/incident").await, (200, serde_json::Value::Null));
    }
}

#[tokio::test]
async fn a_slow_answer_is_a_good_answer() {
    let instance = instance().await;
    instance.faults().add(Fault::new(Effect::Slow(Duration::from_millis(1))));
    assert_eq!(client(&instance).get("/api/now/table/incident").await.0, 200);
    instance.faults().clear();
    instance.faults().add(Fault::new(Effect::Slow(Duration::from_secs(3600))));
    let impatient = client(&instance).request("GET", "/api/now/table/incident").timeout(Duration::from_millis(50));
    assert!(impatient.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn rights_can_be_taken_by_table_and_by_column() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("x")).await;
    let path = format!("/api/now/table/incident/{sys_id}");
    let table = || "incident".to_owned();
    let with = |effect: Effect| {
        instance.faults().clear();
        instance.faults().add(Fault::new(effect));
    };
    with(Effect::WriteDenied { table: table(), field: None });
    let (status, answer) = client.send("PATCH", &path, Some(incident("y"))).await;
    assert_eq!(
        (status, answer["error"]["detail"].as_str().unwrap()),
        (403, "ACL Exception Update Failed due to security constraints")
    );
    for effect in [
        Effect::WriteDenied { table: table(), field: Some("impact".into()) },
        Effect::IgnoreField { table: table(), field: "impact".into() },
    ] {
        with(effect);
        let (status, answer) = client.send("PATCH", &path, Some(json!({"impact": "1", "urgency": "1"}))).await;
        assert_eq!(
            (status, answer["result"]["impact"].as_str().unwrap(), answer["result"]["urgency"].as_str().unwrap()),
            (200, "3", "1")
        );
    }
    with(Effect::ReadDenied { table: table(), field: Some("impact".into()) });
    assert_eq!(client.get(&path).await.1["result"].get("impact"), None);
    let (status, answer) = client.get("/api/now/table/incident?sysparm_query=impact=3").await;
    assert_eq!((status, answer["error"]["message"].as_str().unwrap()), (403, "Insufficient rights to query records"));
    with(Effect::ReadDenied { table: table(), field: None });
    assert_eq!(client.get("/api/now/table/incident").await, (200, json!({"result": []})));
    assert_eq!(client.get(&path).await.0, 404);
}

#[tokio::test]
async fn rules_and_policies_can_be_added() {
    let instance = instance().await;
    let client = client(&instance);
    instance.faults().add(Fault::new(Effect::BusinessRuleAbort { name: "Stop^0a1b".into() }).times(1));
    let (status, answer) = client.send("POST", "/api/now/table/incident", Some(incident("x"))).await;
    assert_eq!(status, 403);
    assert!(
        answer["error"]["detail"]
            .as_str()
            .unwrap()
            .starts_with("Operation against file 'incident' was aborted by Business Rule 'Stop^0a1b'. Error:")
    );
    instance.faults().add(Fault::new(Effect::DataPolicy { table: "incident".into(), fields: vec!["caller_id".into()] }));
    let (status, answer) = client.send("POST", "/api/now/table/incident", Some(incident("x"))).await;
    assert_eq!(
        (status, answer["error"]["detail"].as_str().unwrap()),
        (403, "Data Policy Exception: The following fields are mandatory: Caller")
    );
}

#[tokio::test]
async fn a_page_can_be_shorter_than_its_limit_while_more_follow() {
    let instance = instance().await;
    for _ in 0..5 {
        instance.insert("incident", &[("short_description", "x")]);
    }
    instance.faults().add(Fault::new(Effect::ShortPage { rows: 2 }).times(1));
    let answer = client(&instance).request("GET", "/api/now/table/incident?sysparm_limit=4").send().await.unwrap();
    assert_eq!(answer.headers()["x-total-count"], "5");
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["result"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_dropped_instance_answers_no_more() {
    let instance = instance().await;
    let client = client(&instance);
    assert_eq!(client.get("/api/now/table/incident").await.0, 200);
    drop(instance);
    tokio::task::yield_now().await;
    assert!(client.request("GET", "/api/now/table/incident").send().await.is_err());
}
