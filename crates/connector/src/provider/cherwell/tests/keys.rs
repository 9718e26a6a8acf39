use super::*;

const MARKED: &str = "external_id_field = \"\"\ndescription_marker = true\n";

fn key(generation: u32) -> WorkItemKey {
    WorkItemKey { generation, ..draft().key }
}

async fn make(stage: &Stage, generation: u32) -> Written {
    stage.provider.create(&Draft { key: key(generation), ..draft() }).await.unwrap()
}

/// The field may have another name; without one there is a line of the description.
async fn stages() -> Vec<Stage> {
    let bare = Options { external_id_field: None, ..Options::default() };
    let other = Options { external_id_field: Some("AzureKey".to_owned()), ..Options::default() };
    vec![
        Stage::new().await,
        Stage::with(other, "", "external_id_field = \"azurekey\"\n").await,
        Stage::with(bare, "", MARKED).await,
    ]
}

#[tokio::test]
async fn a_record_is_found_by_its_own_key_and_by_no_other() {
    for stage in stages().await {
        make(&stage, 1).await;
        let twelfth = make(&stage, 12).await;
        let find = async |key: &WorkItemKey| stage.provider.find(WorkItemType::Incident, key).await.unwrap();
        assert_eq!(find(&key(1)).await.unwrap().key, key(1));
        assert_eq!(find(&key(12)).await.unwrap().number, twelfth.item.number);
        assert_eq!(find(&key(2)).await, None);
        let newest = stage.provider.newest(WorkItemType::Incident, &key(1).correlation).await.unwrap().unwrap();
        assert_eq!((newest.key, newest.number), (key(12), twelfth.item.number.clone()));
        assert_eq!(stage.provider.newest(WorkItemType::Incident, "ffffffffffffffffffffffffffffffff").await.unwrap(), None);
        let read = stage.provider.read(WorkItemType::Incident, &twelfth.item.id).await.unwrap().unwrap();
        assert_eq!(read.key, key(12));
    }
}

#[tokio::test]
async fn of_two_records_with_the_same_key_the_older_is_ours() {
    for stage in stages().await {
        let first = make(&stage, 3).await.item.number;
        make(&stage, 3).await;
        assert_eq!(stage.provider.find(WorkItemType::Incident, &key(3)).await.unwrap().unwrap().number, first);
        let newest = stage.provider.newest(WorkItemType::Incident, &key(3).correlation).await.unwrap();
        assert_eq!(newest.unwrap().number, first);
    }
}

#[tokio::test]
async fn a_line_of_the_description_stays_when_the_description_follows_the_alert() {
    let bare = Options { external_id_field: None, ..Options::default() };
    let stage = Stage::with(bare, "", MARKED).await;
    let item = make(&stage, 1).await.item;
    let shown = &stage.incidents()[0]["Description"];
    assert_eq!(shown, "Percentage CPU was 97.3, greater than 90\n\n[az-0123456789abcdef0123456789abcdef-1]");
    assert_eq!(stage.provider.fields(&draft())["Description"], *shown);
    let change = Change { fields: map([("Description", "Percentage CPU was 99")]), ..Change::default() };
    let changed = stage.provider.update(&item, &change).await.unwrap();
    assert_eq!(changed.item.key, key(1));
    assert!(stage.provider.find(WorkItemType::Incident, &key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn without_the_field_nothing_is_made_and_the_remedy_names_it() {
    let stage = Stage::with(Options { external_id_field: None, ..Options::default() }, "", "").await;
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert!(cause.contains("Incident has no field ExternalID"), "{cause}");
    assert!(remedy.contains("cherwell.external_id_field") && remedy.contains("description_marker"), "{remedy}");
    assert!(stage.incidents().is_empty());
}

#[tokio::test]
async fn a_server_that_ignores_the_filter_on_the_key_is_not_believed() {
    let stage = Stage::new().await;
    make(&stage, 1).await;
    let all = r#"{"businessObjects":[{"busObId":"x","busObRecId":"r","busObPublicId":"1","fields":[{"fieldId":"FI:x","name":"ExternalID","value":"az-ffffffffffffffffffffffffffffffff-1"}]}],"totalRows":1,"hasError":false}"#;
    stage.fault("getsearchresults", Effect::Status { code: 200, body: all.to_owned() });
    assert_eq!(stage.provider.find(WorkItemType::Incident, &key(1)).await.unwrap(), None);
}
