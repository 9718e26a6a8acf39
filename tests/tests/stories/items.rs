//! Configuration items: found by resource id, FQDN or name; ambiguous, missing, created; and an account of the look-up.

use tests::alerts::metric;

use crate::alerts::log;
use crate::stage::{Stage, remarks, value};

/// What the one incident is linked to.
fn linked(stage: &Stage) -> String {
    let incident = stage.incident();
    let id = value(&incident, "cmdb_ci").to_owned();
    stage.tool.record("cmdb_ci", &id).map(|item| item["name"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn the_resource_id_finds_an_item_whatever_it_is_called() {
    let stage = Stage::new().await;
    let id = "/subscriptions/0f1e2d3c/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-01";
    stage.tool.insert("cmdb_ci_vm_instance", &[("name", "shop front end"), ("correlation_id", id)]);
    assert_eq!(remarks(&stage.told(&metric("vm-01", 0, false)).await), "");
    assert_eq!(linked(&stage), "shop front end");
}

#[tokio::test]
async fn a_computer_is_found_by_fqdn_and_by_name_whatever_their_case() {
    for name in ["WEB01.Contoso.com", "web01.other.example", "web01"] {
        let stage = Stage::new().await;
        stage.told(&log("heartbeat", &[name], false)).await;
        assert_eq!(linked(&stage), "WEB01", "{name}");
    }
}

#[tokio::test]
async fn of_several_items_none_is_guessed_and_the_account_says_so() {
    let stage = Stage::new().await;
    stage.tool.insert("cmdb_ci_win_server", &[("name", "web01")]);
    let done = stage.told(&log("heartbeat", &["web01"], false)).await;
    assert_eq!(linked(&stage), "");
    assert!(remarks(&done).contains("2 fit equally") && remarks(&done).contains("name = web01"), "{}", remarks(&done));

    let stage = Stage::with("configuration_item = { ambiguous = \"first\" }").await;
    stage.advance(std::time::Duration::from_secs(60));
    let newer = stage.tool.insert("cmdb_ci_win_server", &[("name", "web01")]);
    stage.told(&log("heartbeat", &["web01"], false)).await;
    assert_eq!(value(&stage.incident(), "cmdb_ci"), newer);
}

#[tokio::test]
async fn a_missing_item_is_accounted_for_and_created_only_when_told_to() {
    let stage = Stage::new().await;
    let before = stage.tool.count("cmdb_ci");
    let done = stage.told(&log("heartbeat", &["new01.contoso.com"], false)).await;
    assert!(remarks(&done).contains("new01.contoso.com: 0 records"), "{}", remarks(&done));
    assert_eq!((linked(&stage).as_str(), stage.tool.count("cmdb_ci")), ("", before));

    let stage = Stage::with("configuration_item = { create = true }").await;
    stage.told(&log("heartbeat", &["new01.contoso.com"], false)).await;
    stage.told(&log("another", &["new01.contoso.com"], false)).await;
    let made: Vec<_> = stage.tool.records("cmdb_ci_computer").into_iter().filter(|one| one["name"] == "new01").collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["fqdn"], "new01.contoso.com");
    assert!(stage.incidents().iter().all(|incident| incident["cmdb_ci"] == made[0]["sys_id"]));
}

#[tokio::test]
async fn a_cmdb_that_may_not_be_read_costs_a_remark_and_not_the_incident() {
    use emulators::servicenow::Effect;
    let stage = Stage::new().await;
    stage.fault(Effect::ReadDenied { table: "cmdb_ci".to_owned(), field: None });
    let done = stage.told(&log("heartbeat", &["web01"], false)).await;
    assert_eq!(linked(&stage), "");
    assert!(remarks(&done).contains("no configuration item was linked"), "{}", remarks(&done));
}

#[tokio::test]
async fn an_item_whose_creation_got_no_answer_is_not_created_twice() {
    use emulators::servicenow::{Effect, Fault};
    for effect in [Effect::ResetAfterCommit, Effect::BrokenJson, Effect::ResetBeforeCommit] {
        let stage = Stage::with("configuration_item = { create = true }").await;
        stage.tool.faults().add(Fault::new(effect.clone()).method("POST").path("/table/cmdb_ci").times(1));
        stage.told(&log("heartbeat", &["new01"], false)).await;
        let made = stage.tool.records("cmdb_ci").into_iter().filter(|one| one["name"] == "new01").count();
        assert_eq!((made, linked(&stage).as_str()), (1, "new01"), "{effect:?}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_stand_in_a_query_is_accounted_for() {
    let stage = Stage::new().await;
    let done = stage.told(&log("heartbeat", &["bad^ORname=web01"], false)).await;
    assert_eq!(linked(&stage), "");
    assert!(remarks(&done).contains("bad^ORname=web01"), "{}", remarks(&done));
}
