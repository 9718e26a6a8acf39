use emulators::desk::{Edit, Kind, Phase};

use crate::stage::{Stage, did, metric, severe};
use crate::subject::Subject;

pub(super) async fn edited(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&severe("cpu", 0, "Sev2")).await;
    let (field, value) = subject.words.followed;
    let incident = stage.incident();
    assert_ne!(incident.fields[field], value, "the story needs another value of {field}");
    stage.edit(&incident, Edit::Field(field.to_owned(), value.to_owned()));
    stage.edit(&incident, Edit::Title("Somebody looks after this".to_owned()));
    stage.edit(&incident, Edit::Assign(subject.words.person.to_owned()));
    let mine = stage.incident();
    assert_eq!(mine.fields[field], value);
    stage.told(&severe("cpu", 1, "Sev0")).await;
    let after = stage.incident();
    assert_eq!((after.fields[field].as_str(), after.title.as_str()), (value, "Somebody looks after this"));
    assert_eq!(after.notes.len(), mine.notes.len() + 1);
}

pub(super) async fn resolved(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.edit(&stage.incident(), Edit::Resolve);
    let hers = stage.incident();
    assert_eq!(hers.phase, Phase::Resolved);
    stage.told(&metric("cpu", 0, true)).await;
    let after = stage.incident();
    assert_eq!((after.state, after.phase), (hers.state, Phase::Resolved));
    assert_eq!(did(&stage.told(&metric("cpu", 40, false)).await), (0, 1, 0));
    assert_eq!(stage.incident().phase, Phase::Open);
}

pub(super) async fn closed(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.edit(&stage.incident(), Edit::Close);
    let hers = stage.incident();
    assert_eq!(hers.phase, Phase::Closed);
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    assert_eq!(stage.incident(), hers);
    assert_eq!(did(&stage.told(&metric("cpu", 20, false)).await), (1, 0, 0));
    let incidents = stage.incidents();
    assert_eq!(incidents.len(), 2);
    assert_eq!(incidents[0], hers, "a closed one is not touched");
    assert_eq!(incidents[1].phase, Phase::Open);
}

pub(super) async fn deleted(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.tool.remove(Kind::Incident, &stage.incident().id);
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    assert!(stage.incidents().is_empty());
    assert_eq!(did(&stage.told(&metric("cpu", 1, false)).await), (1, 0, 0));
    assert_eq!(stage.incident().phase, Phase::Open);
}
