//! What the Functions host gave up: looked after by itself, seen and redriven by a person.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::RequestContent;
use azure_storage_queue::models::QueueMessage;

use super::super::messages::DueMessage;
use super::super::{AzureStore, Redriven};
use crate::store::tests::{at, azurite, delivery, done, id};
use crate::store::{Claim, DeliveryQueue, Status};

/// What the host puts there when it gives the delivery up.
async fn give_up(store: &AzureStore, number: u128) {
    let message = DueMessage { delivery_id: id(number), connection: "snow".to_owned() };
    store.poison.send(&message, Duration::ZERO).await.unwrap();
}

/// A message that somebody else put there.
async fn strange(store: &AzureStore, text: &str) {
    store.poison.create().await.unwrap();
    let message = QueueMessage { message_text: Some(text.to_owned()) };
    let content: RequestContent<QueueMessage, _> = message.try_into().unwrap();
    store.poison.client().send_message(content, None).await.unwrap();
}

#[tokio::test]
async fn what_the_host_gave_up_is_tried_again_three_times_and_then_a_dead_letter() {
    let Some(store) = azurite::store() else { return };
    store.enqueue(delivery(1)).await.unwrap();
    for time in 1..=4 {
        give_up(&store, 1).await;
        assert_eq!(store.sweep(at(time)).await.unwrap(), 1);
        assert_eq!(store.messages().await.unwrap().1, 0, "taken out of the poison queue");
        let listed = store.show(id(1)).await.unwrap().unwrap().0;
        let expected = if time < 4 { (Status::Waiting, at(time + 600)) } else { (Status::DeadLetter, at(time)) };
        assert_eq!((listed.status, listed.due), expected);
        assert!(listed.cause.contains("gave this delivery up"));
    }
    assert!(store.redrive(id(1), at(5)).await.unwrap());
    give_up(&store, 1).await;
    store.sweep(at(6)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Waiting, "a person's word counts anew");
}

async fn three_given_up_and_a_stranger() -> Option<Arc<AzureStore>> {
    let store = azurite::store()?;
    for number in [1, 2] {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let Claim::Taken(taken) = store.claim(id(2), at(2), at(100)).await.unwrap() else { panic!("it is due") };
    store.settle(&taken, &done(1, 0, 0), at(3)).await.unwrap();
    for number in [1, 2, 3] {
        give_up(&store, number).await;
    }
    strange(&store, "a cat walked over the keyboard").await;
    Some(store)
}

#[tokio::test]
async fn a_person_sees_what_the_host_gave_up_and_nothing_is_changed() {
    let Some(store) = three_given_up_and_a_stranger().await else { return };
    for _ in 0..2 {
        let seen = store.poison().await.unwrap();
        let ids: Vec<_> = seen.iter().map(|seen| seen.message.as_ref().map(|message| message.delivery_id)).collect();
        assert_eq!(ids, [Some(id(1)), Some(id(2)), Some(id(3)), None]);
        let status: Vec<_> = seen.iter().map(|seen| seen.delivery.as_ref().map(|delivery| delivery.status)).collect();
        assert_eq!(status, [Some(Status::Waiting), Some(Status::Done), None, None]);
        assert!(seen.iter().all(|seen| seen.since.is_some()));
    }
}

#[tokio::test]
async fn what_the_host_gave_up_is_redriven_at_once_and_a_stranger_stays() {
    let Some(store) = three_given_up_and_a_stranger().await else { return };
    let (woken, _) = store.messages().await.unwrap();
    let redriven = store.redrive_poison(at(50)).await.unwrap();
    let expected = Redriven { redriven: vec![id(1)], finished: vec![id(2), id(3)], left: Vec::new(), strangers: 1 };
    assert_eq!(redriven, expected);
    assert_eq!(store.messages().await.unwrap(), (woken + 1, 1), "the delivery is woken, the stranger still there");
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.due, at(50));
}

#[tokio::test]
async fn one_that_is_in_hand_is_left_in_the_poison_queue() {
    let Some(store) = azurite::store() else { return };
    store.enqueue(delivery(1)).await.unwrap();
    assert!(matches!(store.claim(id(1), at(1), at(100)).await.unwrap(), Claim::Taken(_)));
    give_up(&store, 1).await;
    assert_eq!(store.redrive_poison(at(50)).await.unwrap().left, [id(1)]);
    assert_eq!(store.messages().await.unwrap().1, 1);
}
