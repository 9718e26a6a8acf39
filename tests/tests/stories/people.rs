//! Humans win: what a person did with the record stays.

use tests::alerts::metric;

use crate::alerts::severe;
use crate::stage::{Stage, did, value};

#[tokio::test]
async fn a_field_that_a_person_changed_is_not_overwritten_and_the_others_follow() {
    let stage = Stage::new().await;
    stage.told(&severe("cpu", 0, "Sev2")).await;
    let id = value(&stage.incident(), "sys_id").to_owned();
    stage.tool.update("incident", &id, &[("impact", "3"), ("short_description", "Beth looks after this")]);
    stage.told(&severe("cpu", 1, "Sev0")).await;
    let incident = stage.incident();
    assert_eq!((value(&incident, "impact"), value(&incident, "urgency")), ("3", "1"));
    assert_eq!(value(&incident, "short_description"), "Beth looks after this");
}

#[tokio::test]
async fn an_incident_that_a_person_closed_stays_closed_and_the_next_firing_makes_another() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let closed = stage.incident();
    let mine = [("state", "7"), ("close_code", "User error"), ("close_notes", "mine")];
    stage.tool.update("incident", value(&closed, "sys_id"), &mine);
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    let record = stage.incident();
    assert_eq!(mine.map(|(field, _)| value(&record, field)), mine.map(|(_, value)| value));

    assert_eq!(did(&stage.told(&metric("cpu", 20, false)).await), (1, 0, 0));
    let incidents = stage.incidents();
    assert_eq!(incidents.iter().map(|incident| value(incident, "state")).collect::<Vec<_>>(), ["7", "1"]);
    assert!(stage.notes(&incidents[1])[0].contains(value(&closed, "number")));
    assert!(stage.notes(&incidents[0]).is_empty());
}

#[tokio::test]
async fn an_incident_that_a_person_resolved_first_keeps_her_close_code_and_notes() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let mine = [("state", "6"), ("close_code", "Workaround provided"), ("close_notes", "restarted it")];
    stage.tool.update("incident", value(&stage.incident(), "sys_id"), &mine);
    stage.told(&metric("cpu", 0, true)).await;
    let record = stage.incident();
    assert_eq!(mine.map(|(field, _)| value(&record, field)), mine.map(|(_, value)| value));
    assert_eq!(value(&record, "sys_updated_by"), "beth.anglin");
}

#[tokio::test]
async fn an_incident_that_a_person_deleted_is_made_anew_by_the_next_firing() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.tool.delete("incident", value(&stage.incident(), "sys_id"));
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    assert_eq!(did(&stage.told(&metric("cpu", 1, false)).await), (1, 0, 0));
    assert_eq!(value(&stage.incident(), "state"), "1");
}

#[tokio::test]
async fn an_incident_that_a_person_resolved_is_reopened_when_it_fires_again_soon() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let mine = [("state", "6"), ("close_code", "Workaround provided"), ("close_notes", "restarted it")];
    stage.tool.update("incident", value(&stage.incident(), "sys_id"), &mine);
    stage.told(&metric("cpu", 0, true)).await;
    assert_eq!(did(&stage.told(&metric("cpu", 40, false)).await), (0, 1, 0));
    assert_eq!(value(&stage.incident(), "state"), "2");
}
