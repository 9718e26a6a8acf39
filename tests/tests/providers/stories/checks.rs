use connector::probe::{Report, Verdict};
use connector::work_item::WorkItemType;
use emulators::desk::{Kind, Trouble};

use crate::stage::Stage;
use crate::subject::Subject;

async fn checked(stage: &Stage) -> Report {
    let mut report = Report::new("it");
    stage.provider().check(&[WorkItemType::Incident], &mut report).await;
    report
}

pub(super) async fn good(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    // An empty table and one that may not be read look the same.
    stage.tool.file(Kind::Incident, "printer on fire");
    stage.tool.file(Kind::ChangeRequest, "a new printer");
    let before = stage.tool.all(Kind::Incident);
    let report = checked(&stage).await;
    let bad: Vec<_> = report.probes.iter().filter(|probe| matches!(probe.verdict, Verdict::Failed | Verdict::Warning)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let passed = report.probes.iter().filter(|probe| probe.verdict == Verdict::Passed).count();
    assert!(passed >= 6, "{report:#?}");
    assert_eq!(stage.tool.all(Kind::Incident), before, "a check writes nothing");
}

pub(super) async fn outage(subject: &'static Subject) {
    told(subject, Trouble::Down).await;
}

pub(super) async fn credentials(subject: &'static Subject) {
    told(subject, Trouble::CredentialsRefused).await;
}

/// The first probe that fails says why and what to do; what needs it is skipped, not failed.
async fn told(subject: &'static Subject, trouble: Trouble) {
    let stage = Stage::new(subject).await;
    stage.strike(trouble);
    let report = checked(&stage).await;
    let failed: Vec<_> = report.probes.iter().filter(|probe| probe.verdict == Verdict::Failed).collect();
    assert_eq!(failed.len(), 1, "{report:#?}");
    assert!(failed[0].cause.len() > 15 && failed[0].remedy.len() > 15, "{report:#?}");
    assert!(report.probes.iter().any(|probe| probe.verdict == Verdict::Skipped), "{report:#?}");
}
