use super::*;
use crate::work_item::Phase;

#[tokio::test]
async fn an_event_sent_twice_is_one_event() {
    for mode in ["em_event", "jsonv2"] {
        let stage = Stage::settings(&format!("servicenow = {{ events = \"{mode}\" }}")).await;
        let before = stage.instance.count("em_event");
        let draft = draft(WorkItemType::Event);
        stage.fault(Fault::new(Effect::ResetAfterCommit).method("POST").times(1));
        assert!(matches!(stage.provider.create(&draft).await, Err(ProviderError::Ambiguous { .. })), "{mode}");
        let again = stage.provider.create(&draft).await.unwrap();
        assert!(again.remarks.iter().any(|remark| remark.contains("before")), "{mode}: {again:?}");
        assert_eq!(stage.instance.count("em_event"), before + 1, "{mode}");
        let resolved = Draft { resolved: true, ..draft };
        stage.provider.create(&resolved).await.unwrap();
        assert_eq!(stage.instance.count("em_event"), before + 2, "{mode}");
    }
}

#[tokio::test]
async fn an_event_by_web_service_is_numbered_by_its_key() {
    let stage = Stage::settings("servicenow = { events = \"jsonv2\" }").await;
    let written = stage.provider.create(&draft(WorkItemType::Event)).await.unwrap();
    assert_eq!(written.item.number, "az-0123456789abcdef0123456789abcdef");
    assert!(written.dropped.is_empty(), "{written:?}");
}

#[tokio::test]
async fn without_the_plugin_events_and_alerts_are_refused_with_its_name() {
    for kind in [WorkItemType::Event, WorkItemType::Alert] {
        let stage = Stage::with(Options { event_management: false, ..Options::default() }, "").await;
        let error = stage.provider.create(&draft(kind)).await.unwrap_err();
        assert!(remedy(&error).contains("Event Management plugin"), "{error:?}");
    }
}

#[tokio::test]
async fn an_alert_record_follows_the_alert() {
    let stage = Stage::new().await;
    let written = stage.provider.create(&draft(WorkItemType::Alert)).await.unwrap();
    assert!(written.dropped.is_empty(), "{written:?}");
    let found = stage.provider.find(WorkItemType::Alert, &written.item.key).await.unwrap().unwrap();
    assert_eq!(found.id, written.item.id);
    let closed = stage.resolved(&written).await.unwrap();
    assert_eq!(
        (closed.item.phase, stage.instance.record("em_alert", &found.id).unwrap()["state"].as_str()),
        (Phase::Resolved, "Closed")
    );
    let reopen = Change { transition: Some(Transition::Reopen), ..Change::default() };
    assert_eq!(stage.provider.update(&closed.item, &reopen).await.unwrap().item.phase, Phase::Open);
}

const IMPORT_SET: &str = "servicenow = { write = \"import_set\", import_set = { columns = { short_description = \"title\", description = \"details\" } } }";

#[tokio::test]
async fn an_imported_incident_carries_our_key() {
    let stage = Stage::settings(IMPORT_SET).await;
    let written = stage.created().await;
    let record = stage.instance.record("incident", &written.item.id).unwrap();
    assert_eq!(record["correlation_id"], written.item.key.to_string());
    assert_eq!(record["short_description"], "CPU over 90% on web01");
    assert_eq!(stage.asked("POST", "/import/x_mioms_microsoft_oms_incident"), 1);
}

#[tokio::test]
async fn an_imported_incident_is_not_lost_when_it_cannot_be_marked() {
    let stage = Stage::settings(IMPORT_SET).await;
    stage.fault(Fault::new(status(502, "<html>")).method("PATCH"));
    let written = stage.created().await;
    assert!(written.item.number.starts_with("INC"));
    assert!(written.remarks.iter().any(|remark| remark.contains("correlation_id")), "{:?}", written.remarks);
    assert_eq!(stage.instance.records("incident").iter().filter(|record| record["sys_id"] == written.item.id).count(), 1);
}

#[tokio::test]
async fn an_error_inside_a_success_is_a_refusal() {
    let stage = Stage::settings(IMPORT_SET).await;
    let body = r#"{"import_set":"ISET0010007","staging_table":"x_mioms_microsoft_oms_incident","result":[{"transform_map":"OMS Incident","table":"incident","status":"error","error_message":"Target record not found"}]}"#;
    stage.fault(Fault::new(status(201, body)).method("POST"));
    let error = stage.provider.create(&draft(WorkItemType::Incident)).await.unwrap_err();
    assert!(error.to_string().contains("Unexpected response from ServiceNow along with success status code"), "{error}");
    assert!(remedy(&error).contains("onBefore"));
}
