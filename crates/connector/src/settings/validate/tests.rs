mod sample;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::secret::{FixedSecrets, VaultUnread};
use crate::settings::{Settings, schema};

const SAMPLE: &str = include_str!("../../../../../connector.toml.sample");

const GOOD: &str = "[connections.snow]\n\
provider = \"servicenow\"\n\
url = \"https://example.service-now.com/\"\n\
auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n\
#\n\
[intake]\n\
api_keys = [\"$INTAKE_KEY\"]\n";

fn secrets() -> FixedSecrets {
    ["SNOW_PASSWORD", "INTAKE_KEY", "SNOW_CLIENT_SECRET", "SNOW_API_KEY", "SM_GATEWAY_SECRET", "SM_RELAY_KEY", "COLLECTOR_KEY"]
        .iter()
        .fold(FixedSecrets::default(), |secrets, name| secrets.with(name, "value"))
}

fn problems(text: &str) -> Vec<String> {
    let settings = Settings::from_toml(text, "").unwrap_or_else(|problems| panic!("{problems:?}"));
    settings.validate(&secrets()).iter().map(ToString::to_string).collect()
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from));
    problems(&GOOD.replace(from, to))
}

fn added(to_connection: &str) -> Vec<String> {
    changed("#\n", &format!("{to_connection}\n"))
}

#[test]
fn the_smallest_settings_are_good_and_so_is_http_to_loopback() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
    for url in ["http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost:8081/"] {
        assert_eq!(changed("https://example.service-now.com/", url), Vec::<String>::new(), "{url}");
    }
}

#[test]
fn an_address_that_is_not_an_instance_is_refused_without_quoting_it() {
    for (url, says) in [
        ("http://example.service-now.com", "plain http is allowed to loopback only"),
        ("ftp://example.service-now.com", "\"ftp\" is not a scheme"),
        ("https://example.service-now.com/nav_to.do", "must not have a path"),
        ("https://example.service-now.com/?code=hunter2", "must not have a query"),
        ("https://admin:hunter2@example.service-now.com", "must not hold a user name or password"),
    ] {
        let found = changed("https://example.service-now.com/", url);
        assert!(found.len() == 1 && found[0].starts_with(&format!("connections.snow.url: {says}")), "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_without_printing_it() {
    for secret in ["hunter2", "$hunter-2!", "$", "", "$2hunter", "@hunter_2", "@", "@Microsoft.KeyVault(hunter2)"] {
        let found = changed("$SNOW_PASSWORD", secret);
        assert_eq!(found.len(), 1, "{secret}: {found:?}");
        assert!(found[0].starts_with("connections.snow.auth.password: must name a secret"), "{found:?}");
        assert!(!found[0].contains("hunter"), "{found:?}");
    }
}

#[test]
fn a_missing_environment_variable_is_named() {
    let found = changed("$INTAKE_KEY\"]", "$INTAKE_KEY\", \"$OTHER\"]");
    assert_eq!(
        found,
        [
            "intake.api_keys[1]: environment variable OTHER is not set; set it (on Azure: as an app setting, best a Key Vault reference)"
        ]
    );
}

#[test]
fn a_secret_of_key_vault_needs_a_vault_and_is_there_like_any_other() {
    let vault = "[key_vault]\nurl = \"https://itsm.vault.azure.net\"\n";
    let found = changed("$INTAKE_KEY\"]", "$INTAKE_KEY\", \"@intake-key\"]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("intake.api_keys[1]: secret intake-key is to come from Key Vault, and no vault is named"),
        "{found:?}"
    );
    let text = format!("{}{vault}", GOOD.replace("$INTAKE_KEY\"]", "$INTAKE_KEY\", \"@intake-key\"]"));
    assert_eq!(problems(&text).len(), 1, "nobody read it");
    let settings = Settings::from_toml(&text, "").unwrap();
    assert_eq!(settings.validate(&VaultUnread(&secrets())), []);
    assert_eq!(settings.validate(&secrets().with("@intake-key", "k")), []);
}

#[test]
fn every_secret_that_is_named_is_in_the_list_of_those_to_read() {
    let text = format!(
        "{}[key_vault]\nurl = \"https://itsm.vault.azure.net\"\n\
         credential = {{ type = \"client_secret\", tenant = \"t\", client_id = \"c\", secret = \"$VAULT_SECRET\" }}\n\
         [storage]\nblobs = \"@blobs\"\nqueues = \"https://x.queue.core.windows.net\"\n\
         [workspace]\nendpoint = \"https://x.ingest.monitor.azure.com\"\nrule = \"dcr-00000000000000000000000000abcdef\"\n\
         credential = {{ type = \"client_secret\", tenant = \"t\", client_id = \"c\", secret = \"@workspace-secret\" }}\n",
        GOOD.replace("$INTAKE_KEY\"]", "$INTAKE_KEY\", \"@intake-key\"]").replace("$SNOW_PASSWORD", "@snow-password")
    );
    let found: Vec<String> = Settings::from_toml(&text, "").unwrap().secrets().iter().map(|name| format!("{name:?}")).collect();
    assert_eq!(found, ["$INTAKE_KEY", "$VAULT_SECRET", "@blobs", "@intake-key", "@snow-password", "@workspace-secret"]);
}

#[test]
fn a_vault_is_a_safe_address_a_sensible_interval_and_a_key_that_lies_elsewhere() {
    let vault = |url: &str, rest: &str| added(&format!("[key_vault]\nurl = \"{url}\"\n{rest}"));
    let url = "https://itsm.vault.azure.net";
    let (token, stored) = ("credential = { type = \"token\", token = \"$SNOW_API_KEY\" }", "\"@secret-of-the-vault\" }");
    assert_eq!(vault(url, "refresh = \"10s\""), Vec::<String>::new());
    assert_eq!(vault("https://127.0.0.1:8443", token), Vec::<String>::new());
    for (found, key) in [
        (vault("http://itsm.vault.azure.net", ""), "key_vault.url"),
        (vault("http://127.0.0.1:8080", ""), "key_vault.url"),
        (vault("https://itsm.vault.azure.net/secrets", ""), "key_vault.url"),
        (vault("https://itsm.vault.azure.net?code=hunter2", ""), "key_vault.url"),
        (vault(url, "refresh = \"9s\""), "key_vault.refresh"),
        (vault(url, "refresh = \"25h\""), "key_vault.refresh"),
        (vault(url, token), "key_vault.credential.type"),
        (vault(url, "credential = { type = \"user_assigned_identity\", client_id = \"\" }"), "key_vault.credential.client_id"),
        (
            vault(
                url,
                &format!("credential = {{ type = \"client_secret\", tenant = \"t\", client_id = \"c\", secret = {stored}"),
            ),
            "key_vault.credential",
        ),
        (vault("https://127.0.0.1", &format!("credential = {{ type = \"token\", token = {stored}")), "key_vault.credential"),
    ] {
        assert!(found.len() == 1 && found[0].starts_with(&format!("{key}: ")), "{key}: {found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
}

#[test]
fn storage_is_two_safe_addresses_or_the_secrets_that_hold_them() {
    let storage = |blobs: &str, rest: &str| {
        added(&format!("[storage]\nblobs = \"{blobs}\"\nqueues = \"https://x.queue.core.windows.net\"\n{rest}"))
    };
    for blobs in ["https://x.blob.core.windows.net", "http://127.0.0.1:10000/devstoreaccount1", "$SNOW_API_KEY"] {
        assert_eq!(storage(blobs, ""), Vec::<String>::new());
    }
    for blobs in ["http://x.blob.core.windows.net", "https://x.blob.core.windows.net?sig=hunter2", "x", "$NOWHERE", "@blobs"] {
        let found = storage(blobs, "");
        assert!(
            found.len() == 1 && found[0].starts_with("storage.blobs: ") && !found[0].contains("hunter2"),
            "{blobs}: {found:?}"
        );
    }
    for (rest, key) in [
        ("state_container = \"State\"", "storage.state_container: "),
        ("state_container = \"a--b\"", "storage.state_container: "),
        ("deliveries_container = \"d\"", "storage.deliveries_container: "),
        ("deliveries_container = \"state\"", "storage.deliveries_container: "),
        ("queue = \"work_items\"", "storage.queue: "),
        ("queue = \"w1234567890123456789012345678901234567890123456789012345678\"", "storage.queue: "),
    ] {
        let found = storage("https://x.blob.core.windows.net", rest);
        assert!(found.len() == 1 && found[0].starts_with(key), "{rest}: {found:?}");
    }
    let found = storage("https://x.blob.core.windows.net", "credential = { type = \"token\", token = \"$SNOW_API_KEY\" }");
    assert!(found.len() == 1 && found[0].starts_with("storage.credential.type: "), "{found:?}");
}

#[test]
fn without_connections_or_authentication_nothing_can_work() {
    let found = problems("[connections]\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("connections: there is no connection"), "{found:?}");
    assert!(found[1].starts_with("intake: nobody could post an alert"), "{found:?}");
}

#[test]
fn numbers_and_durations_out_of_bounds_are_refused() {
    let found = added(
        "concurrency = 33\ntimeout = \"0s\"\nambiguous_wait = \"2h\"\n[connections.snow.policy]\nmax_work_items = 0\nreopen_window = \"100d\"\n[delivery]\nfirst_wait = \"1h\"",
    );
    for key in [
        "connections.snow.concurrency",
        "connections.snow.timeout",
        "connections.snow.ambiguous_wait",
        "connections.snow.policy.max_work_items",
        "retention.correlations",
        "delivery.longest_wait",
    ] {
        assert_eq!(found.iter().filter(|problem| problem.starts_with(&format!("{key}: "))).count(), 1, "{key}: {found:?}");
    }
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn a_route_leads_to_a_connection_and_is_not_named_like_one() {
    let found = added("[route.snow]\nconnection = \"snwo\"");
    assert_eq!(
        found,
        [
            "route.snow: a route may not have the name of a connection; rename the route",
            "route.snow.connection: there is no connection \"snwo\"; did you mean \"snow\"?",
        ]
    );
    let found = added("[route.\"a/b\"]\nconnection = \"snow\"");
    assert!(found[0].starts_with("route.a/b: the name is not valid"), "{found:?}");
}

#[test]
fn templates_and_field_names_are_tried() {
    let found = added("[connections.snow.incident]\ntitle = \"{{ alert.tilte }}\"\nfields = { \"Short description\" = \"x\" }");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("connections.snow.incident.fields: \"Short description\" is not a field name"), "{found:?}");
    assert!(found[1].ends_with("did you mean \"title\"?"), "{found:?}");
}

#[test]
fn states_and_tables_that_cannot_work_are_refused() {
    let found = added(
        "[connections.snow.servicenow]\nresolved_state = \"7\"\nci_class = \"cmdb_ci^ORname\"\n[connections.snow.policy]\nclose_code = \" \"",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found.iter().any(|problem| problem.starts_with("connections.snow.servicenow.resolved_state: is one of closed_states"))
    );
}

#[test]
fn a_certificate_authority_must_be_readable_and_be_one() {
    let found = added("ca_certificate = \"/nowhere/ca.pem\"");
    assert!(found[0].starts_with("connections.snow.ca_certificate: /nowhere/ca.pem cannot be read"), "{found:?}");
    let found = added(&format!("ca_certificate = \"{}\"", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
    assert!(found[0].contains("holds no certificate"), "{found:?}");
}

#[test]
fn entra_needs_an_audience_and_a_safe_address() {
    let found = changed(
        "api_keys = [\"$INTAKE_KEY\"]\n",
        "[intake.entra]\ntenant = \"\"\naudiences = []\nauthority = \"http://login.example.org/\"\n",
    );
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn what_flows_back_is_bounded_and_its_queries_leave_order_to_the_sync() {
    let good =
        "[connections.snow.sync]\ndays = 120\npage_size = 10\noverlap = \"1h\"\nincident_query = \"active=true^ORpriority=1\"";
    assert_eq!(added(good), Vec::<String>::new());
    let found = added(
        "[connections.snow.sync]\ndays = 121\npage_size = 9\noverlap = \"61m\"\nincident_query = \"active=true^NQpriority=1\"\nchange_query = \"type=x^ORDERBYnumber\\n\"",
    );
    let keys: Vec<_> = found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    let at = |setting: &str| format!("connections.snow.sync.{setting}");
    assert_eq!(keys, ["days", "page_size", "overlap", "incident_query", "change_query", "change_query"].map(at), "{found:?}");
}

#[test]
fn schedules_are_those_of_the_functions_host_and_leave_time_to_work() {
    let good = "[schedule]\nsync = \"\"\nconfiguration_refresh = \"30 0 6 * * mon-fri\"\n[retention]\nrecords = \"1d\"";
    assert_eq!(added(good), Vec::<String>::new());
    let found = added(
        "[schedule]\nsync = \"*/5 * * * *\"\nconfiguration_refresh = \"0 0 3 * * 7\"\nsync_budget = \"9s\"\n[retention]\nrecords = \"0s\"\nlog = \"0s\"",
    );
    for (key, says) in [
        ("schedule.sync", "write \"0 */5 * * * *\""),
        ("schedule.configuration_refresh", "Sunday is 0"),
        ("schedule.sync_budget", "at least 10s"),
        ("retention.records", "longer than nothing"),
        ("retention.log", "longer than nothing"),
    ] {
        let told = found.iter().any(|problem| problem.starts_with(&format!("{key}: ")) && problem.contains(says));
        assert!(told, "{key}: {found:?}");
    }
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn a_workspace_is_a_safe_endpoint_a_rule_and_a_credential_that_lasts() {
    let workspace = |endpoint: &str, rule: &str, rest: &str| {
        added(&format!("[workspace]\nendpoint = \"{endpoint}\"\nrule = \"{rule}\"\n{rest}"))
    };
    let (endpoint, rule) = ("https://x.westeurope-1.ingest.monitor.azure.com", "dcr-00000000000000000000000000abcdef");
    let token = "credential = { type = \"token\", token = \"$SNOW_API_KEY\" }";
    assert_eq!(workspace(endpoint, rule, ""), Vec::<String>::new());
    assert_eq!(workspace("http://127.0.0.1:9000", rule, token), Vec::<String>::new());
    for (found, key) in [
        (workspace("http://example.org", rule, ""), "workspace.endpoint"),
        (workspace(&format!("{endpoint}/dataCollectionRules"), rule, ""), "workspace.endpoint"),
        (workspace(endpoint, "my-rule", ""), "workspace.rule"),
        (workspace(endpoint, "dcr-0123", ""), "workspace.rule"),
        (workspace(endpoint, rule, "log_stream = \"ServiceDeskLog_CL\""), "workspace.log_stream"),
        (workspace(endpoint, rule, "log_stream = \"Custom-ServiceDesk\""), "workspace.log_stream"),
        (workspace(endpoint, rule, token), "workspace.credential.type"),
        (
            workspace(
                endpoint,
                rule,
                "credential = { type = \"client_secret\", tenant = \"t\", client_id = \"c\", secret = \"$NOWHERE\" }",
            ),
            "workspace.credential.secret",
        ),
    ] {
        assert!(found.len() == 1 && found[0].starts_with(&format!("{key}: ")), "{key}: {found:?}");
    }
}

#[test]
fn the_sample_is_good_as_it_stands() {
    assert_eq!(problems(SAMPLE), Vec::<String>::new());
}

#[test]
fn the_sample_is_good_with_its_examples_taken_in() {
    // Examples are comment lines of the form `# key = value` or `# [section]`; alternatives of auth and explanations stay out.
    let taken: String = SAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if ["[intake", "[workspace", "[storage", "[key_vault", "[telemetry", "[connections."]
                    .iter()
                    .any(|section| rest.starts_with(section)) =>
            {
                rest
            }
            Some(rest)
                if !rest.starts_with("auth")
                    && !rest.starts_with("ca_cert")
                    && rest.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')) =>
            {
                rest
            }
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(taken.contains("\nassignment_group"));
    assert_eq!(problems(&taken), Vec::<String>::new());
}

#[test]
fn the_sample_explains_every_setting() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(members) => {
                for (name, member) in members {
                    if name == "properties" {
                        found.extend(member.as_object().unwrap().keys().cloned());
                    }
                    keys(member, found);
                }
            }
            Value::Array(list) => list.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    keys(&schema().to_value(), &mut found);
    assert!(found.contains("reopen_window") && found.contains("api_keys") && found.contains("client_secret"));
    let words: BTreeSet<&str> = SAMPLE.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let missing: Vec<_> = found.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "connector.toml.sample does not name {missing:?}");
}

#[test]
fn telemetry_goes_to_an_address_and_shows_no_secret_in_the_clear() {
    let with = |telemetry: &str| problems(&format!("{GOOD}[telemetry]\n{telemetry}"));
    for good in [
        "",
        "otlp = \"http://127.0.0.1:4318\"\nheaders = { api-key = \"$SNOW_PASSWORD\", x-scope = \"a b\" }",
        "otlp = \"http://collector.internal:4318\"",
        "otlp = \"https://collector.example/otlp\"\ncredential = { type = \"managed_identity\" }\nsample = 0.25",
        "otlp_traces = \"https://a.example/x/v1/traces\"\nmetrics = false\nattributes = { team = \"ops\" }",
    ] {
        assert_eq!(with(good), Vec::<String>::new(), "{good}");
    }
    for (wrong, says) in [
        ("otlp = \"http://collector.internal\"\nheaders = { x-scope = \"a\" }", "otlp: plain http with headers"),
        ("otlp = \"http://collector.internal\"\ncredential = { type = \"managed_identity\" }", "otlp: plain http with headers"),
        ("otlp = \"http://u:hunter2@collector.internal\"", "otlp: must not hold a user name"),
        ("otlp = \"grpc://127.0.0.1:4317\"", "otlp: \"grpc\" is not a scheme"),
        ("otlp_traces = \"https://x.example/?key=hunter2\"", "otlp_traces: must not have a query"),
        ("headers = { Api-Key = \"hunter2\" }", "headers.Api-Key: must name a secret"),
        ("headers = { authorization = \"Bearer hunter2\" }", "headers.authorization: must name a secret"),
        ("headers = { api-key = \"$NOT_SET\" }", "headers.api-key: environment variable NOT_SET is not set"),
        ("headers = { \"a b\" = \"x\" }", "headers.a b: is not the name of a header"),
        ("headers = { Content-Type = \"x\" }", "headers.Content-Type: is decided by the call itself"),
        ("headers = { x = \"hunter2\\nhunter2\" }", "headers.x: cannot be the value of a header"),
        (
            "otlp = \"https://x.example\"\ncredential = { type = \"token\", token = \"$SNOW_PASSWORD\" }",
            "credential.type: a token is allowed to an emulator on loopback only",
        ),
        (
            "credential = { type = \"managed_identity\" }\nheaders = { Authorization = \"$SNOW_PASSWORD\" }",
            "credential: sends the header authorization, too",
        ),
        ("sample = 1.5", "sample: is out of bounds"),
        ("sample = nan", "sample: is out of bounds"),
        ("interval = \"1s\"", "interval: 1s is too short"),
        ("timeout = \"2m\"", "timeout: 2m is too long"),
        ("service_name = \" \"", "service_name: is empty"),
        ("ca_certificate = \"/no/such.pem\"", "ca_certificate: /no/such.pem cannot be read"),
    ] {
        let found = with(wrong);
        assert!(found.len() == 1 && found[0].starts_with(&format!("telemetry.{says}")), "{wrong}: {found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
    let settings = Settings::from_toml(&format!("{GOOD}[telemetry]\nheaders = {{ x = \"hunter2\" }}"), "connector.toml").unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}
