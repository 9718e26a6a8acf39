use super::*;

#[tokio::test]
async fn one_session_serves_all_calls_and_is_given_back_at_the_end() {
    let stage = Stage::new().await;
    assert_eq!(stage.server.seats(), 0, "nothing is taken before it is needed");
    let key = draft().key;
    let calls = (0..20).map(|_| stage.provider.find(WorkItemType::Incident, &key));
    for found in futures_util::future::join_all(calls).await {
        found.unwrap();
    }
    assert_eq!((stage.server.seats(), stage.asked("/token")), (1, 1));
    stage.provider.close().await;
    assert_eq!((stage.server.seats(), stage.asked("/logout")), (0, 1));
    // Nothing to give back: nothing is asked.
    stage.provider.close().await;
    assert_eq!(stage.asked("/logout"), 1);
}

#[tokio::test]
async fn a_dry_run_gives_its_session_back_too() {
    let stage = Stage::with(Options::default(), "dry_run = true", "").await;
    stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap();
    assert_eq!(stage.server.seats(), 1);
    stage.provider.close().await;
    assert_eq!(stage.server.seats(), 0);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_the_seat_stays_the_same() {
    let stage = Stage::new().await;
    for hours in 0..30 {
        stage.advance(3000);
        stage.provider.read(WorkItemType::Incident, "94ab").await.unwrap_or_else(|error| panic!("after {hours}: {error}"));
        assert_eq!(stage.server.seats(), 1);
    }
    // A session that was ended by the server: its refresh token is worthless, and a new login is made.
    stage.advance(3 * 86_400);
    stage.provider.read(WorkItemType::Incident, "94ab").await.unwrap();
    assert_eq!(stage.server.seats(), 1);
}

#[tokio::test]
async fn two_processes_have_sessions_of_their_own_and_do_not_lock_each_other_out() {
    let stage = Stage::new().await;
    let other = stage.another();
    for _ in 0..5 {
        stage.advance(1500);
        for provider in [&stage.provider, &other] {
            provider.find(WorkItemType::Incident, &draft().key).await.unwrap();
        }
    }
    assert_eq!(stage.server.seats(), 2);
    other.close().await;
    stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap();
    assert_eq!(stage.server.seats(), 1);
}

#[tokio::test]
async fn without_a_licence_the_connection_waits_and_says_why() {
    for status in [400, 402] {
        let stage = Stage::with(Options { licences: 0, licence_status: status, ..Options::default() }, "", "").await;
        let (reason, cause, remedy) = waits(stage.provider.create(&draft()).await.unwrap_err());
        assert_eq!(reason, WaitReason::Outage, "{status}: it ends by itself");
        assert!(cause.contains("no licence is left") && remedy.contains("Logged-in users"), "{status}: {cause}: {remedy}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_as_far_as_the_server_does() {
    let auth = |client: &str, user: &str, password: &str, mode: &str| {
        format!("auth = {{ client_id = \"{client}\", username = '{user}', password = \"{password}\", mode = \"{mode}\" }}")
    };
    for (top, named) in [
        (auth("12345", "itsm", "$PASSWORD", "internal"), "auth.client_id"),
        (auth(CLIENT_ID, "itsm", "$WRONG", "internal"), "auth.username"),
        (auth(CLIENT_ID, "itsm", "$PASSWORD", "windows"), "auth.mode"),
    ] {
        let stage = Stage::with(Options::default(), &top, "").await;
        let (reason, cause, remedy) = waits(stage.provider.create(&draft()).await.unwrap_err());
        assert_eq!(reason, WaitReason::Credentials);
        assert!(remedy.contains(named) && cause.len() > 40, "{cause}: {remedy}");
        assert!(!cause.contains("not-the-password") && !remedy.contains("not-the-password"));
    }
    for mode in ["windows", "ldap", "auto"] {
        let stage = Stage::with(Options::default(), &auth(CLIENT_ID, r"CONTOSO\itsm", "$PASSWORD", mode), "").await;
        stage.created().await;
    }
}

#[tokio::test]
async fn a_password_that_worked_is_said_to_have_ended() {
    let stage = Stage::new().await;
    stage.created().await;
    emulators::desk::Desk::strike(&stage.server, &emulators::desk::Trouble::CredentialsRefused);
    let (_, cause, remedy) = waits(stage.provider.create(&draft()).await.unwrap_err());
    assert!(cause.contains("worked until 2026-09-01T10:00:00Z") && remedy.contains("new password"), "{cause}: {remedy}");
}

#[tokio::test]
async fn every_call_asks_for_the_culture_that_is_read() {
    let stage = Stage::with(Options { culture: "de-DE".to_owned(), ..Options::default() }, "", "").await;
    let written = stage.created().await;
    let resolved = stage.resolved(&written).await.unwrap();
    assert_eq!(resolved.item.resolved_at.unwrap().to_string(), "2026-09-01T10:00:00Z");
    for request in stage.server.requests().iter().filter(|request| !request.path.ends_with("/token")) {
        assert!(request.query.contains("locale=en-US"), "{request:?}");
    }
}
