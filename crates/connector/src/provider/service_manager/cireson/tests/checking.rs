//! The check: every step by name, and what stands in its way.

use super::*;
use crate::probe::{Probe, Report, Verdict};

async fn checked(stage: &Stage) -> Vec<Probe> {
    let mut report = Report::new("scsm");
    stage.provider.check(&[WorkItemType::Incident], &mut report).await;
    report.probes
}

fn bad(probes: &[Probe]) -> Vec<&Probe> {
    probes.iter().filter(|probe| matches!(probe.verdict, Verdict::Failed | Verdict::Warning)).collect()
}

#[tokio::test]
async fn all_is_well_and_nothing_is_used_up() {
    let stage =
        Stage::settings("incident = { template = \"Networking Issue Incident Template\", fields = { TierQueue = \"Tier 2\" } }")
            .await;
    let probes = checked(&stage).await;
    assert!(bad(&probes).is_empty(), "{probes:#?}");
    assert_eq!((stage.asked("CreateProjectionByTemplate"), stage.asked("Commit")), (0, 0));
    assert_eq!(stage.created().await.item.number, "IR1001");
}

#[tokio::test]
async fn windows_authentication_is_the_one_thing_that_is_told() {
    let stage = Stage::with(Options { windows_authentication: true, ..Options::default() }, "").await;
    let probes = checked(&stage).await;
    let bad = bad(&probes);
    assert_eq!(bad.len(), 1, "{probes:#?}");
    assert!(bad[0].cause.contains("Windows authentication") && bad[0].remedy.contains("gateway"));
}

#[tokio::test]
async fn each_broken_setting_is_named_with_a_remedy() {
    for (more, step, word) in [
        ("service_manager = { key_property = \"NoSuchProperty\" }", "key property", "NoSuchProperty"),
        (
            "service_manager = { cireson = { incident_projection = \"00000000-0000-0000-0000-000000000001\" } }",
            "incidents",
            "projection",
        ),
        (
            "service_manager = { cireson = { change_projection = \"00000000-0000-0000-0000-000000000001\" } }",
            "change requests",
            "projection",
        ),
        (
            "service_manager = { cireson = { default_template = \"00000000-0000-0000-0000-000000000001\" } }",
            "templates",
            "template",
        ),
        ("incident = { template = \"Nobody made this\" }", "template \"Nobody made this\"", "template"),
        ("service_manager = { source = \"IncidentSourceEnum.Nobody\" }", "lists", "IncidentSourceEnum.Nobody"),
        ("policy = { close_code = \"Nobody\" }", "resolution category", "Nobody"),
        ("auth = { type = \"password\", username = 'CONTOSO\\svc-itsm', password = \"$WRONG\" }", "token", "svc-itsm"),
    ] {
        let probes = checked(&Stage::settings(more).await).await;
        let probe = probes.iter().find(|probe| probe.name == step).unwrap_or_else(|| panic!("{step}: {probes:#?}"));
        assert!(matches!(probe.verdict, Verdict::Failed | Verdict::Warning), "{probe:#?}");
        assert!(format!("{} {}", probe.finding, probe.cause).contains(word) && probe.remedy.len() > 15, "{probe:#?}");
    }
}

#[tokio::test]
async fn a_user_who_is_no_analyst_is_told() {
    let options = Options {
        accounts: vec![emulators::service_manager::cireson::Account {
            name: "CONTOSO\\joe.employee".to_owned(),
            password: "p".to_owned(),
        }],
        ..Options::default()
    };
    let auth = "auth = { type = \"password\", username = 'CONTOSO\\joe.employee', password = \"$PASSWORD\" }";
    let probes = checked(&Stage::with(options, auth).await).await;
    let bad = bad(&probes);
    assert_eq!((bad.len(), bad[0].name.as_str()), (1, "user"), "{probes:#?}");
    assert!(bad[0].remedy.contains("Advanced Operators"));
}

#[tokio::test]
async fn a_portal_that_takes_no_iso_instants_is_well_too() {
    let instants = emulators::service_manager::cireson::InstantTexts::WithoutIso;
    let probes = checked(&Stage::with(Options { instants, ..Options::default() }, "").await).await;
    assert!(bad(&probes).is_empty(), "{probes:#?}");
    assert!(probes.iter().any(|probe| probe.finding.contains("instants as plain")), "{probes:#?}");
}
