use crate::secret::FixedSecrets;
use crate::settings::Settings;

const GOOD: &str = "[connections.scsm]\n\
provider = \"service_manager\"\n\
url = \"https://contoso-relay.servicebus.windows.net/scsm\"\n\
auth = { type = \"shared_secret\", secret = \"$SECRET\" }\n\
#\n\
[connections.scsm.service_manager]\n\
relay = { rule = \"send\", key = \"$SECRET\" }\n\
#own\n\
[intake]\n\
api_keys = [\"$SECRET\"]\n";

fn problems(text: &str) -> Vec<(String, String, String)> {
    let settings = Settings::from_toml(text, "").unwrap_or_else(|problems| panic!("{problems:?}"));
    let problems = settings.validate(&FixedSecrets::default().with("SECRET", "hunter2"));
    problems.into_iter().map(|problem| (problem.key.clone(), problem.to_string(), problem.remedy.clone())).collect()
}

#[test]
fn url_and_auth_are_enough() {
    assert_eq!(problems(GOOD), []);
    let direct = GOOD.replace("relay = { rule = \"send\", key = \"$SECRET\" }\n", "");
    assert_eq!(problems(&direct.replace("contoso-relay.servicebus.windows.net/scsm", "gateway.contoso.com:8443")), []);
}

#[test]
fn each_refusal_names_the_setting_and_a_remedy_and_no_secret() {
    for (from, to, key) in [
        ("\"send\"", "\" \"", "service_manager.relay.rule"),
        ("key = \"$SECRET\" }", "key = \"hunter2\" }", "service_manager.relay.key"),
        ("key = \"$SECRET\" }", "key = \"$SECRET\", token_life = \"0s\" }", "service_manager.relay.token_life"),
        ("key = \"$SECRET\" }", "key = \"$SECRET\", token_life = \"3d\" }", "service_manager.relay.token_life"),
        ("net/scsm", "net/", "service_manager.relay"),
        ("#own", "adapter = \"cireson\"", "auth.type"),
        ("#own", "key_property = \"Title\"", "service_manager.key_property"),
        ("#own", "key_property = \"no name\"", "service_manager.key_property"),
        ("#own", "item_url = \"https://portal.contoso.com/\"", "service_manager.item_url"),
        ("#own", "closed_states = []", "service_manager.closed_states"),
        ("#own", "closed_states = [\"IncidentStatusEnum.Resolved\"]", "service_manager.resolved_states"),
        ("#own", "reopened_state = \"IncidentStatusEnum.Closed\"", "service_manager.reopened_state"),
        ("#own", "language = \"\"", "service_manager.language"),
        ("#\n", "incident = { fields = { ContactMethod = \"x\" } }\n", "incident.fields.ContactMethod"),
        ("#\n", "sync = { change_query = \"risk=1\" }\n", "sync.change_query"),
        ("secret = \"$SECRET\" }\n#", "secret = \"$NOBODY\" }\n#", "auth.secret"),
        (
            "{ type = \"shared_secret\", secret = \"$SECRET\" }",
            "{ type = \"client_credentials\", tenant = \"\", client_id = \"a\", client_secret = \"$SECRET\", scope = \"s\" }",
            "auth.tenant",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = problems(&GOOD.replacen(from, to, 1));
        let named = found.iter().find(|(setting, ..)| *setting == format!("connections.scsm.{key}"));
        let (_, text, remedy) = named.unwrap_or_else(|| panic!("{to}: {found:?}"));
        assert!(!remedy.is_empty() && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_route_to_what_service_manager_has_not_is_refused() {
    let route = "[route.alerts]\nconnection = \"scsm\"\nwork_item_type = \"event\"\n";
    let found = problems(&format!("{GOOD}{route}"));
    assert!(found.len() == 1 && found[0].1.contains("Service Manager has no event"), "{found:?}");
}

const PORTAL: &str = "[connections.scsm]\n\
provider = \"service_manager\"\n\
url = \"https://portal.contoso.com\"\n\
auth = { type = \"password\", username = 'CONTOSO\\svc-itsm', password = \"$SECRET\" }\n\
#\n\
[intake]\n\
api_keys = [\"$SECRET\"]\n";

#[test]
fn the_portal_is_chosen_by_its_auth_and_each_refusal_names_the_setting() {
    assert_eq!(problems(PORTAL), []);
    let token = PORTAL.replace("password\"", "portal_token\"").replace("password = ", "token = ");
    assert_eq!(problems(&token), []);
    for (from, to, key) in [
        ("CONTOSO\\svc-itsm", " ", "auth.username"),
        ("$SECRET\" }", "$NOBODY\" }", "auth.password"),
        ("#\n", "service_manager = { adapter = \"gateway\" }\n", "auth.type"),
        ("#\n", "service_manager = { cireson = { default_template = \"x\" } }\n", "service_manager.cireson.default_template"),
        ("#\n", "service_manager = { cireson = { computer_class = \"\" } }\n", "service_manager.cireson.computer_class"),
        ("#\n", "service_manager = { cireson = { comments = \" \" } }\n", "service_manager.cireson.comments"),
        ("#\n", "service_manager = { relay = { rule = \"send\", key = \"$SECRET\" } }\n", "service_manager.relay"),
        ("#\n", "sync = { incident_query = \"x\" }\n", "sync.incident_query"),
    ] {
        assert!(PORTAL.contains(from), "{from}");
        let found = problems(&PORTAL.replacen(from, to, 1));
        let named = found.iter().find(|(setting, ..)| *setting == format!("connections.scsm.{key}"));
        let (_, text, remedy) = named.unwrap_or_else(|| panic!("{to}: {found:?}"));
        assert!(!remedy.is_empty() && !text.contains("hunter2"), "{text}");
    }
}
