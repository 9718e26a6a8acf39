use std::collections::BTreeMap;

use super::{Weight, convert, plainly, settings};
use crate::migration::{NotPerCi, Options};
use crate::route::Per;
use crate::work_item::WorkItemType;

const LOST: Weight = Weight::NotCarriedOver;
const REMARK: Weight = Weight::Remark;

#[test]
fn what_cannot_be_read_is_told_and_the_receiver_keeps_a_route() {
    let migration = plainly("bad_tickets.json");
    for (receiver, words) in [
        ("empty object", "its ticketConfiguration is empty"),
        ("null", "it has no ticketConfiguration"),
        ("empty text", "it has no ticketConfiguration"),
        ("no configuration at all", "it has no ticketConfiguration"),
        ("broken", "its ticketConfiguration cannot be read: it is not JSON"),
        ("broken inside", "its WorkItemData cannot be read: it is not JSON"),
        ("a list", "it is a list, not an object"),
        ("unknown keys", "the key \"Escalate\" of its ticketConfiguration is not known"),
        ("unknown type", "work items of type \"ChangeRequest\" cannot be made"),
        ("unknown flag", "CreateOneWIPerCI is \"sometimes\", neither true nor false"),
        (
            "field without a name",
            "\"Assignment group\" is not a field name; add the field to the route by the ITSM tool's own name, with the value \"Network\"",
        ),
        ("field without a name", "the field \"watch_list\" holds no plain value"),
    ] {
        migration.says(receiver, LOST, words);
    }
    assert!(migration.findings.iter().all(|finding| !finding.cause.contains("Nothing")), "{:#?}", migration.findings);
    let routes = settings(&migration).route;
    // Many of them make the same work item, incidents without anything.
    assert!(routes.values().all(|route| route.work_item_type == WorkItemType::Incident || route.per == Per::Ci), "{routes:#?}");
}

#[test]
fn a_text_that_was_escaped_once_too_often_is_read() {
    let migration = plainly("bad_tickets.json");
    let route = &migration.routed("escaped once too often").settings;
    assert_eq!((route.work_item_type, route.per), (WorkItemType::Alert, Per::Ci));
}

#[test]
fn a_template_is_found_under_any_key_that_speaks_of_one() {
    let migration = plainly("rest_templates.json");
    let template = |receiver: &str| migration.routed(receiver).settings.template.clone().unwrap_or_default();
    assert_eq!(template("template by name"), "Network trouble");
    assert_eq!(template("template inside the data"), "Server down");
    assert_eq!(template("data is the name"), "Azure alert");
    assert_eq!(template("name without use"), "");
    migration.says("name without use", REMARK, "UseTemplate is false");
    migration.says("no name", LOST, "it uses a template and does not say which");
    assert_eq!(
        (template("template and fields").as_str(), migration.routed("template and fields").settings.fields.len()),
        ("Azure alert", 0)
    );
    migration.says("template and fields", LOST, "has fields, too: category = \"network\"");
}

#[test]
fn a_template_by_its_id_is_told_until_it_is_named() {
    let id = "0c5f4e6b1b2a4c10a1b2c3d4e5f60718";
    plainly("rest_templates.json").says("template by id", LOST, &format!("--template {id}=NAME"));
    let templates = BTreeMap::from([(id.to_owned(), "Web outage".to_owned())]);
    let migration = convert(&["rest_templates.json"], &Options { templates, ..Options::default() }).unwrap();
    assert_eq!(migration.routed("template by id").settings.template.as_deref(), Some("Web outage"));
    assert!(!migration.said("template by id").iter().any(|(weight, _)| *weight == LOST));
}

#[test]
fn how_many_work_items_an_alert_makes() {
    let migration = plainly("counting.json");
    for (receiver, per, words) in [
        ("incident per log entry", Per::Row, "documented for events only"),
        ("incident both", Per::Ci, "per = \"ci\""),
        ("event both", Per::Row, "per = \"row\""),
        ("event per computer", Per::Ci, ""),
        ("event neither", Per::Alert, ""),
        ("many incidents", Per::Ci, "CreateMultipleWorkItems"),
        ("many events", Per::Row, "CreateMultipleWorkItems"),
        ("asked nothing", Per::Alert, ""),
        ("per rule", Per::Rule, "--not-per-ci alert"),
    ] {
        assert_eq!(migration.routed(receiver).settings.per, per, "{receiver}");
        if !words.is_empty() {
            migration.says(receiver, REMARK, words);
        }
    }
}

#[test]
fn not_per_configuration_item_may_mean_per_alert() {
    let migration = convert(&["counting.json"], &Options { not_per_ci: NotPerCi::Alert, ..Options::default() }).unwrap();
    assert_eq!(migration.routed("per rule").settings.per, Per::Alert);
    assert_eq!(migration.routed("many incidents").settings.per, Per::Ci);
}
