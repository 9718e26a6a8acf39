use emulators::service_manager::model::{Class, Kind as PropertyKind, Language, Property};

use super::*;
use crate::configuration::validate::findings;
use crate::provider::service_manager::mapping;

#[tokio::test]
async fn templates_lists_groups_and_properties_are_read() {
    let mut options = Options::default();
    options.group.extensions = vec![(Class::Incident, Property::new("AzureResource_x", PropertyKind::Text(100)))];
    let stage = Stage::with(options, "").await;
    let read = stage.provider.configuration(&[KIND]).await.unwrap();
    assert_eq!(read.gaps, []);
    let lists = &read.choices[mapping::INCIDENT];
    let impact: Vec<_> = lists["Impact"].iter().map(|choice| (choice.value.as_str(), choice.label.as_str())).collect();
    assert!(impact.contains(&("System.WorkItem.TroubleTicket.ImpactEnum.High", "High")), "{impact:?}");
    assert!(read.groups.unwrap().contains(&"Tier 2".to_owned()));
    let fields = &read.fields.unwrap()[mapping::INCIDENT];
    assert_eq!(fields["AzureResource_x"].max_length, Some(100));
    assert_eq!(fields["Title"].kind, "string");
    let templates: Vec<_> = read.templates.unwrap().into_iter().map(|template| template.name).collect();
    assert!(
        templates.contains(&"Networking Issue Incident Template".to_owned())
            && !templates.contains(&"Standard Change Request".to_owned())
    );
}

#[tokio::test]
async fn a_property_of_a_class_extension_is_written_and_cut() {
    let mut options = Options::default();
    options.group.extensions = vec![(Class::Incident, Property::new("AzureResource_x", PropertyKind::Text(10)))];
    let stage = Stage::with(options, "").await;
    let written = stage.provider.create(&with_fields([("AzureResource_x", "/subscriptions/1")])).await.unwrap();
    assert_eq!(written.dropped, []);
    assert_eq!(stage.incident().fields["AzureResource_x"], "/subscrip…");
}

#[tokio::test]
async fn settings_that_name_what_is_not_there_are_found_and_each_finding_helps() {
    let more = "incident = { template = \"Nobody\", fields = { Impact = \"Disastrous\", TierQueue = \"Tier 9\", Nonsense = \"x\", Classification = \
                \"{{ alert.rule }}\", Source = \"6ef191ce-3124-2974-94fb-020c677f4017\" } }\n\
                policy = { close_code = \"Done\" }\n\
                severity = { Sev1 = { impact = \"high\", urgency = \"Hoch\" } }\n\
                service_manager = { closed_states = [\"IncidentStatusEnum.Closed\", \"Own.Cancelled\"] }";
    let stage = Stage::with(Options::default(), more).await;
    let read = stage.provider.configuration(&[KIND]).await.unwrap();
    let found = findings("scsm", &settings(&stage.tool.url(), more), &BTreeMap::new(), &read);
    let mut named: Vec<_> = found.iter().map(|finding| finding.setting.trim_start_matches("connections.scsm.")).collect();
    named.sort_unstable();
    let expected = [
        "incident.fields.Impact",
        "incident.fields.Nonsense",
        "incident.fields.TierQueue",
        "incident.template",
        "policy.close_code",
        "service_manager.closed_states[1]",
        "severity.Sev1.urgency",
    ];
    assert_eq!(named, expected);
    assert!(found.iter().all(|finding| !finding.problem.is_empty() && !finding.remedy.is_empty()), "{found:#?}");
}

#[tokio::test]
async fn the_copy_of_a_refresh_serves_when_the_lists_cannot_be_read() {
    let stage = Stage::with(Options { language: Language::German, ..Options::default() }, "").await;
    let read = stage.provider.configuration(&[KIND]).await.unwrap();
    let other = provider_for(&settings(&stage.tool.url(), ""), secrets(), &stage.clock);
    stage.tool.faults().add(Fault::new(Effect::SdkTimeout { done: false }).path("metadata "));
    let error = other.create(&draft()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "nothing was written: {error:?}");
    other.adopt(&read);
    let written = other.create(&with_fields([("TierQueue", "Ebene 2"), ("Impact", "Hoch")])).await.unwrap();
    assert_eq!(written.dropped, []);
    assert_eq!(written.item.values["Impact"], "System.WorkItem.TroubleTicket.ImpactEnum.High");
    assert_eq!(written.item.state, "Aktiv");
}

#[tokio::test]
async fn lists_that_may_not_be_read_are_gaps_and_an_outage_is_none() {
    let stage = Stage::new().await;
    stage.once(Effect::AccessDenied, "metadata ");
    let read = stage.provider.configuration(&[KIND]).await.unwrap();
    let parts: Vec<_> = read.gaps.iter().map(|gap| gap.part.as_str()).collect();
    assert_eq!(parts, ["templates", "choices", "groups", "fields"]);
    assert!(read.gaps.iter().all(|gap| gap.remedy.contains("Advanced Operator")), "{:?}", read.gaps);
    stage.once(Effect::SdkUnavailable, "metadata ");
    assert!(stage.provider.configuration(&[KIND]).await.is_err());
}
