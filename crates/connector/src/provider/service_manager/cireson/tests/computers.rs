//! Computers: both aliases, both relations, `NetBIOS` names, creation.

use super::*;
use crate::provider::ConfigurationItemQuery;

fn query(names: &[&str]) -> ConfigurationItemQuery {
    ConfigurationItemQuery { resource_id: None, names: names.iter().map(|&name| name.to_owned()).collect() }
}

#[tokio::test]
async fn the_whole_name_comes_before_the_netbios_name() {
    let stage = Stage::new().await;
    let found = stage.provider.find_configuration_item(&query(&["web01.contoso.com"])).await.unwrap();
    let item = found.item.unwrap();
    assert_eq!((item.name.as_str(), item.class.as_str()), ("web01.contoso.com", "Microsoft.Windows.Computer"));
    assert_eq!(found.account.len(), 1);
    let short = stage.provider.find_configuration_item(&query(&["WEB01"])).await.unwrap();
    assert_eq!(short.item.unwrap().id, item.id);
    let other = stage.provider.find_configuration_item(&query(&["web01.cloudapp.net"])).await.unwrap();
    assert_eq!(other.item.unwrap().id, item.id, "{:?}", other.account);
    assert!(stage.provider.find_configuration_item(&query(&["nowhere"])).await.unwrap().item.is_none());
}

#[tokio::test]
async fn two_that_share_a_netbios_name_are_not_guessed() {
    let stage = Stage::new().await;
    stage.portal.add_computer("averylongservername1.contoso.com");
    stage.portal.add_computer("averylongservername2.contoso.com");
    let found = stage.provider.find_configuration_item(&query(&["averylongserver"])).await.unwrap();
    assert!(found.item.is_none() && found.account[0].contains("2 fit equally"), "{:?}", found.account);
}

#[tokio::test]
async fn a_computer_is_tied_under_the_alias_that_the_projection_has() {
    for (about_config_item, more) in [(true, ""), (false, ""), (true, "service_manager = { computer_relation = \"related\" }")] {
        let stage = Stage::with(Options { about_config_item, ..Options::default() }, more).await;
        let item = stage.provider.find_configuration_item(&query(&["web01"])).await.unwrap().item;
        let made = stage.provider.create(&Draft { configuration_item: item, ..draft() }).await.unwrap();
        assert_eq!((stage.incident().computers, made.remarks), (vec!["web01.contoso.com".to_owned()], Vec::new()));
        // A later form hands the relation back as it was.
        stage.update(&made.item, &resolving()).await;
        assert_eq!(stage.incident().computers, ["web01.contoso.com"]);
    }
}

#[tokio::test]
async fn a_missing_computer_is_made_only_when_the_settings_say_so() {
    let stage = Stage::settings("configuration_item = { create = true }").await;
    let made = stage.provider.find_configuration_item(&query(&["app07.contoso.com"])).await.unwrap();
    assert!(made.created, "{:?}", made.account);
    let again = stage.provider.find_configuration_item(&query(&["app07.contoso.com"])).await.unwrap();
    assert!(!again.created);
    assert_eq!(again.item, made.item);
    let without = Stage::new().await;
    let before = without.portal.computers();
    assert!(without.provider.find_configuration_item(&query(&["app07"])).await.unwrap().item.is_none());
    assert_eq!(without.portal.computers(), before);
}
