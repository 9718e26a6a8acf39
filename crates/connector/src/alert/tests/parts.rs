//! How one alert divides into work items.

use std::collections::BTreeSet;

use serde_json::json;

use super::fixtures::{alert, names, payload, read};
use crate::alert::{Alert, Part};
use crate::route::Per;

fn correlations(parts: &[Part]) -> BTreeSet<&str> {
    parts.iter().map(|part| part.correlation_key.as_str()).collect()
}

/// A simple log alert that found three computers, one of them twice.
fn three_computers() -> Alert {
    let row =
        |computer: &str, time: &str| json!([{"name": "Computer", "value": computer}, {"name": "TimeGenerated", "value": time}]);
    let mut payload = payload("synthetic_log_v2_fired");
    payload["data"]["essentials"]["monitoringService"] = json!("Simple Log Alert");
    payload["data"]["essentials"]["configurationItems"] = json!([]);
    payload["data"]["alertContext"]["condition"] = json!({"windowSize": null, "allOf": [{"searchQuery": "Heartbeat", "dimensions": null,
        "metricValue": null, "threshold": null, "event": [row("vm-1", "10:00"), row("vm-2", "10:00"), row("vm-3", "10:00"), row("vm-1", "10:05")]}]});
    read(&payload)
}

#[test]
fn an_alert_is_one_part_by_default() {
    for name in names() {
        let alert = alert(&name);
        let parts = alert.parts(Per::Alert);
        assert_eq!(parts.len(), 1);
        assert_eq!((&parts[0].correlation_key, &parts[0].member_key), (&alert.correlation_key, &alert.correlation_key));
    }
}

#[test]
fn per_rule_the_resources_of_a_rule_share_a_work_item_and_resolve_on_their_own() {
    let mut other = payload("synthetic_metric_fired");
    other["data"]["essentials"]["alertTargetIDs"] = json!(["/subscriptions/s/resourcegroups/r/providers/p/t/vm-shop-08"]);
    let (one, two) = (alert("synthetic_metric_fired").parts(Per::Rule), read(&other).parts(Per::Rule));
    assert_eq!(one[0].correlation_key, two[0].correlation_key);
    assert_ne!(one[0].member_key, two[0].member_key);
    assert_ne!(one[0].event_key, two[0].event_key);
    let resolved = alert("synthetic_metric_resolved").parts(Per::Rule);
    assert_eq!((&one[0].correlation_key, &one[0].member_key), (&resolved[0].correlation_key, &resolved[0].member_key));
    assert_ne!(one[0].event_key, resolved[0].event_key);
}

#[test]
fn per_configuration_item_there_is_one_work_item_for_each_computer() {
    let alert = three_computers();
    let parts = alert.parts(Per::Ci);
    assert_eq!(parts.iter().map(|part| part.label.as_str()).collect::<Vec<_>>(), ["vm-1", "vm-2", "vm-3"]);
    assert_eq!(correlations(&parts).len(), 3);
    assert!(parts.iter().all(|part| part.configuration_item.as_deref() == Some(part.label.as_str())));
}

#[test]
fn a_computer_with_and_without_its_domain_is_one_configuration_item() {
    let parts = alert("synthetic_log_v2_fired").parts(Per::Ci);
    assert_eq!(parts.iter().map(|part| part.label.as_str()).collect::<Vec<_>>(), ["vm-shop-07"]);
}

#[test]
fn per_configuration_item_a_resolution_reaches_what_its_firing_made() {
    for (fired, resolved) in [
        ("synthetic_metric_fired", "synthetic_metric_resolved"),
        ("synthetic_log_v2_fired", "synthetic_log_v2_resolved"),
        ("synthetic_resource_health_active", "synthetic_resource_health_recovered"),
    ] {
        let (fired, resolved) = (alert(fired).parts(Per::Ci), alert(resolved).parts(Per::Ci));
        assert_eq!(correlations(&fired), correlations(&resolved));
        assert_eq!(fired[0].member_key, resolved[0].member_key);
    }
    // It names one of three, and that one only is over.
    let all = three_computers();
    let fewer = Alert { configuration_items: vec!["VM-2".to_owned()], ..all.clone() };
    let (all, fewer) = (all.parts(Per::Ci), fewer.parts(Per::Ci));
    assert_eq!(fewer.len(), 1);
    assert_eq!(fewer[0].correlation_key, all[1].correlation_key);
}

#[test]
fn two_disks_of_one_computer_share_its_work_item_until_both_are_over() {
    let disk = |name: &str| {
        let mut payload = payload("synthetic_log_v2_fired");
        payload["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "Disk", "value": name}));
        read(&payload).parts(Per::Ci).remove(0)
    };
    assert_eq!(disk("C:").correlation_key, disk("D:").correlation_key);
    assert_ne!(disk("C:").member_key, disk("D:").member_key);
}

#[test]
fn resources_of_the_same_name_are_not_mixed_up() {
    let database = |server: &str| {
        let mut payload = payload("synthetic_metric_fired");
        payload["data"]["essentials"]["alertTargetIDs"] =
            json!([format!("/subscriptions/s/resourcegroups/r/providers/microsoft.sql/servers/{server}/databases/main")]);
        payload["data"]["essentials"]["configurationItems"] = json!(["main"]);
        read(&payload).parts(Per::Ci).remove(0).correlation_key
    };
    assert_ne!(database("a"), database("b"));
}

#[test]
fn per_row_the_time_of_a_row_does_not_make_it_another() {
    let parts = three_computers().parts(Per::Row);
    assert_eq!(parts.iter().map(|part| part.label.as_str()).collect::<Vec<_>>(), ["vm-1", "vm-2", "vm-3"]);
    assert_eq!(parts[1].row.as_ref().unwrap()["Computer"], "vm-2");
    assert_eq!(correlations(&parts).len(), 3);
}

#[test]
fn what_cannot_be_divided_stays_whole() {
    let alert = alert("legacy_log_custom_text");
    for per in [Per::Ci, Per::Row] {
        assert_eq!(alert.parts(per), alert.parts(Per::Alert));
    }
}

#[test]
fn the_parts_of_one_alert_are_never_confused() {
    for name in names() {
        let alert = alert(&name);
        for per in [Per::Alert, Per::Rule, Per::Ci, Per::Row] {
            let parts = alert.parts(per);
            let events: BTreeSet<_> = parts.iter().map(|part| &part.event_key).collect();
            assert_eq!(events.len(), parts.len(), "{name} {per:?}");
            assert_eq!(correlations(&parts).len(), parts.len(), "{name} {per:?}");
        }
    }
}
