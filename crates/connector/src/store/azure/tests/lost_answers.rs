//! A write whose answer is lost on the way is neither done twice nor taken for somebody else's.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::delivery::Delivery;
use crate::secret::Secrets;
use crate::store::azure::{AzureStore, Woken};
use crate::store::tests::{at, azurite, delivery, done, id, retry_at};
use crate::store::{Claim, DeliveryQueue, StateStore, Status};

/// Answers that get lost.
#[derive(Default)]
struct Swallowed {
    /// Those to the next so many writes,
    writes: AtomicU32,
    /// where this is part of the address;
    of: Mutex<&'static str>,
    /// those to the next so many looks (HEAD).
    looks: AtomicU32,
}

impl Swallowed {
    fn next_writes(&self, number: u32) {
        self.writes.store(number, Ordering::SeqCst);
    }

    fn left(&self) -> u32 {
        self.writes.load(Ordering::SeqCst) + self.looks.load(Ordering::SeqCst)
    }

    /// Whose answers to count down, for a request that begins with these bytes.
    fn counted(&self, request: &[u8]) -> Option<&AtomicU32> {
        let line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap()).into_owned();
        match line.split(' ').next().unwrap() {
            "HEAD" => Some(&self.looks),
            "PUT" | "POST" | "DELETE" if line.contains(*self.of.lock().unwrap()) => Some(&self.writes),
            _ => None,
        }
    }
}

/// A connection through which everything goes, but for the answers that are to be `swallowed`: they end the connection.
async fn connection(mut client: TcpStream, mut server: TcpStream, swallowed: Arc<Swallowed>) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut counted = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                if [&b"PUT "[..], b"POST ", b"DELETE ", b"GET ", b"HEAD "].iter().any(|method| bytes.starts_with(method)) {
                    counted = swallowed.counted(bytes);
                }
                server.write_all(bytes).await?;
            }
            read = server.read(&mut answered) => {
                let bytes = &answered[..read?];
                let left = |left: u32| left.checked_sub(1);
                let lost = |count: &AtomicU32| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok();
                if bytes.is_empty() || counted.is_some_and(lost) {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

/// A store that reaches its blobs through a connection that can swallow answers.
async fn store() -> Option<(Arc<AzureStore>, Arc<Swallowed>)> {
    let served = azurite::azurite()?.served.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let there = url::Url::parse(&served.blob).unwrap().socket_addrs(|| None).unwrap()[0];
    let swallowed = Arc::new(Swallowed::default());
    let count = Arc::clone(&swallowed);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move { connection(client, TcpStream::connect(there).await?, count).await });
        }
    });
    let mut through = served;
    through.blob = through.blob.replace(&there.to_string(), &here);
    let secrets: Arc<dyn Secrets> = Arc::new(azurite::secrets(&through));
    let store = azurite::open_with(&azurite::settings(), &secrets, Woken::ByMessages).unwrap();
    store.prepare().await.unwrap();
    Some((store, swallowed))
}

#[tokio::test]
async fn a_document_whose_answer_was_lost_is_ours_and_has_our_version() {
    let Some((store, swallowed)) = store().await else { return };
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    for lost in 1..=3 {
        let key = format!("correlation/{lost}");
        swallowed.next_writes(lost);
        let first = store.put(&key, None, one.clone(), at(1)).await.unwrap().expect("it was written, by us");
        swallowed.next_writes(lost);
        let second = store.put(&key, Some(&first), two.clone(), at(2)).await.unwrap().expect("it was written, by us");
        assert_eq!(swallowed.left(), 0, "the answers were lost");
        let found = store.get(&key).await.unwrap().unwrap();
        assert_eq!((found.bytes, &found.version), (two.clone(), &second));
        assert_eq!(store.put(&key, Some(&first), one.clone(), at(3)).await.unwrap(), None, "somebody was faster: ourselves");
    }
}

#[tokio::test]
async fn a_delivery_whose_answers_are_lost_is_stored_taken_and_settled_once() {
    let Some((store, swallowed)) = store().await else { return };
    swallowed.next_writes(1);
    store.enqueue(delivery(1)).await.unwrap();
    swallowed.next_writes(1);
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is ours") };
    swallowed.next_writes(1);
    store.settle(&taken, &done(1, 0, 0), at(2)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
    let counts = store.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.work_items, counts.backlog), (1, 1, 0));
}

/// The next write to `open/` is done and its answer lost; so are the answers to the looks for whose it is.
fn nothing_is_known(swallowed: &Swallowed) {
    *swallowed.of.lock().unwrap() = "open";
    swallowed.next_writes(1);
    swallowed.looks.store(3, Ordering::SeqCst);
}

#[tokio::test]
async fn a_large_delivery_of_which_nothing_is_known_is_not_taken_for_another_and_keeps_its_payload() {
    let Some((store, swallowed)) = store().await else { return };
    nothing_is_known(&swallowed);
    let large = Delivery { payload: Bytes::from(vec![b' '; 40_000]), ..delivery(1) };
    store.enqueue(large.clone()).await.expect_err("whether it was stored is not known, so nobody may be told that it was");
    assert_eq!(swallowed.left(), 0, "the answers were lost");
    // It was stored; and whoever was told that it was not posts again.
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().1.unwrap().len(), 40_000);
    store.enqueue(large).await.unwrap();
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is due") };
    assert_eq!(taken.delivery.payload.len(), 40_000);
}

#[tokio::test]
async fn an_outcome_of_which_nothing_is_known_is_an_error_so_that_the_message_comes_again() {
    let Some((store, swallowed)) = store().await else { return };
    store.enqueue(delivery(1)).await.unwrap();
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is due") };
    let before = store.messages().await.unwrap().0;
    nothing_is_known(&swallowed);
    store.settle(&taken, &retry_at(500, true), at(2)).await.expect_err("the host has to call again");
    assert_eq!(swallowed.left(), 0, "the answers were lost");
    let Claim::NotYet(due) = store.claim(id(1), at(3), at(100)).await.unwrap() else { panic!("it was put off") };
    assert_eq!((due, store.messages().await.unwrap().0), (at(500), before + 1), "and it has a message for then");
}
