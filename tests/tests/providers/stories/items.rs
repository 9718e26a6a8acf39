use crate::stage::{Stage, metric, remarks};
use crate::subject::Subject;

pub(super) async fn found(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.tool.add_computer("app07");
    let done = stage.told(&metric("app07", 0, false)).await;
    assert_eq!(remarks(&done), "");
    assert_eq!(stage.incident().computers, ["app07"]);
}

pub(super) async fn ambiguous(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.tool.add_computer("app07");
    stage.tool.add_computer("app07");
    let done = stage.told(&metric("app07", 0, false)).await;
    assert!(stage.incident().computers.is_empty());
    assert!(remarks(&done).contains("2 fit equally") && remarks(&done).contains("app07"), "{}", remarks(&done));
}

pub(super) async fn missing(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    let before = stage.tool.computers();
    let done = stage.told(&metric("app07", 0, false)).await;
    assert!(stage.incident().computers.is_empty());
    assert!(
        remarks(&done).contains("no configuration item was linked") && remarks(&done).contains("app07"),
        "{}",
        remarks(&done)
    );
    assert_eq!(stage.tool.computers(), before);
}

pub(super) async fn created(subject: &'static Subject) {
    let stage = Stage::with(subject, "configuration_item = { create = true }").await;
    for (rule, episode) in [("app07", 0), ("app07", 400)] {
        stage.told(&metric(rule, episode, false)).await;
        stage.told(&metric(rule, episode, true)).await;
    }
    let named = stage.tool.computers().into_iter().filter(|name| name.to_lowercase().starts_with("app07")).count();
    assert_eq!(named, 1);
    assert_eq!(stage.incidents()[0].computers.len(), 1);
}
