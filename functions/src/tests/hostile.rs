//! Slow, huge and broken clients: each costs little and gets a clear answer.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Host, KEY, Mood, Setup, answer};
use crate::server::ServerLimits;

const PATH: &str = "/api/alerts/snow/incident";

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

fn head(extra: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n{extra}\r\n")
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after the answer is an end, too.
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut text)).await.expect("the server closes");
    String::from_utf8(text).unwrap()
}

/// One answer to a request with a body of known length.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.contains("\r\n\r\n") || !text.trim_end().ends_with('}') {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    text
}

fn quick(limits: impl FnOnce(&mut ServerLimits)) -> Setup {
    let mut setup = Setup { body: Duration::from_millis(100), ..Setup::default() };
    limits(&mut setup.server);
    setup
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_and_one_at_the_limit_is_accepted() {
    let host = Host::usual().await;
    let of = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
    assert_eq!(answer(host.post(PATH).body(of(1024 * 1024))).await.0, 202);
    for size in [1024 * 1024 + 1, 3_000_000] {
        let (status, problem) = answer(host.post(PATH).body(of(size))).await;
        assert_eq!(status, 413);
        assert!(problem["remedy"].as_str().unwrap().contains("max_body_bytes"));
    }
    let small =
        Host::start(Setup { intake: json!({"api_keys": ["$INTAKE_KEY"], "max_body_bytes": 100}), ..Setup::default() }).await;
    assert_eq!(answer(small.post(PATH).body(of(101))).await.0, 413);
}

#[tokio::test]
async fn an_announced_200_mb_body_is_refused_before_any_of_it_is_sent() {
    let host = Host::usual().await;
    let mut stream = connect(host.address).await;
    stream.write_all(head("content-length: 209715200\r\n").as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_200_mb_body_of_unknown_length_is_refused_at_the_limit_and_never_taken_whole() {
    let host = Host::start(quick(|limits| limits.linger = Duration::from_millis(200))).await;
    let (mut reading, mut writing) = connect(host.address).await.into_split();
    writing.write_all(head("transfer-encoding: chunked\r\n").as_bytes()).await.unwrap();
    let sending = tokio::spawn(async move {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let mut sent = 0;
        while sent < 200 * 1024 * 1024 && writing.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 0x10000;
        }
        sent
    });
    let mut text = [0; 12];
    reading.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"HTTP/1.1 413");
    let sent = sending.await.unwrap();
    assert!(sent < 40 * 1024 * 1024, "{sent} bytes were taken");
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn a_client_that_sends_all_of_a_large_body_before_it_reads_still_gets_the_413() {
    let host = Host::usual().await;
    let mut stream = connect(host.address).await;
    stream.write_all(head("transfer-encoding: chunked\r\n").as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..100 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_chunked_body_is_one_body() {
    let host = Host::usual().await;
    let mut stream = connect(host.address).await;
    let body = "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
    stream.write_all(format!("{}{body}", head("transfer-encoding: chunked\r\n")).as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 202 "));
    assert_eq!(host.taken()[0].payload, "{\"a\":1}");
}

#[tokio::test]
async fn a_malformed_chunk_is_never_stored() {
    let host = Host::usual().await;
    let mut stream = connect(host.address).await;
    stream.write_all(format!("{}2\r\n{{}}\r\nZZ\r\n", head("transfer-encoding: chunked\r\n")).as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 400 "));
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn a_body_that_trickles_is_408_which_azure_repeats() {
    let host = Host::start(quick(|_| {})).await;
    let mut stream = connect(host.address).await;
    stream.write_all(format!("{}{{", head("content-length: 2\r\n")).as_bytes()).await.unwrap();
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains("application/problem+json"));
}

#[tokio::test]
async fn a_connection_whose_headers_trickle_is_closed() {
    let host = Host::start(quick(|limits| limits.head = Duration::from_millis(100))).await;
    for start in ["", "POST /api/al", "POST / HTTP/1.1\r\nhost: x\r\nx-a: "] {
        let mut stream = connect(host.address).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
    }
    // The same after a good request on the same connection.
    let mut stream = connect(host.address).await;
    stream.write_all(format!("{}{{}}", head("content-length: 2\r\n")).as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(b"POST").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_limit_for_headers_and_not_its_own() {
    let limits = |limits: &mut ServerLimits| {
        limits.head = Duration::from_millis(40);
        limits.idle = Duration::from_millis(400);
    };
    let host = Host::start(quick(limits)).await;
    let mut stream = connect(host.address).await;
    let request = format!("{}{{}}", head("content-length: 2\r\n"));
    stream.write_all(request.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    assert!(timeout(Duration::from_millis(150), stream.read_u8()).await.is_err(), "still open");
    stream.write_all(request.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn headers_beyond_the_limits_are_431() {
    let host = Host::usual().await;
    for extra in [format!("x-big: {}\r\n", "x".repeat(40 * 1024)), "x-a: b\r\n".repeat(150)] {
        let mut stream = connect(host.address).await;
        stream.write_all(head(&extra).as_bytes()).await.unwrap();
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }
}

#[tokio::test]
async fn a_full_server_takes_the_next_connection_when_one_ends() {
    let host = Host::start(quick(|limits| limits.connections = 1)).await;
    let request = format!("{}{{}}", head("content-length: 2\r\n"));
    let mut first = connect(host.address).await;
    first.write_all(request.as_bytes()).await.unwrap();
    one_answer(&mut first).await;
    let mut second = connect(host.address).await;
    second.write_all(request.as_bytes()).await.unwrap();
    assert!(timeout(Duration::from_millis(100), second.read_u8()).await.is_err(), "waits");
    drop(first);
    assert!(one_answer(&mut second).await.starts_with("HTTP/1.1 202 "));
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_finishes_requests_in_progress() {
    let mut host = Host::start(Setup { body: Duration::from_secs(15), ..Setup::default() }).await;
    let mut unused = connect(host.address).await;
    let mut idle = connect(host.address).await;
    idle.write_all(format!("{}{{}}", head("content-length: 2\r\n")).as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    let mut busy = connect(host.address).await;
    busy.write_all(head("content-length: 2\r\nexpect: 100-continue\r\n").as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    busy.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    host.stop.take().unwrap().send(()).unwrap();
    for stream in [&mut unused, &mut idle] {
        assert_eq!(timeout(Duration::from_secs(5), rest(stream)).await.expect("at once"), "");
    }
    busy.write_all(b"{}").await.unwrap();
    assert!(rest(&mut busy).await.starts_with("HTTP/1.1 202 "));
    host.serving.await.unwrap().unwrap();
    assert_eq!(host.queue.taken.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn shutdown_cuts_what_does_not_end() {
    let mut host = Host::start(quick(|limits| limits.drain = Duration::from_millis(100))).await;
    *host.queue.mood.lock().unwrap() = Mood::Silent;
    let mut busy = connect(host.address).await;
    busy.write_all(head("content-length: 2\r\nexpect: 100-continue\r\n").as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    busy.read_exact(&mut go_on).await.unwrap();
    busy.write_all(b"{}").await.unwrap();
    host.stop.take().unwrap().send(()).unwrap();
    timeout(Duration::from_secs(3), host.serving).await.expect("ends").unwrap().unwrap();
}
