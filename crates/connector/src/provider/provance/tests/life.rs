use emulators::dataverse::{Effect, Fault};
use emulators::desk::{Edit, Phase as Seen};

use super::*;
use crate::work_item::{Change, Phase, Transition, Written};

fn resolve(note: &str) -> Change {
    Change {
        transition: Some(Transition::Resolve),
        note: Some(format!("{note}\n[event 0123456789ab]")),
        close_notes: Some("It is over.".to_owned()),
        ..Change::default()
    }
}

fn note(text: &str) -> Change {
    Change { note: Some(text.to_owned()), ..Change::default() }
}

async fn created(stage: &Stage) -> Written {
    stage.provider.create(&draft()).await.unwrap()
}

#[tokio::test]
async fn a_life_from_create_to_reopen() {
    let stage = Stage::new().await;
    let written = created(&stage).await;
    assert_eq!((written.dropped.len(), written.remarks.len()), (0, 0), "{written:?}");
    assert_eq!((written.item.phase, written.item.state.as_str()), (Phase::Open, "In Progress"));
    assert!(written.item.number.starts_with("CAS-") && written.item.url.contains("etn=incident"), "{:?}", written.item);
    stage.advance(60);
    let resolved = stage.provider.update(&written.item, &resolve("over")).await.unwrap();
    assert_eq!((resolved.item.phase, resolved.item.state.as_str()), (Phase::Resolved, "Problem Solved"));
    assert_eq!(resolved.item.resolved_at.unwrap().as_second(), NOW + 60);
    assert_eq!(stage.tool.count("incidentresolution"), 1);
    let change = Change { transition: Some(Transition::Reopen), note: Some("again".to_owned()), ..Change::default() };
    let reopened = stage.provider.update(&resolved.item, &change).await.unwrap();
    assert_eq!((reopened.item.phase, reopened.item.state.as_str()), (Phase::Open, "In Progress"));
    assert_eq!(stage.incident().notes.len(), 2);
}

#[tokio::test]
async fn the_close_code_is_a_status_reason_of_a_resolved_incident() {
    for (code, state, remarks) in [
        ("Information Provided", "Information Provided", 0),
        ("1000", "Information Provided", 0),
        ("Cancelled", "Problem Solved", 1),
    ] {
        let stage = Stage::with(options(), &format!("policy = {{ close_code = \"{code}\" }}\n{CUSTOMER}")).await;
        let item = created(&stage).await.item;
        let written = stage.provider.update(&item, &resolve("over")).await.unwrap();
        assert_eq!((written.item.state.as_str(), written.remarks.len()), (state, remarks), "{code}: {:?}", written.remarks);
    }
}

#[tokio::test]
async fn what_a_person_changed_meanwhile_is_looked_at_again_before_anything_is_written() {
    let stage = Stage::new().await;
    let item = created(&stage).await.item;
    stage.tool.edit(Kind::Incident, &item.id, &Edit::Title("mine".to_owned()));
    let change = Change { fields: BTreeMap::from([("prioritycode".to_owned(), "1".to_owned())]), ..note("x") };
    let error = stage.provider.update(&item, &change).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
    assert!(stage.incident().notes.is_empty() && stage.incident().fields["prioritycode"] == "2");
    let item = stage.provider.read(WorkItemType::Incident, &item.id).await.unwrap().unwrap();
    let written = stage.provider.update(&item, &change).await.unwrap();
    assert_eq!((written.item.values["prioritycode"].as_str(), stage.incident().title.as_str()), ("1", "mine"));
}

#[tokio::test]
async fn a_person_who_resolves_first_wins() {
    let stage = Stage::new().await;
    let item = created(&stage).await.item;
    stage.tool.edit(Kind::Incident, &item.id, &Edit::Resolve);
    let error = stage.provider.update(&item, &resolve("over")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
    let read = stage.provider.read(WorkItemType::Incident, &item.id).await.unwrap().unwrap();
    assert_eq!((read.phase, stage.incident().phase, stage.incident().notes.len()), (Phase::Resolved, Seen::Resolved, 0));
}

#[tokio::test]
async fn a_deleted_incident_is_never_made_anew_by_a_change() {
    let stage = Stage::new().await;
    let mut item = created(&stage).await.item;
    stage.tool.remove(Kind::Incident, &item.id);
    let change = Change { fields: BTreeMap::from([("prioritycode".to_owned(), "1".to_owned())]), ..Change::default() };
    assert!(matches!(stage.provider.update(&item, &change).await, Err(ProviderError::Refused { .. })));
    item.values.clear();
    assert!(matches!(stage.provider.update(&item, &change).await, Err(ProviderError::Refused { .. })));
    assert!(stage.tool.all(Kind::Incident).is_empty());
    assert_eq!(stage.provider.read(WorkItemType::Incident, &item.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_note_that_is_repeated_stands_there_once_and_is_found_by_its_marker() {
    let stage = Stage::new().await;
    let item = created(&stage).await.item;
    let text = format!("{}\n[event 0123456789ab]", "x".repeat(120_000));
    assert_eq!(stage.provider.has_note(&item, "[event 0123456789ab]").await, Ok(Some(false)));
    for _ in 0..2 {
        stage.provider.update(&item, &note(&text)).await.unwrap();
    }
    let notes = stage.incident().notes;
    assert!(notes.len() == 1 && notes[0].ends_with("[event 0123456789ab]"));
    assert_eq!(stage.provider.has_note(&item, "[event 0123456789ab]").await, Ok(Some(true)));
    assert_eq!(stage.provider.has_note(&item, "[event 0123456789a]").await, Ok(Some(false)));
}

#[tokio::test]
async fn a_change_that_breaks_off_in_the_middle_has_to_be_looked_up() {
    let stage = Stage::new().await;
    let item = created(&stage).await.item;
    stage
        .tool
        .faults()
        .add(Fault::new(Effect::Throttled { limit: emulators::dataverse::Limit::Requests, retry_after: 30 }).path("annotations"));
    // The incident is resolved, its note is not written: nobody may say that nothing was done.
    let error = stage.provider.update(&item, &resolve("over")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Ambiguous { .. }), "{error:?}");
    let alone = stage.provider.update(&item, &note("x")).await.unwrap_err();
    assert_eq!(waits(&alone), WaitReason::RateLimit);
}

#[tokio::test]
async fn fields_are_given_their_types_and_what_cannot_be_right_is_left_out() {
    let stage = Stage::new().await;
    let fields = [
        ("caseorigincode", "web"),
        ("ownerid", "Server Operations"),
        ("_subjectid_value", "Monitoring"),
        ("isescalated", "yes"),
        ("casetypecode", "17"),
        ("new_cost", "12"),
        ("customerid", "Nobody Ltd"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let error = stage.provider.create(&Draft { fields, ..draft() }).await.unwrap_err();
    assert!(remedy(&error).contains("provance.customer"), "without a customer the table refuses: {error:?}");
    let fields: BTreeMap<String, String> = [
        ("caseorigincode", "web"),
        ("ownerid", "Server Operations"),
        ("_subjectid_value", "Monitoring"),
        ("isescalated", "yes"),
        ("casetypecode", "17"),
        ("new_cost", "12"),
        ("title", &"é".repeat(300)),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let written = stage.provider.create(&Draft { fields, ..draft() }).await.unwrap();
    let told = written.remarks.join("\n");
    assert!(told.contains("casetypecode") && told.contains("17") && told.contains("new_cost"), "{told}");
    assert_eq!((written.remarks.len(), written.dropped.len()), (2, 0), "{told} {:?}", written.dropped);
    let seen = stage.incident();
    assert_eq!((seen.fields["caseorigincode"].as_str(), seen.fields["isescalated"].as_str()), ("3", "true"));
    assert_eq!((seen.title.chars().count(), seen.title.ends_with('…')), (200, true));
    assert_ne!(seen.fields["subjectid"], "");
    // People can be meant by name and team by id, and a name that several have is nobody's.
    let other = WorkItemKey { generation: 2, ..draft().key };
    let fields =
        BTreeMap::from([("ownerid".to_owned(), "Beth Anglin".to_owned()), ("subjectid".to_owned(), "Nothing".to_owned())]);
    let written = stage.provider.create(&Draft { fields, key: other, ..draft() }).await.unwrap();
    assert!(written.remarks.len() == 1 && written.remarks[0].contains("no subject \"Nothing\""), "{:?}", written.remarks);
}

#[tokio::test]
async fn a_many_to_many_relationship_links_a_configuration_item() {
    let itsm = Options { itsm: Some("abc".to_owned()), ..options() };
    let admin = emulators::dataverse::options::ADMINISTRATOR_APPLICATION;
    let more = format!(
        "auth = {{ type = \"client_credentials\", client_id = \"{admin}\", client_secret = \"$SECRET\" }}\n\
         [provance.profile.incident]\nentity_set = \"abc_incidents\"\nlogical_name = \"abc_incident\"\nid = \"abc_incidentid\"\n\
         number = \"abc_number\"\ntitle = \"abc_title\"\ndescription = \"abc_description\"\npriority = {{ column = \"\" }}\n\
         category = \"\"\nsource = \"\"\nescalation = \"\"\ncustomer = \"\"\n\
         ci_link = {{ kind = \"many_to_many\", navigation = \"abc_incident_configurationitem\" }}\n\
         [provance.profile.ci]\nentity_set = \"abc_configurationitems\"\nlogical_name = \"abc_configurationitem\"\n\
         id = \"abc_configurationitemid\"\nname = \"abc_name\"\n"
    );
    let stage = Stage::with(itsm, &more).await;
    let query = crate::provider::ConfigurationItemQuery { resource_id: None, names: vec!["WEB01.contoso.com".to_owned()] };
    let found = stage.provider.find_configuration_item(&query).await.unwrap();
    let linked = Draft { configuration_item: found.item, ..draft() };
    let written = stage.provider.create(&linked).await.unwrap();
    assert_eq!((written.remarks.len(), stage.incident().computers), (0, vec!["web01".to_owned()]));
    // Made again, linked again: one of each.
    let again = stage.provider.create(&linked).await.unwrap();
    assert_eq!((again.remarks.len(), stage.incident().computers.len()), (1, 1), "{:?}", again.remarks);
}
