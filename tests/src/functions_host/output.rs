//! What the host makes of `Outputs`: messages for queues, and the answer to the HTTP caller.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::failure::Failure;
use super::function::{Function, Output};
use super::report::{Report, Trouble};

/// A value for an output binding, as the host hands it on.
enum Given {
    Bytes(Vec<u8>),
    Json(Value),
}

impl Given {
    /// A string that happens to be base64 is decoded, unless the binding is binary.
    fn of(value: &Value, output: &Output) -> Self {
        match value {
            Value::String(text) if !output.binary => {
                // .NET looks over white space.
                let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                BASE64_STANDARD.decode(&packed).map_or_else(|_| Self::Json(value.clone()), Self::Bytes)
            }
            _ => Self::Json(value.clone()),
        }
    }
}

/// Outputs that no binding takes are reported.
pub(super) fn check(function: &Function, answer: &Answer, instance: usize, report: &Report) {
    for name in answer.outputs.keys() {
        if !function.outputs.iter().any(|output| output.name == *name) {
            report.add(Trouble::UnknownOutput, Some(instance), &function.name, format!("the output '{name}'"));
        }
    }
}

/// Sends what is meant for queues.
pub(super) async fn send(function: &Function, answer: &Answer, base64: bool) -> Result<(), Failure> {
    for output in &function.outputs {
        let (Some((name, account)), Some(value)) = (&output.queue, answer.outputs.get(&output.name)) else { continue };
        let failed = |error: anyhow::Error| Failure::Output(format!("{}: {error:#}", output.name));
        let queue = account.queue(name).map_err(failed)?;
        queue.create().await.map_err(failed)?;
        for message in messages(value, output) {
            let text = if base64 { BASE64_STANDARD.encode(&message) } else { String::from_utf8_lossy(&message).into_owned() };
            queue.put(&text).await.map_err(failed)?;
        }
    }
    Ok(())
}

fn messages(value: &Value, output: &Output) -> Vec<Vec<u8>> {
    match Given::of(value, output) {
        Given::Bytes(bytes) => vec![bytes],
        Given::Json(Value::Array(items)) => items.iter().map(message).collect(),
        Given::Json(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => items.iter().map(message).collect(),
            _ => vec![text.into_bytes()],
        },
        Given::Json(Value::Null) => Vec::new(),
        Given::Json(other) => vec![message(&other)],
    }
}

fn message(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => serde_json::to_vec_pretty(other).unwrap_or_default(),
    }
}

/// The caller's answer: 200 and nothing when the function has no HTTP output or did not use it.
pub(super) fn respond(function: &Function, answer: &Answer) -> Result<Response, Failure> {
    let output = function.outputs.iter().find(|output| output.queue.is_none());
    let Some((output, value)) = output.and_then(|output| Some((output, answer.outputs.get(&output.name)?))) else {
        return Ok(Response::new(Body::empty()));
    };
    match Given::of(value, output) {
        Given::Bytes(bytes) => Ok(Response::new(Body::from(bytes))),
        Given::Json(Value::Object(members)) => from_members(&members),
        Given::Json(Value::String(text)) => Ok(Response::new(Body::from(text))),
        Given::Json(other) => Ok(Response::new(Body::from(other.to_string()))),
    }
}

fn from_members(members: &Map<String, Value>) -> Result<Response, Failure> {
    let member = |names: &[&str]| {
        let found = members.iter().find(|(name, _)| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    };
    let wrong = |what: String| Failure::Output(format!("the HTTP answer: {what}"));
    let status = match member(&["statusCode", "status"]) {
        None => StatusCode::OK,
        Some(told) => {
            let number = told.as_u64().or_else(|| told.as_str()?.parse().ok()).and_then(|number| u16::try_from(number).ok());
            let status = number.and_then(|number| StatusCode::from_u16(number).ok());
            status.ok_or_else(|| wrong(format!("{told} is no status")))?
        }
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    match member(&["body"]) {
        None => {}
        Some(Value::String(text)) => *response.body_mut() = Body::from(text.clone()),
        Some(other) => {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            *response.body_mut() = Body::from(other.to_string());
        }
    }
    for (name, value) in member(&["headers"]).and_then(Value::as_object).into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name: HeaderName = name.parse().map_err(|_| wrong(format!("'{name}' is no header")))?;
        let value = text.parse().map_err(|_| wrong(format!("the value of {name}")))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
