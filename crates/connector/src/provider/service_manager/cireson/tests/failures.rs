//! What goes wrong: texts with status 500, commits that are not done with status 200, lost answers, half answers, pages.

use super::*;

fn status(code: u16, body: &str) -> Effect {
    Effect::Status { code, body: body.to_owned() }
}

#[tokio::test]
async fn a_text_with_status_500_is_an_outage_a_refusal_or_unknown() {
    let down = "The Data Access service is either not running or not yet initialized.";
    let stage = Stage::new().await;
    stage.fault(Fault::new(status(500, down)).path("ProjectionByCriteria"));
    let error = stage.found().await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
    assert!(error.to_string().contains(down));
    let wrong = Stage::settings("service_manager = { key_property = \"NoSuchProperty\" }").await;
    let error = wrong.found().await.unwrap_err();
    assert!(error.to_string().contains("NoSuchProperty") && remedy(&error).contains("property"), "{error:?}");
    let stage = Stage::new().await;
    stage.fault(Fault::new(status(500, down)).path("#create").times(1));
    let error = stage.provider.create(&draft()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Ambiguous { cause } if cause.contains(down)), "{error:?}");
}

#[tokio::test]
async fn a_commit_that_is_not_done_is_refused_with_its_words_or_unknown() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::NotDone("Change freeze until Monday".to_owned())).path("#create").times(1));
    let error = stage.provider.create(&draft()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }) && error.to_string().contains("Change freeze until Monday"));
    assert!(remedy(&error).contains("right of the integration user"));
    stage.fault(Fault::new(Effect::NotDone("Timeout expired.".to_owned())).path("#create").times(1));
    assert!(matches!(stage.provider.create(&draft()).await.unwrap_err(), ProviderError::Ambiguous { .. }));
}

#[tokio::test]
async fn after_a_write_no_error_says_that_nothing_was_written() {
    for effect in [status(503, "<html><title>Down</title></html>"), status(500, "No"), Effect::HalfAnswer, Effect::LostBefore] {
        let stage = Stage::new().await;
        let made = stage.created().await;
        // The second question after this: one reads the form, the next one what became of it.
        stage.fault(Fault::new(effect.clone()).path("ProjectionByCriteria").after(1).times(1));
        let error = stage.provider.update(&made.item, &noted("x")).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Ambiguous { cause } if cause.contains("it was written")),
            "{effect:?}: {error:?}"
        );
        assert_eq!(stage.incident().notes.len(), 1);
    }
}

#[tokio::test]
async fn lost_answers_of_writes_are_unknown_and_those_of_reads_are_not() {
    for effect in [Effect::LostBefore, Effect::LostAfter, Effect::HalfAnswer] {
        let stage = Stage::new().await;
        stage.fault(Fault::new(effect.clone()).path("#create").times(1));
        let error = stage.provider.create(&draft()).await.unwrap_err();
        assert!(matches!(error, ProviderError::Ambiguous { .. }), "{effect:?}: {error:?}");
        let there = stage.found().await.unwrap().is_some();
        assert_eq!(there, effect != Effect::LostBefore);
        stage.fault(Fault::new(effect.clone()).path("ProjectionByCriteria").times(1));
        assert!(matches!(stage.found().await.unwrap_err(), ProviderError::Retry { .. }), "{effect:?}");
    }
}

#[tokio::test]
async fn a_sign_in_page_and_a_page_of_the_web_server_are_never_believed() {
    let stage = Stage::new().await;
    stage.found().await.unwrap();
    stage.fault(Fault::new(Effect::LoginPage).times(1));
    assert_eq!(waits(&stage.found().await.unwrap_err()), WaitReason::Credentials);
    stage.fault(Fault::new(Effect::Down).times(1));
    assert_eq!(waits(&stage.found().await.unwrap_err()), WaitReason::Outage);
    stage.fault(Fault::new(Effect::Down).path("#create").times(1));
    // A web server's page proves nothing about a write.
    assert!(matches!(stage.provider.create(&draft()).await.unwrap_err(), ProviderError::Ambiguous { .. }));
}

#[tokio::test]
async fn a_portal_without_the_calls_is_told() {
    let portal = Portal::start_with(Options { time: Time::Manual(NOW), ..Options::default() }).await;
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap()));
    let secrets = Arc::new(FixedSecrets::default().with("PASSWORD", "p"));
    let surroundings = Surroundings { secrets, clock: clock as Arc<dyn Clock> };
    let provider = build("scsm", &settings(&format!("{}/elsewhere", portal.url()), ""), &surroundings).unwrap();
    let error = provider.find(WorkItemType::Incident, &draft().key).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
    assert!(remedy(&error).contains("url"), "{error:?}");
}
