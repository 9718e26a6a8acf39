use super::*;

/// What comes of a create when this happens.
async fn creating(effect: Effect) -> (Stage, ProviderError) {
    let stage = Stage::new().await;
    stage.once(effect, "create ");
    let error = stage.provider.create(&draft()).await.unwrap_err();
    (stage, error)
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_is_ambiguous_and_found_by_its_key() {
    for (effect, there) in [
        (Effect::SdkTimeout { done: true }, true),
        (Effect::SdkTimeout { done: false }, false),
        (Effect::CrashAfterCommit, true),
        (Effect::CrashBeforeCommit, false),
        (Effect::ResetAfterCommit, true),
        (Effect::ResetBeforeCommit, false),
        (Effect::InProgress, false),
    ] {
        let (stage, error) = creating(effect.clone()).await;
        assert!(matches!(error, ProviderError::Ambiguous { .. }), "{effect:?}: {error:?}");
        assert_eq!(stage.asked("POST", "incidents"), 1, "a write is not repeated");
        assert_eq!(stage.provider.find(KIND, &key(1)).await.unwrap().is_some(), there, "{effect:?}");
        // The engine tries again when it found nothing, and may do so when there is one: there is never a second.
        let written = stage.created().await;
        assert_eq!(stage.incident().id, written.item.id, "{effect:?}");
    }
}

#[tokio::test]
async fn an_earlier_try_with_another_content_is_taken_over() {
    let (stage, _) = creating(Effect::CrashAfterCommit).await;
    let written = stage.provider.create(&Draft { title: "Written anew".to_owned(), ..draft() }).await.unwrap();
    assert_eq!(stage.incident().id, written.item.id);
    assert!(written.remarks[0].contains("earlier try"), "{:?}", written.remarks);
    assert!(written.dropped.iter().any(|(name, _)| name == "Title"), "what it says is what the first try said");
}

#[tokio::test]
async fn a_create_whose_incident_cannot_be_read_afterwards_is_ambiguous() {
    let stage = Stage::new().await;
    stage.once(Effect::SdkUnavailable, "read ");
    let error = stage.provider.create(&draft()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Ambiguous { cause } if cause.contains("was created, but")), "{error:?}");
    stage.incident();
}

#[tokio::test]
async fn each_refusal_names_the_thing_and_a_remedy_and_no_secret() {
    for (effect, names, helps) in [
        (Effect::AccessDenied, "access_denied", "Advanced Operator"),
        (Effect::Rejected("Change freeze until Monday".to_owned()), "Change freeze until Monday", "incident.fields"),
        (Effect::SdkUnavailable, "data access service", "5724"),
        (Effect::Busy { retry_after: 7 }, "busy", "concurrency"),
    ] {
        let (stage, error) = creating(effect.clone()).await;
        let text = error.to_string();
        assert!(text.starts_with("creating incident: ") && text.contains(names), "{text}");
        assert!(text.contains("in the gateway's log"), "the request can be found there: {text}");
        assert!(remedy(&error).contains(helps), "{error:?}");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
        assert_eq!(stage.incidents().len(), 0, "{effect:?}");
    }
}

#[tokio::test]
async fn what_was_surely_not_begun_waits_or_is_tried_again() {
    let (_, error) = creating(Effect::Busy { retry_after: 7 }).await;
    let told = ProviderError::Wait {
        reason: WaitReason::RateLimit,
        after: Some(Duration::from_secs(7)),
        cause: String::new(),
        remedy: String::new(),
    };
    assert!(
        matches!((&error, &told), (ProviderError::Wait { after: one, .. }, ProviderError::Wait { after: other, .. }) if one == other)
    );
    assert_eq!(waits(&error), WaitReason::RateLimit);
    assert_eq!(waits(&creating(Effect::SdkUnavailable).await.1), WaitReason::Outage);
    for effect in [Effect::Internal, Effect::Stale] {
        let (_, error) = creating(effect).await;
        assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_page_and_half_an_answer_are_no_answer() {
    let (stage, error) = creating(Effect::LoginPage).await;
    assert_eq!(waits(&error), WaitReason::Credentials);
    stage.once(Effect::HalfPage, "list ");
    let error = stage.provider.find(KIND, &key(1)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
}

#[tokio::test]
async fn a_change_may_be_done_though_its_answer_is_lost() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    for effect in [Effect::SdkTimeout { done: true }, Effect::ResetAfterCommit] {
        stage.once(effect.clone(), "update ");
        let item = stage.provider.read(KIND, &written.item.id).await.unwrap().unwrap();
        let error = stage.provider.update(&item, &resolving()).await.unwrap_err();
        assert!(matches!(error, ProviderError::Ambiguous { .. }), "{effect:?}: {error:?}");
        assert_eq!(stage.incident().phase, Phase::Resolved);
    }
}

#[tokio::test]
async fn a_comment_that_failed_after_its_commit_is_appended_once() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.once(Effect::CommentFails, "update ");
    let resolved = stage.provider.update(&written.item, &resolving()).await.unwrap();
    assert_eq!(resolved.remarks, Vec::<String>::new());
    let incident = stage.incident();
    assert_eq!((incident.phase, incident.notes), (Phase::Resolved, vec!["It is over.\n[marker 7]".to_owned()]));
    // Where it cannot be appended either, it costs a remark.
    stage.once(Effect::CommentFails, "update ");
    stage.once(Effect::AccessDenied, "comment ");
    let item = stage.provider.read(KIND, &written.item.id).await.unwrap().unwrap();
    let noted = stage.provider.update(&item, &noting()).await.unwrap();
    assert!(noted.remarks[0].contains("could not be appended"), "{:?}", noted.remarks);
}

#[tokio::test]
async fn without_the_lists_incidents_are_made_all_the_same() {
    let stage = Stage::new().await;
    stage.tool.faults().add(Fault::new(Effect::AccessDenied).path("metadata "));
    let written = stage.provider.create(&with_fields([("TierQueue", "Tier2"), ("Escalated", "true")])).await.unwrap();
    assert_eq!(written.dropped, [("TierQueue".to_owned(), "holds \"Tier 2\"".to_owned())], "the gateway understood it");
    let resolved = stage.provider.update(&written.item, &resolving()).await.unwrap();
    assert_eq!(resolved.item.phase, crate::work_item::Phase::Resolved);
    assert_eq!(stage.incident().fields["ResolutionCategory"], "", "none is guessed");
}

#[tokio::test]
async fn a_gateway_that_is_none_is_told_from_a_missing_incident() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    let error = provider_for(&settings(&url, ""), secrets(), &clock()).read(KIND, "IR1").await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
    assert!(error.to_string().contains("no Service Manager gateway at this address"), "{error}");
}
