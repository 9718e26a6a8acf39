use connector::configuration::validate::findings;
use connector::work_item::WorkItemType;

use crate::stage::{Stage, metric, remarks};
use crate::subject::Subject;

/// The template that the subject has.
fn the_template(subject: &Subject) -> (&'static str, &'static str, &'static str) {
    subject.words.template.expect("a subject without templates is without this story")
}

pub(super) async fn template(subject: &'static Subject) {
    let (name, field, value) = the_template(subject);
    let stage = Stage::with(subject, &format!("incident = {{ template = \"{name}\" }}")).await;
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(remarks(&done).lines().filter(|line| !line.contains("configuration item")).count(), 0, "{}", remarks(&done));
    let incident = stage.incident();
    assert_eq!(incident.fields[field], value, "{incident:#?}");
    assert!(incident.title.contains("cpu"), "what the alert says wins over the template: {incident:#?}");
    // Without the template the field is another.
    let plain = Stage::new(subject).await;
    plain.told(&metric("cpu", 0, false)).await;
    assert_ne!(plain.incident().fields.get(field).map(String::as_str), Some(value));
}

pub(super) async fn template_missing(subject: &'static Subject) {
    let stage = Stage::with(subject, "incident = { template = \"Nobody made this\" }").await;
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert!(remarks(&done).contains("Nobody made this"), "{}", remarks(&done));
    stage.incident();
    let named = broken(&stage).await;
    assert!(named.iter().any(|(setting, _)| setting == "connections.it.incident.template"), "{named:?}");
}

pub(super) async fn choice_missing(subject: &'static Subject) {
    let (field, value) = subject.words.not_a_choice;
    let stage = Stage::with(subject, &format!("incident = {{ fields = {{ \"{field}\" = \"{value}\" }} }}")).await;
    let named = broken(&stage).await;
    let setting = format!("connections.it.incident.fields.{field}");
    assert!(named.iter().any(|(key, problem)| *key == setting && problem.contains(value)), "{named:?}");
    let sound = Stage::new(subject).await;
    assert_eq!(broken(&sound).await, []);
}

pub(super) async fn refresh(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    let configuration = stage.provider().configuration(&[WorkItemType::Incident]).await.unwrap();
    assert_eq!(configuration.gaps, []);
    let words = stage.settings.connections["it"].product.words();
    let table = words.table(WorkItemType::Incident);
    let lists = configuration.choices.get(table).unwrap_or_else(|| panic!("no lists of {table}: {configuration:#?}"));
    for field in &words.severity {
        assert!(lists.get(field).is_some_and(|list| list.len() > 1), "{field}: {lists:#?}");
    }
    let groups = configuration.groups.unwrap();
    assert!(groups.iter().any(|group| group == subject.words.group), "{groups:?}");
    assert!(configuration.fields.unwrap()[table].len() > 5);
    if let Some((name, _, _)) = subject.words.template {
        assert!(configuration.templates.unwrap().iter().any(|template| template.name == name));
    }
}

/// Settings that refer to something that is not there.
async fn broken(stage: &Stage) -> Vec<(String, String)> {
    let configuration = stage.provider().configuration(&[WorkItemType::Incident]).await.unwrap();
    let connection = &stage.settings.connections["it"];
    let found = findings("it", connection, &stage.settings.route, &configuration);
    found.into_iter().map(|finding| (finding.setting, finding.problem)).collect()
}
