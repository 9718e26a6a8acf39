//! Calls to others as client spans: the one way from an HTTP request of ours to the trace it belongs to.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::{Parent, Started, Tracing};

/// Longest part of a path that can be a word of an API.
const LONGEST_WORD: usize = 48;

/// Begins the span of `request` below the one in which this is called and tells it to the one who is called. Nothing outside of
/// one, as when a connection is checked.
#[must_use]
pub fn begun(request: &mut Request) -> Option<Started> {
    let tracing = Tracing::current()?;
    let (method, url) = (request.method().as_str().to_owned(), request.url());
    let template = template(url);
    let attributes = [
        KeyValue::new("http.request.method", method.clone()),
        KeyValue::new("server.address", url.host_str().unwrap_or_default().to_owned()),
        KeyValue::new("server.port", i64::from(url.port_or_known_default().unwrap_or_default())),
        KeyValue::new("url.scheme", url.scheme().to_owned()),
        KeyValue::new("url.template", template.clone()),
    ];
    let span = tracing.start(SpanKind::Client, format!("{method} {template}"), Parent::Current, attributes);
    if let Some(place) = span.place() {
        let headers = request.headers_mut();
        for (name, value) in [("traceparent", place.traceparent()), ("tracestate", place.tracestate())] {
            if let Ok(value) = HeaderValue::from_str(&value)
                && !value.is_empty()
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
    Some(span)
}

/// What came of a call that was answered. For the one who called, 4xx is a failure as well as 5xx.
pub fn answered(span: Option<&Started>, status: u16) {
    if let Some(span) = span {
        span.set(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 400 {
            span.failed(status.to_string());
        }
    }
}

/// A call that was not answered.
pub fn unanswered(span: Option<&Started>, error: &reqwest::Error) {
    if let Some(span) = span {
        span.failed(if error.is_timeout() {
            "timeout"
        } else if error.is_connect() {
            "connect"
        } else if error.is_builder() {
            "request"
        } else {
            "broken"
        });
    }
}

/// The path as far as it is the API's own words. From the first part on that may be a key, a number or a name, nothing is told:
/// it may be somebody's secret, or what an alert said.
fn template(url: &Url) -> String {
    let mut template = String::new();
    for part in url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()) {
        template.push('/');
        if !is_word(part) {
            template.push_str("{}");
            break;
        }
        template.push_str(part);
    }
    if template.is_empty() { "/".to_owned() } else { template }
}

/// Letters, `_`, `.`, `$` and `-`; digits only in a version, as in `v1` or `v9.2`.
fn is_word(part: &str) -> bool {
    let version = part
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.len() <= 4 && rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let letters = part.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '$' | '-'));
    version || (letters && part.len() <= LONGEST_WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_as_far_as_it_is_the_apis_own() {
        for (path, expected) in [
            ("", "/"),
            ("/api/now/table/incident?sysparm_query=short_description%3Dsecret", "/api/now/table/incident"),
            ("/api/now/table/incident/9d385017c611228701d22104cc95c371", "/api/now/table/incident/{}"),
            ("/api/data/v9.2/incidents(a1b2)/notes", "/api/data/v9.2/{}"),
            (
                "/CherwellAPI/api/V1/getbusinessobject/busobid/6dd536/publicid/web",
                "/CherwellAPI/api/V1/getbusinessobject/busobid/{}",
            ),
            ("/v1/work-items/IR12", "/v1/work-items/{}"),
            ("/a%20b/c", "/{}"),
            ("/v12345/x", "/{}"),
        ] {
            let url = Url::parse(&format!("https://user:p@x.example{path}")).unwrap();
            assert_eq!(template(&url), expected, "{path}");
        }
        let long = Url::parse(&format!("https://x.example/{}", "a".repeat(49))).unwrap();
        assert_eq!(template(&long), "/{}");
    }
}
