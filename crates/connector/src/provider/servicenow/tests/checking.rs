use super::*;
use crate::probe::{Probe, Report, Verdict};

async fn check(stage: &Stage, kinds: &[WorkItemType]) -> Report {
    let mut report = Report::new("snow");
    stage.provider.check(kinds, &mut report).await;
    report
}

fn probe<'r>(report: &'r Report, name: &str) -> &'r Probe {
    report.probes.iter().find(|probe| probe.name == name).unwrap_or_else(|| panic!("no probe {name} in {report:#?}"))
}

#[tokio::test]
async fn a_healthy_instance_passes_and_nothing_is_written() {
    let stage = Stage::new().await;
    stage.instance.insert("incident", &[("short_description", "an older one")]);
    let report = check(&stage, &WorkItemType::ALL).await;
    assert!(report.good(), "{report:#?}");
    for name in
        ["settings", "tcp", "awake", "credentials", "clock", "table incident read", "fields of incident", "choices close_code"]
    {
        assert_eq!(probe(&report, name).verdict, Verdict::Passed, "{report:#?}");
    }
    assert!(stage.instance.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_sleeping_instance_is_said_to_sleep_and_the_rest_is_skipped() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::Hibernating));
    let report = check(&stage, &[WorkItemType::Incident]).await;
    let awake = probe(&report, "awake");
    assert_eq!(awake.verdict, Verdict::Failed);
    assert!(awake.cause.contains("hibernating") && awake.remedy.contains("developer.servicenow.com"));
    assert_eq!(probe(&report, "credentials").verdict, Verdict::Skipped);
}

#[tokio::test]
async fn a_wrong_password_fails_at_the_credentials_and_the_tables_are_skipped() {
    let stage = Stage::settings("auth = { type = \"basic\", username = \"itsm\", password = \"$WRONG\" }").await;
    let report = check(&stage, &[WorkItemType::Incident]).await;
    assert_eq!(probe(&report, "awake").verdict, Verdict::Passed);
    let credentials = probe(&report, "credentials");
    assert!(credentials.verdict == Verdict::Failed && credentials.cause.contains("wrong"), "{credentials:?}");
    assert_eq!(probe(&report, "table incident").verdict, Verdict::Skipped);
}

#[tokio::test]
async fn a_closed_port_fails_at_tcp_and_the_rest_is_skipped() {
    let stage = Stage::new().await;
    let Stage { instance, clock, .. } = stage;
    let url = instance.url();
    drop(instance);
    let mut report = Report::new("snow");
    provider_for(&settings(&url, ""), &clock).check(&[WorkItemType::Incident], &mut report).await;
    assert_eq!(probe(&report, "tcp").verdict, Verdict::Failed, "{report:#?}");
    for name in ["tls", "awake", "credentials", "table incident"] {
        assert_eq!(probe(&report, name).verdict, Verdict::Skipped, "{report:#?}");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_named_and_cured_by_its_certificate() {
    let directory = std::env::temp_dir().join(format!("itsm-connector-check-{}", std::process::id()));
    let tls = emulators::servicenow::Tls { directory: directory.clone() };
    let stage = Stage::with(Options { tls: Some(tls), ..Options::default() }, "").await;
    let report = check(&stage, &[WorkItemType::Incident]).await;
    let found = probe(&report, "tls");
    assert!(found.verdict == Verdict::Failed && found.cause.contains("authority"), "{found:?}");
    assert!(found.remedy.contains("ca_certificate"));
    let error = stage.provider.create(&draft(WorkItemType::Incident)).await.unwrap_err();
    assert!(waits(&error) == WaitReason::Outage && remedy(&error).contains("ca_certificate"), "{error:?}");

    let file = stage.instance.certificate_file().unwrap().display().to_string();
    let trusting = provider_for(&settings(&stage.instance.url(), &format!("ca_certificate = \"{file}\"")), &stage.clock);
    let mut report = Report::new("snow");
    trusting.check(&[WorkItemType::Incident], &mut report).await;
    assert_eq!(probe(&report, "tls").verdict, Verdict::Passed, "{report:#?}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_found_before_its_value_is_lost() {
    let stage = Stage::settings("[incident.fields]\nu_no_such_field = \"x\"").await;
    stage.instance.insert("incident", &[("short_description", "an older one")]);
    let report = check(&stage, &[WorkItemType::Incident]).await;
    let fields = probe(&report, "fields of incident");
    assert_ne!(fields.verdict, Verdict::Passed);
    assert!(fields.finding.contains("u_no_such_field"), "{fields:?}");
}

#[tokio::test]
async fn a_missing_plugin_template_and_close_code_are_each_named() {
    let more = "policy = { close_code = \"No such code\" }\nincident = { template = \"No such template\" }";
    let stage = Stage::with(Options { event_management: false, ..Options::default() }, more).await;
    let report = check(&stage, &[WorkItemType::Incident, WorkItemType::Event]).await;
    assert!(probe(&report, "table em_event read").remedy.contains("Event Management plugin"), "{report:#?}");
    assert_eq!(probe(&report, "template \"No such template\"").verdict, Verdict::Failed);
    assert!(probe(&report, "choices close_code").cause.contains("No such code"));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_noticed() {
    let stage = Stage::new().await;
    stage.clock.advance(std::time::Duration::from_secs(3600));
    let report = check(&stage, &[WorkItemType::Incident]).await;
    assert_eq!(probe(&report, "clock").verdict, Verdict::Warning, "{report:#?}");
}

#[tokio::test]
async fn a_staging_table_that_is_missing_is_named() {
    let stage =
        Stage::with(Options { staging: Vec::new(), ..Options::default() }, "servicenow = { write = \"import_set\" }").await;
    let report = check(&stage, &[WorkItemType::Incident]).await;
    let found = probe(&report, "staging table x_mioms_microsoft_oms_incident");
    assert_eq!(found.verdict, Verdict::Failed, "{report:#?}");
}
