use emulators::Entra;
use emulators::entra::{Application, Directory, TENANT, TokenVersion};
use emulators::service_manager::gateway::EntraTrust;

use super::*;

const AUDIENCE: &str = "api://scsm-gateway";

/// A tenant, and a gateway that takes the tokens of `accepted`.
async fn with_entra(accepted: &str, client_secret: &str) -> (Entra, Stage) {
    let directory = Directory {
        applications: vec![Application::confidential("connector-app", "connector-secret")],
        resources: vec![AUDIENCE.to_owned()],
        ..Directory::default()
    };
    let clock = emulators::clock::EmulatorClock::manual(NOW);
    let entra = Entra::try_start_in(clock, directory, None).await.unwrap();
    let keys = reqwest::get(format!("{}/{TENANT}/discovery/v2.0/keys", entra.url())).await.unwrap().bytes().await.unwrap();
    let trust = EntraTrust {
        keys: serde_json::from_slice(&keys).unwrap(),
        audience: AUDIENCE.to_owned(),
        issuers: [TokenVersion::One, TokenVersion::Two].map(|version| version.issuer(TENANT)).to_vec(),
        applications: vec![accepted.to_owned()],
    };
    let auth = format!(
        "auth = {{ type = \"client_credentials\", tenant = \"{TENANT}\", client_id = \"connector-app\", client_secret = \"${client_secret}\", \
         scope = \"{AUDIENCE}/.default\", authority = \"{}\" }}",
        entra.url()
    );
    let stage = Stage::with(Options { entra: Some(trust), ..Options::default() }, &auth).await;
    (entra, stage)
}

#[tokio::test]
async fn a_token_of_entra_opens_the_gateway_and_is_renewed_in_time() {
    let (entra, stage) = with_entra("connector-app", "CLIENT_SECRET").await;
    stage.created().await;
    stage.provider.find(KIND, &key(1)).await.unwrap();
    assert_eq!(entra.given(), 1, "one token serves all calls");
    stage.advance(2 * 3600);
    entra.clock().advance(Duration::from_secs(2 * 3600));
    assert!(stage.provider.find(KIND, &key(1)).await.unwrap().is_some());
    assert_eq!(entra.given(), 2);
}

#[tokio::test]
async fn entras_refusal_and_the_gateways_are_told_apart() {
    let (_entra, stage) = with_entra("connector-app", "WRONG").await;
    let error = stage.provider.find(KIND, &key(1)).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("Entra gives no token") && remedy(&error).contains("client secret"), "{error:?}");
    let (entra, stage) = with_entra("somebody-else", "CLIENT_SECRET").await;
    let error = stage.provider.find(KIND, &key(1)).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("does not accept a token") && remedy(&error).contains("connector-app"), "{error:?}");
    assert_eq!(entra.given(), 2, "a token that is refused is asked for anew once");
}

#[tokio::test]
async fn a_wrong_secret_and_one_that_was_replaced_are_told_apart() {
    let stage = Stage::with(Options::default(), "auth = { type = \"shared_secret\", secret = \"$WRONG\" }").await;
    let error = stage.provider.find(KIND, &key(1)).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Credentials);
    assert!(error.to_string().contains("does not know the shared secret") && remedy(&error).contains("TokenHashes"), "{error:?}");
    assert!(!format!("{error:?}").contains("nobody-knows"), "{error:?}");
    assert_eq!(stage.asked("GET", "incidents"), 1, "a wrong secret is not tried twice");
    let stage = Stage::new().await;
    stage.created().await;
    stage.tool.strike(&emulators::desk::Trouble::CredentialsRefused);
    let error = stage.provider.find(KIND, &key(1)).await.unwrap_err();
    assert!(error.to_string().contains("worked until 2026-09-01T10:00:00Z"), "{error}");
}

#[test]
fn a_password_is_nothing_that_a_gateway_knows() {
    let more =
        "auth = { type = \"password\", username = \"svc\", password = \"$SECRET\" }\nservice_manager = { adapter = \"gateway\" }";
    let surroundings = Surroundings { secrets: Arc::new(secrets()), clock: clock() };
    let error = build("scsm", &settings("https://gateway.contoso.com:8443", more), &surroundings).unwrap_err();
    assert!(error.to_string().contains("shared_secret"), "{error}");
}
