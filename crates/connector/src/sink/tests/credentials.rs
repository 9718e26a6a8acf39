use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, HttpClient, Request, StatusCode, Transport};

use super::clock;
use crate::secret::{FixedSecrets, MissingSecret, Secret, SecretRef, Secrets};
use crate::settings::{AzureCredential, Cloud};
use crate::sink::credential::{credential, of, with_client};

const SCOPE: &str = "https://monitor.azure.us/.default";

/// A sign-in service that gives a token to everybody and remembers what was asked.
#[derive(Debug, Default)]
struct SignIn(Mutex<Vec<(String, String)>>);

#[async_trait]
impl HttpClient for SignIn {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else { unreachable!("a form is short") };
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.0.lock().unwrap().push((request.url().to_string(), body));
        let token = r#"{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"from sign-in"}"#;
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), token))
    }
}

/// A secret that is changed while the connector runs.
#[derive(Debug)]
struct Rotated(Mutex<String>);

impl Secrets for Rotated {
    fn get(&self, _: &SecretRef) -> Result<Secret, MissingSecret> {
        Ok(Secret::new(self.0.lock().unwrap().clone()))
    }
}

fn app() -> AzureCredential {
    AzureCredential::ClientSecret {
        tenant: "11111111-1111-1111-1111-111111111111".to_owned(),
        client_id: "the-app".to_owned(),
        secret: SecretRef::variable("APP_SECRET"),
    }
}

async fn token(credential: &Arc<dyn TokenCredential>) -> String {
    credential.get_token(&[SCOPE], None).await.unwrap().token.secret().to_owned()
}

#[tokio::test]
async fn an_app_registration_signs_in_at_its_own_cloud_and_with_the_newest_secret() {
    let sign_in = Arc::new(SignIn::default());
    let secrets = Arc::new(Rotated(Mutex::new("first".to_owned())));
    let options = ClientOptions { transport: Some(Transport::new(sign_in.clone())), ..of(Cloud::UsGovernment) };
    let credential = with_client(&app(), secrets.clone(), clock(), options).unwrap();
    assert_eq!(token(&credential).await, "from sign-in");
    assert_eq!(token(&credential).await, "from sign-in");
    secrets.0.lock().unwrap().replace_range(.., "second");
    token(&credential).await;
    let asked = sign_in.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "a token is kept as long as it is good: {asked:?}");
    let wanted = "https://login.microsoftonline.us/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token";
    assert!(asked.iter().all(|(url, _)| url == wanted), "{asked:?}");
    assert!(asked[0].1.contains("client_secret=first") && asked[1].1.contains("client_secret=second"), "{asked:?}");
    assert!(asked[0].1.contains("client_id=the-app") && asked[0].1.contains("monitor.azure.us"), "{asked:?}");
    assert!(!format!("{credential:?}").contains("second"));
}

#[tokio::test]
async fn a_given_token_is_looked_up_at_each_use() {
    let secrets = Arc::new(Rotated(Mutex::new("first".to_owned())));
    let settings = AzureCredential::Token { token: SecretRef::variable("TOKEN") };
    let credential = credential(&settings, Cloud::Public, secrets.clone(), clock()).unwrap();
    assert_eq!(token(&credential).await, "first");
    secrets.0.lock().unwrap().replace_range(.., "second");
    assert_eq!(token(&credential).await, "second");
    assert!(!format!("{credential:?}").contains("second") || !format!("{credential:?}").contains("first"));
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named() {
    let credential = credential(&app(), Cloud::Public, Arc::new(FixedSecrets::default()), clock()).unwrap();
    let error = credential.get_token(&[SCOPE], None).await.unwrap_err().to_string();
    assert!(error.contains("APP_SECRET"), "{error}");
}

#[test]
fn identities_of_the_machine_and_of_people_are_made_without_the_network() {
    let user = AzureCredential::UserAssignedIdentity { client_id: "11111111-1111-1111-1111-111111111111".to_owned() };
    for settings in [AzureCredential::ManagedIdentity, user, AzureCredential::DeveloperTools] {
        let made = credential(&settings, Cloud::China, Arc::new(FixedSecrets::default()), clock());
        assert!(made.is_ok(), "{settings:?}: {made:?}");
    }
}
