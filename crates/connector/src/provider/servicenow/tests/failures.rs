use super::*;
use crate::provider::wire::Effect as WireEffect;

async fn create(stage: &Stage) -> Result<Written, ProviderError> {
    stage.provider.create(&draft(WorkItemType::Incident)).await
}

async fn find(stage: &Stage) -> Result<Option<crate::work_item::WorkItem>, ProviderError> {
    stage.provider.find(WorkItemType::Incident, &draft(WorkItemType::Incident).key).await
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_ambiguous_and_can_be_looked_up() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::ResetAfterCommit).method("POST").times(1));
    assert!(matches!(create(&stage).await, Err(ProviderError::Ambiguous { .. })));
    assert!(find(&stage).await.unwrap().is_some());
    assert_eq!((stage.incidents().len(), stage.asked("POST", "/table/incident")), (1, 1));
}

#[tokio::test]
async fn a_create_that_never_arrived_is_ambiguous_too_and_never_repeated_blindly() {
    let stage = Stage::new().await;
    // The first connection is warm, so that the client could be tempted to try again on a new one.
    find(&stage).await.unwrap();
    stage.fault(Fault::new(Effect::ResetBeforeCommit).method("POST").times(1));
    assert!(matches!(create(&stage).await, Err(ProviderError::Ambiguous { .. })));
    assert_eq!((find(&stage).await.unwrap(), stage.incidents().len()), (None, 0));
}

#[tokio::test]
async fn nothing_listens_so_nothing_was_written() {
    let stage = Stage::new().await;
    let Stage { instance, clock, .. } = stage;
    let url = instance.url();
    drop(instance);
    let provider = provider_for(&settings(&url, ""), &clock);
    let error = provider.create(&draft(WorkItemType::Incident)).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn a_slow_answer_is_given_up_and_a_slow_write_looked_up() {
    let stage = Stage::settings("timeout = \"200ms\"").await;
    stage.fault(Fault::new(Effect::Slow(std::time::Duration::from_secs(30))).path("/table/incident"));
    assert!(matches!(find(&stage).await, Err(ProviderError::Retry { .. })));
    assert!(matches!(create(&stage).await, Err(ProviderError::Ambiguous { .. })));
}

#[tokio::test]
async fn a_sleeping_instance_and_a_sign_in_page_stop_the_connection() {
    for (effect, reason) in [(Effect::Hibernating, WaitReason::Hibernating), (Effect::LoginPage, WaitReason::Credentials)] {
        let stage = Stage::new().await;
        stage.fault(Fault::new(effect));
        let error = create(&stage).await.unwrap_err();
        assert_eq!(waits(&error), reason);
        assert_eq!(waits(&find(&stage).await.unwrap_err()), reason);
        assert!(!remedy(&error).is_empty());
    }
}

#[tokio::test]
async fn half_a_page_is_never_taken_for_a_whole_one() {
    use emulators::servicenow::Partial;
    for partial in [Partial::Valid, Partial::ArrayOpen, Partial::StrayBracket, Partial::Sentence] {
        let stage = Stage::new().await;
        stage.created().await;
        stage.fault(Fault::new(Effect::PartialPage(partial)).method("GET"));
        assert!(matches!(find(&stage).await, Err(ProviderError::Retry { .. })), "{partial:?}");
    }
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::BrokenJson));
    assert!(matches!(find(&stage).await, Err(ProviderError::Retry { .. })));
    assert!(matches!(create(&stage).await, Err(ProviderError::Ambiguous { .. })));
}

#[tokio::test]
async fn a_rate_limit_parks_the_connection_for_as_long_as_it_says() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::RateLimit { retry_after: 1740 }).times(1));
    match create(&stage).await {
        Err(ProviderError::Wait { reason: WaitReason::RateLimit, after: Some(after), .. }) => {
            assert!((1740..=3600).contains(&after.as_secs()), "{after:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(create(&stage).await.is_ok());
}

#[tokio::test]
async fn a_load_balancers_page_is_an_outage_for_reads_and_proves_nothing_for_writes() {
    for code in [500, 502, 503, 504] {
        let stage = Stage::new().await;
        stage.fault(Fault::new(status(code, "<html>bad gateway</html>")));
        assert_eq!(waits(&find(&stage).await.unwrap_err()), WaitReason::Outage);
        assert!(matches!(create(&stage).await, Err(ProviderError::Ambiguous { .. })), "{code}");
    }
}

#[tokio::test]
async fn an_outage_of_a_limited_instance_does_not_wait_for_the_window() {
    let stage = Stage::new().await;
    let headers = vec![("X-RateLimit-Reset".to_owned(), (NOW + 3000).to_string())];
    stage.fault(Fault::new(Effect::Status { code: 503, body: "<html>".to_owned(), headers }));
    assert!(matches!(find(&stage).await, Err(ProviderError::Wait { reason: WaitReason::Outage, after: None, .. })));
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(status(200, &" ".repeat(17 * 1024 * 1024))));
    match find(&stage).await {
        Err(ProviderError::Retry { cause, .. }) => {
            assert!(cause.contains("16 MiB") && cause.contains("sync.page_size"), "{cause}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_field_that_is_silently_dropped_is_reported() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::IgnoreField { table: "incident".to_owned(), field: "urgency".to_owned() }));
    let written = stage.created().await;
    assert_eq!(written.dropped.len(), 1, "{written:?}");
    assert_eq!(written.dropped[0].0, "urgency");
}

#[tokio::test]
async fn a_key_that_is_not_kept_is_shouted_about() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::WriteDenied { table: "incident".to_owned(), field: Some("correlation_id".to_owned()) }));
    let written = stage.created().await;
    assert!(written.remarks.iter().any(|remark| remark.contains("correlation_id")), "{written:?}");
}

#[tokio::test]
async fn rights_rules_and_policies_are_refusals_with_a_remedy() {
    let table = || "incident".to_owned();
    let cases = [
        (Effect::WriteDenied { table: table(), field: None }, "itil"),
        (Effect::BusinessRuleAbort { name: "Require caller^0123456789abcdef0123456789abcdef".to_owned() }, "Require caller"),
        (Effect::DataPolicy { table: table(), fields: vec!["caller_id".to_owned()] }, "Caller"),
    ];
    for (effect, word) in cases {
        let stage = Stage::new().await;
        stage.fault(Fault::new(effect.clone()));
        let error = create(&stage).await.unwrap_err();
        assert!(matches!(error, ProviderError::Refused { .. }), "{effect:?}: {error:?}");
        assert!(remedy(&error).contains(word), "{effect:?}: {}", remedy(&error));
    }
}

#[tokio::test]
async fn resolving_where_more_is_mandatory_names_the_labels() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.fault(Fault::new(Effect::DataPolicy { table: "incident".to_owned(), fields: vec!["caller_id".to_owned()] }));
    let error = stage.resolved(&written).await.unwrap_err();
    assert!(remedy(&error).contains("Caller"), "{error:?}");
}

#[tokio::test]
async fn an_unknown_outcome_is_for_a_write_what_a_retry_is_for_a_read() {
    assert!(matches!(WireEffect::Read.unknown(String::new()), ProviderError::Retry { .. }));
    assert!(matches!(WireEffect::Write.unknown(String::new()), ProviderError::Ambiguous { .. }));
}

#[tokio::test]
async fn only_safe_addresses_are_taken() {
    let surroundings = Surroundings {
        secrets: Arc::new(secrets()),
        clock: Arc::new(ManualClock::new(jiff::Timestamp::from_second(NOW).unwrap())),
    };
    for (url, word) in [
        ("http://dev1.service-now.com", "https"),
        ("ftp://dev1.service-now.com", "scheme"),
        ("https://itsm:p@dev1.service-now.com", "auth"),
        ("https://dev1.service-now.com/?token=x", "query"),
    ] {
        let error = build("snow", &settings(url, ""), &surroundings).unwrap_err();
        assert!(error.to_string().starts_with("connection \"snow\"") && error.problem.contains(word), "{error}");
    }
    let missing = build("snow", &settings("https://x.service-now.com", "ca_certificate = \"/no/such.pem\""), &surroundings);
    assert!(missing.unwrap_err().problem.contains("/no/such.pem"));
    assert!(build("snow", &settings("http://[::1]:8080", ""), &surroundings).is_ok());
}
