//! ServiceNow ignores a query term that it does not know and answers with other people's records. None of them is ever
//! adopted or touched.

use emulators::servicenow::{Effect, Fault};
use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, dead, did, value};

/// Incidents of other people, two of them marked by other integrations.
fn strangers(stage: &Stage) -> Vec<String> {
    ["", "SCOM-4711", "az-ffffffffffffffffffffffffffffffff-1"]
        .map(|key| stage.tool.insert("incident", &[("short_description", "Printer is on fire"), ("correlation_id", key)]))
        .to_vec()
}

/// A list of all incidents, whatever was asked for.
fn everything(stage: &Stage) -> Effect {
    let rows = stage.tool.records("incident");
    let cell = |text: &String| serde_json::json!({"value": text, "display_value": text});
    let row = |record: &emulators::servicenow::Record| {
        record.iter().map(|(name, text)| (name.clone(), cell(text))).collect::<serde_json::Map<_, _>>()
    };
    let body = serde_json::json!({"result": rows.iter().map(row).collect::<Vec<_>>()}).to_string();
    Effect::Status { code: 200, body, headers: Vec::new() }
}

fn untouched(stage: &Stage, strangers: &[String]) {
    for id in strangers {
        let record = stage.tool.record("incident", id).unwrap();
        assert_eq!((value(&record, "state"), value(&record, "sys_mod_count")), ("1", "0"), "{record:#?}");
        assert!(stage.notes(&record).is_empty());
    }
}

#[tokio::test]
async fn a_look_up_whose_term_is_ignored_finds_nothing_rather_than_a_stranger() {
    let stage = Stage::new().await;
    let strangers = strangers(&stage);
    stage.tool.faults().add(Fault::new(everything(&stage)).method("GET").path("/table/incident").times(1));
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (1, 0, 0));
    untouched(&stage, &strangers);
    stage.told(&metric("cpu", 0, true)).await;
    untouched(&stage, &strangers);
    assert_eq!(stage.tool.records("incident").iter().filter(|one| one["state"] == "6").count(), 1);
}

#[tokio::test]
async fn a_look_up_after_a_lost_answer_verifies_what_it_finds() {
    let stage = Stage::new().await;
    let strangers = strangers(&stage);
    stage.tool.faults().add(Fault::new(Effect::ResetBeforeCommit).method("POST").path("/table/incident").times(1));
    // The first look-up is answered well, those after the lost answer are not.
    stage.tool.faults().add(Fault::new(everything(&stage)).method("GET").path("/table/incident").after(1).times(2));
    stage.told(&metric("cpu", 0, false)).await;
    untouched(&stage, &strangers);
    assert_eq!(stage.tool.count("incident"), strangers.len() + 1);
}

#[tokio::test]
async fn a_configuration_item_is_never_a_strangers_either() {
    let stage = Stage::new().await;
    let cells = serde_json::json!({"result": [{"sys_id": {"value": "a1", "display_value": "a1"},
        "name": {"value": "PRINTER", "display_value": "PRINTER"}}]});
    let answer = Effect::Status { code: 200, body: cells.to_string(), headers: Vec::new() };
    stage.tool.faults().add(Fault::new(answer).path("/table/cmdb_ci"));
    stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(value(&stage.incident(), "cmdb_ci"), "");
}

#[tokio::test]
async fn a_key_column_that_may_not_be_queried_is_a_dead_letter_and_makes_no_second_incident() {
    let stage = Stage::new().await;
    let strangers = strangers(&stage);
    stage.fault(Effect::ReadDenied { table: "incident".to_owned(), field: Some("correlation_id".to_owned()) });
    let letter = stage.told(&metric("cpu", 0, false)).await;
    let (cause, remedy) = dead(&letter);
    assert!(cause.contains("Insufficient rights") && remedy.contains("right to read"), "{cause}; {remedy}");
    untouched(&stage, &strangers);
    assert_eq!(stage.tool.count("incident"), strangers.len());
    stage.tool.faults().clear();
    stage.deliveries(&["redrive", "--all"]).await;
    stage.settled().await;
    assert_eq!(stage.tool.count("incident"), strangers.len() + 1);
}

#[tokio::test]
async fn a_record_that_vanished_behind_an_answer_for_another_is_not_updated() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let strangers = strangers(&stage);
    // Asked for our record, the instance answers with another.
    let other = serde_json::json!({"result": {"sys_id": {"value": strangers[0], "display_value": strangers[0]},
        "state": {"value": "1", "display_value": "New"}}});
    let answer = Effect::Status { code: 200, body: other.to_string(), headers: Vec::new() };
    stage.tool.faults().add(Fault::new(answer).method("GET").path("/table/incident/").times(1));
    stage.post(INCIDENT, &metric("cpu", 0, true)).await;
    stage.settled().await;
    untouched(&stage, &strangers);
}
