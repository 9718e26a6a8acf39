use super::*;
use crate::provider::ConfigurationItemQuery;

const ARM: &str = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/app77";

fn query(id: Option<&str>, names: &[&str]) -> ConfigurationItemQuery {
    ConfigurationItemQuery { resource_id: id.map(str::to_owned), names: names.iter().map(|&name| name.to_owned()).collect() }
}

fn server(stage: &Stage, name: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![("name", name), ("install_status", "1")];
    fields.extend(more);
    stage.instance.insert("cmdb_ci_linux_server", &fields)
}

#[tokio::test]
async fn the_resource_id_beats_the_name() {
    let stage = Stage::new().await;
    server(&stage, "app77", &[]);
    let by_id = server(&stage, "app77-azure", &[("correlation_id", &ARM.to_lowercase())]);
    let found = stage.provider.find_configuration_item(&query(Some(ARM), &["app77"])).await.unwrap();
    assert_eq!(found.item.unwrap().id, by_id);
}

#[tokio::test]
async fn a_host_is_found_by_fqdn_then_by_its_short_name() {
    let stage = Stage::new().await;
    let by_fqdn = server(&stage, "something", &[("fqdn", "app77.contoso.com")]);
    let short = server(&stage, "db88", &[]);
    let found = stage.provider.find_configuration_item(&query(None, &["APP77.contoso.com"])).await.unwrap();
    assert_eq!(found.item.unwrap().id, by_fqdn);
    let found = stage.provider.find_configuration_item(&query(None, &["db88.contoso.com"])).await.unwrap();
    assert_eq!(found.item.unwrap().id, short);
    assert_eq!(found.account.len(), 2, "{:?}", found.account);
}

#[tokio::test]
async fn retired_records_do_not_count_and_computers_come_before_other_classes() {
    let stage = Stage::new().await;
    server(&stage, "app77", &[("install_status", "7")]);
    stage.instance.insert("cmdb_ci", &[("name", "app77"), ("install_status", "1")]);
    let right = server(&stage, "app77", &[]);
    let found = stage.provider.find_configuration_item(&query(None, &["app77"])).await.unwrap();
    assert_eq!(found.item.unwrap().id, right, "{:?}", found.account);
}

#[tokio::test]
async fn several_that_fit_equally_are_not_guessed_unless_told_to() {
    let stage = Stage::new().await;
    server(&stage, "app77", &[]);
    stage.advance(60);
    let later = server(&stage, "app77", &[]);
    let found = stage.provider.find_configuration_item(&query(None, &["app77"])).await.unwrap();
    assert_eq!(found.item, None);
    assert!(found.account[0].contains("2 fit equally"), "{:?}", found.account);
    let first = provider_for(&settings(&stage.instance.url(), "configuration_item = { ambiguous = \"first\" }"), &stage.clock);
    let found = first.find_configuration_item(&query(None, &["app77"])).await.unwrap();
    assert_eq!(found.item.unwrap().id, later);
}

#[tokio::test]
async fn a_missing_one_is_created_only_when_the_settings_say_so() {
    let stage = Stage::new().await;
    let wanted = query(Some(ARM), &["app77.contoso.com"]);
    let found = stage.provider.find_configuration_item(&wanted).await.unwrap();
    assert!(found.item.is_none() && !found.created && found.account.iter().all(|step| step.contains("0 records")));
    assert_eq!(stage.asked("POST", "/table/"), 0);

    let creating = provider_for(&settings(&stage.instance.url(), "configuration_item = { create = true }"), &stage.clock);
    let found = creating.find_configuration_item(&wanted).await.unwrap();
    assert!(found.created, "{:?}", found.account);
    let record = stage.instance.record("cmdb_ci_computer", &found.item.unwrap().id).unwrap();
    assert_eq!((record["name"].as_str(), record["fqdn"].as_str()), ("app77", "app77.contoso.com"));
    let again = creating.find_configuration_item(&wanted).await.unwrap();
    assert!(again.item.is_some() && !again.created);
}

#[tokio::test]
async fn a_dry_run_creates_none() {
    let stage = Stage::settings("dry_run = true\nconfiguration_item = { create = true }").await;
    let found = stage.provider.find_configuration_item(&query(None, &["nowhere99"])).await.unwrap();
    assert!(found.item.is_none() && !found.created);
}
