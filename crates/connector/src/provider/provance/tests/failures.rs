use emulators::dataverse::{Effect, Fault, Limit};
use emulators::desk::Trouble;

use super::*;

async fn create(stage: &Stage) -> ProviderError {
    stage.provider.create(&draft()).await.unwrap_err()
}

/// Everything that is asked before the first create.
async fn warm(stage: &Stage) {
    let key = WorkItemKey { correlation: "f".repeat(32), generation: 1 };
    let draft = Draft { key, ..draft() };
    let made = stage.provider.create(&draft).await.unwrap();
    stage.tool.remove(Kind::Incident, &made.item.id);
}

fn on_create(effect: Effect) -> Fault {
    Fault::new(effect).method("PATCH").path("/incidents")
}

#[tokio::test]
async fn a_create_whose_outcome_is_unknown_is_looked_up() {
    for (trouble, stands) in [(Trouble::CreateAnswerLost, true), (Trouble::CreateLost, false)] {
        let stage = Stage::new().await;
        warm(&stage).await;
        stage.tool.strike(&trouble);
        assert!(matches!(create(&stage).await, ProviderError::Ambiguous { .. }), "{trouble:?}");
        let found = stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap();
        assert_eq!((found.is_some(), stage.tool.all(Kind::Incident).len()), (stands, usize::from(stands)));
    }
}

#[tokio::test]
async fn every_service_protection_limit_makes_the_connection_wait_as_long_as_told() {
    for limit in [Limit::Requests, Limit::Time, Limit::Concurrency] {
        let stage = Stage::new().await;
        warm(&stage).await;
        stage.tool.faults().add(on_create(Effect::Throttled { limit, retry_after: 37 }));
        let error = create(&stage).await;
        let ProviderError::Wait { reason: WaitReason::RateLimit, after, cause, .. } = &error else { panic!("{error:?}") };
        assert_eq!(after.map(|after| after.as_secs()), Some(37));
        assert!(cause.contains("0x8007232"), "{cause}");
        assert!(stage.tool.all(Kind::Incident).is_empty());
    }
}

#[tokio::test]
async fn what_a_plug_in_or_an_access_check_refuses_is_told_in_its_words() {
    for plugin_status in [400, 500] {
        let stage = Stage::with(Options { plugin_status, ..options() }, CUSTOMER).await;
        warm(&stage).await;
        stage.tool.strike(&Trouble::CreateRefused("Change freeze until Monday".to_owned()));
        let error = create(&stage).await;
        assert!(matches!(error, ProviderError::Refused { .. }) && error.to_string().contains("Change freeze"), "{error:?}");
    }
    let stage = Stage::new().await;
    warm(&stage).await;
    stage.tool.faults().add(Fault::new(Effect::AccessDenied { table: "incident".to_owned() }));
    assert!(remedy(&create(&stage).await).contains("Organization"));
}

#[tokio::test]
async fn pages_half_answers_and_server_errors_on_a_write_prove_nothing() {
    let status = |code: u16, body: &str| Effect::Status { code, body: body.to_owned(), headers: Vec::new() };
    let effects = [
        status(502, "<html><title>Bad Gateway</title></html>"),
        status(500, "{\"error\":{\"code\":\"0x80040216\",\"message\":\"An unexpected error occurred.\"}}"),
        status(504, ""),
        Effect::BrokenJson,
        Effect::ResetAfterCommit,
    ];
    for effect in effects {
        let stage = Stage::new().await;
        warm(&stage).await;
        stage.tool.faults().add(on_create(effect.clone()).times(1));
        assert!(matches!(create(&stage).await, ProviderError::Ambiguous { .. }), "{effect:?}");
    }
    let stage = Stage::new().await;
    warm(&stage).await;
    let busy = "{\"error\":{\"code\":\"0x80044150\",\"message\":\"The server is busy.\"}}";
    stage.tool.faults().add(on_create(status(503, busy)));
    assert_eq!(waits(&create(&stage).await), WaitReason::Outage, "the server itself says that it did not begin");
}

#[tokio::test]
async fn a_wrong_version_and_a_wrong_table_are_named() {
    let stage = Stage::with(options(), "[provance.profile]\napi_version = \"v4.0\"\n").await;
    let error = stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap_err();
    assert!(remedy(&error).contains("api_version"), "{error:?}");
    let stage = stage.again("[provance.profile.incident]\nentity_set = \"abc_tickets\"\n");
    let error = stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap_err();
    assert!(error.to_string().contains("abc_tickets") && remedy(&error).contains("entity_set"), "{error:?}");
    let stage = stage.again("[provance.profile.incident]\nnumber = \"abc_number\"\n");
    let error = stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap_err();
    assert!(remedy(&error).contains("abc_number"), "{error:?}");
}
