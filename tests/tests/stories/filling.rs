//! How an incident is filled: routes, query parameters, templates, mapping, severities, close codes, and fields that the
//! instance does not keep.

use emulators::servicenow::Effect;
use tests::alerts::metric;

use crate::alerts::severe;
use crate::stage::{Stage, did, remarks, value};

#[tokio::test]
async fn a_route_chooses_by_name_and_the_url_wins_over_it() {
    let more = "[route.network]\nconnection = \"snow\"\ntemplate = \"Network trouble\"\nfields = { contact_type = \"event\" }\n";
    let stage = Stage::with(more).await;
    assert_eq!(did(&stage.told_to("/api/alerts/network", &metric("a", 0, false)).await), (1, 0, 0));
    stage.told_to("/api/alerts/network?field.contact_type=phone&template=Azure%20alert", &metric("b", 0, false)).await;
    let fields = ["category", "contact_type", "assignment_group"];
    let of = |index: usize| fields.map(|field| stage.incidents()[index][field].clone());
    assert_eq!(of(0), ["network", "event", "287ebd7da9fe198100f92cc8d1d2154e"]);
    assert_eq!(of(1), ["software", "phone", ""]);
}

#[tokio::test]
async fn default_fields_win_over_the_mapping_and_the_mapping_over_the_template() {
    let more = r#"
[connections.snow.incident]
title = "[{{ alert.severity }}] {{ alert.rule }}"
template = "Server down"
[connections.snow.incident.fields]
subcategory = "memory"
contact_type = "monitoring"
close_notes = "{{ alert.conditions[0].measure }}"
[connections.snow.severity]
Sev1 = { impact = "1", urgency = "3" }
"#;
    let stage = Stage::with(more).await;
    stage.told_to("/api/alerts/snow/incident?field.contact_type=phone", &severe("cpu", 0, "Sev1")).await;
    let incident = stage.incident();
    for (field, expected) in [
        ("short_description", "[Sev1] cpu"),
        ("category", "hardware"),
        ("subcategory", "memory"),
        ("contact_type", "phone"),
        ("close_notes", "Percentage CPU"),
        ("impact", "1"),
        ("urgency", "3"),
        ("priority", "3"),
    ] {
        assert_eq!(value(&incident, field), expected, "{field}");
    }
}

#[tokio::test]
async fn severities_become_priorities_and_a_missing_one_the_connections_default() {
    let stage = Stage::with("default_severity = \"Sev0\"").await;
    for (rule, severity) in [("a", "Sev0"), ("b", "Sev1"), ("c", "Sev2"), ("d", "Sev3"), ("e", "Sev4")] {
        stage.told(&severe(rule, 0, severity)).await;
    }
    stage.told(&serde_json::json!({"what": "no severity at all"})).await;
    let priorities: Vec<_> = stage.incidents().iter().map(|one| one["priority"].clone()).collect();
    assert_eq!(priorities, ["1", "2", "3", "4", "5", "1"]);
}

#[tokio::test]
async fn a_missing_template_and_a_script_in_one_cost_a_remark_and_not_the_incident() {
    let stage = Stage::new().await;
    for (rule, template, word) in [("a", "No%20such", "No such"), ("b", "Due%20tomorrow", "due_date")] {
        let path = format!("/api/alerts/snow/incident?template={template}");
        let done = stage.told_to(&path, &metric(rule, 0, false)).await;
        assert_eq!(did(&done), (1, 0, 0));
        assert!(remarks(&done).contains(word), "{}", remarks(&done));
    }
}

#[tokio::test]
async fn a_close_code_that_the_instance_lacks_is_replaced_by_a_fitting_one_with_a_remark() {
    let stage = Stage::with("policy = { close_code = \"Healed itself\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    let done = stage.told(&metric("cpu", 0, true)).await;
    assert!(remarks(&done).contains("Healed itself") && remarks(&done).contains("Solution provided"), "{}", remarks(&done));
    assert_eq!(value(&stage.incident(), "close_code"), "Solution provided");

    let stage = Stage::with("policy = { close_code = \"Resolved by caller\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(remarks(&stage.told(&metric("cpu", 0, true)).await), "");
    assert_eq!(value(&stage.incident(), "close_code"), "Resolved by caller");
}

#[tokio::test]
async fn close_codes_come_from_the_instances_own_list() {
    let stage = Stage::new().await;
    for choice in stage.tool.records("sys_choice") {
        if value(&choice, "element") == "close_code" && value(&choice, "name") == "incident" {
            stage.tool.delete("sys_choice", value(&choice, "sys_id"));
        }
    }
    for (value, label, sequence) in [("u_dup", "Duplicate", "1"), ("u_over", "Event over", "2")] {
        let choice =
            [("name", "incident"), ("element", "close_code"), ("value", value), ("label", label), ("sequence", sequence)];
        stage.tool.insert("sys_choice", &choice);
    }
    stage.told(&metric("cpu", 0, false)).await;
    stage.told(&metric("cpu", 0, true)).await;
    let incident = stage.incident();
    assert_eq!((value(&incident, "state"), value(&incident, "close_code")), ("6", "u_over"));
}

#[tokio::test]
async fn a_field_that_the_instance_silently_drops_is_reported() {
    let more = "[connections.snow.incident.fields]\ncategory = \"network\"\nu_no_such_column = \"x\"\n";
    let stage = Stage::with(more).await;
    stage.fault(Effect::IgnoreField { table: "incident".to_owned(), field: "category".to_owned() });
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(did(&done), (1, 0, 0));
    let remarks = remarks(&done);
    assert!(remarks.contains("category was not kept") && remarks.contains("u_no_such_column was not kept"), "{remarks}");
}

#[tokio::test]
async fn a_long_title_is_cut_to_the_column_and_not_to_forty_characters() {
    let stage = Stage::with("[connections.snow.incident]\ntitle = \"{{ alert.rule }}\"\n").await;
    let rule = "é".repeat(300);
    let done = stage.told(&metric(&rule, 0, false)).await;
    assert_eq!(remarks(&done).matches("short_description").count(), 0, "{}", remarks(&done));
    assert_eq!(value(&stage.incident(), "short_description").chars().count(), 160);
}

#[tokio::test]
async fn what_looks_like_a_template_or_a_query_in_an_alert_is_only_text() {
    let stage = Stage::new().await;
    let rule = "{{ 7 * 7 }} ^ORDERBYsys_id <b>&amp; \u{1f525}\r\nnext";
    assert_eq!(did(&stage.told(&metric(rule, 0, false)).await), (1, 0, 0));
    let title = stage.incident()["short_description"].clone();
    assert!(title.contains("{{ 7 * 7 }} ^ORDERBYsys_id <b>&amp; \u{1f525} next"), "{title}");
    assert_eq!(did(&stage.told(&metric(rule, 0, true)).await), (0, 1, 0));
    assert_eq!(value(&stage.incident(), "state"), "6");
}

#[tokio::test]
async fn a_mapping_that_an_alert_cannot_fill_costs_a_remark_and_not_the_incident() {
    let more = "[connections.snow.incident]\ntitle = \"{{ alert.rows[0].Computer }}\"\n[connections.snow.incident.fields]\ncategory = \"{{ alert.custom.category }}\"\n";
    let stage = Stage::with(more).await;
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(did(&done), (1, 0, 0));
    assert!(remarks(&done).contains("title") && remarks(&done).contains("category"), "{}", remarks(&done));
    assert!(value(&stage.incident(), "short_description").contains("cpu"));
}
