//! The sockets of listeners: the control channel, and the rendezvous socket of one request.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

use super::{
    namespace::{Namespace, Waiting},
    options::Right,
    wire::{self, Head},
};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Bytes of one fragment of a body.
const FRAGMENT: usize = 16 * 1024;

async fn socket(upgrade: hyper::upgrade::OnUpgrade) -> Option<Socket> {
    let upgraded = upgrade.await.ok()?;
    Some(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await)
}

/// Why Relay closes a control channel.
enum Ending {
    Closed,
    Because(CloseCode, &'static str),
}

/// Serves a control channel until it ends. `expires`: when its token does.
pub(super) async fn control(
    namespace: Arc<Namespace>,
    upgrade: hyper::upgrade::OnUpgrade,
    (number, mut told): (u64, tokio::sync::mpsc::UnboundedReceiver<super::namespace::Batch>),
    path: String,
    mut expires: i64,
) {
    let Some(socket) = socket(upgrade).await else {
        namespace.leave(number);
        return;
    };
    let (mut out, mut incoming) = socket.split();
    let mut stirred = namespace.stirred();
    let mut half: Option<Head> = None;
    let ending = loop {
        if let Some(ending) = may_not_stay(&namespace, number, &path, expires) {
            break ending;
        }
        tokio::select! {
            batch = told.recv() => {
                let Some(batch) = batch else { continue };
                let mut broken = false;
                for message in batch {
                    broken |= out.send(message).await.is_err();
                }
                if broken {
                    break Ending::Closed;
                }
            }
            message = incoming.next() => {
                let Some(Ok(message)) = message else { break Ending::Closed };
                match heard(&namespace, number, &path, &mut half, message) {
                    Ok(Some(renewed)) => expires = renewed,
                    Ok(None) => {}
                    Err(ending) => break ending,
                }
            }
            _ = stirred.changed() => {}
            // The machine's clock may end a token without anybody saying so.
            () = crate::clock::wait(Duration::from_secs(1)) => {}
        }
    };
    if let Ending::Because(code, reason) = ending {
        out.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await.ok();
    }
    namespace.leave(number);
}

fn may_not_stay(namespace: &Namespace, number: u64, path: &str, expires: i64) -> Option<Ending> {
    if namespace.connection(path).is_none() {
        return Some(Ending::Because(CloseCode::Away, "The hybrid connection was deleted."));
    }
    if !namespace.knows(number) {
        return Some(Ending::Because(CloseCode::Error, "Something went wrong in the service."));
    }
    (expires <= namespace.clock.seconds()).then_some(Ending::Because(CloseCode::Policy, "The security token has expired."))
}

/// One message of a listener; a renewed token's expiry.
fn heard(
    namespace: &Namespace,
    number: u64,
    path: &str,
    half: &mut Option<Head>,
    message: Message,
) -> Result<Option<i64>, Ending> {
    match message {
        Message::Text(text) => {
            let Ok(message) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
            if let Some(token) = message.pointer("/renewToken/token").and_then(Value::as_str) {
                let checked = namespace.check(Some(token), path, Right::Listen);
                return checked.map(Some).map_err(|_| Ending::Because(CloseCode::Policy, "The security token is not valid."));
            }
            if let Some(head) = wire::head(&message) {
                if head.body {
                    *half = Some(head);
                } else {
                    finish(namespace, number, head, Bytes::new());
                }
            }
            Ok(None)
        }
        Message::Binary(body) => {
            // Microsoft's own listener sends an empty frame after a response that said it has no body.
            let Some(head) = half.take() else { return Ok(None) };
            if body.len() > wire::CONTROL_BODY {
                // It has to use the rendezvous socket. What Relay does to one that does not is inferred.
                return Err(Ending::Because(CloseCode::Size, "A body on the control channel has at most 64 kB."));
            }
            finish(namespace, number, head, body);
            Ok(None)
        }
        Message::Close(_) => Err(Ending::Closed),
        _ => Ok(None),
    }
}

fn finish(namespace: &Namespace, number: u64, head: Head, body: Bytes) {
    let id = head.request.clone();
    namespace.answered(number, &id, wire::answer(head, body, &namespace.options.namespace));
}

/// Serves the rendezvous socket of one request: tells the request when it was too large before, then takes the response. It is closed
/// afterwards; Azure keeps it for further requests on the sender's connection, which a listener cannot rely on.
pub(super) async fn rendezvous(
    namespace: Arc<Namespace>,
    upgrade: hyper::upgrade::OnUpgrade,
    mut waiting: Waiting,
    address: String,
    id: String,
) {
    let Some(mut socket) = socket(upgrade).await else { return };
    if let Some((call, headers)) = waiting.request.take() {
        let body = call.body.clone();
        let request = wire::request(&address, &id, &call, &headers);
        if socket.send(Message::text(request.to_string())).await.is_err() || fragments(&mut socket, &body).await.is_err() {
            return;
        }
    }
    let mut half: Option<Head> = None;
    while let Some(Ok(message)) = socket.next().await {
        let whole = match message {
            Message::Text(text) => match serde_json::from_str(&text).ok().as_ref().and_then(wire::head) {
                Some(head) if head.body => {
                    half = Some(head);
                    None
                }
                Some(head) => Some((head, Bytes::new())),
                None => None,
            },
            Message::Binary(body) => half.take().map(|head| (head, body)),
            Message::Close(_) => return,
            _ => None,
        };
        if let Some((head, body)) = whole {
            waiting.finish(wire::answer(head, body, &namespace.options.namespace));
            let close = CloseFrame { code: CloseCode::Away, reason: "The sender closed its connection.".into() };
            socket.send(Message::Close(Some(close))).await.ok();
            return;
        }
    }
}

/// A body as one message of several frames, the last with FIN.
async fn fragments(socket: &mut Socket, body: &Bytes) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let mut rest = body.clone();
    let mut kind = Data::Binary;
    while !rest.is_empty() {
        let part = rest.split_to(rest.len().min(FRAGMENT));
        socket.send(Message::Frame(Frame::message(part, OpCode::Data(kind), rest.is_empty()))).await?;
        kind = Data::Continue;
    }
    Ok(())
}
