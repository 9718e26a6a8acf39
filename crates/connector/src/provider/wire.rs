//! HTTP towards one ITSM tool: one client per connection, bounded in time, size and number of calls at once, without
//! redirects and cookies. Only this room decides what a broken connection means for a write; what an answer means is the
//! provider's business.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Request, RequestBuilder};
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use url::Url;

use super::{ProviderError, WaitReason, tls};
use crate::settings::Connection;
use crate::telemetry::{Started, call};

/// Longest answer that is read.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// A connection that was idle for longer is not trusted with a write: the load balancer may have dropped it.
const IDLE: Duration = Duration::from_secs(20);

/// Whether a call changes anything in the tool: decides what a broken connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is changed; can be done again.
    Read,
    /// Something may be changed.
    Write,
}

impl Effect {
    /// For a call whose outcome is unknown: a read is tried again, a write must be looked up.
    #[must_use]
    pub fn unknown(self, cause: String) -> ProviderError {
        match self {
            Self::Read => ProviderError::Retry { after: None, cause },
            Self::Write => ProviderError::Ambiguous { cause },
        }
    }
}

/// A whole answer, whatever it says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed, at most 16 MiB.
    pub body: Bytes,
}

/// The way to one tool.
#[derive(Debug, Clone)]
pub struct Wire {
    client: Client,
    gate: Arc<Semaphore>,
    tls: Arc<ClientConfig>,
    host: String,
    timeout: Duration,
}

impl Wire {
    /// Sets up the way to `connection`. The error says what is wrong and what to do. Touches no network.
    pub fn new(connection: &Connection) -> Result<Self, String> {
        Self::towards(&connection.url, connection)
    }

    /// Sets up the way to another address that `connection` needs, as that of a sign-in service, so that messages name its host.
    pub fn towards(url: &Url, connection: &Connection) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let https = url.scheme() == "https";
        let tls = tls::configuration(https, connection.ca_certificate.as_deref())?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(connection.timeout.get())
            .connect_timeout(connection.timeout.get().min(Duration::from_secs(10)))
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("azure-itsm-connector/", env!("CARGO_PKG_VERSION")));
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| format!("the HTTP client cannot be set up: {}", told(&error)))?;
        let gate = Arc::new(Semaphore::new(connection.concurrency.max(1)));
        Ok(Self { client, gate, tls: Arc::new(tls), host, timeout: connection.timeout.get() })
    }

    /// A request to be completed and given to [`Wire::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// How this connection does TLS.
    #[must_use]
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// How long a call may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends and reads the whole answer, waiting for its turn when as many calls are under way as the connection allows.
    /// `what` names the call in error messages, as a participle: "reading incident".
    pub async fn send(&self, request: RequestBuilder, effect: Effect, what: &str) -> Result<Answer, ProviderError> {
        // The semaphore is never closed; were it, going on without a turn would be right.
        let _turn = self.gate.acquire().await.ok();
        let (client, request) = request.build_split();
        let mut request = request.map_err(|error| self.transport(&error, effect, what))?;
        let span = call::begun(&mut request);
        // Boxed: what waits for an answer is large, and would be part of every future around it.
        let exchange = Box::pin(self.exchange(&client, request, effect, what, span.as_ref()));
        match &span {
            Some(span) => span.within(exchange).await,
            None => exchange.await,
        }
    }

    async fn exchange(
        &self,
        client: &Client,
        request: Request,
        effect: Effect,
        what: &str,
        span: Option<&Started>,
    ) -> Result<Answer, ProviderError> {
        let failed = |error: reqwest::Error| {
            call::unanswered(span, &error);
            self.transport(&error, effect, what)
        };
        let mut response = client.execute(request).await.map_err(failed)?;
        call::answered(span, response.status().as_u16());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let told = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut body = BytesMut::with_capacity(told.min(MAX_BODY));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                if let Some(span) = span {
                    span.failed("too_long");
                }
                let shorter = "a smaller sync.page_size of the connection makes those with records shorter";
                return Err(effect.unknown(format!("{what}: the answer of {} is longer than 16 MiB; {shorter}", self.host)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }

    fn transport(&self, error: &reqwest::Error, effect: Effect, what: &str) -> ProviderError {
        let host = &self.host;
        if error.is_builder() {
            // Addresses and bodies are made here; what can be wrong is a secret that is no header value.
            return ProviderError::Wait {
                reason: WaitReason::Credentials,
                after: None,
                cause: format!("{what}: the request cannot be made: {}", told(error)),
                remedy: "check that the secrets hold no line breaks or control characters".to_owned(),
            };
        }
        if error.is_connect() {
            // No connection, so nothing was written, whatever was to be done.
            let (cause, remedy) = match tls::find(error) {
                Some(tls) => tls::explain(tls, host),
                None if error.is_timeout() => (
                    format!("{host} does not answer (connecting timed out)"),
                    format!("check the network, firewall and proxy between the connector and {host}"),
                ),
                None if is_unknown_host(error) => (
                    format!("{host} cannot be reached, no such host is known ({})", told(error)),
                    format!(
                        "check the host {host} in url for typing errors, and this machine's name server; the name of an instance \
                         that was deleted or reclaimed vanishes"
                    ),
                ),
                None => (
                    format!("{host} cannot be reached: {}", told(error)),
                    format!("check url, that {host} is up, and the network and firewalls between the connector and it"),
                ),
            };
            return ProviderError::Wait { reason: WaitReason::Outage, after: None, cause: format!("{what}: {cause}"), remedy };
        }
        if error.is_timeout() {
            return effect.unknown(format!("{what}: {host} did not answer within {} s", self.timeout.as_secs()));
        }
        effect.unknown(format!("{what}: the connection to {host} broke: {}", told(error)))
    }
}

/// Whether `url` stays on this machine: the only case in which plain http is allowed.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An address below another.
#[must_use]
pub fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    // Only `data:` and the like have no segments; a connection cannot be built with them.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// Whether the name could not be looked up. The kind of error is the HTTP client's own, so that only its words can be asked.
fn is_unknown_host(error: &reqwest::Error) -> bool {
    let first = error as &dyn std::error::Error;
    std::iter::successors(Some(first), |error| error.source()).any(|error| error.to_string().contains("dns error"))
}

/// The innermost reason, which never holds the URL: the outer ones only say "error sending request".
pub(crate) fn told(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    match reason.downcast_ref::<reqwest::Error>() {
        Some(_) if error.is_body() || error.is_decode() => "the answer cannot be read".to_owned(),
        Some(_) => "the request failed".to_owned(),
        None => reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::{StatusCode, header};
    use axum::routing::get;

    use super::*;

    async fn serve(router: Router) -> (Connection, Url) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let auth = "{ type = \"api_key\", key = \"$KEY\" }";
        let settings = format!("provider = \"servicenow\"\nurl = \"{url}\"\nauth = {auth}\nconcurrency = 3");
        (toml::from_str(&settings).unwrap(), url.parse().unwrap())
    }

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_the_connection_allows() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
        let handler = move || async move {
            highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            counted.fetch_sub(1, Ordering::SeqCst);
        };
        let (connection, url) = serve(Router::new().route("/", get(handler))).await;
        let wire = Wire::new(&connection).unwrap();
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (wire, request) = (wire.clone(), wire.request(Method::GET, url.clone()));
                tokio::spawn(async move { wire.send(request, Effect::Read, "asking").await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().status, 200);
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn redirects_are_answers_and_cookies_are_not_kept() {
        let handler = |headers: HeaderMap| async move {
            assert!(!headers.contains_key(header::COOKIE));
            (StatusCode::FOUND, [(header::LOCATION, "/elsewhere"), (header::SET_COOKIE, "session=1")])
        };
        let (connection, url) = serve(Router::new().route("/", get(handler))).await;
        let wire = Wire::new(&connection).unwrap();
        for _ in 0..2 {
            let answer = wire.send(wire.request(Method::GET, url.clone()), Effect::Read, "asking").await.unwrap();
            assert_eq!(answer.status, 302);
        }
    }

    #[test]
    fn an_address_below_keeps_the_path_and_escapes_what_is_no_segment() {
        for (base, expected) in [
            ("https://x.example", "https://x.example/a/b%2Fc"),
            ("https://x.example/", "https://x.example/a/b%2Fc"),
            ("https://x.example/api/", "https://x.example/api/a/b%2Fc"),
        ] {
            assert_eq!(below(&base.parse().unwrap(), &["a", "b/c"]).as_str(), expected);
        }
    }

    #[test]
    fn loopback_is_this_machine_and_nothing_else() {
        for (url, expected) in [
            ("http://127.0.0.1:8081", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://localhost.evil.example", false),
            ("http://evil.localhost", false),
            ("http://10.0.0.1", false),
            ("http://dev1.service-now.com", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
