//! The rules of both traits.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::{Store, at, dead, delivery, done, id, lease, retry_at};
use crate::store::{Claim, Filter, Listed, Status};

/// One test per rule and store.
macro_rules! over_each_store {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(crate::store::memory::MemoryStore::new()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let directory = tempfile::tempdir().unwrap();
                let path = directory.path().join("store.db");
                super::$rule(crate::store::sqlite::SqliteStore::open(&path).unwrap()).await;
            })*
        }
        mod azure {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                if let Some(store) = crate::store::tests::azurite::store() {
                    super::$rule(store).await;
                }
            })*
        }
    };
}

over_each_store!(
    a_delivery_comes_out_as_it_went_in,
    the_same_id_again_is_accepted_and_changes_nothing,
    a_leased_delivery_is_invisible_until_its_lease_ends,
    a_hundred_workers_never_hold_the_same_delivery,
    earliest_due_first_and_only_of_the_connection,
    what_is_claimed_by_name_is_ours_when_it_is_due_and_only_then,
    of_a_hundred_claims_one_is_granted,
    a_large_payload_comes_out_as_it_went_in,
    a_stale_receipt_settles_nothing,
    a_receipt_settles_once,
    an_expired_lease_nobody_took_still_settles,
    a_retry_waits_for_its_time_and_counts_only_if_it_counts,
    done_forgets_the_payload_and_remembers_the_summary,
    a_dead_letter_is_kept_and_redriven_with_attempts_forgotten,
    nobody_can_redrive_or_drop_what_is_being_worked_on,
    redrive_frees_a_delivery_whose_worker_died,
    dropped_is_gone,
    a_lease_from_before_a_drop_settles_nothing_of_the_same_name,
    list_is_newest_first_filtered_and_limited,
    connections_are_those_with_something_unfinished,
    counts_say_what_happened_and_what_is_there,
    counts_survive_pruning,
    prune_takes_the_finished_and_old_and_at_most_limit,
    changed_listens_from_the_call_on,
    a_document_is_made_once_and_changed_only_by_who_saw_it_last,
    of_a_hundred_writers_one_wins_each_version,
    a_version_never_returns_even_after_removal,
    stale_documents_oldest_first_of_one_collection,
);

async fn a_delivery_comes_out_as_it_went_in(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 10).await;
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].delivery, delivery(1));
    assert_eq!(leased[0].attempts, 0);
    let (listed, payload) = store.show(id(1)).await.unwrap().unwrap();
    assert_eq!((listed.status, payload), (Status::Working, Some(delivery(1).payload)));
    assert!(store.show(id(2)).await.unwrap().is_none());
}

async fn the_same_id_again_is_accepted_and_changes_nothing(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let mut again = delivery(1);
    again.payload = Bytes::from_static(b"{\"other\":1}");
    store.enqueue(again).await.unwrap();
    assert_eq!(lease(&store, 1, 10).await[0].delivery.payload, delivery(1).payload);
    assert_eq!(store.counts(None).await.unwrap().accepted, 1);
}

async fn a_leased_delivery_is_invisible_until_its_lease_ends(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    assert!(lease(&store, 0, 10).await.is_empty(), "due only when accepted");
    assert_eq!(lease(&store, 1, 10).await.len(), 1);
    assert_eq!(store.next_due("snow").await.unwrap(), Some(at(101)));
    assert!(lease(&store, 100, 10).await.is_empty());
    assert_eq!(lease(&store, 101, 10).await.len(), 1);
}

async fn a_hundred_workers_never_hold_the_same_delivery(store: Arc<dyn Store>) {
    for number in 0..100 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let mut workers = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        workers.spawn(async move { lease(&store, 100, 3).await });
    }
    let mut held: Vec<_> = workers.join_all().await.into_iter().flatten().map(|leased| leased.delivery.id).collect();
    held.sort();
    assert_eq!(held, (0..100).map(id).collect::<Vec<_>>());
}

async fn earliest_due_first_and_only_of_the_connection(store: Arc<dyn Store>) {
    for number in [3, 1, 2] {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let mut other = delivery(0);
    other.connection = "other".to_owned();
    store.enqueue(other).await.unwrap();
    // Delivery 1 is put off behind the others.
    let first = lease(&store, 10, 1).await;
    assert_eq!(first[0].delivery.id, id(1));
    store.settle(&first[0], &retry_at(9, true), at(8)).await.unwrap();
    let order: Vec<_> = lease(&store, 10, 10).await.into_iter().map(|leased| leased.delivery.id).collect();
    assert_eq!(order, [id(2), id(3), id(1)]);
    assert_eq!(store.next_due("other").await.unwrap(), Some(at(0)));
    assert_eq!(store.next_due("nobody").await.unwrap(), None);
}

async fn what_is_claimed_by_name_is_ours_when_it_is_due_and_only_then(store: Arc<dyn Store>) {
    let claim = |now| store.claim(id(1), at(now), at(now + 100));
    assert!(matches!(claim(1).await.unwrap(), Claim::Nothing), "there is none yet");
    store.enqueue(delivery(1)).await.unwrap();
    assert!(matches!(claim(0).await.unwrap(), Claim::NotYet(due) if due == at(1)));
    let Claim::Taken(late) = claim(1).await.unwrap() else { panic!("it is due") };
    assert_eq!((late.delivery.clone(), late.attempts, late.since), (delivery(1), 0, at(1)));
    assert!(matches!(claim(100).await.unwrap(), Claim::NotYet(due) if due == at(101)), "somebody has it");
    assert!(lease(&store, 100, 1).await.is_empty(), "lanes see the same");
    let Claim::Taken(taken) = claim(101).await.unwrap() else { panic!("its worker died") };
    store.settle(&late, &done(1, 0, 0), at(102)).await.unwrap();
    store.settle(&taken, &retry_at(500, true), at(103)).await.unwrap();
    assert!(matches!(claim(104).await.unwrap(), Claim::NotYet(due) if due == at(500)));
    let Claim::Taken(taken) = claim(500).await.unwrap() else { panic!("it is due again") };
    assert_eq!(taken.attempts, 1);
    store.settle(&taken, &done(1, 0, 0), at(501)).await.unwrap();
    assert!(matches!(claim(900).await.unwrap(), Claim::Nothing), "it is done");
}

async fn of_a_hundred_claims_one_is_granted(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let mut workers = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        workers.spawn(async move { store.claim(id(1), at(1), at(100)).await.unwrap() });
    }
    let claims = workers.join_all().await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Taken(_))).count(), 1);
}

async fn a_large_payload_comes_out_as_it_went_in(store: Arc<dyn Store>) {
    let payload = Bytes::from(format!("{{\"text\":\"{}\"}}", "\u{20ac}".repeat(90_000)));
    assert!(payload.len() > 256 << 10);
    let large = crate::delivery::Delivery { payload: payload.clone(), ..delivery(1) };
    store.enqueue(large.clone()).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    assert!(leased[0].delivery == large);
    store.settle(&leased[0], &dead(), at(2)).await.unwrap();
    assert!(store.show(id(1)).await.unwrap().unwrap().1.as_ref() == Some(&payload));
    assert!(store.redrive(id(1), at(3)).await.unwrap());
    let again = lease(&store, 3, 1).await;
    assert!(again[0].delivery.payload == payload, "a dead letter keeps it");
    store.settle(&again[0], &done(1, 0, 0), at(4)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().1, None);
}

async fn a_stale_receipt_settles_nothing(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let late = lease(&store, 1, 1).await;
    let current = lease(&store, 200, 1).await;
    store.settle(&late[0], &done(1, 0, 0), at(201)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Working);
    assert_eq!(store.counts(None).await.unwrap().work_items, 0);
    store.settle(&current[0], &done(1, 0, 0), at(202)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
    assert_eq!(store.counts(None).await.unwrap().work_items, 1);
}

async fn a_receipt_settles_once(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &done(1, 0, 0), at(2)).await.unwrap();
    store.settle(&leased[0], &dead(), at(3)).await.unwrap();
    let counts = store.counts(None).await.unwrap();
    assert_eq!((counts.work_items, counts.dead_letters), (1, 0));
}

async fn an_expired_lease_nobody_took_still_settles(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &done(1, 0, 0), at(500)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
}

async fn a_retry_waits_for_its_time_and_counts_only_if_it_counts(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &retry_at(50, false), at(2)).await.unwrap();
    assert!(lease(&store, 49, 1).await.is_empty());
    let leased = lease(&store, 50, 1).await;
    assert_eq!(leased[0].attempts, 0);
    store.settle(&leased[0], &retry_at(60, true), at(51)).await.unwrap();
    let listed = store.show(id(1)).await.unwrap().unwrap().0;
    assert_eq!((listed.status, listed.attempts, listed.due), (Status::Waiting, 1, at(60)));
    assert_eq!(listed.cause, "the instance answered 503");
    assert_eq!(lease(&store, 60, 1).await[0].attempts, 1);
    assert_eq!(store.counts(None).await.unwrap().retried, 2);
}

async fn done_forgets_the_payload_and_remembers_the_summary(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &retry_at(5, true), at(2)).await.unwrap();
    let leased = lease(&store, 5, 1).await;
    store.settle(&leased[0], &done(1, 2, 3), at(7)).await.unwrap();
    let (listed, payload) = store.show(id(1)).await.unwrap().unwrap();
    assert_eq!(payload, None);
    assert_eq!((listed.status, listed.due, listed.attempts), (Status::Done, at(7), 2));
    assert_eq!(listed.cause, "", "the last attempt succeeded");
    assert_eq!(listed.summary.unwrap().work_items, ["INC0010001"]);
    assert_eq!(store.next_due("snow").await.unwrap(), None);
}

async fn a_dead_letter_is_kept_and_redriven_with_attempts_forgotten(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &dead(), at(2)).await.unwrap();
    assert!(lease(&store, 10_000, 1).await.is_empty());
    let (listed, payload) = store.show(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (listed.status, listed.cause.as_str(), listed.remedy.as_str()),
        (Status::DeadLetter, "refused", "give the user the role")
    );
    assert_eq!(payload, Some(delivery(1).payload));
    assert!(store.redrive(id(1), at(20)).await.unwrap());
    let again = lease(&store, 20, 1).await;
    assert_eq!((again[0].attempts, &again[0].delivery), (0, &delivery(1)));
    assert!(!store.redrive(id(9), at(20)).await.unwrap());
}

async fn nobody_can_redrive_or_drop_what_is_being_worked_on(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    assert!(!store.redrive(id(1), at(2)).await.unwrap());
    assert!(!store.drop_delivery(id(1)).await.unwrap());
    store.settle(&leased[0], &done(1, 0, 0), at(2)).await.unwrap();
    assert!(!store.redrive(id(1), at(3)).await.unwrap(), "done stays done");
}

async fn redrive_frees_a_delivery_whose_worker_died(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let late = lease(&store, 1, 1).await;
    assert!(store.redrive(id(1), at(101)).await.unwrap());
    store.settle(&late[0], &done(1, 0, 0), at(102)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Waiting, "the late worker lost it");
    assert!(store.drop_delivery(id(1)).await.unwrap());
}

async fn dropped_is_gone(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    assert!(store.drop_delivery(id(1)).await.unwrap());
    assert!(!store.drop_delivery(id(1)).await.unwrap());
    assert!(store.show(id(1)).await.unwrap().is_none());
    assert!(lease(&store, 100, 1).await.is_empty());
}

async fn list_is_newest_first_filtered_and_limited(store: Arc<dyn Store>) {
    for number in 1..=4 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let mut other = delivery(5);
    other.connection = "other".to_owned();
    store.enqueue(other).await.unwrap();
    let leased = lease(&store, 10, 3).await;
    store.settle(&leased[0], &dead(), at(11)).await.unwrap();
    store.settle(&leased[1], &done(1, 0, 0), at(11)).await.unwrap();
    let ids = |listed: Vec<Listed>| listed.into_iter().map(|listed| listed.id).collect::<Vec<_>>();
    let all = Filter { limit: 10, ..Filter::default() };
    assert_eq!(ids(store.list(&all).await.unwrap()), [id(5), id(4), id(3), id(2), id(1)]);
    assert_eq!(ids(store.list(&Filter { limit: 2, ..Filter::default() }).await.unwrap()), [id(5), id(4)]);
    for (status, expected) in
        [(Status::DeadLetter, id(1)), (Status::Done, id(2)), (Status::Working, id(3)), (Status::Waiting, id(4))]
    {
        let filter = Filter { connection: Some("snow".to_owned()), status: Some(status), limit: 10 };
        assert_eq!(ids(store.list(&filter).await.unwrap()), [expected], "{status:?}");
    }
}

/// A request with an `Idempotency-Key` that is sent again after a person dropped it has its old name.
async fn a_lease_from_before_a_drop_settles_nothing_of_the_same_name(store: Arc<dyn Store>) {
    let connection = delivery(1).connection;
    store.enqueue(delivery(1)).await.unwrap();
    let stale = store.lease(&connection, at(10), at(20), 1).await.unwrap().remove(0);
    assert!(store.redrive(id(1), at(21)).await.unwrap() && store.drop_delivery(id(1)).await.unwrap());
    store.enqueue(delivery(1)).await.unwrap();
    assert_eq!(store.lease(&connection, at(22), at(32), 1).await.unwrap().len(), 1);
    store.settle(&stale, &done(1, 0, 0), at(23)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Working);
}

async fn connections_are_those_with_something_unfinished(store: Arc<dyn Store>) {
    assert!(store.connections().await.unwrap().is_empty());
    for (number, connection) in [(1, "done"), (2, "dead"), (3, "working"), (4, "waiting"), (5, "waiting")] {
        store.enqueue(crate::delivery::Delivery { connection: connection.to_owned(), ..delivery(number) }).await.unwrap();
    }
    for (connection, verdict) in [("done", Some(done(1, 0, 0))), ("dead", Some(dead())), ("working", None)] {
        let leased = store.lease(connection, at(10), at(20), 1).await.unwrap();
        if let Some(verdict) = verdict {
            store.settle(&leased[0], &verdict, at(11)).await.unwrap();
        }
    }
    let mut connections = store.connections().await.unwrap();
    connections.sort();
    assert_eq!(connections, ["waiting", "working"]);
}

async fn counts_say_what_happened_and_what_is_there(store: Arc<dyn Store>) {
    for number in 1..=5 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let mut other = delivery(0);
    other.connection = "other".to_owned();
    store.enqueue(other).await.unwrap();
    let leased = lease(&store, 10, 3).await;
    store.settle(&leased[0], &done(1, 2, 3), at(11)).await.unwrap();
    store.settle(&leased[1], &dead(), at(11)).await.unwrap();
    store.settle(&leased[2], &retry_at(20, true), at(11)).await.unwrap();
    let counts = store.counts(None).await.unwrap();
    assert_eq!(
        (counts.accepted, counts.work_items, counts.updates, counts.duplicates_suppressed, counts.retried),
        (6, 1, 2, 3, 1)
    );
    assert_eq!((counts.dead_letters, counts.backlog, counts.oldest), (1, 4, Some(at(0))));
    let counts = store.counts(Some("snow")).await.unwrap();
    assert_eq!((counts.accepted, counts.dead_letters, counts.backlog, counts.oldest), (5, 1, 3, Some(at(3))));
    assert_eq!(store.counts(Some("nobody")).await.unwrap(), crate::store::Counts::default());
}

async fn counts_survive_pruning(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    let leased = lease(&store, 1, 1).await;
    store.settle(&leased[0], &done(1, 0, 0), at(2)).await.unwrap();
    let before = store.counts(None).await.unwrap();
    assert_eq!(store.prune(at(3), at(3), 10).await.unwrap(), 1);
    assert_eq!(store.counts(None).await.unwrap(), before);
}

async fn prune_takes_the_finished_and_old_and_at_most_limit(store: Arc<dyn Store>) {
    for number in 1..=8 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    let leased = lease(&store, 10, 7).await;
    for (leased, finished) in leased[..6].iter().zip(11..) {
        let verdict = if finished % 2 == 0 { dead() } else { done(1, 0, 0) };
        store.settle(leased, &verdict, at(finished)).await.unwrap();
    }
    // Finished at 11 (done), 12 (dead), 13 (done), 14 (dead), 15 (done), 16 (dead); one working, one waiting.
    assert_eq!(store.prune(at(14), at(0), 1).await.unwrap(), 1);
    assert!(store.show(id(1)).await.unwrap().is_none(), "the oldest first");
    assert_eq!(store.prune(at(14), at(13), 10).await.unwrap(), 2);
    assert_eq!(store.prune(at(14), at(13), 10).await.unwrap(), 0);
    let left: Vec<_> = store.list(&Filter { limit: 10, ..Filter::default() }).await.unwrap();
    assert_eq!(left.iter().map(|listed| listed.id).collect::<Vec<_>>(), [id(8), id(7), id(6), id(5), id(4)]);
    assert_eq!(store.prune(at(9000), at(9000), 10).await.unwrap(), 3);
    assert_eq!(store.counts(None).await.unwrap().backlog, 2, "what is not finished is never pruned");
}

async fn changed_listens_from_the_call_on(store: Arc<dyn Store>) {
    let changed = store.changed();
    store.enqueue(delivery(1)).await.unwrap();
    changed.await;
    let changed = store.changed();
    assert!(store.redrive(id(1), at(1)).await.unwrap());
    changed.await;
}

async fn a_document_is_made_once_and_changed_only_by_who_saw_it_last(store: Arc<dyn Store>) {
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    assert_eq!(store.get("correlation/a").await.unwrap(), None);
    let first = store.put("correlation/a", None, one.clone(), at(1)).await.unwrap().unwrap();
    assert_eq!(store.put("correlation/a", None, two.clone(), at(1)).await.unwrap(), None);
    let seen = store.get("correlation/a").await.unwrap().unwrap();
    assert_eq!((&seen.bytes, &seen.version), (&one, &first));
    let second = store.put("correlation/a", Some(&first), two.clone(), at(2)).await.unwrap().unwrap();
    assert_ne!(first, second);
    assert_eq!(store.put("correlation/a", Some(&first), one.clone(), at(3)).await.unwrap(), None);
    assert_eq!(store.put("correlation/b", Some(&second), one, at(3)).await.unwrap(), None, "another document's version");
    assert_eq!(store.get("correlation/a").await.unwrap().unwrap().bytes, two);
    assert!(!store.remove("correlation/a", &first).await.unwrap());
    assert!(!store.remove("correlation/b", &second).await.unwrap());
    assert!(store.remove("correlation/a", &second).await.unwrap());
    assert_eq!(store.get("correlation/a").await.unwrap(), None);
}

async fn of_a_hundred_writers_one_wins_each_version(store: Arc<dyn Store>) {
    let mut version = None;
    for round in 0..5 {
        let mut writers = JoinSet::new();
        for _ in 0..100 {
            let (store, expected) = (Arc::clone(&store), version.clone());
            writers.spawn(async move {
                store.put("correlation/a", expected.as_ref(), Bytes::from(vec![round]), at(1)).await.unwrap()
            });
        }
        let winners: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        version = winners.into_iter().next();
    }
}

async fn a_version_never_returns_even_after_removal(store: Arc<dyn Store>) {
    let bytes = Bytes::from_static(b"x");
    let old = store.put("correlation/a", None, bytes.clone(), at(1)).await.unwrap().unwrap();
    assert!(store.remove("correlation/a", &old).await.unwrap());
    let new = store.put("correlation/a", None, bytes.clone(), at(1)).await.unwrap().unwrap();
    assert_ne!(old, new);
    assert_eq!(store.put("correlation/a", Some(&old), bytes, at(1)).await.unwrap(), None);
    assert!(!store.remove("correlation/a", &old).await.unwrap());
}

async fn stale_documents_oldest_first_of_one_collection(store: Arc<dyn Store>) {
    let bytes = Bytes::from_static(b"x");
    for (key, written) in
        [("correlation/c", 3), ("correlation/a", 1), ("cursor/x", 1), ("correlation/b", 2), ("correlations/a", 1)]
    {
        store.put(key, None, bytes.clone(), at(written)).await.unwrap().unwrap();
    }
    let touched = store.put("correlation/d", None, bytes.clone(), at(0)).await.unwrap();
    store.put("correlation/d", touched.as_ref(), bytes, at(9)).await.unwrap().unwrap();
    let stale = |before, limit| store.stale("correlation", at(before), limit);
    assert_eq!(stale(3, 10).await.unwrap(), ["correlation/a", "correlation/b"]);
    assert_eq!(stale(10, 3).await.unwrap(), ["correlation/a", "correlation/b", "correlation/c"]);
    assert_eq!(store.stale("cursor", at(10), 3).await.unwrap(), ["cursor/x"]);
}
