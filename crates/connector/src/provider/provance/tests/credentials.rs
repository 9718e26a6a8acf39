use emulators::dataverse::User;
use emulators::dataverse::options::{ADMINISTRATOR_APPLICATION, PUBLIC_APPLICATION, STRANGER_APPLICATION, USER};
use emulators::entra::{Application, Certificate};

use super::*;

async fn found(stage: &Stage) -> Result<(), ProviderError> {
    stage.provider.find(WorkItemType::Incident, &draft().key).await.map(|_| ())
}

fn secret_of(client_id: &str, secret: &str) -> String {
    format!("auth = {{ type = \"client_credentials\", client_id = \"{client_id}\", client_secret = \"{secret}\" }}\n")
}

fn password(more: &str) -> String {
    format!(
        "auth = {{ type = \"oauth_password\", client_id = \"{PUBLIC_APPLICATION}\", username = \"{USER}\", password = \"{more}\" }}\n"
    )
}

#[tokio::test]
async fn tenant_and_sign_in_service_are_asked_of_the_environment_once() {
    let stage = Stage::new().await;
    found(&stage).await.unwrap();
    stage.tool.forget_tokens();
    found(&stage).await.unwrap();
    assert_eq!(stage.tool.requests().iter().filter(|request| request.path.ends_with("WhoAmI")).count(), 1);
    assert_eq!(stage.tool.entra().given(), 2);
}

#[tokio::test]
async fn settings_can_name_them_and_then_nobody_is_asked() {
    let stage = Stage::with(Options { challenge: false, ..options() }, CUSTOMER).await;
    let error = found(&stage).await.unwrap_err();
    assert!(waits(&error) == WaitReason::Credentials && remedy(&error).contains("provance.tenant"), "{error:?}");
    let named = format!("[provance]\ntenant = \"{}\"\nauthority = \"{}\"\n", stage.tool.tenant(), stage.tool.authority_url());
    let stage = stage.again(&named);
    found(&stage).await.unwrap();
}

#[tokio::test]
async fn a_certificate_signs_instead_of_a_secret() {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["itsm".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("itsm.pem");
    std::fs::write(&file, format!("{}{}", certificate.pem(), pair.serialize_pem())).unwrap();
    let mut options = options();
    let registered = Certificate { pem: certificate.pem(), x5t: String::new() };
    options.applications =
        vec![Application { id: APPLICATION.to_owned(), certificates: vec![registered], ..Application::default() }];
    let auth = |file: &std::path::Path| {
        format!(
            "auth = {{ type = \"client_certificate\", client_id = \"{APPLICATION}\", certificate = \"{}\" }}\n",
            file.display()
        )
    };
    let stage = Stage::with(options, &auth(&file)).await;
    found(&stage).await.unwrap();
    // Without key, and with another certificate.
    std::fs::write(&file, certificate.pem()).unwrap();
    let stage = stage.again(&auth(&file));
    let error = found(&stage).await.unwrap_err();
    assert!(error.to_string().contains("private key") && error.to_string().contains("itsm.pem"), "{error}");
    let other = rcgen::CertificateParams::new(vec!["other".to_owned()]).unwrap().self_signed(&pair).unwrap();
    std::fs::write(&file, format!("{}{}", other.pem(), pair.serialize_pem())).unwrap();
    let error = found(&stage.again(&auth(&file))).await.unwrap_err();
    assert!(remedy(&error).contains("upload the certificate"), "{error:?}");
}

#[tokio::test]
async fn the_old_password_grant_goes_on_by_its_refresh_token() {
    let stage = Stage::with(options(), &password("$PASSWORD")).await;
    found(&stage).await.unwrap();
    stage.advance(4000);
    found(&stage).await.unwrap();
    assert_eq!(stage.tool.entra().given(), 2);
}

#[tokio::test]
async fn each_refusal_of_entra_is_told_with_its_remedy() {
    let mut with_factor = options();
    with_factor.people[0].multifactor = true;
    let expired = {
        let mut options = options();
        options.applications[0].secrets[0].expires = Some(NOW - 1);
        options
    };
    let cases = [
        (options(), secret_of(APPLICATION, "$WRONG"), "client secret is wrong", "secret's value"),
        (expired, secret_of(APPLICATION, "$SECRET"), "has expired", "new client secret"),
        (options(), secret_of("5a1e0f34-0000-4000-8000-00000000ffff", "$SECRET"), "no such app registration", "auth.client_id"),
        (options(), password("$WRONG"), "user name or password", "federated"),
        (with_factor, password("$PASSWORD"), "multi-factor", "client credentials"),
        (
            options(),
            format!("{}[provance]\nresource = \"https://other.crm.dynamics.com\"", secret_of(APPLICATION, "$SECRET")),
            "does not know the environment",
            "provance.resource",
        ),
    ];
    for (options, settings, cause, what) in cases {
        let stage = Stage::with(options, &settings).await;
        let error = found(&stage).await.unwrap_err();
        assert_eq!(waits(&error), WaitReason::Credentials);
        assert!(error.to_string().contains(cause) && remedy(&error).contains(what), "{cause}: {error:?}");
        assert!(!format!("{error:?}").contains("not-the-secret"), "no secret is told");
    }
}

#[tokio::test]
async fn an_application_that_is_no_user_and_one_without_rights_are_told_apart() {
    let stage = Stage::with(options(), &secret_of(STRANGER_APPLICATION, "$SECRET")).await;
    let error = found(&stage).await.unwrap_err();
    assert!(waits(&error) == WaitReason::Credentials && remedy(&error).contains("application user"), "{error:?}");
    let mut disabled = options();
    disabled.users.retain(|user| user.application.as_deref() != Some(APPLICATION));
    let privileges = emulators::dataverse::Privileges::Integration;
    disabled.users.push(User { disabled: true, ..User::application("#", APPLICATION, privileges) });
    let stage = Stage::with(disabled, CUSTOMER).await;
    assert!(remedy(&found(&stage).await.unwrap_err()).contains("enable"));
    let stage = Stage::new().await;
    stage.tool.set_privileges(APPLICATION, &emulators::dataverse::Privileges::Only(Vec::new()));
    let error = found(&stage).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }) && remedy(&error).contains("prvReadIncident"), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_service_that_is_down_is_an_outage_and_a_lost_token_renewed() {
    let stage = Stage::with(options(), &secret_of(ADMINISTRATOR_APPLICATION, "$SECRET")).await;
    stage.tool.entra().set_down(true);
    assert_eq!(waits(&found(&stage).await.unwrap_err()), WaitReason::Outage);
    stage.tool.entra().set_down(false);
    found(&stage).await.unwrap();
}
