use emulators::cherwell::User;
use emulators::desk::{Desk, Kind};

use super::*;
use crate::probe::{Report, Verdict};

async fn checked(stage: &Stage) -> Report {
    let mut report = Report::new("csm");
    stage.provider.check(&[WorkItemType::Incident], &mut report).await;
    report
}

/// What is not as it should be: step, verdict, and everything that is said.
fn bad(report: &Report) -> Vec<(String, Verdict, String)> {
    let bad = report.probes.iter().filter(|probe| matches!(probe.verdict, Verdict::Failed | Verdict::Warning));
    bad.map(|probe| (probe.name.clone(), probe.verdict, format!("{}: {}; {}", probe.finding, probe.cause, probe.remedy)))
        .collect()
}

async fn filled(options: Options, top: &str, own: &str) -> Stage {
    let stage = Stage::with(options, top, own).await;
    stage.server.file(Kind::Incident, "printer on fire");
    stage.server.file(Kind::ChangeRequest, "a new printer");
    stage
}

#[tokio::test]
async fn all_is_well_and_nothing_is_written() {
    let stage = filled(Options::default(), "configuration_item = { create = true }", "").await;
    let report = checked(&stage).await;
    assert_eq!(bad(&report), []);
    for step in ["awake", "token", "zone", "product life", "business object Incident", "key", "required fields", "lists", "notes"]
    {
        assert!(report.probes.iter().any(|probe| probe.name == step && probe.verdict == Verdict::Passed), "{step}: {report:#?}");
    }
    let writes =
        stage.server.requests().into_iter().filter(|request| request.path.contains("save") || request.path.contains("link"));
    assert_eq!(writes.count(), 0);
}

/// The one step that is not good, which says this, and this as the remedy.
async fn one(stage: &Stage, step: &str, verdict: Verdict, says: &str, remedy: &str) {
    let report = checked(stage).await;
    let found = bad(&report);
    let [(name, how, told)] = found.as_slice() else { panic!("{step}: {found:#?}") };
    assert_eq!((name.as_str(), *how), (step, verdict), "{told}");
    assert!(told.contains(says) && told.contains(remedy), "{told}");
}

#[tokio::test]
async fn each_thing_that_is_missing_is_named_with_a_remedy() {
    use Verdict::{Failed, Warning};
    let bare = || Options { external_id_field: None, ..Options::default() };
    let plain = Options::default;
    let short = "[cherwell.defaults]\nService = \"Server Management\"\nCategory = \"Server\"\n";
    for (options, top, own, step, verdict, says, remedy) in [
        (bare(), "", "", "key", Failed, "no field ExternalID", "description_marker"),
        (plain(), "", "external_id_field = \"CreatedBy\"\n", "key", Failed, "read-only", "60 characters"),
        (plain(), "", "external_id_field = \"CallSource\"\n", "key", Failed, "fewer than 46", "60 characters"),
        (plain(), "", "customer = \"Nobody\"\n", "customer", Failed, "\"Nobody\"", "cherwell.customer"),
        (plain(), "", short, "required fields", Warning, "Subcategory", "cherwell.defaults"),
        (plain(), "", "resolved_status = \"Solved\"\n", "lists", Warning, "no value \"Solved\"", "Resolved, Closed"),
        (plain(), "policy = { close_code = \"Sun\" }", "", "lists", Warning, "Cause has no value \"Sun\"", "Hardware"),
        (plain(), "incident = { fields = { Category = \"Cloud\" } }", "", "lists", Warning, "\"Cloud\" (it has Server", "lists"),
        (plain(), "incident = { fields = { Colour = \"red\" } }", "", "mapping", Warning, "Colour does not exist", "correct"),
        (plain(), "incident = { template = \"X\" }", "", "template \"X\"", Failed, "cherwell.templates", "add it"),
        (
            plain(),
            "",
            "journal_relationship = \"Notes\"\n",
            "notes",
            Failed,
            "no relationship \"Notes\"",
            "Incident owns Journals",
        ),
        (
            plain(),
            "",
            "change_object = \"Change\"\n",
            "business object Change",
            Failed,
            "no business object",
            "cherwell.change_object",
        ),
        (plain(), "", "fields = { escalation = \"Ladder\" }\n", "fields of Incident", Warning, "Ladder", "cherwell.fields"),
        (
            plain(),
            "",
            "configuration_items.object = \"Asset\"\n",
            "configuration items",
            Failed,
            "\"Asset\"",
            "configuration_items.object",
        ),
        (
            plain(),
            "",
            "configuration_items.resource_id_field = \"Arm\"\n",
            "configuration items",
            Failed,
            "Arm",
            "resource_id_field",
        ),
        (plain(), "", "zone = \"Asia/Tokyo\"\n", "zone", Warning, "UTC-06", "cherwell.zone"),
    ] {
        one(&filled(options, top, own).await, step, verdict, says, remedy).await;
    }
}

#[tokio::test]
async fn a_zone_that_is_only_an_offset_is_a_warning() {
    let options = Options { zone: "America/Nuuk".to_owned(), zone_as_object: false, ..Options::default() };
    let stage = filled(options, "", "").await;
    // The stand-in tells an IANA name where Windows' is not in its table; a server would tell Windows' own.
    let info = r#"{"apiVersion":"10.5.0","timeZone":{"Id":"Greenland Standard Time"},"systemUtcOffset":"-01:00:00"}"#;
    stage.server.faults().add(Fault::new(Effect::Status { code: 200, body: info.to_owned() }).path("serviceinfo"));
    one(&stage, "zone", Verdict::Warning, "UTC-01", "cherwell.zone").await;
}

#[tokio::test]
async fn the_end_of_the_products_life_is_told() {
    // 2026-11-27
    let stage = Stage::at(1_795_737_600, Options::default(), "", "").await;
    stage.server.file(Kind::Incident, "printer on fire");
    stage.server.file(Kind::ChangeRequest, "a new printer");
    one(&stage, "product life", Verdict::Warning, "ends in 34 days", "another ITSM tool").await;
}

#[tokio::test]
async fn missing_rights_are_named_one_by_one() {
    let all = [
        ("Incident", "vae"),
        ("ChangeRequest", "v"),
        ("ConfigurationItem", "v"),
        ("Customer", "v"),
        ("Journal", "va"),
        ("UserInfo", "v"),
    ];
    for (lacking, step) in [
        ("ChangeRequest", "business object ChangeRequest"),
        ("ConfigurationItem", "configuration items"),
        ("Customer", "customer"),
        ("Journal", "notes"),
    ] {
        let rights: Vec<_> = all.into_iter().filter(|(object, _)| *object != lacking).collect();
        let users = vec![User::new("itsm", "p", "Azure ITSM Connector", &rights)];
        let stage = filled(Options { users, ..Options::default() }, "", "").await;
        one(&stage, step, Verdict::Failed, "INSUFFICIENTRIGHTS", "security group").await;
    }
}

#[tokio::test]
async fn a_wrong_path_says_what_the_address_must_be() {
    let stage = Stage::new().await;
    let wrong = connection(&stage.server.url().replace("CherwellAPI", "Cherwell"), "", "");
    let mut report = Report::new("csm");
    provider(&wrong, &stage.clock).check(&[WorkItemType::Incident], &mut report).await;
    let [(name, _, told)] = &bad(&report)[..] else { panic!("{report:#?}") };
    assert!(name == "awake" && told.contains("https://HOST/CherwellAPI"), "{told}");
}

#[tokio::test]
async fn other_work_item_types_do_not_exist() {
    let stage = filled(Options::default(), "", "").await;
    let mut report = Report::new("csm");
    stage.provider.check(&[WorkItemType::Event], &mut report).await;
    assert_eq!(bad(&report)[0].0, "work item type event");
    assert_eq!(stage.provider.lifecycle(WorkItemType::Event), None);
}
