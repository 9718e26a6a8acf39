use emulators::cherwell::Lifecycle;

use super::*;
use crate::work_item::Phase;

#[tokio::test]
async fn an_incident_says_what_the_draft_says_and_takes_what_the_content_requires_from_the_settings() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    assert_eq!((written.item.phase, &written.dropped, &written.remarks), (Phase::Open, &Vec::new(), &Vec::new()));
    let incident = stage.incidents().remove(0);
    for (field, value) in [
        ("ExternalID", "az-0123456789abcdef0123456789abcdef-1"),
        ("ShortDescription", "CPU over 90% on web01"),
        ("Priority", "3"),
        ("CustomerDisplayName", "Azure Monitor"),
        ("Subcategory", "Submit Incident"),
        ("CallSource", "Event"),
        ("CreatedBy", "Azure ITSM Connector"),
    ] {
        assert_eq!(incident[field], value, "{field}");
    }
    assert_eq!(written.item.number, incident["IncidentID"]);
    // Mapping before template before defaults.
    let more = "templates.Network = { Service = \"Network Services\", Category = \"Connectivity\", Subcategory = \"Latency\" }\n";
    let stage = Stage::own(more).await;
    let fields = map([("subcategory", "Outage"), ("ShortDescription", "Mine")]);
    stage.provider.create(&Draft { fields, template: Some("network".to_owned()), ..draft() }).await.unwrap();
    let incident = stage.incidents().remove(0);
    let told = ["Service", "Category", "Subcategory", "ShortDescription", "CallSource"].map(|field| incident[field].as_str());
    assert_eq!(told, ["Network Services", "Connectivity", "Outage", "Mine", "Event"]);
}

#[tokio::test]
async fn texts_are_cut_to_the_length_that_the_schema_tells() {
    let stage = Stage::new().await;
    let written = stage.provider.create(&Draft { title: "ä".repeat(300), ..draft() }).await.unwrap();
    assert_eq!(written.dropped, []);
    let title = &stage.incidents()[0]["ShortDescription"];
    assert_eq!((title.chars().count(), title.ends_with('…')), (255, true));
    assert_eq!(stage.provider.fields(&Draft { title: "ä".repeat(300), ..draft() })["ShortDescription"], *title);
}

#[tokio::test]
async fn a_field_that_is_not_there_is_left_out_and_told() {
    let stage = Stage::new().await;
    let written = stage.provider.create(&Draft { fields: map([("Colour", "red")]), ..draft() }).await.unwrap();
    assert_eq!(written.dropped, [("Colour".to_owned(), "Incident has no such field".to_owned())]);
    assert!(!written.sent.contains_key("Colour"));
}

#[tokio::test]
async fn a_life_by_the_status_field() {
    for lifecycle in [Lifecycle::Absent, Lifecycle::Offered] {
        let stage = Stage::with(Options { lifecycle, ..Options::default() }, "", "").await;
        let written = stage.created().await;
        let resolved = stage.resolved(&written).await.unwrap();
        assert_eq!((resolved.item.phase, resolved.item.state.as_str()), (Phase::Resolved, "Resolved"));
        assert_eq!(resolved.item.resolved_at.unwrap().to_string(), "2026-09-01T10:00:00Z");
        let incident = stage.incidents().remove(0);
        assert_eq!(incident["CloseDescription"], "Azure Monitor reports that the condition is over.");
        // Of this list only one says nothing untrue.
        assert_eq!(incident["Cause"], "Unknown");
        assert_eq!(stage.notes(), ["It is over.\n[event 7]"]);
        let reopen = Change { transition: Some(Transition::Reopen), ..Change::default() };
        let reopened = stage.provider.update(&resolved.item, &reopen).await.unwrap();
        assert_eq!(
            (reopened.item.phase, reopened.item.state.as_str(), reopened.item.resolved_at),
            (Phase::Open, "Reopened", None)
        );
    }
}

#[tokio::test]
async fn a_life_by_the_steps_of_the_life_cycle() {
    let own = "status_change = \"transition\"\n";
    let stage = Stage::with(Options { lifecycle: Lifecycle::Enforced, ..Options::default() }, "", own).await;
    let written = stage.created().await;
    let resolved = stage.resolved(&written).await.unwrap();
    assert_eq!((resolved.item.phase, stage.notes().len()), (Phase::Resolved, 1));
    let reopen = Change { transition: Some(Transition::Reopen), ..Change::default() };
    assert_eq!(stage.provider.update(&resolved.item, &reopen).await.unwrap().item.state, "Reopened");
    // A step that is not there from here.
    let (cause, remedy) = refused(stage.provider.update(&resolved.item, &reopen).await.unwrap_err());
    assert!(cause.contains("no transition \"Reopen\"") && remedy.contains("Begin Work, Resolve"), "{cause}: {remedy}");
}

#[tokio::test]
async fn a_cause_is_one_of_the_list_or_none() {
    for (code, cause, told) in [("capacity", "Capacity", false), ("Solar wind", "Unknown", true)] {
        let stage = Stage::with(Options::default(), &format!("policy = {{ close_code = \"{code}\" }}"), "").await;
        let resolved = stage.resolved(&stage.created().await).await.unwrap();
        assert_eq!(stage.incidents()[0]["Cause"], cause);
        assert_eq!(resolved.remarks.iter().any(|remark| remark.contains("Solar wind") && remark.contains("Hardware")), told);
    }
}

#[tokio::test]
async fn a_note_is_known_by_its_marker_and_not_written_twice_without_looking() {
    let stage = Stage::new().await;
    let item = stage.created().await.item;
    let has = async |marker: &str| stage.provider.has_note(&item, marker).await.unwrap();
    assert_eq!(has("[event 1]").await, Some(false));
    stage.fault("saverelatedbusinessobject", Effect::DropAfter);
    let lost = stage.provider.update(&item, &note("Again.\n[event 1]")).await.unwrap_err();
    assert!(matches!(lost, ProviderError::Ambiguous { .. }), "{lost:?}");
    assert_eq!((has("[event 1]").await, has("[event 2]").await), (Some(true), Some(false)));
    assert_eq!(stage.asked("saverelated"), 1, "no blind retry");
    stage.fault("getrelatedbusinessobject", Effect::InsufficientRights { status: 500 });
    assert_eq!(has("[event 1]").await, None);
}

#[tokio::test]
async fn notes_that_cannot_be_read_are_neither_there_nor_missing() {
    let stage = Stage::new().await;
    let item = stage.created().await.item;
    stage.provider.update(&item, &note("Again.\n[event 1]")).await.unwrap();
    let has = async |marker: &str| stage.provider.has_note(&item, marker).await;
    // Fewer came than there are.
    let some = r#"{"relatedBusinessObjects":[],"totalRecords":2,"pageNumber":0,"pageSize":0,"hasError":false}"#;
    stage.fault("getrelatedbusinessobject", Effect::Status { code: 200, body: some.to_owned() });
    assert_eq!(has("[event 1]").await.unwrap(), None);
    // An outage is no answer at all.
    stage.fault("getrelatedbusinessobject", Effect::Unavailable);
    assert!(has("[event 1]").await.is_err());
    assert_eq!(has("[event 1]").await.unwrap(), Some(true));
}

#[tokio::test]
async fn without_any_right_to_notes_incidents_live_all_the_same() {
    let mut options = Options::default();
    for user in &mut options.users {
        user.grants.iter_mut().flatten().filter(|grant| grant.object == "Journal").for_each(|grant| grant.rights.clear());
    }
    let stage = Stage::with(options, "", "").await;
    let written = stage.created().await;
    assert_eq!(stage.provider.has_note(&written.item, "[event 1]").await.unwrap(), None);
    let (cause, remedy) = refused(stage.provider.update(&written.item, &note("Again.\n[event 1]")).await.unwrap_err());
    assert!(cause.contains("JournalNote") && remedy.contains("security group"), "{cause}: {remedy}");
    let resolved = stage.resolved(&written).await.unwrap();
    assert_eq!((resolved.item.phase, stage.notes()), (Phase::Resolved, Vec::new()));
    assert!(resolved.remarks.iter().any(|remark| remark.contains("the note was not written")), "{:?}", resolved.remarks);
}

#[tokio::test]
async fn when_only_the_note_of_a_resolution_fails_the_resolution_stands() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.fault("saverelatedbusinessobject", Effect::InsufficientRights { status: 403 });
    let resolved = stage.resolved(&written).await.unwrap();
    assert_eq!(resolved.item.phase, Phase::Resolved);
    assert!(resolved.remarks.iter().any(|remark| remark.contains("the note was not written") && remark.contains("rights")));
    // By itself it is a refusal.
    stage.fault("saverelatedbusinessobject", Effect::InsufficientRights { status: 403 });
    let (cause, remedy) = refused(stage.provider.update(&written.item, &note("x")).await.unwrap_err());
    assert!(cause.contains("adding a note") && remedy.contains("security group"), "{cause}: {remedy}");
    // An outage in the middle is looked up, not done again.
    stage.fault("saverelatedbusinessobject", Effect::DropBefore);
    let halfway = stage.resolved(&written).await.unwrap_err();
    assert!(matches!(halfway, ProviderError::Ambiguous { .. }), "{halfway:?}");
}

#[tokio::test]
async fn a_create_is_never_sent_twice_by_the_provider() {
    for (effect, there) in [
        (Effect::DropAfter, 1),
        (Effect::DropBefore, 0),
        (Effect::HalfAnswer, 1),
        (Effect::LoginPage, 0),
        (Effect::Unavailable, 0),
    ] {
        let stage = Stage::new().await;
        stage.fault("savebusinessobject", effect.clone());
        let error = stage.provider.create(&draft()).await.unwrap_err();
        let waits = matches!(error, ProviderError::Wait { reason: WaitReason::Credentials, .. });
        assert!(matches!(error, ProviderError::Ambiguous { .. }) || (waits && there == 0), "{effect:?}: {error:?}");
        assert_eq!((stage.incidents().len(), stage.asked("savebusinessobject")), (there, 1), "{effect:?}");
        assert_eq!(stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap().is_some(), there == 1, "{effect:?}");
    }
}

#[tokio::test]
async fn the_record_that_cannot_be_read_after_its_create_is_looked_up() {
    let stage = Stage::new().await;
    stage.fault("getbusinessobject/", Effect::Unavailable);
    let error = stage.provider.create(&draft()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Ambiguous { .. }), "{error:?}");
    assert!(stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap().is_some());
}

#[tokio::test]
async fn an_expired_token_in_the_middle_of_a_create_is_renewed_and_one_incident_made() {
    let stage = Stage::new().await;
    stage.fault("savebusinessobject", Effect::Unauthorized);
    stage.created().await;
    assert_eq!(stage.incidents().len(), 1);
}
