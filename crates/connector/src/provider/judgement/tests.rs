use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A tool that tells errors as `{"problem": "words"}` and has one way to fail of its own.
struct Tool;

impl Voice for Tool {
    fn title(&self) -> &'static str {
        "Helpdesk"
    }
    fn noun(&self) -> &'static str {
        "server"
    }
    fn address(&self) -> &'static str {
        "https://HOST/api"
    }
    fn told(&self, body: &[u8]) -> Option<String> {
        serde_json::from_slice::<Value>(body).ok()?.get("problem")?.as_str().map(str::to_owned)
    }
    fn reference(&self, headers: &HeaderMap) -> String {
        headers.get("x-request").map(|id| format!("request {}", id.to_str().unwrap())).unwrap_or_default()
    }
    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        (case.answer.status == 418).then(|| Trouble::NotFound(case.told("teapot")))
    }
    fn half(&self, body: &[u8]) -> Option<&'static str> {
        body.ends_with(b"STOP").then_some("the server stopped")
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn judged(effect: Effect, answer: &Answer) -> Result<Value, Trouble> {
    let now = "2026-09-01T12:00:00Z".parse().unwrap();
    Case { voice: &Tool, answer, effect, what: "asking", now }.whole(json)
}

fn trouble(effect: Effect, status: u16, headers: &[(&str, &str)], body: &str) -> Trouble {
    judged(effect, &answer(status, headers, body)).unwrap_err()
}

fn waits(trouble: Trouble) -> (WaitReason, Option<Duration>, String, String) {
    match trouble {
        Trouble::Error(ProviderError::Wait { reason, after, cause, remedy }) => (reason, after, cause, remedy),
        other => panic!("does not wait: {other:?}"),
    }
}

fn ambiguous(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Error(ProviderError::Ambiguous { .. }))
}

const READ: Effect = Effect::Read;
const WRITE: Effect = Effect::Write;

#[test]
fn a_page_is_no_answer_whatever_its_status() {
    let page = "<html><title>Welcome</title>";
    let (reason, _, cause, _) = waits(trouble(READ, 200, &[], page));
    assert_eq!(reason, WaitReason::Outage);
    assert_eq!(
        cause,
        "asking: unexpected response from Helpdesk: an HTML page (\"Welcome\") instead of JSON: a proxy, a maintenance page, or a \
         url that is not a Helpdesk server"
    );
    assert!(ambiguous(&trouble(WRITE, 200, &[], page)));
    let (reason, _, cause, remedy) = waits(trouble(WRITE, 200, &[], "<html><title>Login</title>"));
    assert_eq!(
        (reason, cause.as_str()),
        (WaitReason::Credentials, "asking: the server answered with a sign-in page (\"Login\") instead of JSON")
    );
    assert!(remedy.contains("single sign-on"));
}

#[test]
fn redirects_never_show_their_query() {
    let (reason, _, cause, _) = waits(trouble(WRITE, 302, &[("location", "https://idp.example/saml2?SAMLRequest=secret")], ""));
    assert_eq!(
        (reason, cause.as_str()),
        (WaitReason::Credentials, "asking: the server redirects to a sign-in page (https://idp.example/saml2)")
    );
    let (reason, _, cause, remedy) = waits(trouble(READ, 301, &[("location", "https://other.example/x#secret")], ""));
    assert_eq!(
        (reason, cause.as_str()),
        (WaitReason::Outage, "asking: the address redirects to https://other.example/x (status 301)")
    );
    assert!(remedy.ends_with("https://HOST/api"));
}

#[test]
fn limits_proxies_and_bad_requests_have_their_own_remedies() {
    let (reason, after, cause, _) = waits(trouble(WRITE, 429, &[("retry-after", "37")], r#"{"problem": "slow down"}"#));
    assert_eq!((reason, after), (WaitReason::RateLimit, Some(Duration::from_secs(37))));
    assert_eq!(cause, "asking: rate limit (StatusCode=429): slow down");
    assert!(waits(trouble(WRITE, 407, &[], "")).3.contains("HTTPS_PROXY"));
    assert!(ambiguous(&trouble(WRITE, 408, &[], "")));
    assert!(matches!(trouble(READ, 408, &[], ""), Trouble::Error(ProviderError::Retry { .. })));
    for status in [400, 413, 418 + 4] {
        assert!(matches!(trouble(WRITE, status, &[], ""), Trouble::Error(ProviderError::Refused { .. })), "{status}");
    }
}

#[test]
fn a_403_or_404_of_the_tool_is_about_a_record_and_any_other_about_the_address() {
    let told = r#"{"problem": "no"}"#;
    assert!(matches!(trouble(READ, 403, &[], told), Trouble::Error(ProviderError::Refused { .. })));
    assert_eq!(trouble(READ, 404, &[], told), Trouble::NotFound("asking: no".to_owned()));
    assert_eq!(waits(trouble(READ, 403, &[], "<html>")).0, WaitReason::Credentials);
    assert_eq!(waits(trouble(READ, 404, &[], "")).2, "asking: there is no Helpdesk server at this address (404)");
}

#[test]
fn a_server_error_proves_nothing_of_a_write_unless_the_tool_says_that_it_did_not_begin() {
    for status in [500, 502, 503, 504] {
        assert!(ambiguous(&trouble(WRITE, status, &[], "<html>")), "{status}");
        assert_eq!(waits(trouble(READ, status, &[("retry-after", "5")], "<html>")).1, Some(Duration::from_secs(5)), "{status}");
    }
    assert_eq!(waits(trouble(WRITE, 503, &[], r#"{"problem": "busy"}"#)).0, WaitReason::Outage);
    assert_eq!(waits(trouble(WRITE, 503, &[("retry-after", "5")], "<html>")).0, WaitReason::Outage);
    assert!(ambiguous(&trouble(WRITE, 500, &[("retry-after", "5")], r#"{"problem": "busy"}"#)));
}

#[test]
fn what_is_the_tools_own_is_asked_of_it_first_and_its_reference_is_told() {
    let found = trouble(READ, 418, &[("x-request", "17")], r#"{"problem": "short and stout"}"#);
    assert_eq!(found, Trouble::NotFound("asking: short and stout (request 17)".to_owned()));
    assert_eq!(trouble(READ, 401, &[], ""), Trouble::Unauthorised("asking: not authenticated (401)".to_owned()));
}

#[test]
fn half_an_answer_is_tried_again_on_reads_and_looked_up_on_writes() {
    for (body, why) in
        [("{\"a\"", "not whole JSON (4 bytes"), ("[1, STOP", "the server stopped (8 bytes"), ("", "not whole JSON")]
    {
        assert!(
            matches!(trouble(READ, 200, &[], body), Trouble::Error(ProviderError::Retry { cause, .. }) if cause.contains(why))
        );
        assert!(ambiguous(&trouble(WRITE, 201, &[], body)), "{body}");
    }
    assert!(matches!(json::<Vec<u8>>(b"{}"), Err(Flaw::Shape(_))));
    let answer = answer(200, &[], r#"{"problem": "x"}"#);
    let case = Case { voice: &Tool, answer: &answer, effect: READ, what: "asking", now: Timestamp::UNIX_EPOCH };
    let told = case.judge::<()>(|_| Err(Flaw::Error)).unwrap().unwrap_err();
    assert_eq!(told, "asking: unexpected response from Helpdesk along with success status code: x");
}

proptest! {
    #[test]
    fn no_answer_panics(status in 100_u16..=599, body in ".{0,200}", kind in prop::sample::select(vec!["text/html", "application/json"])) {
        for effect in [READ, WRITE] {
            let _ = judged(effect, &answer(status, &[("content-type", kind)], &body));
        }
    }

    /// A write whose answer is a server error or a broken success is never said to be safe to repeat.
    #[test]
    fn no_doubtful_write_is_blindly_repeated(status in prop::sample::select(vec![200_u16, 201, 408, 500, 502, 504]), body in "[^{]{0,100}") {
        if let Err(trouble) = judged(WRITE, &answer(status, &[], &body)) {
            let retried = matches!(trouble, Trouble::Error(ProviderError::Retry { .. }));
            prop_assert!(!retried, "{:?}", trouble);
        }
    }
}
