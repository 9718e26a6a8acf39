//! How the account is reached: signatures that change, patience that ends, and messages only where somebody receives them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{AzureStore, Woken};
use crate::clock::{Chance, Clock, ManualClock};
use crate::secret::{FixedSecrets, MissingSecret, Secret, SecretRef, Secrets};
use crate::settings::Storage;
use crate::store::tests::{at, azurite, delivery, id, retry_at};
use crate::store::{Claim, DeliveryQueue, StoreError};

/// Secrets that are rotated.
#[derive(Debug, Default)]
struct Rotated(Mutex<FixedSecrets>);

impl Secrets for Rotated {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        self.0.lock().unwrap().get(reference)
    }
}

#[tokio::test]
async fn a_signature_that_is_rotated_is_used_from_then_on_and_one_that_is_gone_stays_in_use() {
    let Some(azurite) = azurite::azurite() else { return };
    let mut wrong = azurite.served.clone();
    wrong.sas = wrong.sas.replace("sig=", "sig=AAAA");
    let rotated = Arc::new(Rotated(Mutex::new(azurite::secrets(&wrong))));
    let secrets: Arc<dyn Secrets> = rotated.clone();
    let store = azurite::open_with(&azurite::settings(), &secrets, Woken::ByMessages).unwrap();
    let refused = store.enqueue(delivery(1)).await.unwrap_err().to_string();
    assert!(refused.contains("renew the shared access signature"), "{refused}");

    *rotated.0.lock().unwrap() = azurite::secrets(&azurite.served);
    store.enqueue(delivery(1)).await.unwrap();
    *rotated.0.lock().unwrap() = FixedSecrets::default();
    store.enqueue(delivery(2)).await.unwrap();
    *rotated.0.lock().unwrap() = FixedSecrets::default().with("BLOBS", "no address").with("QUEUES", "no address");
    assert!(matches!(store.claim(id(2), at(2), at(100)).await.unwrap(), Claim::Taken(_)));
    assert_eq!(store.messages().await.unwrap().0, 2);
}

#[tokio::test]
async fn where_nobody_receives_messages_none_are_sent() {
    let (Some(azurite), settings) = (azurite::azurite(), azurite::settings()) else { return };
    let secrets: Arc<dyn Secrets> = Arc::new(azurite::secrets(&azurite.served));
    let store = azurite::open_with(&settings, &secrets, Woken::ByLooking).unwrap();
    store.prepare().await.unwrap();
    store.enqueue(delivery(1)).await.unwrap();
    let leased = store.lease("snow", at(1), at(100), 1).await.unwrap();
    store.settle(&leased[0], &retry_at(200, true), at(2)).await.unwrap();
    store.sweep(at(200 + 3600)).await.unwrap();
    assert!(store.redrive(id(1), at(9000)).await.unwrap());
    assert_eq!(store.messages().await.unwrap().0, 0);
    assert_eq!(store.next_due("snow").await.unwrap(), Some(at(9000)), "the lanes find it");
}

/// An account that takes connections and never says a word.
fn silent() -> (std::net::TcpListener, Arc<dyn Secrets>) {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/account?sig=x", silent.local_addr().unwrap());
    let secrets = FixedSecrets::default().with("BLOBS", &address).with("QUEUES", &address);
    (silent, Arc::new(secrets))
}

#[tokio::test]
async fn a_delivery_that_cannot_be_stored_in_time_is_refused_before_an_action_group_has_gone() {
    let (_silent, secrets) = silent();
    let clock = Arc::new(ManualClock::new(at(0)));
    let began = clock.now();
    let settings = Storage::at("$BLOBS", "$QUEUES");
    let chance = Arc::new(Chance::seeded(1));
    let store = AzureStore::open(&settings, None, &secrets, clock.clone(), chance, Woken::ByMessages).unwrap();
    let storing = tokio::spawn(async move { store.enqueue(delivery(1)).await });
    let refused = loop {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        if storing.is_finished() {
            break storing.await.unwrap().unwrap_err();
        }
        clock.advance(Duration::from_secs(1));
    };
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("could not be stored in time")), "{refused}");
    let waited = crate::clock::between(began, clock.now());
    assert!(waited <= Duration::from_secs(9), "an action group waits ten seconds: {waited:?}");
}
