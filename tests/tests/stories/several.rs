//! One alert, several work items: per configuration item, per row, per rule.

use tests::alerts::metric;

use crate::alerts::{log, rows};
use crate::stage::{Stage, did, remarks, value};

const THREE: [&str; 3] = ["WEB01", "WEB02", "SQL01"];

fn states(stage: &Stage) -> Vec<String> {
    stage.incidents().iter().map(|incident| value(incident, "state").to_owned()).collect()
}

#[tokio::test]
async fn a_log_alert_for_three_computers_is_three_incidents_each_with_its_computer_and_its_end() {
    let stage = Stage::new().await;
    let path = "/api/alerts/snow/incident?per=ci";
    assert_eq!(did(&stage.told_to(path, &log("heartbeat", &THREE, false)).await), (3, 0, 0));
    let linked: Vec<_> = stage.incidents().iter().map(|one| one["cmdb_ci"].clone()).collect();
    let named = |id: &String| stage.tool.record("cmdb_ci", id).map(|item| item["name"].clone()).unwrap_or_default();
    assert_eq!(linked.iter().map(named).collect::<Vec<_>>(), THREE);

    // Two of them are well again.
    assert_eq!(did(&stage.told_to(path, &log("heartbeat", &THREE[..2], true)).await), (0, 2, 0));
    assert_eq!(states(&stage), ["6", "6", "1"]);
    assert_eq!(did(&stage.told_to(path, &log("heartbeat", &THREE, true)).await).1, 1);
    assert_eq!(states(&stage), ["6", "6", "6"]);
}

#[tokio::test]
async fn each_row_that_differs_is_an_incident_of_its_own() {
    let stage = Stage::new().await;
    let found = [("WEB01", "C:"), ("WEB01", "D:"), ("WEB02", "C:"), ("WEB02", "C:")];
    let path = "/api/alerts/snow/incident?per=row";
    assert_eq!(did(&stage.told_to(path, &rows("disk", &found)).await), (3, 0, 0));
    let descriptions: Vec<_> = stage.incidents().iter().map(|one| one["description"].clone()).collect();
    for (description, (computer, drive)) in descriptions.iter().zip(found) {
        assert!(description.contains(computer) && description.contains(drive), "{description}");
    }
}

#[tokio::test]
async fn all_that_a_rule_finds_is_one_incident_that_ends_with_the_last() {
    let stage = Stage::new().await;
    let path = "/api/alerts/snow/incident?per=rule";
    let of = |machine: &str, resolved| {
        let mut alert = metric("cpu", 0, resolved);
        let essentials = &mut alert["data"]["essentials"];
        let target = format!("/subscriptions/0f1e2d3c/resourcegroups/rg/providers/microsoft.compute/virtualmachines/{machine}");
        essentials["alertTargetIDs"] = serde_json::json!([target]);
        essentials["configurationItems"] = serde_json::json!([machine]);
        essentials["alertId"] = format!("/subscriptions/0f1e2d3c/providers/Microsoft.AlertsManagement/alerts/{machine}").into();
        alert
    };
    assert_eq!(did(&stage.told_to(path, &of("vm-01", false)).await), (1, 0, 0));
    assert_eq!(did(&stage.told_to(path, &of("vm-02", false)).await), (0, 1, 0));
    assert!(stage.notes(&stage.incident())[0].contains("vm-02"));
    stage.told_to(path, &of("vm-01", true)).await;
    assert_eq!(value(&stage.incident(), "state"), "1", "vm-02 is still not well");
    stage.told_to(path, &of("vm-02", true)).await;
    assert_eq!(value(&stage.incident(), "state"), "6");
}

#[tokio::test]
async fn an_alert_makes_no_more_incidents_than_the_policy_allows_and_names_the_rest() {
    let stage = Stage::with("policy = { max_work_items = 2 }").await;
    let done = stage.told_to("/api/alerts/snow/incident?per=ci", &log("heartbeat", &THREE, false)).await;
    assert_eq!(did(&done), (2, 0, 0));
    assert!(remarks(&done).contains("max_work_items"), "{}", remarks(&done));
    assert!(value(&stage.incidents()[1], "description").contains("SQL01"));
}

#[tokio::test]
async fn an_outage_between_two_of_its_incidents_makes_none_of_them_twice() {
    use emulators::servicenow::{Effect, Fault};
    for effect in [Effect::ResetAfterCommit, Effect::ResetBeforeCommit, Effect::Hibernating, Effect::BrokenJson] {
        let stage = Stage::new().await;
        stage.tool.faults().add(Fault::new(effect.clone()).method("POST").path("/table/incident").after(1).times(1));
        let done = stage.told_to("/api/alerts/snow/incident?per=ci", &log("heartbeat", &THREE, false)).await;
        assert_eq!((did(&done), stage.tool.count("incident")), ((3, 0, 0), 3), "{effect:?}");
        assert_eq!(done.summary.unwrap().work_items.len(), 3, "{effect:?}");
        assert_eq!(stage.running.queue.counts(None).await.unwrap().work_items, 3, "{effect:?}");
    }
}

#[tokio::test]
async fn rules_that_choose_the_same_correlation_share_an_incident() {
    let stage = Stage::new().await;
    let chosen = |rule: &str, resolved| {
        let mut alert = metric(rule, 0, resolved);
        alert["data"]["customProperties"] = serde_json::json!({"itsm_correlation_key": "shop is down"});
        alert
    };
    stage.told(&chosen("front", false)).await;
    assert_eq!(did(&stage.told(&chosen("back", false)).await), (0, 1, 0));
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_one_computer_does_not_keep_the_others_from_their_incidents() {
    use emulators::servicenow::{Effect, Fault};
    let stage = Stage::new().await;
    let rule = Effect::BusinessRuleAbort { name: "Frozen during change^0123456789abcdef0123456789abcdef".to_owned() };
    stage.tool.faults().add(Fault::new(rule).method("POST").path("/table/incident").after(1).times(1));
    let letter = stage.told_to("/api/alerts/snow/incident?per=ci", &log("heartbeat", &THREE, false)).await;
    let (cause, remedy) = crate::stage::dead(&letter);
    assert!(cause.starts_with("WEB02: ") && remedy.contains("Frozen during change"), "{cause}; {remedy}");
    assert_eq!(stage.incidents().len(), 2);
    stage.deliveries(&["redrive", "--all"]).await;
    stage.settled().await;
    let titles: Vec<_> = stage.incidents().iter().map(|one| one["cmdb_ci"].clone()).collect();
    assert_eq!(titles.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "one for each computer: {titles:?}");
}
