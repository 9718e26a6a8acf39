//! What only a storage account can do: lose a message or an answer, be shared by processes that die, be woken and swept.

mod damaged;
mod lost_answers;
mod poison;
mod reached;
mod token;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::blobs::{If, Shown};
use super::messages::DueMessage;
use super::record::{PAYLOADS, Payload, Place, Record};
use super::{AzureStore, Woken, sweep::ORPHAN};
use crate::delivery::Delivery;
use crate::secret::{FixedSecrets, Secrets};
use crate::settings::Storage;
use crate::store::outcome::Outcome;
use crate::store::tests::{at, azurite, dead, delivery, done, id, retry_at};
use crate::store::{Claim, DeliveryQueue, StateStore, Status};

const HOUR: i64 = 3600;

/// The ids of the messages that can be seen now.
async fn woken(store: &AzureStore) -> Vec<DueMessage> {
    let taken = store.due.take(Duration::from_secs(3600)).await.unwrap();
    taken.iter().map(|taken| DueMessage::parse(&taken.text).unwrap()).collect()
}

#[tokio::test]
async fn a_message_names_its_delivery_in_plain_text_without_names_of_queue_metadata() {
    let Some(store) = azurite::store() else { return };
    store.enqueue(delivery(1)).await.unwrap();
    let taken = store.due.take(Duration::from_secs(3600)).await.unwrap().remove(0);
    assert_eq!(taken.text, format!("{{\"connection\":\"snow\",\"deliveryId\":\"{}\"}}", id(1)));
    assert_eq!(DueMessage::parse(&taken.text).unwrap().delivery_id, id(1));
}

#[tokio::test]
async fn a_retry_has_a_message_of_its_own_that_is_seen_later() {
    let Some(store) = azurite::store() else { return };
    store.enqueue(delivery(1)).await.unwrap();
    assert_eq!(woken(&store).await.len(), 1);
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is due") };
    store.settle(&taken, &retry_at(30 * 24 * HOUR, true), at(2)).await.unwrap();
    assert_eq!(store.messages().await.unwrap().0, 2, "longer than Azure allows, so it will come earlier and be sent again");
    assert_eq!(woken(&store).await, [], "hidden until then");
}

#[tokio::test]
async fn a_message_that_comes_too_early_comes_again() {
    let Some(store) = azurite::store() else { return };
    store.enqueue(delivery(1)).await.unwrap();
    assert_eq!(woken(&store).await.len(), 1);
    assert!(matches!(store.claim(id(1), at(0), at(100)).await.unwrap(), Claim::NotYet(_)));
    assert_eq!(store.messages().await.unwrap().0, 2, "the one that came, which the host removes, and the next");
    assert!(matches!(store.claim(id(2), at(0), at(100)).await.unwrap(), Claim::Nothing));
    assert_eq!(store.messages().await.unwrap().0, 2, "none for what is not there");
}

#[tokio::test]
async fn killed_between_blob_and_message_a_delivery_is_woken_by_a_sweep() {
    let Some(store) = azurite::store() else { return };
    let record = Record::new(&delivery(1), Payload::Text("{}".to_owned()));
    store.deliveries.put(&Place::Open.name(id(1)), If::Missing, record.bytes().unwrap(), record.shown()).await.unwrap();
    store.prepare().await.unwrap();
    assert_eq!(store.sweep(at(HOUR / 4)).await.unwrap(), 0, "its message may be on its way");
    assert_eq!(store.sweep(at(HOUR)).await.unwrap(), 1);
    assert_eq!(woken(&store).await, [DueMessage { delivery_id: id(1), connection: "snow".to_owned() }]);
    assert_eq!(store.sweep(at(HOUR + 60)).await.unwrap(), 0, "once is enough for a while");
    assert!(matches!(store.claim(id(1), at(HOUR), at(2 * HOUR)).await.unwrap(), Claim::Taken(_)));
}

#[tokio::test]
async fn killed_while_it_is_moved_a_finished_delivery_is_finished_and_moved_by_whoever_comes() {
    let Some(store) = azurite::store() else { return };
    for (number, verdict) in [(1, done(1, 0, 0)), (2, dead())] {
        store.enqueue(delivery(number)).await.unwrap();
        let (mut record, tag) = store.at(Place::Open, id(number.into())).await.unwrap().unwrap();
        record.apply(Outcome::of(&verdict, at(5)));
        store.change(&record, &tag).await.unwrap().unwrap();
    }
    let counts = store.counts(None).await.unwrap();
    assert_eq!((counts.backlog, counts.dead_letters), (0, 1));
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
    assert!(matches!(store.claim(id(1), at(6), at(100)).await.unwrap(), Claim::Nothing));
    store.sweep(at(7)).await.unwrap();
    for number in [1, 2] {
        assert!(store.at(Place::Open, id(number)).await.unwrap().is_none());
    }
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
    assert!(store.redrive(id(2), at(8)).await.unwrap());
}

#[tokio::test]
async fn a_payload_nobody_refers_to_goes_after_a_day_and_that_of_a_dead_letter_stays() {
    let Some(store) = azurite::store() else { return };
    let large = Delivery { payload: Bytes::from(vec![b' '; 100_000]), ..delivery(1) };
    store.enqueue(large).await.unwrap();
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is due") };
    store.settle(&taken, &dead(), at(2)).await.unwrap();
    let orphan = format!("{PAYLOADS}{}.x", id(2));
    let shown = Shown::from([("accepted".to_owned(), at(1).to_string())]);
    store.deliveries.put(&orphan, If::Any, Bytes::from_static(b"{}"), shown).await.unwrap();
    let day = i64::try_from(ORPHAN.as_secs()).unwrap();
    store.sweep(at(day)).await.unwrap();
    assert!(store.deliveries.exists(&orphan).await.unwrap());
    store.sweep(at(day + 2)).await.unwrap();
    assert!(!store.deliveries.exists(&orphan).await.unwrap());
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().1.unwrap().len(), 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_account() {
    let settings = azurite::settings();
    let (Some(one), Some(two)) = (azurite::open(&settings), azurite::open(&settings)) else { return };
    let mut callers = JoinSet::new();
    for store in [&one, &two] {
        for number in 0..20 {
            let store = Arc::clone(store);
            callers.spawn(async move {
                store.enqueue(delivery(number)).await.unwrap();
                store.put("correlation/a", None, Bytes::from_static(b"x"), at(0)).await.unwrap()
            });
        }
    }
    assert_eq!(callers.join_all().await.into_iter().flatten().count(), 1, "one wins the document");
    let mut workers = JoinSet::new();
    for store in [&one, &two].into_iter().cycle().take(8) {
        let store = Arc::clone(store);
        workers.spawn(async move {
            let leased = store.lease("snow", at(50), at(100), 5).await.unwrap();
            for leased in &leased {
                store.settle(leased, &done(1, 0, 0), at(51)).await.unwrap();
            }
            leased.len()
        });
    }
    assert_eq!(workers.join_all().await.into_iter().sum::<usize>(), 20);
    one.counts(None).await.unwrap();
    let counts = two.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.work_items, counts.backlog), (20, 20, 0), "each was worked on once");
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable_soon_and_no_signature_is_told() {
    // A port that was free a moment ago and refuses.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{free}/account?sig=hush");
    let secrets: Arc<dyn Secrets> = Arc::new(FixedSecrets::default().with("BLOBS", &address).with("QUEUES", &address));
    let store = azurite::open_with(&Storage::at("$BLOBS", "$QUEUES"), &secrets, Woken::ByMessages).unwrap();
    let told = store.enqueue(delivery(1)).await.unwrap_err().to_string();
    assert!(told.contains("storage account can be reached") && !told.contains("hush"), "{told}");
    assert!(!format!("{store:?}").contains("hush"));
}

#[test]
fn a_wrong_address_is_refused_with_a_remedy_and_never_printed() {
    let refused = |blobs: &str| {
        let secrets = FixedSecrets::default().with("TEXT", "hush").with("PLAIN", "http://example.com/?sig=hush");
        let secrets: Arc<dyn Secrets> = Arc::new(secrets);
        azurite::open_with(&Storage::at(blobs, "$PLAIN"), &secrets, Woken::ByMessages).unwrap_err().to_string()
    };
    for (blobs, told) in [
        ("$MISSING", "MISSING is not set"),
        ("$TEXT", "storage.blobs is not a URL"),
        ("$PLAIN", "must begin with https://"),
        ("https://a.blob.core.windows.net/?sig=hush", "holds a signature"),
        ("https://a.blob.core.windows.net", "needs a credential"),
    ] {
        let refusal = refused(blobs);
        assert!(refusal.contains(told) && !refusal.contains("hush"), "{refusal}");
    }
}
