//! Everything that comes in at the namespace's address: senders' requests, and listeners that want a WebSocket.

use std::sync::Arc;

use axum::body::Body;
use hyper::{Request, Response, body::Incoming};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    control,
    namespace::Namespace,
    options::Right,
    wire::{own, parameter, request_headers},
};
use crate::http::{Answer, Call, into_response, read};

/// One request.
pub(super) async fn serve(namespace: Arc<Namespace>, mut request: Request<Incoming>) -> Response<Body> {
    namespace.log.begin();
    let path = request.uri().path().to_owned();
    if let Some(path) = path.strip_prefix("/$hc/") {
        let upgrade = hyper::upgrade::on(&mut request);
        let (answer, call) = match read(request).await {
            Ok(call) => (listener(&namespace, path, &call, upgrade), call),
            Err(answer) => (Err(answer), Call::default()),
        };
        let status = answer.as_ref().map_or_else(|answer| answer.status, |_| 101);
        namespace.log.end(&logged(&call), status);
        return answer.unwrap_or_else(into_response);
    }
    let call = match read(request).await {
        Ok(call) => call,
        Err(answer) => return into_response(answer),
    };
    let kept = logged(&call);
    let answer = sender(&namespace, call).await;
    namespace.log.end(&kept, answer.status);
    into_response(answer)
}

/// What the log may keep: tokens travel in the query.
fn logged(call: &Call) -> Call {
    let query: Vec<&str> = call.query.split('&').filter(|part| !part.starts_with("sb-hc-token")).collect();
    Call { method: call.method.clone(), path: call.path.clone(), query: query.join("&"), ..Call::default() }
}

async fn sender(namespace: &Arc<Namespace>, call: Call) -> Answer {
    let Some(connection) = namespace.connection(&call.path) else {
        return own(404, "The hybrid connection path is invalid.");
    };
    let (header, query) = ("servicebusauthorization", parameter(&call.query, "sb-hc-token"));
    let mut stripped = vec![header];
    if connection.sender_authorization {
        let special = query.or_else(|| call.header(header).map(str::to_owned));
        if special.is_none() {
            // Only then is the usual header Relay's, and only then is it taken off.
            stripped.push("authorization");
        }
        let token = special.or_else(|| call.header("authorization").map(str::to_owned));
        if let Err(answer) = namespace.check(token.as_deref(), &connection.path, Right::Send) {
            return answer;
        }
    }
    let headers = request_headers(&call, &stripped, &namespace.options.namespace);
    let Some((id, answered)) = namespace.dispatch(&connection.path, call, headers) else {
        return own(namespace.options.no_listener_status, "The request could not be routed to any listener.");
    };
    tokio::select! {
        answer = answered => answer.unwrap_or_else(|_| own(502, "The listener went away.")),
        () = crate::clock::wait(namespace.options.answer_within) => {
            namespace.forget(&id);
            own(504, "The listener did not answer in time.")
        }
    }
}

fn listener(
    namespace: &Arc<Namespace>,
    path: &str,
    call: &Call,
    upgrade: hyper::upgrade::OnUpgrade,
) -> Result<Response<Body>, Answer> {
    let connection = namespace.connection(path).ok_or_else(|| own(404, "The hybrid connection path is invalid."))?;
    let path = connection.path;
    let token = parameter(&call.query, "sb-hc-token").or_else(|| call.header("servicebusauthorization").map(str::to_owned));
    let expires = match parameter(&call.query, "sb-hc-action").as_deref() {
        Some("listen") => Some(namespace.check(token.as_deref(), &path, Right::Listen)?),
        Some("request") => None,
        // WebSockets of senders (`connect`, `accept`) are not emulated: the gateway's protocol needs none.
        _ => return Err(own(400, "Unrecognized action.")),
    };
    let key = call
        .header("sec-websocket-key")
        .filter(|_| call.header("upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")));
    let accept = derive_accept_key(key.ok_or_else(|| own(400, "Not a WebSocket."))?.as_bytes());
    if let Some(expires) = expires {
        let entered = namespace.enter(&path).ok_or_else(|| own(403, "There are 25 listeners already."))?;
        tokio::spawn(control::control(Arc::clone(namespace), upgrade, entered, path, expires));
    } else {
        let id = parameter(&call.query, "sb-hc-id").unwrap_or_default();
        let waiting = namespace.meet(&id).ok_or_else(|| own(403, "The address has expired."))?;
        let address = format!("{}/$hc/{path}?{}", namespace.socket_url, call.query);
        tokio::spawn(control::rendezvous(Arc::clone(namespace), upgrade, waiting, address, id));
    }
    let switching = Answer::empty(101)
        .with_header("Upgrade", "websocket")
        .with_header("Connection", "Upgrade")
        .with_header("Sec-WebSocket-Accept", accept);
    Ok(into_response(switching))
}
