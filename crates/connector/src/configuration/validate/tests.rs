use super::super::EVENT_MANAGEMENT;
use super::*;
use crate::configuration::{Gap, Template};
use crate::settings::Settings;

const SETTINGS: &str = r#"
intake = { api_keys = ["$KEY"] }

[connections.snow]
provider = "servicenow"
url = "https://example.service-now.com"
auth = { type = "api_key", key = "$KEY" }

[connections.other]
provider = "servicenow"
url = "https://other.service-now.com"
auth = { type = "api_key", key = "$KEY" }
"#;

fn settings(more: &str) -> Settings {
    Settings::from_toml(&format!("{SETTINGS}\n{more}"), "connector.toml").unwrap()
}

fn choices(pairs: &[(&str, &str)]) -> Vec<Choice> {
    pairs.iter().map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() }).collect()
}

fn field(kind: &str, max_length: u32) -> Field {
    Field { label: String::new(), kind: kind.to_owned(), max_length: Some(max_length) }
}

/// What a small instance offers.
fn configuration() -> Configuration {
    let template =
        |name: &str, table: &str| Template { name: name.to_owned(), table: table.to_owned(), content: "impact=2^EQ".to_owned() };
    let states = choices(&[("1", "New"), ("2", "In Progress"), ("6", "Resolved"), ("7", "Closed"), ("8", "Canceled")]);
    let lists = [
        ("impact", choices(&[("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")])),
        ("urgency", choices(&[("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")])),
        ("category", choices(&[("network", "Network"), ("software", "Software")])),
        ("close_code", choices(&[("Solution provided", "Solution provided"), ("Duplicate", "Duplicate")])),
        ("state", states),
    ];
    let incident = [
        ("short_description", field("string", 160)),
        ("category", field("string", 40)),
        ("assignment_group", field("reference", 32)),
        ("u_cost", field("string", 5)),
        ("impact", field("integer", 40)),
    ];
    let cmdb_ci = [("name", field("string", 255)), ("correlation_id", field("string", 100))];
    let fields = |pairs: &[(&str, Field)]| pairs.iter().map(|(name, field)| ((*name).to_owned(), field.clone())).collect();
    Configuration {
        read_at: jiff::Timestamp::UNIX_EPOCH,
        templates: Some(vec![template("Azure alert", "incident"), template("Reboot", "change_request")]),
        choices: [("incident".to_owned(), lists.map(|(name, list)| (name.to_owned(), list)).into())].into(),
        groups: Some(vec!["Network".to_owned(), "Service Desk".to_owned()]),
        fields: Some([("incident".to_owned(), fields(&incident)), ("cmdb_ci".to_owned(), fields(&cmdb_ci))].into()),
        plugins: [(EVENT_MANAGEMENT.to_owned(), false)].into(),
        gaps: Vec::new(),
    }
}

fn judge(more: &str, configuration: &Configuration) -> Vec<Finding> {
    let settings = settings(more);
    findings("snow", &settings.connections["snow"], &settings.route, configuration)
}

/// The one finding, as `key: problem; remedy`.
fn only(more: &str) -> String {
    let found = judge(more, &configuration());
    assert_eq!(found.len(), 1, "{found:#?}");
    format!("{}: {}; {}", found[0].setting, found[0].problem, found[0].remedy)
}

#[test]
fn the_defaults_refer_to_nothing_that_a_stock_instance_lacks() {
    assert_eq!(judge("", &configuration()), Vec::new());
}

#[test]
fn what_is_there_is_not_complained_of() {
    let more = r#"
        [connections.snow.incident]
        template = "azure ALERT"
        fields = { category = "network", u_cost = "{{ alert.title }}", assignment_group = "network" }
        [connections.snow.severity]
        Sev0 = { impact = "1", urgency = "1" }
        [route.net]
        connection = "snow"
        template = "Azure alert"
        fields = { category = "software", assignment_group = "287ebd7da9fe198100f92cc8d1d2154e" }
    "#;
    assert_eq!(judge(more, &configuration()), Vec::new());
}

#[test]
fn each_broken_reference_is_named_with_its_key_and_a_remedy() {
    for (more, key, word, help) in [
        (
            "connections.snow.incident.fields.u_cots = \"x\"",
            "connections.snow.incident.fields.u_cots",
            "no field u_cots",
            "u_cost",
        ),
        ("connections.snow.incident.fields.u_cost = \"123456\"", "connections.snow.incident.fields.u_cost", "holds 5", "shorten"),
        (
            "connections.snow.incident.fields.category = \"Network\"",
            "connections.snow.incident.fields.category",
            "\"Network\"",
            "\"network\"",
        ),
        (
            "connections.snow.incident.fields.assignment_group = \"Netwrok\"",
            "connections.snow.incident.fields.assignment_group",
            "no active group",
            "\"Network\"",
        ),
        (
            "connections.snow.incident.template = \"Azure alrt\"",
            "connections.snow.incident.template",
            "no active",
            "\"Azure alert\"",
        ),
        (
            "connections.snow.incident.template = \"Reboot\"",
            "connections.snow.incident.template",
            "for change_request",
            "incident",
        ),
        (
            "connections.snow.policy.close_code = \"Solved\"",
            "connections.snow.policy.close_code",
            "close codes",
            "Solution provided",
        ),
        (
            "connections.snow.policy.update_fields = [\"impact\", \"u_cots\"]",
            "connections.snow.policy.update_fields[1]",
            "u_cots",
            "u_cost",
        ),
        (
            "connections.snow.severity.Sev1 = { impact = \"0\", urgency = \"1\" }",
            "connections.snow.severity.Sev1.impact",
            "\"0\"",
            "1 (1 - High), 2",
        ),
        ("connections.snow.servicenow.resolved_state = \"5\"", "connections.snow.servicenow.resolved_state", "\"5\"", ""),
        ("connections.snow.servicenow.closed_states = [\"9\"]", "connections.snow.servicenow.closed_states[0]", "\"9\"", ""),
        (
            "connections.snow.servicenow.ci_resource_id_field = \"u_azure\"",
            "connections.snow.servicenow.ci_resource_id_field",
            "no field u_azure",
            "correlation_id",
        ),
        ("route.r = { connection = \"snow\", template = \"None\" }", "route.r.template", "\"None\"", "Azure alert"),
        (
            "route.r = { connection = \"snow\", fields = { category = \"cloud\" } }",
            "route.r.fields.category",
            "\"cloud\"",
            "network",
        ),
        (
            "route.r = { connection = \"snow\", work_item_type = \"event\" }",
            "route.r.work_item_type",
            EVENT_MANAGEMENT,
            "activate the plugin",
        ),
    ] {
        let (section, line) = section(more);
        let found = only(&format!("[{section}]\n{line}"));
        assert!(found.starts_with(&format!("{key}: ")), "{key} in {found}");
        assert!(found.contains(word) && found.contains(help), "{word}, {help} in {found}");
    }
}

/// `a.b.c = d` as section `a.b` and line `c = d`, since the tables of the settings above are closed.
fn section(line: &str) -> (&str, String) {
    let (path, value) = line.split_once(" = ").unwrap();
    let (section, name) = path.rsplit_once('.').unwrap();
    (section, format!("{name} = {value}"))
}

#[test]
fn the_key_of_a_finding_finds_its_line() {
    let more =
        "[connections.snow.incident.fields]\ncategory = \"cloud\"\n[connections.snow.policy]\nupdate_fields = [\"u_cots\"]";
    let text = format!("{SETTINGS}\n{more}");
    let directory = std::env::temp_dir().join(format!("itsm-connector-findings-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("connector.toml");
    std::fs::write(&file, &text).unwrap();
    let problem = |finding: Finding| crate::settings::problem::Problem::new(finding.setting, finding.problem, finding.remedy);
    let mut problems: Vec<_> = judge(more, &configuration()).into_iter().map(problem).collect();
    crate::settings::Document::open(&file).unwrap().locate(&mut problems);
    let lines: Vec<&str> = problems.iter().map(|problem| text.lines().nth(problem.line.unwrap() - 1).unwrap()).collect();
    assert_eq!(lines, ["category = \"cloud\"", "update_fields = [\"u_cots\"]"]);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_part_that_may_not_be_read_is_not_judged() {
    let more = r#"
        [connections.snow.incident]
        template = "None"
        fields = { category = "cloud", u_cots = "x", assignment_group = "None" }
        [connections.snow.policy]
        close_code = "None"
    "#;
    assert_eq!(judge(more, &configuration()).len(), 5);
    let gaps = ["templates", "choices", "groups", "fields"].map(|part| Gap::new(part, "not allowed", "give the role")).to_vec();
    // Also not by an earlier copy.
    assert_eq!(judge(more, &Configuration { gaps: gaps.clone(), ..configuration() }), Vec::new());
    let nothing =
        Configuration { templates: None, choices: BTreeMap::new(), groups: None, fields: None, gaps, ..configuration() };
    assert_eq!(judge(more, &nothing), Vec::new());
}

#[test]
fn labels_are_good_where_the_settings_say_so() {
    let more = |display: bool| {
        format!(
            "[connections.snow.servicenow]\ninput_display_value = {display}\n\
             [connections.snow.incident.fields]\ncategory = \"Network\""
        )
    };
    assert_eq!(judge(&more(true), &configuration()), Vec::new());
    assert_eq!(judge(&more(false), &configuration()).len(), 1);
}

#[test]
fn routes_of_other_connections_are_theirs() {
    let more = "[route.r]\nconnection = \"other\"\ntemplate = \"None\"\nwork_item_type = \"event\"";
    assert_eq!(judge(more, &configuration()), Vec::new());
    let settings = settings(more);
    assert_eq!(kinds("snow", &settings.connections["snow"], &settings.route), [WorkItemType::Incident]);
    let of_other = kinds("other", &settings.connections["other"], &settings.route);
    assert_eq!(of_other, [WorkItemType::Incident, WorkItemType::Event]);
}

#[test]
fn a_staging_table_that_is_missing_and_columns_that_it_lacks_are_named() {
    let more = "[connections.snow.servicenow]\nwrite = \"import_set\"\n\
        [connections.snow.servicenow.import_set]\ncolumns = { short_description = \"titel\" }\n\
        [connections.snow.incident.fields]\nu_stage = \"x\"";
    let mut configuration = configuration();
    let staging = "x_mioms_microsoft_oms_incident".to_owned();
    let columns = ["title", "u_stage"].map(|name| (name.to_owned(), field("string", 100))).into();
    configuration.fields.as_mut().unwrap().insert(staging.clone(), columns);
    let found = judge(more, &configuration);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].setting, "connections.snow.servicenow.import_set.columns.short_description");
    assert!(found[0].remedy.contains("title"));
    configuration.plugins.insert(staging, false);
    assert_eq!(judge(more, &configuration)[0].setting, "connections.snow.servicenow.import_set.table");
}
