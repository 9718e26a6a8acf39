//! The Batch API: several requests in one, bodies in base64.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::payload;
use crate::{
    http::{Answer, Call},
    servicenow::{
        errors::Refusal,
        instance::{Instance, Session},
    },
};

/// `POST /api/now/v1/batch`
pub(crate) fn answer(instance: &Instance, call: &Call, session: &Session) -> Result<Answer, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::method(&call.method));
    }
    payload::json_type(call)?;
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::bad_payload())?;
    let requests = body.get("rest_requests").and_then(Value::as_array).ok_or_else(Refusal::bad_payload)?;
    let serviced: Vec<Value> = requests.iter().map(|request| serve(instance, session, request)).collect();
    let id = text(body.get("batch_request_id"));
    Ok(Answer::json(200, &json!({"batch_request_id": id, "serviced_requests": serviced, "unserviced_requests": []})))
}

/// Ids come back as texts even when they were numbers.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn serve(instance: &Instance, session: &Session, request: &Value) -> Value {
    let id = text(request.get("id"));
    let Some(call) = part(request) else {
        let error = Refusal::bad_payload();
        return json!({"id": id, "status_code": error.status, "status_text": "Bad Request", "body": "", "headers": [], "execution_time": 0, "error_message": error.detail});
    };
    // A batch inside a batch is refused.
    let nested = call.path.ends_with("/batch");
    let answer = if nested { Err(Refusal::no_resource(&call.path)) } else { instance.route(&call, session) };
    let answer = answer.unwrap_or_else(|refusal| refusal.answer());
    let headers: Vec<Value> = match request.get("exclude_response_headers") {
        Some(Value::Bool(true)) => Vec::new(),
        _ => answer.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect(),
    };
    let status =
        axum::http::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    json!({"id": id, "body": BASE64_STANDARD.encode(&answer.body), "status_code": answer.status, "status_text": status, "headers": headers, "execution_time": 1})
}

fn part(request: &Value) -> Option<Call> {
    let url = request.get("url")?.as_str()?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let body = match request.get("body").and_then(Value::as_str) {
        Some(encoded) => BASE64_STANDARD.decode(encoded).ok()?,
        None => Vec::new(),
    };
    let headers = request.get("headers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let header =
        |entry: &Value| Some((entry.get("name")?.as_str()?.to_ascii_lowercase(), entry.get("value")?.as_str()?.to_owned()));
    Some(Call {
        method: request.get("method").and_then(Value::as_str).unwrap_or("GET").to_ascii_uppercase(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.iter().filter_map(header).collect(),
        body: body.into(),
    })
}
