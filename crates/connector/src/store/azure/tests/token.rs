//! Over https with a token, as on Azure: Azurite checks that there is one, for whom it is and how long it lives.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;

use crate::clock::{Chance, Clock, SystemClock};
use crate::secret::{FixedSecrets, Secrets};
use crate::settings::Storage;
use crate::store::azure::{AzureStore, Woken};
use crate::store::tests::azurite::{self, Azurite};
use crate::store::tests::{at, delivery, done, id};
use crate::store::{Claim, DeliveryQueue, Status};

/// Azurite looks at what the token says, not at who signed it.
#[derive(Debug)]
struct Unsigned(Timestamp);

#[async_trait::async_trait]
impl TokenCredential for Unsigned {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://storage.azure.com/.default"]);
        let (from, until) = (self.0 - SignedDuration::from_mins(5), self.0 + SignedDuration::from_hours(1));
        let claims = json!({
            "aud": "https://storage.azure.com", "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
            "iat": from.as_second(), "nbf": from.as_second(), "exp": until.as_second(),
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!("{}.{}.unsigned", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
        Ok(AccessToken::new(token, std::time::SystemTime::from(until).into()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_with_a_token_a_delivery_is_stored_and_made() {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let [certificate_file, key_file] = ["certificate.pem", "key.pem"].map(|name| directory.path().join(name));
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let arguments = ["--tls", certificate_file.to_str().unwrap(), key_file.to_str().unwrap()];
    let Some(azurite) = Azurite::start(&arguments) else { return azurite::skipped() };
    assert!(azurite.served.blob.starts_with("https://"));

    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let credential: Arc<dyn TokenCredential> = Arc::new(Unsigned(SystemClock.now()));
    let settings = Storage {
        state_container: "state".to_owned(),
        ..Storage { timeout: azurite::settings().timeout, ..Storage::at(&azurite.served.blob, &azurite.served.queue) }
    };
    let (secrets, chance): (Arc<dyn Secrets>, _) = (Arc::new(FixedSecrets::default()), Arc::new(Chance::from_system()));
    let (clock, woken) = (Arc::new(SystemClock), Woken::ByMessages);
    let store = AzureStore::over(&client, &settings, Some(&credential), &secrets, clock, chance, woken).unwrap();
    store.enqueue(delivery(1)).await.unwrap();
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is due") };
    store.settle(&taken, &done(1, 0, 0), at(2)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
}
