use std::collections::BTreeMap;

use super::{PartView, Renderer};
use crate::alert::{Alert, AlertState, Severity};
use crate::route::Choices;
use crate::settings::{Connection, Settings};
use crate::work_item::{ConfigurationItem, Draft, WorkItemKey, WorkItemType, sample};

fn connection(more: &str) -> Connection {
    let text = format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"https://example.service-now.com\"\n\
         auth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n{more}"
    );
    let mut settings: Settings = toml::from_str(&text).unwrap();
    settings.connections.remove("snow").unwrap()
}

fn renderer(more: &str) -> Renderer {
    Renderer::compile("snow", &connection(more)).unwrap()
}

fn problem(more: &str) -> String {
    let problems = Renderer::compile("snow", &connection(more)).unwrap_err();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn draft_of(renderer: &Renderer, alert: &Alert, part: PartView<'_>, choices: &Choices) -> (Draft, Vec<String>) {
    let key = WorkItemKey { correlation: "0".repeat(32), generation: 1 };
    renderer.draft(WorkItemType::Incident, alert, part, choices, key, None, None)
}

fn draft(more: &str, alert: &Alert) -> (Draft, Vec<String>) {
    draft_of(&renderer(more), alert, PartView::default(), &Choices::default())
}

fn fired() -> Alert {
    sample::alert(AlertState::Fired)
}

#[test]
fn without_any_mapping_the_work_item_says_what_the_alert_says() {
    let (draft, remarks) = draft("", &fired());
    assert_eq!(draft.title, "Percentage CPU on web01");
    assert_eq!(draft.description, "Percentage CPU was 97.3, greater than 90");
    assert_eq!((draft.resource.as_str(), draft.measure.as_str(), draft.rule.as_str()), ("web01", "Percentage CPU", "cpu-high"));
    assert_eq!(draft.severity, Severity::Sev2);
    assert!(draft.fields.is_empty() && remarks.is_empty());
}

#[test]
fn an_alert_without_severity_gets_the_connections_default() {
    let alert = Alert { severity: None, ..fired() };
    assert_eq!(draft("", &alert).0.severity, Severity::Sev3);
    assert_eq!(draft("default_severity = \"Sev0\"", &alert).0.severity, Severity::Sev0);
}

#[test]
fn a_template_sees_the_alert_and_missing_custom_properties_take_a_default() {
    let mapping = "[connections.snow.incident]\ntitle = \"{{ alert.severity }}: {{ alert.rule }}\"\n\
        [connections.snow.incident.fields]\n\
        assignment_group = '{{ alert.custom.team | default(\"Ops\") }}'\n\
        u_resolved = '{{ alert.resolved_at | default(\"not yet\") }}'\n\
        u_target = '{{ alert.resources[0].id | last_segment | upper | truncate(4) }}'\n\
        u_json = '{{ alert.conditions[0].dimensions | json }}'";
    let (draft, remarks) = draft(mapping, &fired());
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(draft.title, "Sev2: cpu-high");
    assert_eq!(draft.fields["assignment_group"], "Ops");
    assert_eq!(draft.fields["u_resolved"], "not yet");
    assert_eq!(draft.fields["u_target"], "WEB…");
    assert_eq!(draft.fields["u_json"], r#"[["Computer","web01"]]"#);
}

#[test]
fn an_empty_result_leaves_the_field_out_and_an_empty_title_is_the_alerts_own() {
    let mapping = "[connections.snow.incident]\ntitle = \" {{ alert.resolved_at }} \"\n\
        fields = { close_notes = '{% if alert.resolved_at %}over{% endif %}' }";
    let (draft, remarks) = draft(mapping, &fired());
    assert_eq!(draft.title, "Percentage CPU on web01");
    assert!(draft.fields.is_empty() && remarks.is_empty());
}

#[test]
fn a_template_that_fails_on_an_alert_costs_its_field_and_is_remarked() {
    let mapping = "[connections.snow.incident]\ntitle = \"{{ alert.custom.title }}\"\ndescription = \"{{ alert.rows[0].x }}\"\n\
        fields = { category = \"{{ alert.custom.category }}\", contact_type = \"event\" }";
    let connection = mapping.replace("alert.rows[0].x", "alert.rows[0].Computer ~ alert.custom.x");
    let (draft, remarks) = draft(&connection, &fired());
    assert_eq!(draft.title, "Percentage CPU on web01");
    assert_eq!(draft.description, "Percentage CPU was 97.3, greater than 90");
    assert_eq!(draft.fields, BTreeMap::from([("contact_type".to_owned(), "event".to_owned())]));
    assert_eq!(remarks.len(), 3, "{remarks:?}");
    assert!(remarks[2].starts_with("the template of field \"category\" failed on this alert: undefined"), "{remarks:?}");
}

#[test]
fn choices_of_the_route_win_over_the_mapping_and_an_empty_one_takes_it_back() {
    let mapping = "[connections.snow.incident]\ntemplate = \"Azure\"\nfields = { category = \"cloud\", impact = \"1\" }";
    let choice = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let choices = Choices {
        template: Some("Network".to_owned()),
        fields: BTreeMap::from([choice("category", "network"), choice("impact", "")]),
        ..Choices::default()
    };
    let (with, _) = draft_of(&renderer(mapping), &fired(), PartView::default(), &choices);
    assert_eq!(with.fields, BTreeMap::from([choice("category", "network")]));
    assert_eq!(with.template.as_deref(), Some("Network"));
    assert_eq!(draft(mapping, &fired()).0.template.as_deref(), Some("Azure"));
}

#[test]
fn the_title_of_a_part_names_its_item_or_row_once() {
    let renderer = renderer("");
    let row = BTreeMap::from([("Disk".to_owned(), "C:".to_owned())]);
    let of = |label| {
        let part = PartView { label, configuration_item: Some("db02"), row: Some(&row) };
        draft_of(&renderer, &fired(), part, &Choices::default()).0
    };
    assert_eq!(of("db02").title, "Percentage CPU on web01 - db02");
    assert_eq!(of("web01").title, "Percentage CPU on web01");
    assert_eq!(of("db02").resource, "db02");
    assert_eq!(of("db02").description, "Disk: C:\n\nPercentage CPU was 97.3, greater than 90");
}

#[test]
fn a_template_sees_the_row_and_the_configuration_item() {
    let renderer = renderer("[connections.snow.incident]\ntitle = \"{{ row.Disk }} of {{ ci }}\"");
    let row = BTreeMap::from([("Disk".to_owned(), "C:".to_owned())]);
    let part = PartView { label: "db02 C:", configuration_item: Some("db02"), row: Some(&row) };
    let (by_name, _) = draft_of(&renderer, &fired(), part, &Choices::default());
    assert_eq!(by_name.title, "C: of db02");
    let key = WorkItemKey { correlation: String::new(), generation: 1 };
    let item = ConfigurationItem { id: "1".to_owned(), name: "DB02.example.org".to_owned(), class: "cmdb_ci".to_owned() };
    let (linked, _) =
        renderer.draft(WorkItemType::Incident, &fired(), part, &Choices::default(), key, Some("INC1".to_owned()), Some(item));
    assert_eq!(linked.title, "C: of DB02.example.org");
    assert_eq!(linked.follows.as_deref(), Some("INC1"));
}

#[test]
fn a_title_is_one_line_whatever_the_alert_holds() {
    let alert = Alert { title: "CPU\r\nhigh\u{7}".to_owned(), ..fired() };
    assert_eq!(draft("", &alert).0.title, "CPU  high");
    assert_eq!(draft("[connections.snow.incident]\ntitle = \"a\\n{{ alert.title }}\"", &alert).0.title, "a CPU  high");
}

#[test]
fn close_notes_tell_since_when_and_never_fail() {
    let renderer = renderer("[connections.snow.policy]\nclose_notes = \"{{ alert.custom.who }} closed it\"");
    let (notes, remarks) = renderer.close_notes(&sample::alert(AlertState::Resolved));
    assert_eq!(notes, "Azure Monitor reports that the condition is over.");
    assert_eq!(remarks.len(), 1);
    let built_in = super::Renderer::compile("snow", &connection("")).unwrap();
    assert_eq!(
        built_in.close_notes(&sample::alert(AlertState::Resolved)).0,
        "Azure Monitor reports that the condition is over since 1970-01-01T00:00:00Z."
    );
    assert_eq!(built_in.close_notes(&fired()).0, "Azure Monitor reports that the condition is over.");
}

#[test]
fn a_syntax_error_names_the_setting() {
    let text = problem("[connections.snow.incident]\ntitle = \"{{ alert.title\"");
    assert!(text.starts_with("connections.snow.incident.title: syntax error"), "{text}");
}

#[test]
fn an_unknown_name_is_found_in_branches_that_no_sample_takes() {
    let text =
        problem("[connections.snow.event]\nfields = { node = '{% if alert.stateful %}x{% else %}{{ alert.tilte }}{% endif %}' }");
    assert_eq!(text, "connections.snow.event.fields.node: an alert has no \"tilte\"; did you mean \"title\"?");
    let text = problem("[connections.snow.policy]\nclose_notes = \"{{ alrt.title }}\"");
    assert_eq!(text, "connections.snow.policy.close_notes: a template knows no \"alrt\"; did you mean \"alert\"?");
}

#[test]
fn a_wrong_field_below_the_alerts_own_is_found_on_the_sample() {
    let text = problem("[connections.snow.incident]\ntitle = \"{{ alert.resources[0].nmae }}\"");
    assert!(text.starts_with("connections.snow.incident.title: undefined"), "{text}");
    let text = problem("[connections.snow.incident]\ntitle = \"{{ alert.title | shout }}\"");
    assert!(text.contains("unknown filter"), "{text}");
}

#[test]
fn every_template_that_is_wrong_is_reported() {
    let text = problem("[connections.snow.incident]\ntitle = \"{{\"\ndescription = \"{{ alert.x }}\"");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_template_reaches_no_other_template() {
    let text = problem("[connections.snow.incident]\ntitle = \"x\"\ndescription = \"{% include 'incident.title' %}\"");
    assert!(text.contains("cannot include"), "{text}");
}

#[test]
fn a_template_cannot_work_or_grow_without_end() {
    let endless = "[connections.snow.incident]\ntitle = \"{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}\"";
    assert!(problem(endless).contains("too much work"), "{}", problem(endless));
    let huge = "[connections.snow.incident]\ntitle = \"{{ 'x' * 3000000 }}\"";
    assert!(problem(huge).contains("at most"), "{}", problem(huge));
}
