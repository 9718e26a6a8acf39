use crate::secret::FixedSecrets;
use crate::settings::Settings;

fn problems(connection: &str, own: &str) -> Vec<String> {
    let text = format!(
        "[connections.csm]\nprovider = \"cherwell\"\nurl = \"https://csm.example/CherwellAPI\"\n\
         auth = {{ client_id = \"c\", username = \"itsm\", password = \"$PASSWORD\" }}\n{connection}\n\
         [connections.csm.cherwell]\n{own}\n[intake]\napi_keys = [\"$KEY\"]\n"
    );
    let settings = Settings::from_toml(&text, "").unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let secrets = FixedSecrets::default().with("PASSWORD", "p").with("KEY", "k");
    settings.validate(&secrets).iter().map(ToString::to_string).collect()
}

#[test]
fn url_and_auth_are_enough() {
    assert_eq!(problems("", ""), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_named_with_a_remedy() {
    for (connection, own, says) in [
        ("", "external_id_field = \"\"", "cherwell.external_id_field: no incident could be found again"),
        ("", "description_marker = true", "cherwell.description_marker: has no effect"),
        ("", "zone = \"Denver\"", "cherwell.zone: \"Denver\" is no time zone"),
        ("", "fields = { titel = \"Summary\" }", "did you mean \"title\""),
        ("", "resolved_status = \"closed\"", "cherwell.resolved_status: is one of closed_statuses"),
        ("", "reopened_status = \"Resolved\"", "cherwell.reopened_status: is the same"),
        ("", "severity_as = \"impact_and_urgency\"", "severity.Sev3: is missing"),
        ("severity = { Sev0 = { impact = \"1\", urgency = \"1\" } }", "", "severity: has no effect"),
        ("", "status_change = \"transition\"\nreopen_transition = \" \"", "cherwell.reopen_transition: is empty"),
        ("", "templates.A = { \"a field\" = \"x\" }", "cherwell.templates.A: \"a field\" is not a field name"),
        ("", "defaults = { \"a field\" = \"x\" }", "cherwell.defaults: \"a field\" is not a field name"),
        ("", "record_url = \"csm.example\"", "cherwell.record_url: is no address"),
        ("", "configuration_items.name_fields = []", "name_fields: no field is named"),
        ("", "journal_object = \"\"", "cherwell.journal_object: is empty"),
        ("sync = { incident_query = \"active=true\" }", "", "sync.incident_query: \"active=true\" is no filter"),
        ("sync = { change_query = \"LastModDateTime gt 1/1/2026\" }", "", "the sync goes by it"),
        ("sync = { overlap = \"1m\" }", "", "sync.overlap: is too short"),
    ] {
        let found = problems(connection, own);
        assert!(found.iter().any(|problem| problem.contains(says)), "{connection}{own}: {found:#?}");
    }
}

#[test]
fn the_key_may_stand_in_the_description_when_that_is_said() {
    assert_eq!(problems("", "external_id_field = \"\"\ndescription_marker = true"), Vec::<String>::new());
}

#[test]
fn zones_may_be_given_as_windows_has_them() {
    assert_eq!(problems("", "zone = \"W. Europe Standard Time\""), Vec::<String>::new());
}
