//! Lists: other languages, customers' own statuses below Microsoft's, what refresh reads.

use emulators::service_manager::model::ids;
use uuid::{Uuid, uuid};

use super::*;
use crate::work_item::Phase;

const OWN: Uuid = uuid!("11111111-2222-3333-4444-555555555555");

/// A customer's own value below one of Microsoft's, named as the console names such ones, set on our incident.
async fn stands(above: Uuid) -> Phase {
    let stage = Stage::new().await;
    stage.created().await;
    stage.portal.administer(|group, now| {
        group.enumerations_mut().add(OWN, "Enum.4711", Some(above), "Our own", "Unser eigener");
        group.edit(Kind::Incident, "IR1001", &Edit::Field("Status".to_owned(), OWN.to_string()), now);
    });
    let item = stage.found().await.unwrap().unwrap();
    assert_eq!(item.state, "Our own");
    item.phase
}

#[tokio::test]
async fn a_status_below_closed_is_closed_whatever_it_is_called() {
    assert_eq!(stands(ids::CLOSED).await, Phase::Closed);
    assert_eq!(stands(ids::RESOLVED).await, Phase::Resolved);
    assert_eq!(stands(ids::ACTIVE).await, Phase::Open);
}

#[tokio::test]
async fn values_are_written_by_label_in_the_language_of_the_connection() {
    let stage = Stage::settings("service_manager = { language = \"DEU\" }").await;
    let fields = map([("Impact", "Niedrig"), ("Classification", "Netzwerkprobleme"), ("Urgency", "Low")]);
    let made = stage.provider.create(&Draft { fields, ..draft() }).await.unwrap();
    assert_eq!((made.dropped.as_slice(), made.item.state.as_str()), (&[][..], "Aktiv"));
    let seen = stage.incident();
    assert!(seen.fields["Impact"].ends_with(".Low") && seen.fields["Urgency"].ends_with(".Low"));
    assert_eq!(seen.fields["Classification"], "IncidentClassificationEnum.Networking");
}

#[tokio::test]
async fn the_settings_choose_statuses_and_the_category() {
    let stage = Stage::settings(
        "policy = { close_code = \"Fixed by analyst\" }\nservice_manager = { reopened_state = \"IncidentStatusEnum.Active.Pending\" }",
    )
    .await;
    let made = stage.created().await;
    let resolved = stage.update(&made.item, &resolving()).await;
    assert_eq!(stage.incident().fields["ResolutionCategory"], "IncidentResolutionCategoryEnum.FixedByAnalyst");
    stage.update(&resolved.item, &Change { transition: Some(Transition::Reopen), ..Change::default() }).await;
    assert_eq!(stage.incident().state, "Pending");
}

#[tokio::test]
async fn refresh_reads_templates_lists_groups_and_the_customers_own_properties() {
    use emulators::service_manager::model::{Class, Kind as PropertyKind, Property, Settings};

    let extensions = vec![(Class::Incident, Property::new("CostCentre", PropertyKind::Text(100)))];
    let group = Settings { extensions, ..Settings::default() };
    let stage = Stage::with(Options { group, ..Options::default() }, "").await;
    let read = async || stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    let configuration = read().await;
    assert_eq!(configuration.gaps, []);
    let fields = |configuration: &crate::configuration::Configuration| {
        configuration.fields.clone().unwrap()["System.WorkItem.Incident"].clone()
    };
    assert!(!fields(&configuration).contains_key("CostCentre"), "no incident shows it yet");
    stage.created().await;
    let configuration = read().await;
    assert!(fields(&configuration).contains_key("CostCentre"));
    assert_eq!(fields(&configuration)["Title"].max_length, Some(200));
    let templates = configuration.templates.clone().unwrap();
    assert_eq!(templates.len(), 3);
    assert!(configuration.groups.clone().unwrap().contains(&"Cloud Operations".to_owned()));
    // What was adopted serves when templates cannot be read.
    stage.fault(Fault::new(Effect::Status { code: 500, body: "No".to_owned() }).path("GetTemplates"));
    let fresh = Stage::new().await;
    fresh.provider.adopt(&configuration);
    fresh.fault(Fault::new(Effect::Status { code: 500, body: "No".to_owned() }).path("GetTemplates"));
    let named = Draft { template: Some("Networking Issue Incident Template".to_owned()), ..draft() };
    let made = fresh.provider.create(&named).await.unwrap();
    assert!(made.remarks[0].contains("as read 0 min ago"), "{:?}", made.remarks);
    assert_eq!(fresh.incident().fields["Classification"], "IncidentClassificationEnum.Networking");
    let gap = read().await;
    assert!(gap.gap("templates").is_some() && gap.templates.is_none() && !gap.choices.is_empty());
}
