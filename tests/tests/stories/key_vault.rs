//! Settings at an address and secrets in Key Vault, through the real process: as a function app has them that was given nothing but
//! an identity.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use emulators::http::{Answer, Call, Decision, Server, Service};
use emulators::key_vault::{Fault, KeyVault, TOKEN};
use emulators::servicenow::ServiceNow;
use tests::process::Scratch;
use tokio::net::TcpListener;

/// Keeps one blob, for whoever has the signature.
struct Blob(String);

impl Service for Blob {
    fn decide(&self, call: Call) -> Decision {
        let answer = match (call.path.as_str(), call.query.as_str()) {
            ("/settings/connector.toml", "sig=a-signature") => Answer::new(200, "application/octet-stream", self.0.clone()),
            _ => Answer::empty(403).with_header("x-ms-error-code", "AuthenticationFailed"),
        };
        Decision::Answer(answer, Duration::ZERO)
    }
}

async fn check(settings: &str, authority: &Path) -> (i32, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_connector"))
        .arg("check")
        .env_clear()
        .env("ITSM_CONNECTOR_CONFIG", settings)
        .env("VAULT_TOKEN", TOKEN)
        .env("SSL_CERT_FILE", authority)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("a-signature") && !said.contains(TOKEN), "{said}");
    (output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_come_from_an_address_and_secrets_from_the_vault() {
    let scratch = Scratch::new("vault").unwrap();
    let tool = ServiceNow::start().await;
    let vault = KeyVault::start(scratch.path()).await.unwrap();
    let settings = format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{}\"\n\
         auth = {{ type = \"basic\", username = \"itsm\", password = \"@snow-password\" }}\n\n\
         [intake]\napi_keys = [\"@intake-key\"]\n\n\
         [key_vault]\nurl = \"{}\"\ncredential = {{ type = \"token\", token = \"$VAULT_TOKEN\" }}\n",
        tool.url(),
        vault.url()
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let blob = Server::start(listener, None, Arc::new(Blob(settings))).unwrap();
    let address = format!("http://{}/settings/connector.toml", blob.address());
    let signed = format!("{address}?sig=a-signature");
    let check = async |settings: &str| check(settings, vault.certificate_file()).await;

    let (code, said) = check(&format!("{address}?sig=of-yesterday")).await;
    assert_eq!(code, 2, "{said}");
    for words in [&address, "403 AuthenticationFailed", "renew the shared access signature"] {
        assert!(said.contains(words), "\"{words}\" is not in: {said}");
    }

    vault.set("intake-key", "k");
    let (code, said) = check(&signed).await;
    assert_eq!(code, 2, "{said}");
    let place =
        format!("{address}:4:45: connections.snow.auth.password: secret snow-password of Key Vault 127.0.0.1 cannot be read");
    for words in [place.as_str(), "there is no such secret", "put it into the vault"] {
        assert!(said.contains(words), "\"{words}\" is not in: {said}");
    }

    vault.fail(Some(Fault::Firewall));
    let (code, said) = check(&signed).await;
    assert!(code == 2 && said.contains("refuses calls from this network") && said.contains("private endpoint"), "{said}");

    vault.fail(None);
    vault.set("snow-password", "p");
    let (code, said) = check(&signed).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(vault.reads("snow-password"), 1);
}
