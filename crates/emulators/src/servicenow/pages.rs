//! Answers that are not the API's: pages for people, load balancers' pages, and good answers spoilt on their way out.

use serde_json::json;

use super::{
    errors::Refusal,
    faults::{Effect, Partial},
};
use crate::http::Answer;

const HTML: &str = "text/html;charset=UTF-8";

const HIBERNATING: &str = r#"<html><head><title>Instance Hibernating page</title></head><body class="instance-hibernating-page">
<h1>Your instance is hibernating</h1><p>Sign in to the developer site to wake it up.</p><a href="https://developer.servicenow.com">Developer site</a></body></html>"#;

const LOGIN: &str = r#"<html><head><title>Log in | ServiceNow</title></head><body><form id="login_form" action="login.do" method="post">
<h1>Log in</h1><input id="user_name" name="user_name"><input id="user_password" name="user_password" type="password"></form></body></html>"#;

const CANCELLED: &str = "Transaction cancelled: maximum execution time exceeded";

/// What a browser gets.
pub(super) fn front() -> Answer {
    Answer::new(200, HTML, LOGIN)
}

/// 429 of a rate limit rule. `reset` in seconds since 1970.
pub(super) fn rate_limited(limit: u64, retry_after: u64, reset: i64, rule: &str) -> Answer {
    let detail = format!("Rate limit of {limit} requests per hour for Table API exceeded");
    Answer::json(429, &json!({"error": {"message": "Rate limit exceeded", "detail": detail}, "status": "failure"}))
        .with_header("Retry-After", retry_after.to_string())
        .with_header("X-RateLimit-Limit", limit.to_string())
        .with_header("X-RateLimit-Reset", reset.to_string())
        .with_header("X-RateLimit-Rule", rule)
}

/// The answer that stands in for the work, when the fault is of that kind.
pub(super) fn instead(effect: &Effect, now: i64, rule: &str) -> Option<Answer> {
    match effect {
        Effect::Status { code, body, headers } => {
            let mut answer = Answer::empty(*code);
            answer.body = body.clone().into();
            answer.headers.clone_from(headers);
            if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                let kind = if body.starts_with('<') { HTML } else { "application/json;charset=UTF-8" };
                answer = answer.with_header("Content-Type", kind);
            }
            Some(answer)
        }
        Effect::RateLimit { retry_after } => {
            Some(rate_limited(100, *retry_after, now.saturating_add_unsigned(*retry_after), rule))
        }
        Effect::Unauthorized => Some(Refusal::not_authenticated().answer()),
        Effect::Hibernating => Some(Answer::new(200, HTML, HIBERNATING)),
        Effect::LoginPage => Some(front()),
        _ => None,
    }
}

/// A good answer as it looks after an accident on its way out; answers without a list or a body stay as they are.
pub(super) fn spoil(mut answer: Answer, effect: &Effect) -> Answer {
    if !(200..300).contains(&answer.status) || answer.body.is_empty() {
        return answer;
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match effect {
        Effect::BrokenJson => {
            let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            answer.body = text.get(..middle).unwrap_or_default().to_owned().into();
        }
        Effect::PartialPage(partial) => {
            if let Some(open) = text.strip_suffix("]}") {
                answer.body = cancelled(open, *partial).into();
            }
        }
        _ => {}
    }
    answer
}

/// `open` is the list without its end.
fn cancelled(open: &str, partial: Partial) -> String {
    let detail =
        format!("{CANCELLED} Check logs for error trace or enable glide.rest.debug property to verify REST request processing");
    let error = json!({"message": CANCELLED, "detail": detail});
    let tail = format!(r#","error":{error},"status":"failure"}}"#);
    match partial {
        Partial::Valid => format!("{open}]{tail}"),
        Partial::ArrayOpen => format!("{open}{tail}"),
        Partial::StrayBracket => format!("{open}]]{tail}"),
        Partial::Sentence => {
            let comma = if open.ends_with('[') { "" } else { "," };
            format!(r#"{open}{comma}"{CANCELLED}"]}}"#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoilt(partial: Partial) -> String {
        let good = Answer::new(200, "application/json", r#"{"result":[{"a":"1"}]}"#);
        String::from_utf8(spoil(good, &Effect::PartialPage(partial)).body.to_vec()).unwrap()
    }

    #[test]
    fn a_cancelled_list_carries_both_result_and_error() {
        let body: serde_json::Value = serde_json::from_str(&spoilt(Partial::Valid)).unwrap();
        assert_eq!(body["result"][0]["a"], "1");
        assert!(body["error"]["message"].as_str().unwrap().starts_with("Transaction cancelled"));
    }

    #[test]
    fn the_broken_variants_do_not_parse() {
        for partial in [Partial::ArrayOpen, Partial::StrayBracket] {
            assert!(serde_json::from_str::<serde_json::Value>(&spoilt(partial)).is_err(), "{partial:?}");
        }
        assert!(spoilt(Partial::Sentence).contains(r#","Transaction cancelled"#));
    }
}
