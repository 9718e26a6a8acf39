use super::*;
use crate::work_item::Phase;

const CLOSE_NOTES: &str = "Azure Monitor reports that the condition is over.";

#[tokio::test]
async fn an_incident_is_created_found_noted_resolved_and_reopened() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    assert!(written.dropped.is_empty() && written.remarks.is_empty(), "{written:?}");
    assert!(written.item.number.starts_with("INC") && written.item.phase == Phase::Open);
    assert!(written.item.url.ends_with(&format!("incident.do?sys_id={}", written.item.id)));
    let record = stage.instance.record("incident", &written.item.id).unwrap();
    assert_eq!((record["impact"].as_str(), record["urgency"].as_str(), record["priority"].as_str()), ("2", "2", "3"));
    assert_eq!(record["correlation_display"], "Azure ITSM connector");

    let found = stage.provider.find(WorkItemType::Incident, &written.item.key).await.unwrap().unwrap();
    assert_eq!((&found.id, &found.key), (&written.item.id, &written.item.key));
    let note = Change { note: Some("Fired again.\n[marker 1]".to_owned()), ..Change::default() };
    stage.provider.update(&found, &note).await.unwrap();
    assert_eq!(stage.instance.notes(&found.id), ["Fired again.\n[marker 1]"]);

    let resolved = stage.resolved(&written).await.unwrap();
    assert_eq!(resolved.item.phase, Phase::Resolved);
    assert!(resolved.item.resolved_at.is_some() && resolved.dropped.is_empty(), "{resolved:?}");
    let record = stage.instance.record("incident", &written.item.id).unwrap();
    assert_eq!((record["state"].as_str(), record["close_notes"].as_str()), ("6", CLOSE_NOTES));
    assert!(!record["close_code"].is_empty());

    let reopen = Change { transition: Some(Transition::Reopen), note: Some("Again.".to_owned()), ..Change::default() };
    let reopened = stage.provider.update(&resolved.item, &reopen).await.unwrap();
    assert_eq!((reopened.item.phase, reopened.item.state.as_str()), (Phase::Open, "In Progress"));
}

#[tokio::test]
async fn a_record_closed_or_deleted_by_a_person_is_seen_as_such() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.instance.update("incident", &written.item.id, &[("state", "7")]);
    let read = stage.provider.read(WorkItemType::Incident, &written.item.id).await.unwrap().unwrap();
    assert_eq!(read.phase, Phase::Closed);
    stage.instance.delete("incident", &written.item.id);
    assert_eq!(stage.provider.read(WorkItemType::Incident, &written.item.id).await.unwrap(), None);
}

#[tokio::test]
async fn an_ignored_query_term_does_not_find_a_strangers_record() {
    let stage = Stage::new().await;
    // As when the instance does not know the term: whatever was asked for, these are answered.
    let strangers = r#"{"result":[{"sys_id":"a","number":"INC1","correlation_id":""},{"sys_id":"b","number":"INC2",
        "correlation_id":{"value":"az-ffffffffffffffffffffffffffffffff-1","display_value":"x"}},{"sys_id":"c","number":"INC3"}]}"#;
    stage.fault(Fault::new(status(200, strangers)));
    let key = draft(WorkItemType::Incident).key;
    assert_eq!(stage.provider.find(WorkItemType::Incident, &key).await.unwrap(), None);
    assert_eq!(stage.provider.newest(WorkItemType::Incident, &key.correlation).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_records_with_one_key_the_older_is_ours() {
    let stage = Stage::new().await;
    let first = stage.created().await;
    stage.advance(5);
    stage.created().await;
    let found = stage.provider.find(WorkItemType::Incident, &first.item.key).await.unwrap().unwrap();
    assert_eq!(found.id, first.item.id);
}

#[tokio::test]
async fn the_newest_generation_is_found_without_memory() {
    let stage = Stage::new().await;
    let mut draft = draft(WorkItemType::Incident);
    for generation in [1, 2, 11] {
        draft.key.generation = generation;
        draft.follows = (generation > 1).then(|| "INC0000001".to_owned());
        stage.advance(1);
        stage.provider.create(&draft).await.unwrap();
    }
    let newest = stage.provider.newest(WorkItemType::Incident, &draft.key.correlation).await.unwrap().unwrap();
    assert_eq!(newest.key.generation, 11);
    assert!(stage.instance.notes(&newest.id)[0].contains("INC0000001"));
    let other = stage.provider.newest(WorkItemType::Incident, "ffffffffffffffffffffffffffffffff").await.unwrap();
    assert_eq!(other, None);
}

#[tokio::test]
async fn a_template_fills_what_nothing_else_fills() {
    let stage = Stage::new().await;
    stage.instance.insert(
        "sys_template",
        &[
            ("name", "Azure disk"),
            ("table", "incident"),
            ("active", "true"),
            ("template", "category=hardware^impact=1^contact_type=phone^caller_id=javascript:gs.getUserID()^EQ"),
        ],
    );
    let mut draft = draft(WorkItemType::Incident);
    draft.template = Some("Azure disk".to_owned());
    draft.fields = map([("category", "network")]);
    let written = stage.provider.create(&draft).await.unwrap();
    let record = stage.instance.record("incident", &written.item.id).unwrap();
    assert_eq!(
        (record["category"].as_str(), record["contact_type"].as_str(), record["impact"].as_str()),
        ("network", "phone", "2")
    );
    assert!(written.remarks.iter().any(|remark| remark.contains("caller_id")), "{:?}", written.remarks);
}

#[tokio::test]
async fn a_missing_template_costs_a_remark_and_not_the_work_item() {
    let stage = Stage::new().await;
    let draft = Draft { template: Some("No such".to_owned()), ..draft(WorkItemType::Incident) };
    let written = stage.provider.create(&draft).await.unwrap();
    assert!(written.remarks[0].contains("\"No such\" was not found"));
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn a_configured_close_code_is_used_and_an_unknown_one_replaced_with_a_remark() {
    for (wanted, replaced) in [("Duplicate", false), ("No such code", true)] {
        let stage = Stage::settings(&format!("policy = {{ close_code = \"{wanted}\" }}")).await;
        let written = stage.created().await;
        let resolved = stage.resolved(&written).await.unwrap();
        let record = stage.instance.record("incident", &written.item.id).unwrap();
        assert_eq!(record["close_code"] == wanted, !replaced);
        assert_eq!(resolved.remarks.iter().any(|remark| remark.contains(wanted)), replaced, "{:?}", resolved.remarks);
    }
}

#[tokio::test]
async fn a_note_is_known_again_by_its_marker() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    assert_eq!(stage.provider.has_note(&written.item, "[marker 7]").await.unwrap(), Some(false));
    stage.resolved(&written).await.unwrap();
    assert_eq!(stage.provider.has_note(&written.item, "[marker 7]").await.unwrap(), Some(true));
    assert_eq!(stage.provider.has_note(&written.item, "[marker 8]").await.unwrap(), Some(false));
}

#[tokio::test]
async fn a_dry_run_reads_and_writes_nothing() {
    let stage = Stage::settings("dry_run = true").await;
    let written = stage.created().await;
    assert_eq!(written.item.number, "(dry run)");
    let again = stage.provider.read(WorkItemType::Incident, &written.item.id).await.unwrap().unwrap();
    assert_eq!(again.key, written.item.key);
    assert_eq!(stage.resolved(&written).await.unwrap().item.phase, Phase::Resolved);
    assert!(stage.instance.requests().iter().all(|request| request.method == "GET"));
    assert!(stage.incidents().is_empty());
}

#[tokio::test]
async fn what_is_sent_for_an_incident_is_reviewed() {
    let provider = provider_for(&connection(), &Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap())));
    insta::assert_json_snapshot!("incident_fields", provider.fields(&draft(WorkItemType::Incident)));
    insta::assert_json_snapshot!("event_fields", provider.fields(&draft(WorkItemType::Event)));
    insta::assert_json_snapshot!("alert_fields", provider.fields(&draft(WorkItemType::Alert)));
}
