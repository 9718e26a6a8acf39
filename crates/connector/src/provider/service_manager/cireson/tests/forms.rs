//! Creating and changing: both kinds of new projections, stale forms, people in between, what the status alone does not do.

use emulators::desk::Phase as Stands;
use emulators::service_manager::cireson::NewBaseId;
use emulators::service_manager::model::{Class, Kind as PropertyKind, Property, Settings};

use super::*;
use crate::work_item::Phase;

const STALE: &str = "The data in the form is stale. Refresh it.";

#[tokio::test]
async fn a_new_incident_carries_the_key_whether_or_not_the_template_reserves_a_guid() {
    for new_base_id in [NewBaseId::Reserved, NewBaseId::Null] {
        let stage = Stage::with(Options { new_base_id, ..Options::default() }, "").await;
        let made = stage.created().await;
        assert_eq!((&made.item.key, made.dropped.as_slice(), made.remarks.as_slice()), (&draft().key, &[][..], &[][..]));
        let seen = stage.incident();
        assert_eq!((seen.number.as_str(), seen.key), (made.item.number.as_str(), draft().key.to_string()));
        assert_eq!(seen.fields["Impact"], "System.WorkItem.TroubleTicket.ImpactEnum.Medium");
        assert_eq!(seen.fields["Source"], "IncidentSourceEnum.System");
        assert!(uuid::Uuid::try_parse(&made.item.id).is_ok(), "the id is the GUID of the object: {}", made.item.id);
        assert!(made.item.url.ends_with(&format!("/Incident/Edit/{}", seen.number)));
        let found = stage.found().await.unwrap().unwrap();
        assert_eq!(found, made.item);
        assert_eq!(stage.provider.read(WorkItemType::Incident, &found.id).await.unwrap().unwrap(), found);
        // The number is no id.
        assert_eq!(stage.provider.read(WorkItemType::Incident, &seen.number).await.unwrap(), None);
    }
}

#[tokio::test]
async fn another_generation_is_not_found() {
    let stage = Stage::new().await;
    stage.created().await;
    let other = WorkItemKey { generation: 2, ..draft().key };
    assert_eq!(stage.provider.find(WorkItemType::Incident, &other).await.unwrap(), None);
    let newest = stage.provider.newest(WorkItemType::Incident, &draft().key.correlation).await.unwrap().unwrap();
    assert_eq!(newest.key, draft().key);
}

#[tokio::test]
async fn long_texts_are_cut_and_values_that_cannot_be_written_are_told() {
    let stage = Stage::new().await;
    let fields = map([("TierQueue", "Cloud Operations"), ("Classification", "Nonsense"), ("Nothing", "x"), ("Priority", "1")]);
    let long = Draft { title: "é".repeat(300), description: "d".repeat(9000), fields, ..draft() };
    let made = stage.provider.create(&long).await.unwrap();
    let seen = stage.incident();
    assert_eq!((seen.title.chars().count(), seen.description.chars().count()), (200, 4000));
    assert_eq!(seen.fields["TierQueue"], "IncidentTierQueuesEnum.CloudOperations");
    let told: Vec<_> = made.dropped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(told, ["Classification", "Nothing", "Priority"], "{:#?}", made.dropped);
}

#[tokio::test]
async fn an_impact_that_is_not_there_falls_back_to_the_severity() {
    let stage = Stage::new().await;
    let fields = map([("Impact", "Nonsense")]);
    let made = stage.provider.create(&Draft { fields, severity: Severity::Sev0, ..draft() }).await.unwrap();
    assert_eq!(made.dropped[0].0, "Impact");
    assert!(stage.incident().fields["Impact"].ends_with(".High"));
}

#[tokio::test]
async fn the_key_may_stand_in_a_class_extension_and_not_in_a_property_that_is_not_there() {
    let extensions = vec![(Class::Incident, Property::new("AzureKey", PropertyKind::Text(100)))];
    let options = || Options {
        group: Settings { key_property: "AzureKey".to_owned(), extensions: extensions.clone(), ..Settings::default() },
        ..Options::default()
    };
    let stage = Stage::with(options(), "service_manager = { key_property = \"AzureKey\" }").await;
    stage.created().await;
    assert_eq!(stage.incident().key, draft().key.to_string());
    assert!(stage.found().await.unwrap().is_some());
    let stage = Stage::settings("service_manager = { key_property = \"AzureKey\" }").await;
    let refused = stage.provider.create(&draft()).await.unwrap_err();
    assert!(refused.to_string().contains("AzureKey") && remedy(&refused).contains("key_property"), "{refused:?}");
    assert!(stage.portal.all(Kind::Incident).is_empty());
}

#[tokio::test]
async fn the_earlier_incident_is_named_in_a_comment_of_the_new_one() {
    let stage = Stage::new().await;
    stage.provider.create(&Draft { follows: Some("IR0999".to_owned()), ..draft() }).await.unwrap();
    assert!(stage.incident().notes[0].contains("IR0999"));
}

#[tokio::test]
async fn a_comment_is_seen_again_though_it_does_not_move_the_last_change() {
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.advance(60);
    let after = stage.update(&made.item, &noted("Fired again (repeat 1).")).await;
    assert_eq!(after.remarks, [""; 0]);
    assert_eq!(stage.incident().notes, ["Fired again (repeat 1).\n[event 0123456789ab]"]);
    assert_eq!(after.item.values["LastModified"], made.item.values["LastModified"]);
    let has = async |marker| stage.provider.has_note(&after.item, marker).await.unwrap();
    assert_eq!((has("[event 0123456789ab]").await, has("[event fff]").await), (Some(true), Some(false)));
    let long = Change { note: Some(format!("{}\n[event abcabcabcabc]", "x".repeat(9000))), ..Change::default() };
    assert_eq!(stage.update(&after.item, &long).await.remarks, [""; 0]);
    assert_eq!(has("[event abcabcabcabc]").await, Some(true));
}

#[tokio::test]
async fn comments_go_where_the_settings_say_and_one_that_is_not_kept_is_told() {
    let stage = Stage::settings("service_manager = { cireson = { user_comments = true } }").await;
    let made = stage.created().await;
    assert_eq!(stage.update(&made.item, &noted("x")).await.remarks, [""; 0]);
    assert_eq!(stage.incident().notes.len(), 1);
    let stage = Stage::settings("service_manager = { cireson = { comments = \"AppliesToTroubleTicket\" } }").await;
    let made = stage.created().await;
    let after = stage.update(&made.item, &noted("x")).await;
    assert!(after.remarks[0].contains("service_manager.cireson.comments"), "{:?}", after.remarks);
}

#[tokio::test]
async fn resolving_sets_date_and_category_and_reopening_takes_them_back() {
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.advance(600);
    let resolved = stage.update(&made.item, &resolving()).await;
    assert_eq!((resolved.item.phase, resolved.dropped.as_slice()), (Phase::Resolved, &[][..]), "{resolved:#?}");
    assert_eq!(resolved.item.resolved_at.unwrap().as_second(), NOW + 600);
    let seen = stage.incident();
    assert_eq!(seen.phase, Stands::Resolved);
    assert_eq!(seen.fields["ResolvedDate"], "2026-09-01T10:10:00Z");
    assert_eq!(seen.fields["ResolutionCategory"], "IncidentResolutionCategoryEnum.AutoResolved");
    assert!(seen.fields["ResolutionDescription"].contains("the condition is over"));
    assert!(seen.notes[0].starts_with("It is over."));
    let reopened = Change { transition: Some(Transition::Reopen), ..noted("Reopened.") };
    let open = stage.update(&resolved.item, &reopened).await;
    assert_eq!((open.item.phase, open.item.resolved_at), (Phase::Open, None));
    let seen = stage.incident();
    assert_eq!((seen.fields["ResolvedDate"].as_str(), seen.fields["ResolutionCategory"].as_str()), ("", ""));
    assert_eq!(seen.notes.len(), 2);
}

#[tokio::test]
async fn a_stale_form_is_read_and_filled_in_again_and_given_up_after_a_while() {
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.fault(Fault::new(Effect::NotDone(STALE.to_owned())).path("#update").times(2));
    let resolved = stage.update(&made.item, &resolving()).await;
    assert_eq!((resolved.item.phase, stage.incident().notes.len()), (Phase::Resolved, 1));
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.fault(Fault::new(Effect::NotDone(STALE.to_owned())).path("#update"));
    let tired = stage.provider.update(&made.item, &resolving()).await.unwrap_err();
    assert!(matches!(&tired, ProviderError::Retry { cause, .. } if cause.contains("stale")), "{tired:?}");
    assert_eq!(stage.incident().phase, Stands::Open);
}

#[tokio::test]
async fn a_refusal_in_another_language_is_stale_when_the_incident_has_changed() {
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.fault(Fault::new(Effect::NotDone("Die Daten im Formular sind veraltet.".to_owned())).path("#update").times(1));
    let refused = stage.provider.update(&made.item, &resolving()).await.unwrap_err();
    assert!(
        matches!(&refused, ProviderError::Refused { cause, .. } if cause.contains("veraltet")),
        "nothing changed: {refused:?}"
    );
    // Somebody writes while the form is on its way.
    let portal = &stage.portal;
    stage.fault(Fault::new(Effect::NotDone("Die Daten im Formular sind veraltet.".to_owned())).path("#update").times(1));
    let change = resolving();
    let update = stage.provider.update(&made.item, &change);
    let meanwhile = async {
        // The form has been read when it is committed.
        while portal.requests().iter().filter(|request| request.path.contains("Commit")).count() < 3 {
            tokio::task::yield_now().await;
        }
        stage.advance(5);
        stage.edit(&Edit::Title("Somebody looks after this".to_owned()));
    };
    let (resolved, ()) = tokio::join!(update, meanwhile);
    let seen = stage.incident();
    assert_eq!((resolved.unwrap().item.phase, seen.title.as_str()), (Phase::Resolved, "Somebody looks after this"));
}

#[tokio::test]
async fn a_workflow_that_touches_the_incident_after_each_commit_does_no_harm() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::WorkflowTouches));
    let made = stage.created().await;
    let noted = stage.update(&made.item, &noted("one")).await;
    let resolved = stage.update(&noted.item, &resolving()).await;
    assert_eq!((resolved.item.phase, stage.incident().notes.len()), (Phase::Resolved, 2));
}

#[tokio::test]
async fn what_a_person_did_since_the_engine_read_stays() {
    let urgent = || Change { fields: map([("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.High")]), ..noted("x") };
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.edit(&Edit::Field("Urgency".to_owned(), "Low".to_owned()));
    let after = stage.update(&made.item, &urgent()).await;
    assert!(after.remarks[0].contains("Urgency was changed by somebody"), "{:?}", after.remarks);
    let seen = stage.incident();
    assert_eq!((seen.fields["Urgency"].rsplit('.').next(), seen.notes.len()), (Some("Low"), 1));
    // Nobody touched it: it follows.
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.update(&made.item, &urgent()).await;
    assert!(stage.incident().fields["Urgency"].ends_with("High"));
}

#[tokio::test]
async fn an_incident_that_a_person_closed_or_resolved_meanwhile_is_left_as_it_is() {
    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.edit(&Edit::Close);
    let hers = stage.incident();
    let after = stage.update(&made.item, &resolving()).await;
    assert_eq!((after.item.phase, stage.incident()), (Phase::Closed, hers));
    assert!(after.remarks[0].contains("closed by somebody"), "{:?}", after.remarks);

    let stage = Stage::new().await;
    let made = stage.created().await;
    stage.edit(&Edit::Resolve);
    let after = stage.update(&made.item, &resolving()).await;
    let seen = stage.incident();
    assert_eq!((after.item.phase, seen.fields["ResolutionDescription"].as_str()), (Phase::Resolved, "Fixed"));
    assert_eq!(seen.notes.len(), 1, "the note is there all the same");
}

#[tokio::test]
async fn a_deleted_incident_is_gone_whether_or_not_the_portal_shows_deleted_ones() {
    for shows_deleted in [true, false] {
        let stage = Stage::with(Options { shows_deleted, ..Options::default() }, "").await;
        let made = stage.created().await;
        stage.portal.remove(Kind::Incident, &stage.incident().id);
        assert_eq!(stage.found().await.unwrap(), None);
        assert_eq!(stage.provider.read(WorkItemType::Incident, &made.item.id).await.unwrap(), None);
        let refused = stage.provider.update(&made.item, &noted("x")).await.unwrap_err();
        assert!(matches!(refused, ProviderError::Refused { .. }));
    }
}

#[tokio::test]
async fn a_template_fills_what_nothing_else_fills_and_a_missing_one_costs_a_remark() {
    let stage = Stage::new().await;
    let named = Draft { template: Some("networking issue incident template".to_owned()), ..draft() };
    let made = stage.provider.create(&named).await.unwrap();
    let seen = stage.incident();
    assert_eq!((made.remarks.len(), seen.fields["Classification"].as_str()), (0, "IncidentClassificationEnum.Networking"));
    assert_eq!(seen.title, draft().title);
    let missing =
        Draft { template: Some("Nobody made this".to_owned()), key: WorkItemKey { generation: 2, ..draft().key }, ..draft() };
    let made = stage.provider.create(&missing).await.unwrap();
    assert!(made.remarks[0].contains("Nobody made this"), "{:?}", made.remarks);
    let nil = "service_manager = { cireson = { default_template = \"00000000-0000-0000-0000-000000000001\" } }";
    let stage = Stage::settings(nil).await;
    let refused = stage.provider.create(&draft()).await.unwrap_err();
    assert!(remedy(&refused).contains("default_template"), "{refused:?}");
}

#[tokio::test]
async fn events_and_alerts_do_not_exist() {
    let stage = Stage::new().await;
    for kind in [WorkItemType::Event, WorkItemType::Alert] {
        assert_eq!(stage.provider.lifecycle(kind), None);
        assert!(remedy(&stage.provider.create(&Draft { kind, ..draft() }).await.unwrap_err()).contains("incident"));
    }
}
