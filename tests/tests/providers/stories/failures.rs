use std::time::Duration;

use emulators::desk::{Phase, Trouble};

use crate::stage::{Stage, dead, did, metric};
use crate::subject::Subject;

pub(super) async fn create_answer_lost(subject: &'static Subject) {
    lost(subject, Trouble::CreateAnswerLost).await;
}

pub(super) async fn create_lost(subject: &'static Subject) {
    lost(subject, Trouble::CreateLost).await;
}

async fn lost(subject: &'static Subject, trouble: Trouble) {
    let stage = Stage::new(subject).await;
    stage.strike(trouble);
    let begun = stage.clock_now();
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert!(stage.clock_now() > begun, "the trouble did not come about: nothing had to be tried again");
    assert_eq!(done.summary.as_ref().map(|summary| summary.created), Some(1), "{done:#?}");
    stage.incident();
    stage.told(&metric("cpu", 0, true)).await;
    assert_eq!(stage.incident().phase, Phase::Resolved);
}

pub(super) async fn refused(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.strike(Trouble::CreateRefused("Change freeze until Monday".to_owned()));
    let refused = stage.told(&metric("cpu", 0, false)).await;
    let (cause, remedy) = dead(&refused);
    assert!(cause.contains("Change freeze until Monday"), "{cause}");
    assert!(!remedy.is_empty());
    assert!(stage.incidents().is_empty());
    stage.tool.calm();
    stage.running.queue.redrive(refused.id, stage.clock_now()).await.unwrap();
    stage.settled().await;
    stage.incident();
}

pub(super) async fn outage(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("before", 0, false)).await;
    stage.strike(Trouble::Down);
    nothing_lost(&stage, "outage").await;
}

pub(super) async fn login_page(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("before", 0, false)).await;
    stage.strike(Trouble::LoginPage);
    nothing_lost(&stage, "").await;
}

/// Alerts come while nothing works; the connection waits, for `reason` where the tool leaves no doubt; then all is well.
async fn nothing_lost(stage: &Stage, reason: &str) {
    for rule in ["a", "b", "c", "d", "e"] {
        stage.posted(&metric(rule, 0, false)).await;
    }
    stage.posted(&metric("before", 0, true)).await;
    stage.happens("a waiting connection", async || !stage.gate("it").await["until"].is_null()).await;
    let gate = stage.gate("it").await;
    assert!(reason.is_empty() || gate["reason"] == reason, "{gate:#}");
    let asked = stage.tool.requests();
    stage.quiet().await;
    assert!(stage.tool.requests() - asked <= 6, "a tool that is down is left alone");
    stage.minutes(180);
    stage.tool.calm();
    stage.settled().await;
    let incidents = stage.incidents();
    assert_eq!(incidents.len(), 6, "{incidents:#?}");
    assert_eq!(incidents[0].phase, Phase::Resolved);
    assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
}

pub(super) async fn rate_limit(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("before", 0, false)).await;
    stage.strike(Trouble::RateLimited(Duration::from_secs(300)));
    let begun = stage.clock_now();
    stage.posted(&metric("cpu", 0, false)).await;
    stage.happens("a waiting connection", async || stage.gate("it").await["reason"] == "rate_limit").await;
    let asked = stage.tool.requests();
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
    let waited = stage.clock_now().duration_since(begun).as_secs();
    assert!((290..600).contains(&waited), "waited {waited} s");
    assert!(stage.tool.requests() - asked < 20, "asked {} times", stage.tool.requests() - asked);
}

pub(super) async fn tokens_expired(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.strike(Trouble::TokensExpired);
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 1, 0));
    assert_eq!(stage.incident().phase, Phase::Resolved);
}

pub(super) async fn credentials(subject: &'static Subject) {
    let stage = Stage::new(subject).await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.strike(Trouble::CredentialsRefused);
    stage.posted(&metric("disk", 0, false)).await;
    stage.happens("a waiting connection", async || stage.gate("it").await["reason"] == "credentials").await;
    let gate = stage.gate("it").await;
    for said in ["cause", "remedy"] {
        assert!(gate[said].as_str().is_some_and(|text| text.len() > 20), "{gate:#}");
    }
    stage.tool.calm();
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
}
