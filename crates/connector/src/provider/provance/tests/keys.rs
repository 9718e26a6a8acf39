use emulators::dataverse::Description;

use super::*;

fn key(generation: u32) -> WorkItemKey {
    WorkItemKey { generation, ..draft().key }
}

async fn make(stage: &Stage, generation: u32) -> String {
    stage.provider.create(&Draft { key: key(generation), ..draft() }).await.unwrap().item.id
}

fn with_column() -> Options {
    Options { descriptions: vec![Description::from_toml(KEY).unwrap()], ..options() }
}

#[tokio::test]
async fn the_same_create_makes_one_incident_whatever_codes_the_server_has() {
    for empty_conditional_codes in [true, false] {
        let stage = Stage::with(Options { empty_conditional_codes, ..options() }, CUSTOMER).await;
        let first = stage.provider.create(&draft()).await.unwrap();
        let second = stage.provider.create(&draft()).await.unwrap();
        assert_eq!((&first.item.id, &first.item.number), (&second.item.id, &second.item.number));
        assert_eq!(second.remarks, ["the incident had been made before"]);
        stage.incident();
        assert_eq!(stage.provider.find(WorkItemType::Incident, &key(1)).await.unwrap().unwrap().id, first.item.id);
        assert_eq!(stage.provider.find(WorkItemType::Incident, &key(2)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_newest_generation_is_found_though_no_column_tells_it() {
    let stage = Stage::new().await;
    let correlation = draft().key.correlation;
    assert_eq!(stage.provider.newest(WorkItemType::Incident, &correlation).await.unwrap(), None);
    let mut ids = Vec::new();
    for generation in 1..=30 {
        ids.push(make(&stage, generation).await);
    }
    // Those in between that were deleted do not hide the others.
    for id in &ids[..6] {
        stage.tool.remove(Kind::Incident, id);
    }
    let asked = stage.asked("GET", "/incidents");
    let found = stage.provider.newest(WorkItemType::Incident, &correlation).await.unwrap().unwrap();
    assert_eq!((found.key.generation, &found.id), (30, &ids[29]));
    assert!(stage.asked("GET", "/incidents") - asked <= 5, "{}", stage.asked("GET", "/incidents") - asked);
    // By its id alone the generation is not known: the engine keeps the one that it remembers.
    let read = stage.provider.read(WorkItemType::Incident, &found.id).await.unwrap().unwrap();
    assert_eq!((read.key.generation, read.id), (0, found.id));
}

#[tokio::test]
async fn a_column_tells_the_key_and_an_alternate_key_makes_it_the_records_name() {
    for alternate in [false, true] {
        let more = format!("{CUSTOMER}profile.incident.correlation = {{ column = \"new_key\", alternate_key = {alternate} }}\n");
        let stage = Stage::with(with_column(), &more).await;
        let ids = [make(&stage, 1).await, make(&stage, 2).await];
        assert_eq!(make(&stage, 2).await, ids[1], "made once");
        let read = stage.provider.read(WorkItemType::Incident, &ids[1]).await.unwrap().unwrap();
        assert_eq!(read.key, key(2), "alternate {alternate}");
        let newest = stage.provider.newest(WorkItemType::Incident, &draft().key.correlation).await.unwrap().unwrap();
        assert_eq!(newest.key, key(2));
        assert_eq!(stage.provider.find(WorkItemType::Incident, &key(1)).await.unwrap().unwrap().id, ids[0]);
        let fields: Vec<String> = stage.tool.all(Kind::Incident).into_iter().map(|seen| seen.fields["new_key"].clone()).collect();
        assert_eq!(fields, [key(1).to_string(), key(2).to_string()]);
        // A key that somebody copied to another record is not that record's.
        let copy = stage.tool.file(Kind::Incident, "a copy");
        let edit = emulators::desk::Edit::Field("new_key".to_owned(), format!("az-{}-7", draft().key.correlation));
        stage.tool.edit(Kind::Incident, &copy, &edit);
        let found = stage.provider.find(WorkItemType::Incident, &key(7)).await.unwrap();
        assert_eq!(found.is_some(), alternate, "only where the column is the name");
    }
}

#[tokio::test]
async fn another_alternate_key_that_exists_is_told_and_no_incident_is_made() {
    for duplicate_status in [412, 400] {
        let stage = Stage::with(Options { duplicate_status, ..with_column() }, CUSTOMER).await;
        let fields = BTreeMap::from([("new_key".to_owned(), "the same".to_owned())]);
        stage.provider.create(&Draft { fields: fields.clone(), ..draft() }).await.unwrap();
        let error = stage.provider.create(&Draft { fields, key: key(2), ..draft() }).await.unwrap_err();
        assert!(matches!(error, ProviderError::Refused { .. }) && !remedy(&error).is_empty(), "{error:?}");
        stage.incident();
    }
}
