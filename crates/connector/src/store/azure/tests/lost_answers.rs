//! A write whose answer is lost on the way is neither done twice nor taken for somebody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::{Chance, SystemClock};
use crate::store::azure::AzureStore;
use crate::store::tests::{at, azurite, delivery, done, id};
use crate::store::{Claim, DeliveryQueue, StateStore, Status};

/// A connection through which everything goes, but for the answers to the next `swallowed` writes: they end the connection.
async fn connection(mut client: TcpStream, mut server: TcpStream, swallowed: Arc<AtomicU32>) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut write = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                if [&b"PUT "[..], b"POST ", b"DELETE ", b"GET ", b"HEAD "].iter().any(|method| bytes.starts_with(method)) {
                    write = !bytes.starts_with(b"GET ") && !bytes.starts_with(b"HEAD ");
                }
                server.write_all(bytes).await?;
            }
            read = server.read(&mut answered) => {
                let bytes = &answered[..read?];
                let left = |left: u32| left.checked_sub(1);
                if bytes.is_empty() || (write && swallowed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok()) {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

/// A store that reaches its blobs through a connection that can swallow answers.
async fn store() -> Option<(Arc<AzureStore>, Arc<AtomicU32>)> {
    let served = azurite::azurite()?.served.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let there = url::Url::parse(&served.blob).unwrap().socket_addrs(|| None).unwrap()[0];
    let swallowed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&swallowed);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move { connection(client, TcpStream::connect(there).await?, count).await });
        }
    });
    let mut through = served;
    through.blob = through.blob.replace(&there.to_string(), &here);
    let secrets = azurite::secrets(&through);
    let chance = Arc::new(Chance::from_system());
    let store = AzureStore::open(&azurite::settings(), None, &secrets, Arc::new(SystemClock), chance).unwrap();
    store.prepare().await.unwrap();
    Some((store, swallowed))
}

#[tokio::test]
async fn a_document_whose_answer_was_lost_is_ours_and_has_our_version() {
    let Some((store, swallowed)) = store().await else { return };
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    for lost in 1..=3 {
        let key = format!("correlation/{lost}");
        swallowed.store(lost, Ordering::SeqCst);
        let first = store.put(&key, None, one.clone(), at(1)).await.unwrap().expect("it was written, by us");
        swallowed.store(lost, Ordering::SeqCst);
        let second = store.put(&key, Some(&first), two.clone(), at(2)).await.unwrap().expect("it was written, by us");
        assert_eq!(swallowed.load(Ordering::SeqCst), 0, "the answers were lost");
        let found = store.get(&key).await.unwrap().unwrap();
        assert_eq!((found.bytes, &found.version), (two.clone(), &second));
        assert_eq!(store.put(&key, Some(&first), one.clone(), at(3)).await.unwrap(), None, "somebody was faster: ourselves");
    }
}

#[tokio::test]
async fn a_delivery_whose_answers_are_lost_is_stored_taken_and_settled_once() {
    let Some((store, swallowed)) = store().await else { return };
    swallowed.store(1, Ordering::SeqCst);
    store.enqueue(delivery(1)).await.unwrap();
    swallowed.store(1, Ordering::SeqCst);
    let Claim::Taken(taken) = store.claim(id(1), at(1), at(100)).await.unwrap() else { panic!("it is ours") };
    swallowed.store(1, Ordering::SeqCst);
    store.settle(&taken, &done(1, 0, 0), at(2)).await.unwrap();
    assert_eq!(store.show(id(1)).await.unwrap().unwrap().0.status, Status::Done);
    let counts = store.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.work_items, counts.backlog), (1, 1, 0));
}
