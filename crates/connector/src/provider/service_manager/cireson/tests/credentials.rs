//! Signing in: tokens and their end, both refusals, Windows authentication, tokens made in the portal.

use super::*;

#[tokio::test]
async fn one_token_serves_many_calls_and_is_renewed_when_it_has_ended() {
    let stage = Stage::new().await;
    for _ in 0..5 {
        stage.found().await.unwrap();
    }
    assert_eq!(stage.asked("GetToken"), 1);
    stage.advance(290);
    stage.found().await.unwrap();
    assert_eq!(stage.asked("GetToken"), 2);
    // It ends before its time.
    stage.portal.strike(&emulators::desk::Trouble::TokensExpired);
    stage.created().await;
    assert_eq!((stage.asked("GetToken"), stage.portal.all(Kind::Incident).len()), (3, 1));
}

#[tokio::test]
async fn a_wrong_password_is_told_and_one_that_worked_has_changed() {
    for refused_status in [401, 403] {
        let options = || Options { refused_status, ..Options::default() };
        let wrong = "auth = { type = \"password\", username = 'CONTOSO\\svc-itsm', password = \"$WRONG\" }";
        let error = Stage::with(options(), wrong).await.found().await.unwrap_err();
        assert_eq!(waits(&error), WaitReason::Credentials, "{error:?}");
        assert!(error.to_string().contains("svc-itsm") && remedy(&error).contains("environment variable"), "{error:?}");
        let stage = Stage::with(options(), "").await;
        stage.found().await.unwrap();
        stage.portal.strike(&emulators::desk::Trouble::CredentialsRefused);
        let error = stage.found().await.unwrap_err();
        assert_eq!(waits(&error), WaitReason::Credentials);
        assert!(error.to_string().contains("worked until 2026-09-01T10:00:00Z"), "{error}");
    }
}

#[tokio::test]
async fn a_site_with_windows_authentication_is_explained() {
    let stage = Stage::with(Options { windows_authentication: true, ..Options::default() }, "").await;
    for error in [stage.found().await.unwrap_err(), stage.provider.create(&draft()).await.unwrap_err()] {
        assert_eq!(waits(&error), WaitReason::Credentials);
        assert!(error.to_string().contains("Windows authentication") && remedy(&error).contains("SM gateway"), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_made_in_the_portal_is_shown_as_it_is() {
    let bearer = || Options { bearer_tokens: vec![("abc-def".to_owned(), "CONTOSO\\svc-itsm".to_owned())], ..Options::default() };
    let auth = "auth = { type = \"portal_token\", username = 'CONTOSO\\svc-itsm', token = \"$TOKEN\" }";
    let stage = Stage::with(bearer(), auth).await;
    stage.created().await;
    assert_eq!(stage.asked("GetToken"), 0);
    stage.portal.strike(&emulators::desk::Trouble::CredentialsRefused);
    let error = stage.found().await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("token worked until") && !error.to_string().contains("abc-def"), "{error}");
}

#[tokio::test]
async fn a_user_whom_the_portal_does_not_know_is_named() {
    let bearer = Options { bearer_tokens: vec![("abc-def".to_owned(), "CONTOSO\\svc-itsm".to_owned())], ..Options::default() };
    let auth = "auth = { type = \"portal_token\", username = 'CONTOSO\\nobody', token = \"$TOKEN\" }";
    let error = Stage::with(bearer, auth).await.provider.create(&draft()).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("CONTOSO\\nobody") && remedy(&error).contains("DOMAIN\\user"), "{error:?}");
}
