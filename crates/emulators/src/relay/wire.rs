//! Messages of the control channel and of rendezvous sockets, and what Relay takes off a request and a response.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::http::{Answer, Call};

/// Most bytes of a body on the control channel.
pub(super) const CONTROL_BODY: usize = 64 * 1024;
/// Most bytes of header metadata on the control channel.
pub(super) const CONTROL_HEADERS: usize = 32 * 1024;

/// Headers between two neighbours, which Relay never passes on (RFC 7230).
const HOP: [&str; 8] = ["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade", "close"];

/// The path and query that a listener gets: without Relay's own parameters, the rest as it was sent.
pub(super) fn target(call: &Call) -> String {
    let own = |part: &&str| !part.is_empty() && !part.to_ascii_lowercase().starts_with("sb-hc-");
    let query: Vec<&str> = call.query.split('&').filter(own).collect();
    if query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, query.join("&")) }
}

/// A parameter of Relay's own.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The headers that a listener gets.
pub(super) fn request_headers(call: &Call, stripped: &[&str], namespace: &str) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in &call.headers {
        if HOP.contains(&name.as_str()) || stripped.contains(&name.as_str()) {
            continue;
        }
        let name = canonical(name);
        let several = headers.get(&name).and_then(Value::as_str).map(|before| format!("{before}, {value}"));
        headers.insert(name, several.unwrap_or_else(|| value.clone()).into());
    }
    let via = headers.get("Via").and_then(Value::as_str).map(|before| format!("{before}, 1.1 {namespace}"));
    headers.insert("Via".to_owned(), via.unwrap_or_else(|| format!("1.1 {namespace}")).into());
    headers
}

/// `content-type` as `Content-Type`.
fn canonical(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

/// The whole request.
pub(super) fn request(address: &str, id: &str, call: &Call, headers: &Map<String, Value>) -> Value {
    json!({"request": {
        "address": address,
        "id": id,
        "requestTarget": target(call),
        "method": call.method,
        "requestHeaders": headers,
        "body": !call.body.is_empty(),
    }})
}

/// A request that has to be fetched.
pub(super) fn request_by_rendezvous(address: &str) -> Value {
    json!({"request": {"address": address}})
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: bool,
}

/// Reads a `response` message; `statusCode` may be a text, as in the documentation's own example.
pub(super) fn head(message: &Value) -> Option<Head> {
    let response = message.get("response")?;
    let status = response.get("statusCode")?;
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    let headers = response.get("responseHeaders").and_then(Value::as_object);
    let headers = headers.into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    Some(Head {
        request: response.get("requestId")?.as_str()?.to_owned(),
        status: u16::try_from(status).ok()?,
        headers: headers.collect(),
        body: response.get("body").and_then(Value::as_bool).unwrap_or_default(),
    })
}

/// What the sender gets of a listener's response.
pub(super) fn answer(head: Head, body: Bytes, namespace: &str) -> Answer {
    // Listeners may not speak for Relay. What it makes of one that does is not documented.
    if matches!(head.status, 502 | 504) || !(200..=599).contains(&head.status) {
        return own(500, "The listener answered with a status that it may not use.");
    }
    let mut headers: Vec<(String, String)> =
        head.headers.into_iter().filter(|(name, _)| !HOP.contains(&name.to_ascii_lowercase().as_str())).collect();
    let via = headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("via"));
    match via {
        Some((_, value)) => *value = format!("{value}, 1.1 {namespace}"),
        None => headers.push(("Via".to_owned(), format!("1.1 {namespace}"))),
    }
    Answer { status: head.status, headers, body }
}

/// An answer of Relay itself: never with `Via`.
pub(super) fn own(status: u16, description: &str) -> Answer {
    Answer::new(status, "text/plain; charset=utf-8", format!("{description} TrackingId:00000000-emulator"))
}
