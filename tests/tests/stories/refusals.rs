//! What the tool refuses becomes a dead letter with cause and remedy; when a person has mended it, redriving succeeds. The
//! commands of `deliveries` beside the running connector.

use connector::store::Status;
use emulators::servicenow::Effect;
use itsm_connector::ending::Ending;
use serde_json::Value;
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, dead, did, value};

fn refusals() -> [(Effect, &'static str, &'static str); 4] {
    let table = || "incident".to_owned();
    let invalid = r#"{"error":{"message":"Invalid table incident","detail":null},"status":"failure"}"#;
    [
        (Effect::WriteDenied { table: table(), field: None }, "ACL Exception", "itil"),
        (Effect::DataPolicy { table: table(), fields: vec!["caller_id".to_owned()] }, "mandatory", "Caller"),
        (
            Effect::BusinessRuleAbort { name: "Require caller^0123456789abcdef0123456789abcdef".to_owned() },
            "aborted",
            "Require caller",
        ),
        (Effect::Status { code: 400, body: invalid.to_owned(), headers: Vec::new() }, "Invalid table", "no table incident"),
    ]
}

#[tokio::test]
async fn a_refused_creation_is_a_dead_letter_and_succeeds_once_mended() {
    for (effect, cause_word, remedy_word) in refusals() {
        let stage = Stage::new().await;
        stage.fault(effect.clone());
        let letter = stage.told(&metric("cpu", 0, false)).await;
        let (cause, remedy) = dead(&letter);
        assert!(cause.contains(cause_word) && remedy.contains(remedy_word), "{effect:?}: {cause}; {remedy}");
        assert!(stage.incidents().is_empty());
        stage.tool.faults().clear();
        assert_eq!(stage.deliveries(&["redrive", &letter.id.to_string()]).await.0, Ending::Good);
        stage.settled().await;
        assert_eq!(did(&stage.delivery(&letter.id.to_string()).await), (1, 0, 0));
        stage.told(&metric("cpu", 0, true)).await;
        assert_eq!(value(&stage.incident(), "state"), "6");
    }
}

#[tokio::test]
async fn a_refused_resolution_is_a_dead_letter_and_succeeds_once_mended() {
    for (effect, cause_word, remedy_word) in refusals().into_iter().take(3) {
        let stage = Stage::new().await;
        stage.told(&metric("cpu", 0, false)).await;
        stage.fault(effect.clone());
        let letter = stage.told(&metric("cpu", 0, true)).await;
        let (cause, remedy) = dead(&letter);
        assert!(cause.contains(cause_word) && remedy.contains(remedy_word), "{effect:?}: {cause}; {remedy}");
        assert_eq!(value(&stage.incident(), "state"), "1");
        stage.tool.faults().clear();
        stage.deliveries(&["redrive", "--all", "--connection", "snow"]).await;
        stage.settled().await;
        assert_eq!(value(&stage.incident(), "state"), "6");
        assert_eq!(stage.notes(&stage.incident()).len(), 1);
    }
}

#[tokio::test]
async fn a_dead_letter_holds_up_nobody() {
    let stage = Stage::new().await;
    stage.fault(refusals()[0].0.clone());
    dead(&stage.told(&metric("cpu", 0, false)).await);
    assert_eq!(stage.gate("snow").await["open"], true);
    stage.tool.faults().clear();
    assert_eq!(did(&stage.told(&metric("disk", 0, false)).await), (1, 0, 0));
    // The next firing of the same thing makes the incident; the letter, redriven, is but a repeat of it.
    assert_eq!(did(&stage.told(&metric("cpu", 1, false)).await), (1, 0, 0));
    stage.deliveries(&["redrive", "--all"]).await;
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
}

#[tokio::test]
async fn deliveries_are_listed_shown_redriven_and_dropped_beside_the_running_connector() {
    let stage = Stage::new().await;
    let good = stage.told(&metric("disk", 0, false)).await;
    stage.fault(refusals()[0].0.clone());
    let letters = [stage.told(&metric("cpu", 0, false)).await, stage.told(&metric("memory", 0, false)).await];
    let [first, second] = letters.each_ref().map(|letter| letter.id.to_string());

    let (_, table) = stage.deliveries(&["list"]).await;
    let number = value(&stage.incident(), "number").to_owned();
    for part in [&first, &second, &good.id.to_string(), &number, "dead letter", "done", "itil"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let (_, json) = stage.deliveries(&["list", "--status", "dead-letter", "--json"]).await;
    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed:#}");

    let (ending, shown) = stage.deliveries(&["show", &first]).await;
    assert_eq!(ending, Ending::Good);
    assert!(
        shown.contains("ACL Exception") && shown.contains("itil") && shown.contains("azureMonitorCommonAlertSchema"),
        "{shown}"
    );
    let (_, shown) = stage.deliveries(&["show", &good.id.to_string()]).await;
    assert!(shown.contains(&number) && shown.contains("1 created"), "{shown}");

    assert_eq!(stage.deliveries(&["drop", &second]).await.0, Ending::Good);
    stage.tool.faults().clear();
    let (ending, _) = stage.deliveries(&["redrive", &first, &second]).await;
    assert_eq!(ending, Ending::Failed, "the dropped one is said to be gone");
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
    assert_eq!(stage.delivery(&first).await.status, Status::Done);
    let counts = stage.running.queue.counts(None).await.unwrap();
    assert_eq!((counts.dead_letters, counts.backlog), (0, 0));
}

#[tokio::test]
async fn a_waiting_delivery_can_be_told_to_try_at_once() {
    let stage = Stage::new().await;
    let error = r#"{"error":{"message":"x","detail":null},"status":"failure"}"#;
    stage.fault(Effect::Status { code: 500, body: error.to_owned(), headers: Vec::new() });
    let id = stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    stage
        .happens("a delivery that waits", async || {
            let delivery = stage.delivery(&id).await;
            delivery.status == Status::Waiting && !delivery.cause.is_empty()
        })
        .await;
    stage.tool.faults().clear();
    assert_eq!(stage.deliveries(&["redrive", &id]).await.0, Ending::Good);
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn a_missing_role_is_named_and_only_the_role_of_the_table_itself_stops_the_delivery() {
    use emulators::servicenow::{Options, User};
    let with = |roles: &[&str]| Options {
        users: vec![User::new("admin", "admin", &["admin"]), User::new("itsm", "p", roles)],
        ..crate::stage::options()
    };
    // Neither choice lists nor templates may be read.
    let stage = Stage::on(with(&["itil"]), "").await;
    let done = stage.told_to("/api/alerts/snow/incident?template=Azure%20alert", &metric("cpu", 0, false)).await;
    assert!(crate::stage::remarks(&done).contains("Azure alert"), "{done:#?}");
    let done = stage.told(&metric("cpu", 0, true)).await;
    assert!(crate::stage::remarks(&done).contains("personalize_choices"), "{done:#?}");
    assert_eq!(value(&stage.incident(), "state"), "6");

    let stage = Stage::on(with(&["personalize_choices"]), "").await;
    let letter = stage.told(&metric("cpu", 0, false)).await;
    assert!(dead(&letter).1.contains("itil"), "{letter:#?}");
}
