//! The rules of the management group, without any wire.

use std::collections::HashSet;

use super::*;

const NOW: i64 = 1_788_256_800_000;

fn group() -> ManagementGroup {
    ManagementGroup::new(Settings::default(), NOW)
}

fn analyst() -> Actor {
    Actor::new(INTEGRATION)
}

fn incident(title: &str) -> Draft {
    let text = |name: &str, text: &str| (name.to_owned(), Value::Text(text.to_owned()));
    let properties = vec![
        text("Title", title),
        ("Impact".to_owned(), Value::Enumeration(ids::IMPACT_MEDIUM)),
        ("Urgency".to_owned(), Value::Enumeration(ids::URGENCY_HIGH)),
    ];
    Draft { properties, ..Draft::default() }
}

#[test]
fn no_two_values_share_a_guid() {
    let group = group();
    let trees = group.enumerations();
    let roots = ["Impact", "Urgency", "Status", "Source", "Classification", "TierQueue", "ResolutionCategory"];
    let mut seen = HashSet::new();
    for class in Class::ALL {
        for property in group.properties(class) {
            if let Kind::Enumeration(list) = property.kind {
                let values = trees.values(list);
                assert!(!values.is_empty(), "{} has no values", property.name);
                for value in values {
                    assert!(seen.insert((class, property.name.clone(), value.id)), "{} twice", value.name);
                }
            }
        }
    }
    for root in roots {
        assert!(group.property(Class::Incident, root).is_some(), "{root}");
    }
    // 23 with GUIDs of Microsoft, 8 further lists and 45 values; two names that fell on one GUID would leave one less.
    let lists = Class::ALL.iter().flat_map(|class| group.properties(*class));
    let lists = lists.filter_map(|property| if let Kind::Enumeration(list) = property.kind { Some(list) } else { None });
    let listed: HashSet<&str> =
        lists.flat_map(|list| trees.values(list).into_iter().chain(trees.get(list))).map(|node| node.name.as_str()).collect();
    assert_eq!((trees.len(), listed.len()), (76, 76));
}

#[test]
fn a_child_is_a_value_of_the_list_and_a_short_name_finds_it() {
    let group = group();
    let trees = group.enumerations();
    let pending = trees.resolve(ids::INCIDENT_STATUS, "Pending").unwrap();
    assert_eq!((pending.id, pending.parent), (ids::PENDING, Some(ids::ACTIVE)));
    assert!(trees.within(ids::PENDING, ids::INCIDENT_STATUS));
    assert!(trees.resolve(ids::INCIDENT_STATUS, &ids::IMPACT_HIGH.to_string()).is_none(), "another list's value");
    assert!(trees.resolve(ids::INCIDENT_STATUS, "Gelöst").is_none(), "labels are no names");
    assert_eq!(trees.get(ids::RESOLVED).unwrap().label(Language::from_name("DEU")), "Gelöst");
}

#[test]
fn ids_count_up_over_both_classes_and_priority_is_computed() {
    let mut group = group();
    let id = group.create(Class::Incident, &incident("Disk full"), &analyst(), NOW).unwrap();
    let item = group.item(Class::Incident, &id.to_ascii_lowercase()).unwrap();
    assert_eq!((item.id.as_str(), item.value("Priority")), ("IR1001", Some(Value::Integer(4))));
    assert_eq!(item.value("DisplayName"), Some(Value::Text("IR1001 - Disk full".to_owned())));
    assert!(group.item(Class::ChangeRequest, &id).is_none());
    let low = [("Impact".to_owned(), Some(Value::Enumeration(ids::IMPACT_LOW)))];
    group.update(Class::Incident, &id, &low, &analyst(), NOW + 1).unwrap();
    assert_eq!(group.item(Class::Incident, &id).unwrap().value("Priority"), Some(Value::Integer(7)));
    let draft = Draft { properties: vec![("Title".to_owned(), Value::Text("Patch".to_owned()))], ..Draft::default() };
    assert_eq!(group.create(Class::ChangeRequest, &draft, &analyst(), NOW).unwrap(), "CR1002");
}

#[test]
fn the_server_refuses_what_does_not_fit() {
    let mut group = group();
    let mut refused = |name: &str, value: Value| {
        let mut draft = incident("x");
        draft.properties.push((name.to_owned(), value));
        group.create(Class::Incident, &draft, &analyst(), NOW).unwrap_err()
    };
    assert_eq!(refused("Priority", Value::Integer(1)), Refused::ReadOnlyProperty("Priority".into()));
    assert_eq!(refused("Colour", Value::Integer(1)), Refused::NoProperty("Colour".into()));
    assert_eq!(refused("Title", Value::Text("x".repeat(201))), Refused::TooLong("Title".into(), 200));
    assert_eq!(refused("Escalated", Value::Integer(1)), Refused::WrongType("Escalated".into()));
    let wrong = refused("Impact", Value::Enumeration(ids::URGENCY_HIGH));
    assert_eq!(wrong, Refused::NoSuchValue("Impact".into(), ids::URGENCY_HIGH.to_string()));
    let untitled = group.create(Class::Incident, &Draft::default(), &analyst(), NOW).unwrap_err();
    assert_eq!(untitled, Refused::Missing("Title".into()));
    assert_eq!(group.items(Class::Incident).count(), 0);
}

#[test]
fn properties_stand_above_the_template() {
    let mut group = group();
    let template = Some(ids::unpublished("NetworkingIssueIncidentTemplate"));
    let draft = Draft { template, ..incident("Own title") };
    let id = group.create(Class::Incident, &draft, &analyst(), NOW).unwrap();
    let item = group.item(Class::Incident, &id).unwrap();
    assert_eq!(item.text("Title"), "Own title");
    assert!(item.text("Description").starts_with("Describe what"));
    let queue = ids::unpublished("IncidentTierQueuesEnum.Tier2");
    assert_eq!(item.enumeration("TierQueue"), Some(queue));
}

#[test]
fn comments_and_links_do_not_move_last_modified_unless_the_installation_does_so() {
    for moves in [false, true] {
        let mut group = ManagementGroup::new(Settings { relations_move_last_modified: moves, ..Settings::default() }, NOW);
        let id = group.create(Class::Incident, &incident("x"), &analyst(), NOW).unwrap();
        let computer = group.computers()[0].base_id;
        group.comment(Class::Incident, &id, (CommentKind::Analyst, "Looking", false), &analyst(), NOW + 10).unwrap();
        group.link(Class::Incident, &id, (Relation::About, computer), &analyst(), NOW + 20).unwrap();
        let item = group.item(Class::Incident, &id).unwrap();
        assert_eq!((item.last_modified, item.comments.len()), (if moves { NOW + 20 } else { NOW }, 1));
    }
}

#[test]
fn a_closed_item_is_changed_by_administrators_alone() {
    let mut group = group();
    let id = group.create(Class::Incident, &incident("x"), &analyst(), NOW).unwrap();
    group.resolve(&id, None, "Done", &analyst(), NOW + 1).unwrap();
    group.close(Class::Incident, &id, &analyst(), NOW + 2).unwrap();
    let note = (CommentKind::Analyst, "late", false);
    assert_eq!(group.comment(Class::Incident, &id, note, &analyst(), NOW + 3), Err(Refused::Closed(id.clone())));
    assert_eq!(group.reopen(&id, &analyst(), NOW + 3), Err(Refused::Closed(id.clone())));
    assert_eq!(group.reopen(&id, &Actor::administrator("CONTOSO\\scsm.admin"), NOW + 3), Ok(()));
    let item = group.item(Class::Incident, &id).unwrap();
    assert_eq!((item.enumeration("Status"), item.date("ResolvedDate")), (Some(ids::ACTIVE), None));
}

#[test]
fn the_order_of_changes_follows_every_change_and_ties_go_by_id() {
    let mut group = group();
    let ids: Vec<String> = (0..4).map(|_| group.create(Class::Incident, &incident("x"), &analyst(), NOW).unwrap()).collect();
    group.update(Class::Incident, &ids[1], &[], &analyst(), NOW + 5).unwrap();
    let order = |group: &ManagementGroup, from: &Position| {
        group.changed(Class::Incident, from).map(|item| item.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(order(&group, &Position::From(NOW)), ["IR1001", "IR1003", "IR1004", "IR1002"]);
    assert_eq!(order(&group, &Position::Behind(NOW, "IR1003".into())), ["IR1004", "IR1002"]);
    assert_eq!(order(&group, &Position::From(NOW + 1)), ["IR1002"]);
}

#[test]
fn grooming_takes_out_deleted_and_old_closed_items() {
    let mut group = group();
    let ids: Vec<String> = (0..3).map(|_| group.create(Class::Incident, &incident("x"), &analyst(), NOW).unwrap()).collect();
    group.delete(Class::Incident, &ids[0], NOW + 1);
    group.close(Class::Incident, &ids[1], &analyst(), NOW + 1).unwrap();
    assert_eq!(group.item(Class::Incident, &ids[0]).unwrap().status, ObjectStatus::PendingDelete);
    group.groom(NOW);
    assert!(group.item(Class::Incident, &ids[0]).is_none());
    assert!(group.item(Class::Incident, &ids[1]).is_some(), "closed, but not long enough");
    group.groom(NOW + 2);
    assert!(group.item(Class::Incident, &ids[1]).is_none());
    assert!(group.item(Class::Incident, &ids[2]).is_some());
}

#[test]
fn keys_are_found_exactly_and_by_prefix() {
    let mut group = group();
    for key in ["az-1-1", "az-1-2", "az-1-10", "az-2-1"] {
        let mut draft = incident("x");
        draft.properties.push(("ContactMethod".to_owned(), Value::Text(key.to_owned())));
        group.create(Class::Incident, &draft, &analyst(), NOW).unwrap();
    }
    let ids = |found: Vec<&WorkItem>| found.into_iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(group.keyed(Class::Incident, "az-1-1").collect()), ["IR1001"]);
    assert_eq!(ids(group.keyed_with_prefix(Class::Incident, "az-1-").collect()), ["IR1001", "IR1003", "IR1002"]);
}

#[test]
fn computers_are_found_by_fqdn_then_by_netbios_name() {
    let mut group = group();
    assert_eq!(group.computers_named("WEB01.contoso.com").len(), 1);
    assert_eq!(group.computers_named("web01").len(), 1);
    assert_eq!(group.computers_named("web01.fabrikam.com").len(), 0);
    group.add_computer("web01.fabrikam.com", false);
    assert_eq!(group.computers_named("WEB01").len(), 2, "ambiguous");
    assert_eq!(group.computers_named("web01.contoso.com").len(), 1);
}

#[test]
fn the_seed_spreads_work_items_over_the_last_days() {
    let seed = Seed { incidents: 240, change_requests: 24, servers: 2 };
    let group = ManagementGroup::new(Settings { seed, ..Settings::default() }, NOW);
    let items: Vec<&WorkItem> = group.changed(Class::Incident, &Position::From(0)).collect();
    assert_eq!((items.len(), group.items(Class::ChangeRequest).count(), group.computers().len()), (240, 24, 8));
    assert!(items[0].last_modified >= NOW - 121 * 86_400_000 && items[239].last_modified < NOW);
    assert_eq!(items.iter().filter(|item| item.enumeration("Status") == Some(ids::CLOSED)).count(), 24);
    assert!(items.iter().any(|item| item.enumeration("Status") == Some(ids::PENDING)));
}
