//! A request as it stands in the envelope: `{Url, Method, Query, Headers, Params, Identities, Body}`. Everything is read from there;
//! the `Metadata` beside it can be written by the caller.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::invocation::{HOST_VERSION_HEADER, INVOCATION_ID_HEADER};
use crate::value::{member, scalar};
use crate::{Identities, Invocation};

/// Headers with this beginning are the host's; a caller's are dropped.
const OF_THE_HOST: &str = "x-azure-functions-";

/// An HTTP request in an envelope; an extractor. Handlers that shall serve forwarded requests, too, are ordinary axum handlers
/// behind [`enveloped`](crate::enveloped) instead.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpTrigger {
    /// GET, POST ..
    pub method: Method,
    /// Scheme, host, path, query. The query holds the function key as `code`: never log it.
    pub url: Uri,
    /// The caller's headers, without `X-Azure-Functions-*`, which are not his to set. Keys can be in `x-functions-key`.
    pub headers: HeaderMap,
    /// Values of the route's parameters.
    pub params: BTreeMap<String, String>,
    /// Who the caller is.
    pub identities: Identities,
    /// The body. Empty also when the caller sent it without `Content-Length`: the host leaves it out then.
    pub body: Bytes,
    invocation: Invocation,
}

impl HttpTrigger {
    pub(crate) fn from_value(value: Value, invocation: Invocation) -> Option<Self> {
        let Value::Object(mut members) = value else { return None };
        let method = member(&members, "Method")?.as_str()?.parse().ok()?;
        let url = url(member(&members, "Url")?.as_str()?)?;
        let headers = member(&members, "Headers").and_then(Value::as_object).map(headers).unwrap_or_default();
        let params = member(&members, "Params").and_then(Value::as_object).map(params).unwrap_or_default();
        let identities = Identities::from_value(member(&members, "Identities"));
        let body = members.remove("Body").map(|body| bytes_of(body, &headers)).unwrap_or_default();
        Some(Self { method, url, headers, params, identities, body, invocation })
    }

    /// Which invocation this is.
    #[must_use]
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// The request as the host would have forwarded it, with [`Invocation`] and [`Identities`] among its extensions.
    #[must_use]
    pub fn into_request(self) -> Request<Body> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = path.parse().unwrap_or_default();
        *request.headers_mut() = self.headers;
        let host = [(INVOCATION_ID_HEADER, self.invocation.id()), (HOST_VERSION_HEADER, self.invocation.host_version())];
        for (name, value) in host {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        request.extensions_mut().insert(self.invocation);
        request.extensions_mut().insert(self.identities);
        request
    }
}

/// The host does not write every query as a URI demands it.
fn url(told: &str) -> Option<Uri> {
    told.parse().ok().or_else(|| {
        let mut escaped = String::with_capacity(told.len() + 16);
        for byte in told.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte) {
                escaped.push(char::from(byte));
            } else {
                // Writing to a text cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
        escaped.parse().ok()
    })
}

fn headers(members: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in members {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        // The length is the body's own, which may differ from what the caller said when it was base64.
        if name.as_str().starts_with(OF_THE_HOST) || name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            continue;
        }
        let values = values.as_array().map_or_else(|| std::slice::from_ref(values), Vec::as_slice);
        for value in values.iter().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_str(value)
                // More than a header map holds is nobody's request.
                && headers.try_append(name.clone(), value).is_err()
            {
                return headers;
            }
        }
    }
    headers
}

fn params(members: &Map<String, Value>) -> BTreeMap<String, String> {
    members.iter().filter_map(|(name, value)| Some((name.clone(), scalar_as_it_is(value)?))).collect()
}

/// Route values are not double-encoded: the request is put together by hand.
fn scalar_as_it_is(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| scalar(value))
}

fn bytes_of(body: Value, headers: &HeaderMap) -> Bytes {
    let text = match body {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if is_binary(headers)
        && let Ok(bytes) = BASE64_STANDARD.decode(&text)
    {
        return bytes.into();
    }
    text.into()
}

/// Whether the host sends a body of this type as base64.
fn is_binary(headers: &HeaderMap) -> bool {
    let told = headers.get(CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let kind = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/octet-stream" || kind.contains("multipart/")
}

impl fmt::Debug for HttpTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTrigger")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("bytes", &self.body.len())
            .field("invocation", &self.invocation)
            .finish_non_exhaustive()
    }
}
