use super::*;
use crate::probe::{Report, Verdict};

async fn checked(stage: &Stage) -> Report {
    let mut report = Report::new("prov");
    stage.provider.check(&[WorkItemType::Incident], &mut report).await;
    report
}

fn bad(report: &Report) -> Vec<(&str, Verdict, &str)> {
    let bad = report.probes.iter().filter(|probe| matches!(probe.verdict, Verdict::Failed | Verdict::Warning));
    bad.map(|probe| (probe.name.as_str(), probe.verdict, probe.remedy.as_str())).collect()
}

#[tokio::test]
async fn what_is_missing_is_named_with_a_remedy() {
    let stage = Stage::with(options(), "").await;
    stage.tool.file(Kind::Incident, "x");
    let report = checked(&stage).await;
    let found = bad(&report);
    assert!(found.len() == 1 && found[0].0 == "customer" && found[0].2.contains("provance.customer"), "{found:?}");
    let stage = stage.again("[provance]\ncustomer = \"Nobody Ltd\"\n");
    let found = checked(&stage).await;
    assert!(bad(&found)[0].2.contains("/accounts(GUID)"), "{found:?}");
    let stage = stage.again(&format!("incident = {{ fields = {{ new_cost = \"1\" }} }}\n{CUSTOMER}"));
    let report = checked(&stage).await;
    assert!(bad(&report).iter().any(|(name, ..)| *name == "fields"), "{report:?}");
    let stage = stage.again("[provance]\nprofile.incident.number = \"abc_number\"\n");
    let report = checked(&stage).await;
    let profile = report.probes.iter().find(|probe| probe.name == "profile").unwrap();
    assert!(profile.verdict == Verdict::Failed && profile.finding.contains("incident.number = \"abc_number\""), "{profile:?}");
    let stage =
        stage.again(&format!("{CUSTOMER}profile.incident.correlation = {{ column = \"title\", alternate_key = true }}\n"));
    let report = checked(&stage).await;
    assert!(bad(&report).iter().any(|(name, ..)| *name == "alternate key"), "{report:?}");
}

#[tokio::test]
async fn an_application_that_is_no_user_fails_at_the_token() {
    let stranger = emulators::dataverse::options::STRANGER_APPLICATION;
    let auth = format!("auth = {{ type = \"client_credentials\", client_id = \"{stranger}\", client_secret = \"$SECRET\" }}\n");
    let stage = Stage::with(options(), &auth).await;
    let report = checked(&stage).await;
    let found = bad(&report);
    assert!(found.len() == 1 && found[0].0 == "token" && found[0].2.contains("application user"), "{found:?}");
}
