use emulators::desk::{Desk, Kind};

use super::*;
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery};

fn query(names: &[&str]) -> ConfigurationItemQuery {
    ConfigurationItemQuery {
        resource_id: Some("/subscriptions/1/x/web77".to_owned()),
        names: names.iter().map(|&name| name.to_owned()).collect(),
    }
}

async fn look(stage: &Stage, names: &[&str]) -> ConfigurationItemFound {
    stage.provider.find_configuration_item(&query(names)).await.unwrap()
}

fn computers(stage: &Stage) -> Vec<String> {
    stage.server.all(Kind::Incident).remove(0).computers
}

#[tokio::test]
async fn it_is_found_by_any_of_the_fields_that_hold_a_name_and_linked_with_its_type() {
    for names in [["web01"], ["WEB01.contoso.com"], ["web01.elsewhere.example"]] {
        let stage = Stage::new().await;
        let found = look(&stage, &names).await;
        let item = found.item.unwrap_or_else(|| panic!("{names:?}: {:?}", found.account));
        assert_eq!((item.name.as_str(), item.class.as_str()), ("web01", "ConfigServer"));
        let written = stage.provider.create(&Draft { configuration_item: Some(item.clone()), ..draft() }).await.unwrap();
        assert_eq!(written.dropped, []);
        assert_eq!(computers(&stage), ["web01"]);
        let incident = stage.incidents().remove(0);
        assert_eq!(incident["ConfigItemTypeID"], "93dada9f640056ce1dc67b4d4bb801f69104894dc8");
    }
}

#[tokio::test]
async fn a_relationship_links_it_and_a_lost_answer_is_looked_up() {
    for effect in [None, Some(Effect::DropAfter), Some(Effect::DropBefore), Some(Effect::InsufficientRights { status: 403 })] {
        let stage = Stage::own("configuration_items.link = \"relationship\"\n").await;
        let item = look(&stage, &["web01"]).await.item;
        if let Some(effect) = effect.clone() {
            stage.fault("linkrelatedbusinessobject", effect);
        }
        let written = stage.provider.create(&Draft { configuration_item: item, ..draft() }).await.unwrap();
        assert_eq!(stage.asked("linkrelated"), 1, "a GET that writes is never sent twice");
        let linked = matches!(effect, None | Some(Effect::DropAfter));
        assert_eq!(computers(&stage), if linked { vec!["web01"] } else { Vec::new() }, "{effect:?}");
        let told = written.remarks.iter().any(|remark| remark.contains("web01 could not be linked"));
        assert_eq!(told, !linked, "{effect:?}: {:?}", written.remarks);
    }
}

#[tokio::test]
async fn one_that_is_retired_is_not_linked() {
    let stage = Stage::new().await;
    stage.server.insert("ConfigServer", &[("FriendlyName", "old7"), ("AssetStatus", "Retired")]);
    let found = look(&stage, &["old7"]).await;
    assert_eq!(found.item, None);
    assert!(found.account[0].contains("all retired"), "{:?}", found.account);
}

#[tokio::test]
async fn of_several_the_one_changed_last_is_linked_when_the_settings_say_so() {
    let stage = Stage::with(Options::default(), "configuration_item = { ambiguous = \"first\" }", "").await;
    stage.server.add_computer("app7");
    stage.advance(120);
    let newest = stage.server.add_computer("app7");
    assert_eq!(look(&stage, &["app7"]).await.item.unwrap().id, newest);
}

#[tokio::test]
async fn a_missing_one_is_created_with_its_names_and_the_arm_id() {
    let own = "[cherwell.configuration_items]\nresource_id_field = \"AzureID\"\nfields = { OperatingSystem = \"Azure\" }\n";
    let fields = vec![("ConfigServer".to_owned(), "AzureID".to_owned())];
    let stage = Stage::with(Options { fields, ..Options::default() }, "configuration_item = { create = true }", own).await;
    let found = look(&stage, &["web77.contoso.com"]).await;
    assert!(found.created, "{:?}", found.account);
    let made = stage.server.records("ConfigServer").into_iter().find(|one| one["FriendlyName"] == "web77").unwrap();
    let told = ["AssetName", "HostName", "AzureID", "OperatingSystem"].map(|field| made[field].as_str());
    assert_eq!(told, ["web77", "web77.contoso.com", "/subscriptions/1/x/web77", "Azure"]);
    // By its ARM id first, whatever it is called.
    let again = look(&stage, &["renamed"]).await;
    assert_eq!((again.created, again.item.unwrap().name.as_str()), (false, "web77"));
}

#[tokio::test]
async fn a_refused_creation_costs_the_link_and_not_the_incident() {
    let stage = Stage::with(Options::default(), "configuration_item = { create = true }", "").await;
    stage.fault("savebusinessobject", Effect::InsufficientRights { status: 500 });
    let found = look(&stage, &["web77"]).await;
    assert!(found.item.is_none() && found.account.last().unwrap().contains("could not be created"), "{:?}", found.account);
}

#[tokio::test]
async fn a_cmdb_with_other_names_is_told_and_no_alert_is_lost() {
    for own in ["configuration_items.object = \"Asset\"\n", "configuration_items.name_fields = [\"Nickname\"]\n"] {
        let stage = Stage::own(own).await;
        let found = look(&stage, &["web01"]).await;
        assert!(found.item.is_none() && found.account[0].contains("cherwell.configuration_items"), "{:?}", found.account);
    }
}
