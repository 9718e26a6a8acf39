//! A delivery whose blob cannot be read stands in nobody's way, and a person can see it and be rid of it.

use std::sync::Arc;

use bytes::Bytes;

use super::super::AzureStore;
use super::super::blobs::{If, Shown};
use super::super::messages::DueMessage;
use super::super::record::{PAYLOADS, Place};
use super::super::sweep::ORPHAN;
use crate::settings::Retention;
use crate::store::retention::prune_once;
use crate::store::tests::{at, azurite, dead, delivery, done, id};
use crate::store::{Claim, DeliveryQueue, Filter, Status, StoreError};

/// Deliveries 1 (waits), 2 (dead letter), 3 (waits) and 4 (done), of which 1 and 2 cannot be read.
async fn half_readable() -> Option<Arc<AzureStore>> {
    let store = azurite::store()?;
    for number in 1..=4 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    for (number, verdict) in [(2, dead()), (4, done(1, 0, 0))] {
        let Claim::Taken(taken) = store.claim(id(number), at(5), at(100)).await.unwrap() else { panic!("it is due") };
        store.settle(&taken, &verdict, at(6)).await.unwrap();
    }
    for (place, number) in [(Place::Open, 1), (Place::Dead, 2)] {
        let (record, _) = store.at(place, id(number)).await.unwrap().unwrap();
        store.deliveries.put(&place.name(id(number)), If::Any, Bytes::from_static(b"{}"), record.shown()).await.unwrap();
    }
    Some(store)
}

#[tokio::test]
async fn it_keeps_nothing_from_being_looked_after_and_forgotten() {
    let Some(store) = half_readable().await else { return };
    let now = at(i64::try_from(ORPHAN.as_secs()).unwrap() + 100);
    for number in [1, 3] {
        let message = DueMessage { delivery_id: id(number), connection: "snow".to_owned() };
        store.poison.send(&message, std::time::Duration::ZERO).await.unwrap();
    }
    let orphan = format!("{PAYLOADS}{}.x", id(9));
    let shown = Shown::from([("accepted".to_owned(), at(1).to_string())]);
    store.deliveries.put(&orphan, If::Any, Bytes::from_static(b"{}"), shown).await.unwrap();
    let (before, _) = store.messages().await.unwrap();

    let retention = Retention { deliveries: crate::settings::span::Span::hours(1), ..Retention::default() };
    let pruned = prune_once(&*store, &*store, &retention, now).await.unwrap();
    assert_eq!((pruned.swept, pruned.deliveries), (3, 1), "one is woken, two messages are taken out, the one that is done goes");
    assert_eq!(store.messages().await.unwrap(), (before + 2, 0));
    assert!(!store.deliveries.exists(&orphan).await.unwrap());
    assert!(store.deliveries.exists(&Place::Open.name(id(1))).await.unwrap(), "it is kept for a version that can read it");
}

#[tokio::test]
async fn it_is_listed_with_what_is_known_and_goes_when_a_person_says_so() {
    let Some(store) = half_readable().await else { return };
    let all = Filter { limit: 10, ..Filter::default() };
    let listed = store.list(&all).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|listed| (listed.id, listed.status)).collect();
    let expected = [(id(4), Status::Done), (id(3), Status::Waiting), (id(2), Status::DeadLetter), (id(1), Status::Waiting)];
    assert_eq!(seen, expected);
    let damaged = &listed[3];
    assert_eq!((damaged.connection.as_str(), damaged.accepted_at), ("snow", at(1)));
    assert!(damaged.cause.contains("cannot be read") && damaged.remedy.contains("deliveries drop"), "{damaged:?}");
    assert!(matches!(store.redrive(id(1), at(7)).await, Err(StoreError::Damaged(_))));
    for number in [1, 2] {
        assert!(store.drop_delivery(id(number)).await.unwrap());
        assert!(!store.drop_delivery(id(number)).await.unwrap());
        assert!(store.show(id(number)).await.unwrap().is_none());
    }
    assert_eq!(store.list(&all).await.unwrap().len(), 2);
}
