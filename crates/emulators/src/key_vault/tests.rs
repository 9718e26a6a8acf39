use serde_json::Value;

use super::{Fault, KeyVault, TOKEN, TOKEN_WITHOUT_ROLE};

struct Desk {
    vault: KeyVault,
    client: reqwest::Client,
    _directory: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let vault = KeyVault::start(directory.path()).await.unwrap();
        let root = reqwest::Certificate::from_pem(&std::fs::read(vault.certificate_file()).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        Self { vault, client, _directory: directory }
    }

    async fn get(&self, path: &str, token: Option<&str>) -> (u16, Value, Option<String>) {
        let mut request = self.client.get(format!("{}{path}", self.vault.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap(), challenge)
    }
}

const PASSWORD: &str = "/secrets/snow-password?api-version=7.6";

#[tokio::test]
async fn whoever_has_no_token_is_told_where_to_get_one() {
    let desk = Desk::new().await;
    let (status, body, challenge) = desk.get(PASSWORD, None).await;
    assert_eq!((status, &body["error"]["code"]), (401, &"Unauthorized".into()));
    assert!(challenge.unwrap().contains("resource=\"https://vault.azure.net\""));
    let (status, _, challenge) = desk.get(PASSWORD, Some("of somebody else")).await;
    assert!(status == 401 && challenge.unwrap().contains("invalid_token"));
    let (status, body, _) = desk.get(PASSWORD, Some(TOKEN_WITHOUT_ROLE)).await;
    assert_eq!((status, &body["error"]["innererror"]["code"]), (403, &"ForbiddenByRbac".into()));
}

#[tokio::test]
async fn the_newest_version_is_given_and_older_ones_by_their_name() {
    let desk = Desk::new().await;
    desk.vault.set("snow-password", "one");
    desk.vault.set("Snow-Password", "two");
    let (status, body, _) = desk.get(PASSWORD, Some(TOKEN)).await;
    assert_eq!((status, &body["value"]), (200, &"two".into()));
    assert!(body["id"].as_str().unwrap().ends_with("/secrets/snow-password/00000000000000000000000000000002"));
    let (_, body, _) = desk.get("/secrets/snow-password/00000000000000000000000000000001?api-version=7.6", Some(TOKEN)).await;
    assert_eq!(body["value"], "one");
    assert_eq!(desk.vault.reads("snow-password"), 2);
}

#[tokio::test]
async fn disabled_and_missing_secrets_are_told_apart() {
    let desk = Desk::new().await;
    let (status, body, _) = desk.get(PASSWORD, Some(TOKEN)).await;
    assert_eq!((status, &body["error"]["code"]), (404, &"SecretNotFound".into()));
    desk.vault.set("snow-password", "one");
    desk.vault.disable("snow-password");
    let (status, body, _) = desk.get(PASSWORD, Some(TOKEN)).await;
    assert_eq!((status, &body["error"]["innererror"]["code"]), (403, &"SecretDisabled".into()));
    desk.vault.delete("snow-password");
    assert_eq!(desk.get(PASSWORD, Some(TOKEN)).await.0, 404);
    assert_eq!(desk.get("/secrets/snow-password", Some(TOKEN)).await.0, 400, "the API's version must be named");
}

#[tokio::test]
async fn faults_hold_until_they_are_taken_away() {
    let desk = Desk::new().await;
    desk.vault.set("snow-password", "one");
    for (fault, status) in [(Fault::Throttled, 429), (Fault::Down, 503), (Fault::Firewall, 403)] {
        desk.vault.fail(Some(fault));
        assert_eq!(desk.get(PASSWORD, Some(TOKEN)).await.0, status);
    }
    desk.vault.fail(None);
    assert_eq!(desk.get(PASSWORD, Some(TOKEN)).await.0, 200);
    assert_eq!(desk.vault.calls(), 4);
}
