use proptest::prelude::*;

use super::*;
use crate::provider::servicenow::tests::{connection, draft};
use crate::work_item::ConfigurationItem;

#[test]
fn every_severity_has_its_own_priority_by_default() {
    let all = [Severity::Sev0, Severity::Sev1, Severity::Sev2, Severity::Sev3, Severity::Sev4];
    let mapped: Vec<_> = all
        .into_iter()
        .map(|severity| {
            let fields = fields(&crate::work_item::Draft { severity, ..draft(WorkItemType::Incident) }, &connection());
            format!("{}{}", fields["impact"], fields["urgency"])
        })
        .collect();
    assert_eq!(mapped, ["11", "21", "22", "32", "33"]);
}

#[test]
fn event_severities_are_servicenows_own_and_a_resolution_clears() {
    assert_eq!(event_severity(Severity::Sev0, false), "1");
    assert_eq!(event_severity(Severity::Sev3, false), "4");
    assert_eq!(event_severity(Severity::Sev4, false), "5");
    assert_eq!(event_severity(Severity::Sev0, true), "0");
}

#[test]
fn the_mapping_wins_and_an_empty_result_leaves_the_field_out_but_the_key_stays_ours() {
    let mut draft = draft(WorkItemType::Incident);
    draft.configuration_item =
        Some(ConfigurationItem { id: "c1".to_owned(), name: "web01".to_owned(), class: "cmdb_ci".to_owned() });
    draft.fields = [("impact", "3"), ("urgency", ""), ("category", "network"), ("correlation_id", "mine")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let fields = fields(&draft, &connection());
    assert_eq!((fields["impact"].as_str(), fields["category"].as_str(), fields["cmdb_ci"].as_str()), ("3", "network", "c1"));
    assert!(!fields.contains_key("urgency"));
    assert_eq!(fields["correlation_id"], draft.key.to_string());
}

#[test]
fn texts_are_cut_to_the_columns_own_length() {
    let mut draft = draft(WorkItemType::Incident);
    draft.title = format!("{}\n{}", "x".repeat(100), "y".repeat(100));
    draft.description = "z".repeat(5000);
    let fields = fields(&draft, &connection());
    assert_eq!(fields["short_description"].chars().count(), 160);
    assert!(fields["short_description"].ends_with('…') && !fields["short_description"].contains('\n'));
    assert_eq!(fields["description"].chars().count(), 4000);
}

#[test]
fn events_of_one_alert_share_a_key_and_a_resolution_closes() {
    let mut draft = draft(WorkItemType::Event);
    let fired = fields(&draft, &connection());
    draft.resolved = true;
    draft.key.generation += 1;
    let resolved = fields(&draft, &connection());
    assert_eq!(fired["message_key"], resolved["message_key"]);
    assert_eq!((fired["resolution_state"].as_str(), resolved["resolution_state"].as_str()), ("New", "Closing"));
    assert_eq!(fired["time_of_event"], "2026-09-01 12:00:00");
    assert!(serde_json::from_str::<BTreeMap<String, String>>(&fired["additional_info"]).is_ok());
}

#[test]
fn a_field_that_was_not_kept_is_told_from_one_that_was_kept_in_another_shape() {
    let row = Row::from_json(&serde_json::json!({
        "assignment_group": {"value": "287e", "display_value": "Network"},
        "short_description": "abc",
        "description": "a\r\nb",
        "category": "",
        "urgency": {"value": "3", "display_value": "3 - Low"},
        "priority": "5",
    }));
    let sent = [
        ("assignment_group", "network"),
        ("short_description", "abcdef"),
        ("description", "a\nb\n"),
        ("category", "no such"),
        ("urgency", "1"),
        ("priority", "1"),
        ("u_unknown", "x"),
        ("work_notes", "hello"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let dropped = dropped(&sent, &row);
    let names: Vec<_> = dropped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["category", "short_description", "u_unknown", "urgency"]);
    assert!(dropped[1].1.contains("cut to 3"));
}

#[test]
fn a_long_note_keeps_its_marker() {
    let note = format!("{}\n[event 42]", "é".repeat(9000));
    let short = cut_note(&note);
    assert!(short.ends_with("\n[event 42]") && short.encode_utf16().count() <= 4000);
}

#[test]
fn times_are_utc_without_a_mark() {
    assert_eq!(instant("2026-09-01 10:00:02").map(stamp).as_deref(), Some("2026-09-01 10:00:02"));
    assert_eq!(instant(""), None);
}

proptest! {
    #[test]
    fn no_time_panics(text in ".{0,30}") {
        let _ = instant(&text);
    }

    #[test]
    fn a_key_reads_as_it_was_written(correlation in "[0-9a-f]{32}", generation in any::<u32>()) {
        let key = WorkItemKey { correlation, generation };
        prop_assert_eq!(WorkItemKey::parse(&key.to_string()), Some(key));
    }

    #[test]
    fn no_foreign_key_panics(text in ".{0,60}") {
        let _ = WorkItemKey::parse(&text);
    }
}
