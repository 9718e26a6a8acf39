use super::*;
use crate::secret::{MissingSecret, Secret, SecretRef, Secrets};

const PASSWORD_GRANT: &str = "auth = { type = \"oauth_password\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }";

async fn call(stage: &Stage) -> Result<(), ProviderError> {
    stage.provider.find(WorkItemType::Incident, &draft(WorkItemType::Incident).key).await.map(drop)
}

#[tokio::test]
async fn every_way_to_sign_in_works() {
    let enabled = || Options {
        properties: vec![("glide.oauth.inbound.client.credential.grant_type.enabled".to_owned(), "true".to_owned())],
        ..Options::default()
    };
    for auth in [
        PASSWORD_GRANT,
        "auth = { type = \"client_credentials\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\" }",
        "auth = { type = \"api_key\", key = \"$API_KEY\" }",
        "",
    ] {
        let stage = Stage::with(enabled(), auth).await;
        stage.created().await;
        assert_eq!(stage.incidents().len(), 1, "{auth}");
    }
}

#[tokio::test]
async fn one_token_serves_many_calls_and_is_refreshed_before_it_ends() {
    let stage = Stage::settings(PASSWORD_GRANT).await;
    let calls = (0..10).map(|_| call(&stage));
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(stage.asked("POST", "oauth_token.do"), 1);
    stage.advance(1750);
    call(&stage).await.unwrap();
    assert_eq!(stage.asked("POST", "oauth_token.do"), 2);
}

#[tokio::test]
async fn a_revoked_token_costs_one_refresh_and_no_work_item() {
    let stage = Stage::settings(PASSWORD_GRANT).await;
    call(&stage).await.unwrap();
    stage.instance.forget_tokens(false);
    stage.created().await;
    assert_eq!((stage.asked("POST", "oauth_token.do"), stage.incidents().len()), (2, 1));
}

#[tokio::test]
async fn an_expired_refresh_token_costs_one_sign_in() {
    let stage = Stage::settings(PASSWORD_GRANT).await;
    call(&stage).await.unwrap();
    stage.instance.forget_tokens(true);
    stage.created().await;
    // Refresh refused, then the password grant.
    assert_eq!((stage.asked("POST", "oauth_token.do"), stage.incidents().len()), (3, 1));
}

#[tokio::test]
async fn wrong_expired_and_unauthorised_are_told_apart() {
    let wrong = Stage::settings("auth = { type = \"basic\", username = \"itsm\", password = \"$WRONG\" }").await;
    let error = call(&wrong).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("wrong"), "{error}");

    let expired = Stage::settings(PASSWORD_GRANT).await;
    call(&expired).await.unwrap();
    expired.instance.forget_tokens(true);
    expired.fault(Fault::new(status(401, r#"{"error_description":"access_denied","error":"server_error"}"#)).path("oauth_token"));
    let error = call(&expired).await.unwrap_err();
    assert!(error.to_string().contains("worked until 2026-09-01") && error.to_string().contains("expired"), "{error}");

    let unauthorised = Stage::settings(PASSWORD_GRANT).await;
    unauthorised.fault(Fault::new(Effect::Unauthorized).path("/api/now"));
    let error = call(&unauthorised).await.unwrap_err();
    assert!(error.to_string().contains("not authorised"), "{error}");
    assert_eq!(unauthorised.asked("GET", "/api/now"), 3);
}

#[tokio::test]
async fn a_secret_with_a_line_break_stops_the_connection_and_costs_no_delivery() {
    let stage = Stage::settings("auth = { type = \"api_key\", key = \"$BROKEN\" }").await;
    let error = call(&stage).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(remedy(&error).contains("line breaks"));
}

#[tokio::test]
async fn a_missing_secret_is_named() {
    let stage = Stage::settings("auth = { type = \"api_key\", key = \"$NOT_SET\" }").await;
    let error = call(&stage).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("NOT_SET"));
}

/// A secret that is changed while the process runs.
#[derive(Debug)]
struct Rotating(std::sync::Mutex<&'static str>);

impl Secrets for Rotating {
    fn get(&self, _: &SecretRef) -> Result<Secret, MissingSecret> {
        Ok(Secret::new(*self.0.lock().unwrap()))
    }
}

#[tokio::test]
async fn a_rotated_password_is_picked_up_without_a_restart() {
    let stage = Stage::new().await;
    let secrets = Arc::new(Rotating(std::sync::Mutex::new("old")));
    let surroundings =
        Surroundings { secrets: Arc::clone(&secrets) as Arc<dyn Secrets>, clock: Arc::clone(&stage.clock) as Arc<dyn Clock> };
    let provider = build("snow", &settings(&stage.instance.url(), ""), &surroundings).unwrap();
    let key = draft(WorkItemType::Incident).key;
    assert_eq!(waits(&provider.find(WorkItemType::Incident, &key).await.unwrap_err()), WaitReason::Credentials);
    *secrets.0.lock().unwrap() = "p";
    assert!(provider.find(WorkItemType::Incident, &key).await.is_ok());
}

#[tokio::test]
async fn no_secret_reaches_an_error_or_debug_output() {
    let stage = Stage::settings(PASSWORD_GRANT).await;
    call(&stage).await.unwrap();
    stage.fault(Fault::new(Effect::Unauthorized));
    let error = call(&stage).await.unwrap_err();
    let said = format!("{error:?} {:?}", stage.provider);
    for secret in ["itsm-secret", "not-the-password", "Bearer"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}
