use std::collections::{BTreeMap, BTreeSet};

use super::{Weight, all, convert, plainly, settings};
use crate::migration::{Options, SecureWebhook, Target};
use crate::provider::product::Product;
use crate::route::Per;
use crate::work_item::WorkItemType;

const OLD: &str = "a3b9076c-ce8e-434e-85b4-aff10cb3c8f1";
const OTHER: &str = "7d0f3c55-91a2-4b6e-8c11-2f30b9d4e002";

fn target(name: &str) -> Target {
    Target { name: name.to_owned(), provider: "servicenow".to_owned() }
}

fn secure() -> SecureWebhook {
    SecureWebhook {
        object_id: "11111111-1111-4111-8111-111111111111".to_owned(),
        identifier_uri: "api://22222222-2222-4222-8222-222222222222".to_owned(),
        tenant: "33333333-3333-4333-8333-333333333333".to_owned(),
    }
}

#[test]
fn the_settings_of_every_export_are_good_and_hold_each_route() {
    for file in all() {
        for options in [Options::default(), Options { secure: Some(secure()), ..Options::default() }] {
            let migration = convert(&[&file], &options).unwrap();
            if migration.receivers() == 0 {
                assert_eq!(migration.connector_toml, "", "{file}");
                continue;
            }
            let settings = settings(&migration);
            let routes: BTreeSet<_> =
                migration.action_groups.iter().flat_map(|group| &group.routes).map(|routed| &routed.route).collect();
            assert_eq!(settings.route.keys().collect::<BTreeSet<_>>(), routes, "{file}");
            for routed in migration.action_groups.iter().flat_map(|group| &group.routes) {
                assert_eq!(settings.route[&routed.route], routed.settings, "{file}");
            }
        }
    }
}

#[test]
fn every_receiver_has_a_route_and_every_route_a_webhook() {
    for file in all() {
        for group in plainly(&file).action_groups {
            assert_eq!(group.routes.len(), group.itsm_receivers, "{file}");
            let routes: BTreeSet<_> = group.routes.iter().map(|routed| routed.route.clone()).collect();
            let posted = group.fragment["webhookReceivers"].as_array().unwrap().iter().map(|webhook| {
                let uri = webhook["serviceUri"].as_str().unwrap();
                uri.strip_prefix("https://CONNECTOR.azurewebsites.net/api/alerts/")
                    .unwrap()
                    .strip_suffix("?code=KEY")
                    .unwrap()
                    .to_owned()
            });
            assert_eq!(posted.collect::<BTreeSet<_>>(), routes, "{file}");
        }
    }
}

#[test]
fn the_cli_shows_one_group() {
    let migration = plainly("show_fields.json");
    let route = &migration.routed("ServiceNow incidents").settings;
    assert_eq!((route.work_item_type, route.per, &route.template), (WorkItemType::Incident, Per::Rule, &None));
    let fields =
        [("category", "request"), ("contact_type", "email"), ("impact", "3"), ("subcategory", "password"), ("urgency", "2")];
    assert_eq!(route.fields, BTreeMap::from(fields.map(|(name, value)| (name.to_owned(), value.to_owned()))));
    assert_eq!(migration.routed("ServiceNow incidents").route, "ops-ServiceNow-incidents");
    assert!(migration.complete());
    assert!(migration.connector_toml.contains(OLD), "{}", migration.connector_toml);
}

#[test]
fn the_cli_lists_groups_with_and_without_receivers() {
    let migration = plainly("list_kinds.json");
    assert_eq!((migration.action_groups.len(), migration.receivers()), (4, 3));
    let kinds = ["per computer", "events", "alert records"].map(|name| {
        let route = &migration.routed(name).settings;
        (route.work_item_type, route.per, route.connection.as_str())
    });
    assert_eq!(
        kinds,
        [
            (WorkItemType::Incident, Per::Ci, "itsm-a3b9076c"),
            (WorkItemType::Event, Per::Row, "itsm-7d0f3c55"),
            (WorkItemType::Alert, Per::Ci, "itsm-7d0f3c55")
        ]
    );
    migration.says("events", Weight::Remark, "\"resource\" is none of the old connector's default fields");
    assert_eq!(migration.routed("events").settings.fields["resource"], "firewall");
    assert!(migration.complete());
}

#[test]
fn a_template_knows_its_parameters_and_variables() {
    let migration = plainly("template_parameters.json");
    assert_eq!(migration.action_groups[0].name, "ops");
    assert_eq!(migration.routed("from a parameter").settings.per, Per::Ci);
    assert_eq!(migration.routed("from a variable").settings.per, Per::Row);
    assert_eq!(migration.connections.len(), 1, "{:?}", migration.connections);
    assert!(!migration.said("from a parameter").iter().any(|(_, text)| text.contains("workspaceId")));
    migration.says("unknown to anyone but Azure", Weight::NotCarriedOver, "az monitor action-group show");
}

#[test]
fn what_bicep_builds_is_read_modules_and_all() {
    let migration = plainly("bicep_built.json");
    let names: Vec<_> = migration.action_groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["prod-ops", "prod-more"]);
    let route = &migration.routed("ServiceNow").settings;
    assert_eq!((route.per, route.fields["category"].as_str(), route.fields["impact"].as_str()), (Per::Ci, "it's", "2"));
    let said: Vec<_> = migration
        .findings
        .iter()
        .filter(|finding| finding.place.contains("prod-more"))
        .map(|finding| finding.cause.as_str())
        .collect();
    assert_eq!(said, ["a copy loop makes its ITSM receivers", "the group is switched off"]);
    assert!(!migration.complete());
}

#[test]
fn powershell_writes_names_in_its_own_case_a_list_of_one_as_its_item_and_utf_16() {
    let migration = plainly("powershell_utf16.json");
    assert_eq!((migration.action_groups[0].resource_group.as_deref(), migration.receivers()), (Some("rg-ps"), 1));
    assert_eq!(migration.routed("ServiceNow").settings.per, Per::Ci);
    assert!(migration.complete(), "{:?}", migration.findings);
}

#[test]
fn several_receivers_of_a_group_do_not_make_anything_twice() {
    let migration = plainly("several.json");
    let group = &migration.action_groups[0];
    assert_eq!(group.itsm_receivers, 5);
    assert_eq!(group.routes[0].route, group.routes[1].route);
    migration.says("same again", Weight::Remark, "the same as receiver \"first\"");
    migration.says("other fields", Weight::NotCarriedOver, "the same work item as receiver \"first\"");
    assert!(migration.said("other connection").is_empty() && migration.said("event").is_empty());
    // Eight webhooks are there already.
    let group_says: Vec<_> = migration.findings.iter().filter(|finding| finding.place.ends_with("rg-monitor")).collect();
    assert!(group_says.iter().any(|finding| finding.cause.contains("12 webhooks, and Azure takes 10")), "{group_says:#?}");
    // Names of receivers are unique in a group, whatever their kind.
    let names: Vec<_> =
        group.fragment["webhookReceivers"].as_array().unwrap().iter().map(|webhook| webhook["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["first (connector) 2", "other fields (connector)", "other connection (connector)", "event (connector)"]);
    // What others have in their addresses is nobody's business.
    assert!(!serde_json::to_string(&migration).unwrap().contains("do-not-print"));
}

#[test]
fn groups_of_one_name_keep_apart_and_one_group_twice_is_one() {
    let migration = convert(&["several.json", "several.json"], &Options::default()).unwrap();
    assert_eq!(migration.action_groups.len(), 2);
    let routes: Vec<_> = migration.action_groups.iter().map(|group| group.routes[0].route.as_str()).collect();
    assert_eq!(routes, ["many-first", "many-first-2"]);
    assert_ne!(migration.action_groups[0].file_name, migration.action_groups[1].file_name);
    assert_eq!(migration.findings.iter().filter(|finding| finding.cause.contains("earlier")).count(), 4);
}

#[test]
fn ids_that_the_old_connector_could_not_use_are_told() {
    let migration = plainly("bad_ids.json");
    migration.says("bare workspace", Weight::Remark, "not SUBSCRIPTION|WORKSPACE");
    migration.says("no connection", Weight::Remark, "not SUBSCRIPTION|WORKSPACE");
    migration.says("no connection", Weight::NotCarriedOver, "names no connection");
    let groups: Vec<_> = migration
        .findings
        .iter()
        .filter(|finding| !finding.place.contains("receiver"))
        .map(|finding| finding.cause.as_str())
        .collect();
    assert_eq!(groups, ["an ITSM receiver is not an object", "its ITSM receivers are not a list"]);
}

#[test]
fn connections_get_the_names_that_are_asked_for() {
    let connections = BTreeMap::from([(OTHER.to_owned(), target("west"))]);
    let options = Options { connections, connection: Some(target("snow")), ..Options::default() };
    let migration = convert(&["list_kinds.json"], &options).unwrap();
    assert_eq!(migration.routed("per computer").settings.connection, "snow");
    assert_eq!(migration.routed("events").settings.connection, "west");
    let settings = settings(&migration);
    assert_eq!(settings.connections.keys().collect::<Vec<_>>(), ["snow", "west"]);
    assert!(migration.connector_toml.contains("$WEST_PASSWORD"), "{}", migration.connector_toml);
}

#[test]
fn a_route_never_has_the_name_of_a_connection() {
    let options = Options { connection: Some(target("ops-ServiceNow-incidents")), ..Options::default() };
    let migration = convert(&["show_fields.json"], &options).unwrap();
    assert_eq!(migration.routed("ServiceNow incidents").route, "ops-ServiceNow-incidents-2");
    settings(&migration);
}

#[test]
fn routes_alone_go_with_settings_that_are_there() {
    let options = Options { connection: Some(target("snow")), routes_only: true, ..Options::default() };
    let migration = convert(&["show_fields.json"], &options).unwrap();
    let text = migration.connector_toml;
    assert!(
        text.starts_with(
            "# action group \"ops\" of rg-monitor, receiver ServiceNow incidents\n[route.ops-ServiceNow-incidents]\n"
        ),
        "{text}"
    );
    assert!(!text.contains("[connections") && !text.contains("[intake"), "{text}");
}

#[test]
fn a_secure_webhook_names_its_application_and_the_settings_accept_its_tokens() {
    let url = Some("https://itsm.azurewebsites.net/".parse().unwrap());
    let migration = convert(&["show_fields.json"], &Options { secure: Some(secure()), url, ..Options::default() }).unwrap();
    let webhook = &migration.action_groups[0].fragment["webhookReceivers"][0];
    assert_eq!(webhook["serviceUri"], "https://itsm.azurewebsites.net/api/alerts/ops-ServiceNow-incidents");
    assert_eq!((&webhook["useAadAuth"], &webhook["objectId"]), (&true.into(), &secure().object_id.into()));
    assert_eq!(webhook["useCommonAlertSchema"], true);
    let entra = settings(&migration).intake.entra.unwrap();
    assert_eq!(entra.tenant, secure().tenant);
    assert_eq!(entra.audiences, [secure().identifier_uri, "22222222-2222-4222-8222-222222222222".to_owned()]);
}

#[test]
fn there_is_a_section_for_every_product() {
    for provider in Product::NAMES {
        let connection = Some(Target { name: "7-desk".to_owned(), provider: (*provider).to_owned() });
        let migration = convert(&["show_fields.json"], &Options { connection, ..Options::default() }).unwrap();
        assert_eq!(settings(&migration).connections["7-desk"].product.name(), *provider);
    }
}
