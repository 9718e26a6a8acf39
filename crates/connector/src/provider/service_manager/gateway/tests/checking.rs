use super::*;
use crate::probe::{Probe, Report, Verdict};

async fn check(stage: &Stage) -> Report {
    let mut report = Report::new("scsm");
    stage.provider.check(&[KIND], &mut report).await;
    report
}

fn probe<'r>(report: &'r Report, name: &str) -> &'r Probe {
    report.probes.iter().find(|probe| probe.name == name).unwrap_or_else(|| panic!("no probe {name} in {report:#?}"))
}

#[tokio::test]
async fn a_healthy_gateway_passes_with_its_own_checks_shown_and_nothing_is_written() {
    let stage = Stage::new().await;
    let report = check(&stage).await;
    for name in [
        "settings",
        "tcp",
        "awake",
        "credentials",
        "gateway",
        "gateway: sdk",
        "clock",
        "read incidents",
        "read changes",
        "lists",
        "mapping",
        "computers",
    ] {
        assert_eq!(probe(&report, name).verdict, Verdict::Passed, "{name}: {report:#?}");
    }
    assert!(probe(&report, "gateway").finding.contains("CONTOSO\\svc-itsm"), "{report:#?}");
    assert!(probe(&report, "gateway: sdk").finding.contains("scsm01.contoso.com"), "{report:#?}");
    assert!(stage.tool.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_server_that_is_down_is_told_by_the_gateways_own_check_and_the_rest_is_skipped() {
    let stage = Stage::new().await;
    stage.tool.strike(&emulators::desk::Trouble::Down);
    let report = check(&stage).await;
    let own = probe(&report, "gateway: sdk");
    assert_eq!(own.verdict, Verdict::Failed);
    assert!(own.cause.contains("management server cannot be reached") && own.remedy.contains("5724"), "{own:?}");
    assert_eq!(probe(&report, "gateway").verdict, Verdict::Passed);
    for name in ["read incidents", "read changes", "lists", "mapping", "computers"] {
        assert_eq!(probe(&report, name).verdict, Verdict::Skipped, "{report:#?}");
    }
}

#[tokio::test]
async fn missing_rights_are_told_one_by_one() {
    let stage = Stage::new().await;
    for operation in ["list /v1/changes", "metadata ", "computers "] {
        stage.tool.faults().add(Fault::new(Effect::AccessDenied).path(operation));
    }
    let report = check(&stage).await;
    assert_eq!(probe(&report, "read incidents").verdict, Verdict::Passed);
    for name in ["read changes", "lists", "computers"] {
        let probe = probe(&report, name);
        assert!(probe.verdict == Verdict::Failed && probe.remedy.contains("Advanced Operator"), "{probe:?}");
    }
    assert_eq!(probe(&report, "mapping").verdict, Verdict::Skipped);
}

#[tokio::test]
async fn a_clock_that_is_wrong_and_settings_that_do_not_fit_are_warnings() {
    let more = "configuration_item = { create = true }\nincident = { template = \"Nobody\" }\nsync = { overlap = \"1m\" }";
    let stage = Stage::with(Options { settle_seconds: 90, ..Options::default() }, more).await;
    stage.clock.advance(Duration::from_secs(600));
    let report = check(&stage).await;
    assert!(report.good(), "{report:#?}");
    for (name, says) in
        [("clock", "-600 s"), ("overlap", "60 s"), ("computers", "created"), ("mapping", "connections.scsm.incident.template")]
    {
        let probe = probe(&report, name);
        assert!(probe.verdict == Verdict::Warning && probe.finding.contains(says) && !probe.remedy.is_empty(), "{probe:?}");
    }
}

#[tokio::test]
async fn a_closed_port_fails_at_tcp_and_the_rest_is_skipped() {
    let Stage { tool, clock, .. } = Stage::new().await;
    let url = tool.url();
    drop(tool);
    let mut report = Report::new("scsm");
    provider_for(&settings(&url, ""), secrets(), &clock).check(&[KIND], &mut report).await;
    assert_eq!(probe(&report, "tcp").verdict, Verdict::Failed, "{report:#?}");
    for name in ["awake", "credentials", "gateway", "computers"] {
        assert_eq!(probe(&report, name).verdict, Verdict::Skipped, "{report:#?}");
    }
}
