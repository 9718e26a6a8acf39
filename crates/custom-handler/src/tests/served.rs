//! The server over a real socket.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use super::fixture;
use crate::{Ended, Options, Outcome, TimerTrigger, serve};

/// Whole bytes of the answer to one request on a connection of its own.
async fn ask(mut stream: TcpStream, head: &str, body: &str) -> String {
    let request = format!("{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_invocation_in_progress_is_finished_when_the_process_is_to_stop() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let sweep = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move |_: TimerTrigger| async move {
            begun.notify_one();
            go_on.notified().await;
            Outcome::new()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = Router::new().route("/sweep", post(sweep));
    let server = tokio::spawn(serve(listener, app, Options::default(), async { stopped.await.unwrap() }));

    let probe = ask(TcpStream::connect(address).await.unwrap(), "GET / HTTP/1.1", "").await;
    assert!(probe.starts_with("HTTP/1.1 200 OK"), "{probe}");

    let stream = TcpStream::connect(address).await.unwrap();
    let invocation = tokio::spawn(ask(stream, "POST /sweep HTTP/1.1", fixture!("invocation_timer")));
    begun.notified().await;
    stop.send(()).unwrap();
    go_on.notify_one();
    let answer = invocation.await.unwrap();
    assert!(answer.ends_with(r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#), "{answer}");
    assert_eq!(server.await.unwrap().unwrap(), Ended);
}

#[tokio::test]
async fn an_invocation_that_does_not_finish_does_not_hold_up_the_end() {
    let begun = Arc::new(Notify::new());
    let sweep = {
        let begun = begun.clone();
        move |_: TimerTrigger| async move {
            begun.notify_one();
            std::future::pending::<Outcome>().await
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/sweep", post(sweep));
    let options = Options::default().with_drain(Duration::from_millis(20));
    let stop = async move { begun.notified().await };
    let server = tokio::spawn(serve(listener, app, options, stop));
    let stream = TcpStream::connect(address).await.unwrap();
    let invocation = tokio::spawn(ask(stream, "POST /sweep HTTP/1.1", fixture!("invocation_timer")));
    assert_eq!(server.await.unwrap().unwrap(), Ended);
    invocation.abort();
}

#[tokio::test]
async fn connections_that_the_host_keeps_open_do_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = Options::default().with_drain(Duration::from_secs(3600));
    let server = tokio::spawn(serve(listener, Router::new(), options, async { stopped.await.unwrap() }));
    let _unused = TcpStream::connect(address).await.unwrap();
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), server).await.expect("it waits for nobody");
    assert_eq!(ended.unwrap().unwrap(), Ended);
}
