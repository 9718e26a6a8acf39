//! What callers reach: the platform's front end and the host's own routing. Keys and identities are checked here; the handler hears
//! only of requests that are let in, in an envelope or as they came.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::authentication::{Principal, key, key_identity};
use super::envelope::guid;
use super::envelope_http::{Call, query};
use super::failure::Failure;
use super::function::{Function, Level, Trigger};
use super::host::Shared;
use super::host_json::Passing;
use super::instance::Instance;
use super::invoke::{HOST_VERSION, INVOCATION_HEADER, VERSION_HEADER, no_answer};
use super::output;

/// The largest body that the host takes.
const LARGEST_BODY: usize = 104_857_600;
/// Headers of one connection, which are not passed on.
const HOP_BY_HOP: [HeaderName; 5] = [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE, header::TRAILER];

/// The server that callers reach.
pub(super) struct Front {
    pub(super) url: String,
    serving: JoinHandle<()>,
}

impl Front {
    pub(super) async fn start(shared: Arc<Shared>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(serve).with_state(shared);
        let serving = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, serving })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    answer(&shared, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(shared: &Shared, request: Request) -> Result<Response, StatusCode> {
    let (mut parts, body) = request.into_parts();
    on_the_platform(&mut parts.headers, &shared.options.hostname);
    let principal = match &shared.options.authentication {
        Some(authentication) => authentication.admit(&mut parts.headers).map_err(|()| StatusCode::UNAUTHORIZED)?,
        None => None,
    };
    let (function, params) = route(shared, &parts).ok_or(StatusCode::NOT_FOUND)?;
    let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let level = admit(shared, function, &parts.headers, &path_and_query)?;
    let body = axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let call = Call {
        method: parts.method,
        url: format!("https://{}{path_and_query}", shared.options.hostname),
        path_and_query,
        headers: parts.headers,
        body,
        params,
        identities: key_identity(level).into_iter().chain(principal.map(Principal::identity)).collect(),
    };
    let instance = shared.next_instance().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    match shared.app.host.passing {
        passing @ (Passing::Forwarding | Passing::Proxying) if function.passes() => {
            pass_on(shared, &instance, function, call, passing).await
        }
        _ => enveloped(shared, &instance, function, &call).await,
    }
}

/// What the front ends add before the host sees a request.
fn on_the_platform(headers: &mut HeaderMap, hostname: &str) {
    let said = [("host", hostname), ("x-forwarded-for", "203.0.113.7:40123"), ("x-forwarded-proto", "https")];
    for (name, value) in said {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// The function whose route and method fit.
fn route<'a>(shared: &'a Shared, parts: &Parts) -> Option<(&'a Function, std::collections::BTreeMap<String, String>)> {
    let fitting = shared.app.functions.iter().filter_map(|function| {
        let Trigger::Http { methods, route, .. } = &function.trigger else { return None };
        let values = route.values(parts.uri.path())?;
        let takes = methods.as_ref().is_none_or(|methods| methods.contains(&parts.method));
        takes.then_some((route.literals(), function, values))
    });
    fitting.max_by_key(|(literals, ..)| *literals).map(|(_, function, values)| (function, values))
}

fn admit(shared: &Shared, function: &Function, headers: &HeaderMap, path_and_query: &str) -> Result<Level, StatusCode> {
    let Trigger::Http { level: wanted, .. } = &function.trigger else { return Err(StatusCode::NOT_FOUND) };
    let given = key(headers, &query(path_and_query));
    let level = shared.options.keys.level(&function.name, given.as_deref());
    if level >= *wanted { Ok(level) } else { Err(StatusCode::UNAUTHORIZED) }
}

/// A failed invocation is 500 with nothing in it.
async fn enveloped(shared: &Shared, instance: &Instance, function: &Function, call: &Call) -> Result<Response, StatusCode> {
    let envelope = call.envelope(function, shared.options.encoding, shared.options.clock.now());
    let outcome = shared.invoke(instance, function, envelope).await;
    let answered = outcome.and_then(|answer| output::respond(function, &answer));
    answered.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The request as it came, the answer as it is.
async fn pass_on(
    shared: &Shared,
    instance: &Instance,
    function: &Function,
    call: Call,
    passing: Passing,
) -> Result<Response, StatusCode> {
    let id = guid();
    let outcome = send_on(shared, instance, call, passing, &id).await;
    let noted = outcome.as_ref().map(|_| Answer::default()).map_err(Clone::clone);
    shared.note(instance, function, id, Value::Null, noted);
    outcome.map_err(|_| match passing {
        Passing::Proxying => StatusCode::BAD_GATEWAY,
        Passing::Forwarding | Passing::Envelope => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

async fn send_on(shared: &Shared, instance: &Instance, call: Call, passing: Passing, id: &str) -> Result<Response, Failure> {
    let url = instance.url().await?;
    let told_length = call.headers.contains_key(header::CONTENT_LENGTH);
    let mut headers = call.headers;
    let ours = |name: &HeaderName| name.as_str().starts_with("x-azure-functions-");
    let gone: Vec<HeaderName> = headers
        .keys()
        .filter(|name| HOP_BY_HOP.contains(name) || (passing == Passing::Proxying && ours(name)))
        .cloned()
        .collect();
    for name in gone {
        headers.remove(name);
    }
    headers.remove(header::CONTENT_LENGTH);
    for (name, value) in [(INVOCATION_HEADER, id), (VERSION_HEADER, HOST_VERSION)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let request = shared.client.request(call.method, format!("{url}{}", call.path_and_query)).headers(headers);
    let request = match (call.body.is_empty(), told_length) {
        (true, false) => request,
        (_, true) => request.body(call.body),
        (false, false) => request.body(reqwest::Body::wrap(WithoutLength(Some(call.body)))),
    };
    let answer = request.send().await.map_err(no_answer)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.map_err(no_answer)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name) && **name != header::CONTENT_LENGTH) {
        response.headers_mut().append(name, value.clone());
    }
    Ok(response)
}

/// A body that came in chunks goes on in chunks.
struct WithoutLength(Option<Bytes>);

impl HttpBody for WithoutLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
