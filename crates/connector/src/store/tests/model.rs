//! Whatever is asked of them, in whatever order, memory, SQLite and Azure Storage answer the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{Store, at, azurite, dead, delivery, done, id, retry_at};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Claim, Filter, Leased, Status, Version};

#[derive(Debug, Clone)]
enum Step {
    Enqueue(u8),
    Claim(u8),
    Lease {
        connection: u8,
        limit: usize,
    },
    /// The n-th lease ever given, so that stale ones are used too.
    Settle {
        lease: usize,
        verdict: u8,
    },
    Redrive(u8),
    Drop(u8),
    Prune {
        age: i64,
        limit: usize,
    },
    List {
        status: Option<Status>,
        connection: Option<u8>,
        limit: usize,
    },
    /// With the version seen so many changes ago.
    Put {
        key: u8,
        ago: usize,
    },
    Remove {
        key: u8,
        ago: usize,
    },
    Stale {
        age: i64,
        limit: usize,
    },
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let status = proptest::option::of(proptest::sample::select(&Status::ALL[..]));
    prop_oneof![
        3 => (0..12u8).prop_map(Step::Enqueue),
        2 => (0..12u8).prop_map(Step::Claim),
        4 => (0..2u8, 0..5usize).prop_map(|(connection, limit)| Step::Lease { connection, limit }),
        6 => (0..64usize, 0..4u8).prop_map(|(lease, verdict)| Step::Settle { lease, verdict }),
        1 => (0..12u8).prop_map(Step::Redrive),
        1 => (0..12u8).prop_map(Step::Drop),
        1 => (0..300i64, 0..4usize).prop_map(|(age, limit)| Step::Prune { age, limit }),
        2 => (status, proptest::option::of(0..2u8), 0..8usize)
            .prop_map(|(status, connection, limit)| Step::List { status, connection, limit }),
        4 => (0..3u8, 0..3usize).prop_map(|(key, ago)| Step::Put { key, ago }),
        1 => (0..3u8, 0..3usize).prop_map(|(key, ago)| Step::Remove { key, ago }),
        1 => (0..300i64, 0..4usize).prop_map(|(age, limit)| Step::Stale { age, limit }),
        2 => (1..120i64).prop_map(Step::Wait),
    ]
}

/// One store and what its callers remember of it; `play` answers in words that both stores must share.
struct Player {
    store: Arc<dyn Store>,
    leases: Vec<Leased>,
    versions: BTreeMap<u8, Vec<Version>>,
}

impl Player {
    fn new(store: Arc<dyn Store>) -> Self {
        Self { store, leases: Vec::new(), versions: BTreeMap::new() }
    }

    fn version(&self, key: u8, ago: usize) -> Option<Version> {
        self.versions.get(&key).and_then(|seen| seen.iter().rev().nth(ago)).cloned()
    }

    async fn play(&mut self, step: &Step, now: i64) -> String {
        let store = &self.store;
        let connection = |number: u8| format!("connection{number}");
        let key = |number: u8| format!("correlation/{number}");
        match step.clone() {
            Step::Enqueue(number) => {
                let delivery =
                    crate::delivery::Delivery { connection: connection(number % 2), accepted_at: at(now), ..delivery(number) };
                format!("{:?}", store.enqueue(delivery).await)
            }
            Step::Lease { connection: number, limit } => {
                let leased = store.lease(&connection(number), at(now), at(now + 100), limit).await.unwrap();
                let said: Vec<_> = leased.iter().map(|leased| (leased.delivery.clone(), leased.attempts)).collect();
                self.leases.extend(leased);
                format!("{said:?}")
            }
            Step::Claim(number) => match store.claim(id(number.into()), at(now), at(now + 100)).await.unwrap() {
                Claim::Taken(taken) => {
                    let said = format!("{:?} {} {:?}", taken.delivery, taken.attempts, taken.since);
                    self.leases.push(*taken);
                    said
                }
                other => format!("{other:?}"),
            },
            Step::Settle { lease, verdict } => {
                let Some(leased) = self.leases.get(lease % self.leases.len().max(1)) else { return String::new() };
                let verdicts = [done(1, 2, 3), retry_at(now + 30, true), retry_at(now + 50, false), dead()];
                format!("{:?}", store.settle(leased, &verdicts[usize::from(verdict)], at(now)).await)
            }
            Step::Redrive(number) => format!("{:?}", store.redrive(id(number.into()), at(now)).await),
            Step::Drop(number) => format!("{:?}", store.drop_delivery(id(number.into())).await),
            Step::Prune { age, limit } => format!("{:?}", store.prune(at(now - age), at(now - 2 * age), limit).await),
            Step::List { status, connection: number, limit } => {
                let filter = Filter { connection: number.map(connection), status, limit };
                format!("{:?}", store.list(&filter).await)
            }
            Step::Put { key: number, ago } => {
                let expected = self.version(number, ago);
                let bytes = Bytes::from(now.to_string());
                let put = store.put(&key(number), expected.as_ref(), bytes, at(now)).await.unwrap();
                let won = put.is_some();
                self.versions.entry(number).or_default().extend(put);
                format!("{won}")
            }
            Step::Remove { key: number, ago } => {
                let Some(version) = self.version(number, ago) else { return String::new() };
                let removed = store.remove(&key(number), &version).await.unwrap();
                if removed {
                    // The next `put` with nothing remembered makes it anew.
                    self.versions.remove(&number);
                }
                format!("{removed}")
            }
            Step::Stale { age, limit } => format!("{:?}", store.stale("correlation", at(now - age), limit).await),
            Step::Wait(_) => String::new(),
        }
    }

    /// Everything that can be seen from outside.
    async fn seen(&self) -> Vec<String> {
        let store = &self.store;
        let mut seen = vec![format!("{:?}", store.counts(None).await.unwrap())];
        for connection in ["connection0", "connection1"] {
            seen.push(format!("{:?}", store.counts(Some(connection)).await.unwrap()));
            seen.push(format!("{:?}", store.next_due(connection).await.unwrap()));
        }
        for number in 0..12 {
            seen.push(format!("{:?}", store.show(id(number)).await.unwrap()));
        }
        for key in 0..3 {
            let document = store.get(&format!("correlation/{key}")).await.unwrap();
            seen.push(format!("{:?}", document.map(|document| document.bytes)));
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_tell_the_same_story(steps in vec(step(), 1..60)) {
        Runtime::new().unwrap().block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let mut memory = Player::new(MemoryStore::new());
            let mut sqlite = Player::new(SqliteStore::open(&directory.path().join("store.db")).unwrap());
            let mut now = 1000;
            for step in &steps {
                now += if let Step::Wait(seconds) = step { *seconds } else { 1 };
                assert_eq!(memory.play(step, now).await, sqlite.play(step, now).await, "{step:?}");
            }
            assert_eq!(memory.seen().await, sqlite.seen().await);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_azure_tell_the_same_story(steps in vec(step(), 20..40)) {
        Runtime::new().unwrap().block_on(async {
            let Some(azure) = azurite::store() else { return };
            let mut memory = Player::new(MemoryStore::new());
            let mut azure = Player::new(azure);
            let mut now = 1000;
            for step in &steps {
                now += if let Step::Wait(seconds) = step { *seconds } else { 1 };
                assert_eq!(memory.play(step, now).await, azure.play(step, now).await, "{step:?}");
            }
            assert_eq!(memory.seen().await, azure.seen().await);
        });
    }
}
