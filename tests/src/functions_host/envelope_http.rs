//! The envelope of an HTTP request, and the request itself: who called what, with which keys.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::envelope::{Encoding, Metadata, envelope};
use super::function::Function;

/// A request that the host has let in.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Scheme, host, path and query as the caller wrote them.
    pub(super) url: String,
    pub(super) path_and_query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) params: BTreeMap<String, String>,
    /// `Identities`, ready made.
    pub(super) identities: Vec<Value>,
}

impl Call {
    /// The query by name. Values of one name are joined.
    pub(super) fn query(&self) -> BTreeMap<String, String> {
        query(&self.path_and_query)
    }

    /// Whether the caller said how long the body is, and it is not empty.
    pub(super) fn has_length(&self) -> bool {
        let told = self.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        told.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > 0)
    }

    fn content_type(&self) -> String {
        let told = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn headers_by_name(&self) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.headers {
            all.entry(spelled(name.as_str())).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
        all
    }

    /// The envelope of the request.
    pub(super) fn envelope(&self, function: &Function, encoding: Encoding, now: Timestamp) -> Value {
        let (query, headers) = (self.query(), self.headers_by_name());
        let mut data = json!({
            "Url": self.url, "Method": self.method.as_str(), "Query": query, "Headers": headers,
            "Params": self.params, "Identities": self.identities,
        });
        let body = self.body_text();
        if let (Some(members), Some(body)) = (data.as_object_mut(), &body) {
            members.insert("Body".to_owned(), Value::String(body.clone()));
        }
        let mut metadata = Metadata::default();
        let joined: Map<String, Value> =
            headers.into_iter().map(|(name, values)| (name, Value::String(values.join(", ")))).collect();
        metadata.set("Query", json!(query));
        metadata.set("Headers", Value::Object(joined));
        for (name, value) in query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("code")).chain(&self.params) {
            metadata.set(name, encoding.text(value));
        }
        if self.content_type() == "application/json"
            && let Some(body) = body
            && let Ok(Value::Object(members)) = serde_json::from_str(&body)
        {
            metadata.spread(&members, encoding);
        }
        envelope(function, data, &metadata.finish(&function.name, now))
    }

    /// A body without `Content-Length` does not arrive. Text stays text, other bytes become base64.
    fn body_text(&self) -> Option<String> {
        if !self.has_length() {
            return None;
        }
        let kind = self.content_type();
        Some(if kind == "application/octet-stream" || kind.contains("multipart/") {
            BASE64_STANDARD.encode(&self.body)
        } else {
            String::from_utf8_lossy(&self.body).into_owned()
        })
    }
}

/// The query of a path by name.
pub(super) fn query(path_and_query: &str) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let joined = values.entry(name.into_owned()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    values
}

/// `content-type` as it is usually written.
fn spelled(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
