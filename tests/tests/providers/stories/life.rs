use std::sync::Arc;

use connector::store::Filter;
use emulators::desk::{Kind, Phase};

use crate::stage::{Stage, did, metric, severe};
use crate::subject::Subject;

pub(super) async fn create(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    assert_eq!(did(&stage.told(&metric("cpu-web01", 0, false)).await), (1, 0, 0));
    let incident = stage.incident();
    assert!(incident.title.contains("cpu-web01"), "{incident:#?}");
    assert!(incident.description.contains("97.25") && incident.description.contains("90"), "{incident:#?}");
    assert_eq!(incident.phase, Phase::Open);
    assert!(!incident.number.is_empty());
}

pub(super) async fn repeat(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    let before = stage.incident().notes.len();
    assert_eq!(did(&stage.told(&metric("cpu", 5, false)).await), (0, 1, 0));
    let notes = stage.incident().notes;
    assert!(notes.len() == before + 1 && notes.last().unwrap().contains("repeat 1"), "{notes:#?}");
    let asked = stage.tool.requests();
    assert_eq!(did(&stage.told(&metric("cpu", 5, false)).await), (0, 0, 1));
    assert_eq!((stage.tool.requests(), stage.incident().notes), (asked, notes), "nothing need be asked about a redelivery");
}

pub(super) async fn resolve(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    let resolved = stage.told(&metric("cpu", 0, true)).await;
    assert_eq!(did(&resolved), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!(resolved.summary.unwrap().work_items, [incident.number.as_str()]);
    assert_eq!(incident.phase, Phase::Resolved, "{incident:#?}");
    let said = incident.notes.iter().chain(incident.fields.values()).any(|text| text.contains("the condition is over"));
    assert!(said, "{incident:#?}");
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 1));
}

pub(super) async fn out_of_order(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    assert!(stage.incidents().is_empty());
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (1, 0, 0));
    assert_eq!(stage.incident().phase, Phase::Resolved);
}

pub(super) async fn reopen(subject: &'static Subject) {
    let stage = Stage::with(subject, "policy = { reopen_window = \"1h\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.told(&metric("cpu", 0, true)).await;
    stage.minutes(30);
    assert_eq!(did(&stage.told(&metric("cpu", 62, false)).await), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!(incident.phase, Phase::Open, "{incident:#?}");
    assert!(incident.notes.iter().any(|note| note.contains("Reopened")), "{incident:#?}");
}

pub(super) async fn follow(subject: &'static Subject) {
    let stage = Stage::with(subject, "policy = { reopen_window = \"1h\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.told(&metric("cpu", 0, true)).await;
    stage.minutes(210);
    assert_eq!(did(&stage.told(&metric("cpu", 240, false)).await), (1, 0, 0));
    let incidents = stage.incidents();
    assert_eq!(incidents.iter().map(|incident| incident.phase).collect::<Vec<_>>(), [Phase::Resolved, Phase::Open]);
    let (old, new) = (&incidents[0], &incidents[1]);
    assert!(new.notes.iter().chain([&new.description]).any(|text| text.contains(&old.number)), "{new:#?}");
    // Its end is its own.
    stage.told(&metric("cpu", 240, true)).await;
    assert_eq!(stage.incidents()[1].phase, Phase::Resolved);
}

pub(super) async fn follow_severity(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&severe("cpu", 0, "Sev4")).await;
    let field = subject.words.followed.0;
    let before = stage.incident().fields[field].clone();
    stage.told(&severe("cpu", 1, "Sev0")).await;
    let after = stage.incident().fields[field].clone();
    assert_ne!(before, after, "{field} follows the alert");
    // An incident that began like this looks the same.
    let other = Stage::new(subject).await;
    other.told(&severe("cpu", 0, "Sev0")).await;
    assert_eq!(other.incident().fields[field], after);
}

pub(super) async fn race(subject: &'static Subject) {
    let stage = Stage::with(subject, "concurrency = 8").await;
    let alert = metric("cpu", 0, false);
    let posts = (0..100).map(|_| stage.posted(&alert));
    futures_util::future::join_all(posts).await;
    stage.settled().await;
    stage.incident();
    let counts = stage.running.queue.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.work_items, counts.duplicates_suppressed, counts.dead_letters), (100, 1, 99, 0));
}

pub(super) async fn memory_gone(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    let number = stage.incident().number;
    let stage = stage.forgetful().await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!((incident.number, incident.phase), (number, Phase::Resolved));
}

pub(super) async fn dry_run(subject: &'static Subject) {
    let stage = Stage::with(subject, "dry_run = true\nconfiguration_item = { create = true }").await;
    let (before, computers) = (stage.tool.all(Kind::Incident), stage.tool.computers());
    for (episode, resolved) in [(0, false), (1, false), (1, true)] {
        stage.told(&metric("nowhere77", episode, resolved)).await;
    }
    let all = stage.running.queue.list(&Filter { limit: 10, ..Filter::default() }).await.unwrap();
    assert!(all.iter().all(|listed| listed.summary.is_some()), "{all:#?}");
    let after: Arc<_> = Arc::clone(&stage.tool);
    assert_eq!((after.all(Kind::Incident), after.computers()), (before, computers));
}
