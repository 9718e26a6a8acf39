use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::provider::ProviderError;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn noon() -> Timestamp {
    "2026-09-01T12:00:00Z".parse().unwrap()
}

fn trouble(effect: Effect, status: u16, headers: &[(&str, &str)], body: &str) -> Trouble {
    judge(&answer(status, headers, body), effect, "creating incident", noon()).unwrap_err()
}

fn read(status: u16, body: &str) -> Trouble {
    trouble(Effect::Read, status, &[], body)
}

fn write(status: u16, body: &str) -> Trouble {
    trouble(Effect::Write, status, &[], body)
}

fn refused(trouble: Trouble) -> (String, String) {
    match trouble {
        Trouble::Error(ProviderError::Refused { cause, remedy }) => (cause, remedy),
        other => panic!("not refused: {other:?}"),
    }
}

fn reason(trouble: &Trouble) -> WaitReason {
    match trouble {
        Trouble::Error(ProviderError::Wait { reason, .. }) => *reason,
        other => panic!("does not wait: {other:?}"),
    }
}

fn ambiguous(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Error(ProviderError::Ambiguous { .. }))
}

fn retry(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Error(ProviderError::Retry { .. }))
}

const HIBERNATING: &str =
    "<html><head><title>Instance Hibernating page</title></head><h1>Your instance is hibernating</h1></html>";

#[test]
fn html_with_status_200_is_never_a_success() {
    assert_eq!(reason(&read(200, HIBERNATING)), WaitReason::Hibernating);
    assert_eq!(reason(&write(200, HIBERNATING)), WaitReason::Hibernating);
    assert_eq!(reason(&read(200, "<html><title>Log in | ServiceNow</title><form action=login.do>")), WaitReason::Credentials);
    assert_eq!(reason(&read(200, "<!DOCTYPE html><title>Bad day</title>")), WaitReason::Outage);
    assert!(ambiguous(&write(200, "<!DOCTYPE html><title>Bad day</title>")));
}

#[test]
fn html_is_seen_by_its_content_type_too() {
    let trouble = trouble(Effect::Read, 200, &[("content-type", "text/html;charset=UTF-8")], "Hibernating Instance");
    assert_eq!(reason(&trouble), WaitReason::Hibernating);
}

#[test]
fn half_an_answer_is_tried_again_on_reads_and_looked_up_on_writes() {
    for body in [
        r#"{"result":[{"a":"1"}],"error":{"message":"Transaction cancelled: maximum execution time exceeded","detail":"x"},"status":"failure"}"#,
        r#"{"result":[{"a":"1"},"error":{"message":"Transaction cancelled""#,
        r#"{"result":[{"a":"1"}"#,
        r#"{"error":{"message":"x","detail":null},"status":"failure"}"#,
        "",
        "[]",
    ] {
        assert!(retry(&read(200, body)), "{body}");
        assert!(ambiguous(&write(201, body)), "{body}");
    }
}

#[test]
fn a_record_that_speaks_of_cancelled_transactions_is_a_whole_answer() {
    let body = r#"{"result":{"short_description":"Transaction cancelled: maximum execution time exceeded"}}"#;
    assert!(judge(&answer(201, &[], body), Effect::Write, "x", noon()).is_ok());
    assert!(retry(&read(200, r#"{"result":[{"a":"1"},"Transaction cancelled: maximum execution time exceeded"]}"#)));
}

#[test]
fn a_rate_limit_waits_as_long_as_it_asks_and_names_its_rule() {
    let headers = [("retry-after", "1740"), ("x-ratelimit-rule", "abc123")];
    let body = r#"{"error":{"message":"Rate limit exceeded","detail":"Rate limit of 100 requests per hour"},"status":"failure"}"#;
    match trouble(Effect::Write, 429, &headers, body) {
        Trouble::Error(ProviderError::Wait { reason: WaitReason::RateLimit, after, remedy, .. }) => {
            assert_eq!(after, Some(std::time::Duration::from_secs(1740)));
            assert!(remedy.contains("abc123"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(reason(&write(429, "")), WaitReason::RateLimit);
}

#[test]
fn a_server_error_after_a_write_proves_nothing_but_a_read_waits() {
    for status in [500, 502, 504] {
        assert!(ambiguous(&write(status, "<html>oops")), "{status}");
        assert_eq!(reason(&read(status, "<html>oops")), WaitReason::Outage);
    }
}

#[test]
fn a_503_is_believed_only_when_the_instance_says_it_itself() {
    assert!(ambiguous(&write(503, "<html>no node</html>")));
    assert_eq!(reason(&write(503, r#"{"error":{"message":"busy","detail":""},"status":"failure"}"#)), WaitReason::Outage);
    assert_eq!(reason(&trouble(Effect::Write, 503, &[("retry-after", "5")], "<html>")), WaitReason::Outage);
    assert_eq!(reason(&read(503, "<html>no node</html>")), WaitReason::Outage);
}

#[test]
fn a_data_policy_names_the_labels_to_fill() {
    let body = r#"{"error":{"message":"Operation Failed","detail":"Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes"},"status":"failure"}"#;
    let (cause, remedy) = refused(trouble(Effect::Write, 403, &[("x-transaction-id", "abcdef012345")], body));
    assert!(remedy.ends_with("Resolution code, Resolution notes"), "{remedy}");
    assert!(cause.contains("transaction abcdef012345"));
}

#[test]
fn a_business_rule_is_named() {
    let body = r#"{"error":{"message":"Operation Failed","detail":"Operation against file 'incident' was aborted by Business Rule 'Require caller^0123456789abcdef0123456789abcdef'. Error: no"},"status":"failure"}"#;
    let (_, remedy) = refused(write(403, body));
    assert!(remedy.contains("\"Require caller\""), "{remedy}");
}

#[test]
fn missing_rights_name_the_roles() {
    for detail in
        ["ACL Exception Update Failed due to security constraints", "ACL Exception Insert Failed due to security constraints"]
    {
        let body = format!(r#"{{"error":{{"message":"Operation Failed","detail":"{detail}"}},"status":"failure"}}"#);
        let (cause, remedy) = refused(write(403, &body));
        assert!(cause.contains(detail) && remedy.contains("itil"));
    }
    let (_, remedy) = refused(read(403, r#"{"error":{"message":"Insufficient rights to query records","detail":null}}"#));
    assert!(remedy.contains("right to read"));
}

#[test]
fn a_403_page_is_an_ip_restriction() {
    let found = read(403, "<html><title>Access Denied</title>");
    assert_eq!(reason(&found), WaitReason::Credentials);
    assert!(format!("{found:?}").contains("outbound IP"));
}

#[test]
fn an_oauth_scope_that_forbids_the_table_api_is_a_matter_of_credentials() {
    assert_eq!(reason(&read(403, r#"{"error":{"message":"Access to unscoped api is not allowed"}}"#)), WaitReason::Credentials);
}

#[test]
fn a_missing_event_plugin_is_said_to_be_one() {
    for message in ["Invalid table em_event", "Table em_event does not exist"] {
        let (_, remedy) =
            refused(write(400, &format!(r#"{{"error":{{"message":"{message}","detail":null}},"status":"failure"}}"#)));
        assert!(remedy.contains("Event Management plugin"), "{remedy}");
    }
    let (_, remedy) = refused(write(400, r#"{"error":{"message":"Invalid table u_x","detail":null}}"#));
    assert!(remedy.contains("u_x"));
}

#[test]
fn a_404_of_the_instance_is_a_missing_record_and_any_other_a_missing_instance() {
    let body = r#"{"error":{"message":"No Record found","detail":"Record doesn't exist or ACL restricts the record retrieval"},"status":"failure"}"#;
    assert!(matches!(read(404, body), Trouble::NotFound(_)));
    assert_eq!(reason(&read(404, "<html>not here")), WaitReason::Outage);
}

#[test]
fn a_redirect_to_a_sign_in_page_hides_its_query() {
    let found = trouble(Effect::Write, 302, &[("location", "https://idp.example/saml2/login?SAMLRequest=secret")], "");
    assert_eq!(reason(&found), WaitReason::Credentials);
    assert!(!format!("{found:?}").contains("secret"));
}

#[test]
fn refused_credentials_are_left_to_the_client() {
    let body =
        r#"{"error":{"message":"User Not Authenticated","detail":"Required to provide Auth information"},"status":"failure"}"#;
    assert!(matches!(write(401, body), Trouble::Unauthorised(cause) if cause.contains("User Not Authenticated")));
}

proptest! {
    #[test]
    fn no_answer_panics(status in 100_u16..=599, body in ".{0,200}", kind in prop::sample::select(vec!["text/html", "application/json"])) {
        for effect in [Effect::Read, Effect::Write] {
            let _ = judge(&answer(status, &[("content-type", kind)], &body), effect, "x", noon());
        }
    }

    /// A write whose answer is a server error or a broken success is never said to be safe to repeat.
    #[test]
    fn no_doubtful_write_is_blindly_repeated(status in prop::sample::select(vec![200_u16, 201, 500, 502, 504]), body in "[^{]{0,100}") {
        if let Err(trouble) = judge(&answer(status, &[], &body), Effect::Write, "x", noon()) {
            prop_assert!(!retry(&trouble), "{:?}", trouble);
        }
    }
}
