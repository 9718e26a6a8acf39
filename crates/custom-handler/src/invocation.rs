//! Which invocation this is: what the host says in headers, for every trigger and both shapes of HTTP. Nothing here comes from the
//! envelope's `Metadata`, where callers can plant names.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Header with the id of the invocation.
pub const INVOCATION_ID_HEADER: &str = "x-azure-functions-invocationid";
/// Header with the version of the host.
pub const HOST_VERSION_HEADER: &str = "x-azure-functions-hostversion";

/// No id or version of the host is longer; longer ones are not the host's.
const LONGEST: usize = 128;

/// One invocation; an extractor for any handler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    function: String,
    id: Option<String>,
    host_version: Option<String>,
}

impl Invocation {
    /// What `path` and `headers` of a request say.
    #[must_use]
    pub fn new(path: &str, headers: &HeaderMap) -> Self {
        Self {
            function: path.strip_prefix('/').unwrap_or(path).to_owned(),
            id: said(headers, INVOCATION_ID_HEADER),
            host_version: said(headers, HOST_VERSION_HEADER),
        }
    }

    /// The function's name, which is its folder's, in its case. A forwarded HTTP request does not carry it: there it is the
    /// path without the first slash.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The host's id of the invocation, as in its telemetry (`operation_Id` and `InvocationId`). Nothing when the request did
    /// not come from the host.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The version of the host, such as `4.1037.0.0`.
    #[must_use]
    pub fn host_version(&self) -> Option<&str> {
        self.host_version.as_deref()
    }
}

fn said(headers: &HeaderMap, name: &str) -> Option<String> {
    // When a request is forwarded the caller's own may stand before the host's, in headers or in one list.
    let told = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let value = told.rsplit(',').next().unwrap_or_default().trim();
    (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Invocation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Behind `enveloped` the path is the caller's; the invocation was noted before.
        let noted = parts.extensions.get::<Self>().cloned();
        Ok(noted.unwrap_or_else(|| Self::new(parts.uri.path(), &parts.headers)))
    }
}
