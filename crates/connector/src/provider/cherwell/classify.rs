//! What an answer of Cherwell means where it is Cherwell's own: the `errorCode` in the body decides, whatever the status says. An
//! ordinary "not found" is a 500, and a save that was refused is a 200. What is common to all tools is in `judgement`.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::shapes::Tail;
use crate::provider::judgement::{Case, Voice, json};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect};
use crate::provider::{ProviderError, WaitReason, grant, webpage};

/// What messages call one.
pub(super) const NOUN: &str = "server";

/// How Cherwell speaks.
#[derive(Debug)]
pub(super) struct Cherwell;

/// An answer of Cherwell, to be judged.
const fn case<'a>(answer: &'a Answer, effect: Effect, what: &'a str, now: Timestamp) -> Case<'a> {
    Case { voice: &Cherwell, answer, effect, what, now }
}

/// Judges an answer and reads it. The inner error is an answer that is not whole.
pub(super) fn judge<T: DeserializeOwned>(
    answer: &Answer,
    effect: Effect,
    what: &str,
    now: Timestamp,
) -> Result<Result<T, String>, Trouble> {
    let case = case(answer, effect, what, now);
    let good = (200..300).contains(&answer.status) && !case.is_page();
    if let Some(tail) = good.then(|| Tail::of(&answer.body)).flatten().filter(Tail::failed) {
        return Err(refusal(&case, &tail));
    }
    case.judge(json)
}

/// The same where half an answer is none.
pub(super) fn whole<T: DeserializeOwned>(answer: &Answer, effect: Effect, what: &str, now: Timestamp) -> Result<T, Trouble> {
    judge(answer, effect, what, now)?.map_err(|cause| Trouble::Error(effect.unknown(cause)))
}

/// An answer of which only matters that it is a good one: some calls have an empty body.
pub(super) fn done(answer: &Answer, effect: Effect, what: &str, now: Timestamp) -> Result<(), Trouble> {
    let good = (200..300).contains(&answer.status) && answer.body.trim_ascii().is_empty();
    if good { Ok(()) } else { whole::<Value>(answer, effect, what, now).map(|_| ()) }
}

/// What a tail with an error says.
fn refusal(case: &Case<'_>, tail: &Tail) -> Trouble {
    if !tail.field_validation_errors.is_empty() {
        return invalid(case, tail);
    }
    let code = tail.error_code.trim().to_ascii_uppercase();
    let says = case.say(&cut(&tail.says()));
    match code.as_str() {
        "" => Trouble::Error(case.effect.unknown(says)),
        "RECORDNOTFOUND" => Trouble::NotFound(says),
        "INSUFFICIENTRIGHTS" => Trouble::refused(
            says,
            format!("give the security group of the integration user the business object rights for this ({})", case.what),
        ),
        _ if code.contains("NOTFOUND") => Trouble::refused(
            says,
            "check the names in the connection's section cherwell; when the customer's content has changed, `itsm-connector refresh` \
             reads it anew",
        ),
        _ => Trouble::refused(says, "correct what the message names, in the mapping or in Cherwell"),
    }
}

/// Fields that were not taken. Their ids stand in brackets, for whoever knows their names.
fn invalid(case: &Case<'_>, tail: &Tail) -> Trouble {
    let told: Vec<String> = tail.field_validation_errors.iter().map(|one| format!("{} [{}]", one.error, one.field_id)).collect();
    let told = case.say(&format!("not saved: {}", cut(&told.join("; "))));
    // That nothing was saved then is only inferred; a record in the answer says otherwise.
    if !tail.bus_ob_rec_id.is_empty() && case.what.starts_with("creating") {
        return Trouble::Error(ProviderError::Ambiguous { cause: told });
    }
    Trouble::refused(
        told,
        "give these fields a value that Cherwell takes: in the connection's incident.fields or cherwell.defaults, \
         or cherwell.customer for the customer",
    )
}

fn cut(text: &str) -> String {
    text.chars().take(1000).collect()
}

impl Voice for Cherwell {
    fn title(&self) -> &'static str {
        "Cherwell"
    }

    fn noun(&self) -> &'static str {
        NOUN
    }

    fn address(&self) -> &'static str {
        "https://HOST/CherwellAPI"
    }

    fn told(&self, body: &[u8]) -> Option<String> {
        if let Some(tail) = Tail::of(body) {
            return Some(cut(&tail.says()));
        }
        let body_of_framework = serde_json::from_slice::<Value>(body).ok()?;
        body_of_framework.get("Message").and_then(Value::as_str).map(cut).or_else(|| grant::refusal(body))
    }

    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        let status = case.answer.status;
        if let Some(tail) = Tail::of(&case.answer.body).filter(|tail| tail.failed() && status != 401)
            && !(tail.error_code.trim().is_empty() && tail.field_validation_errors.is_empty())
        {
            return Some(refusal(case, &tail));
        }
        match status {
            // The framework's own words: the address is Cherwell's, the call is not.
            404 | 405 if !case.is_page() && case.words().is_some() => Some(Trouble::refused(
                case.told("there is no such call"),
                "check url, it must be https://HOST/CherwellAPI; this call may be missing in an older release of Cherwell",
            )),
            404 => {
                let title = webpage::title(&case.text()).unwrap_or_default();
                Some(Trouble::wait(
                    WaitReason::Outage,
                    case.say(&format!("there is no Cherwell REST API at this address (404 {title})")),
                    "check url: it must end in the path of the REST API, usually https://HOST/CherwellAPI",
                ))
            }
            // A bare 500 of the application or its framework: nobody knows what was done.
            500 if case.effect == Effect::Write => {
                Some(Trouble::Error(ProviderError::Ambiguous { cause: case.told("status 500") }))
            }
            _ => None,
        }
    }

    fn past_sign_in(&self) -> String {
        "let calls below the path of the REST API through without single sign-on, and check auth.mode".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    fn judged(status: u16, body: &str, effect: Effect, what: &str) -> Result<Value, Trouble> {
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) };
        whole(&answer, effect, what, Timestamp::UNIX_EPOCH)
    }

    fn tail(code: &str, message: &str) -> String {
        serde_json::json!({"errorCode": code, "errorMessage": message, "hasError": true, "httpStatusCode": "OK"}).to_string()
    }

    #[test]
    fn the_error_code_decides_and_not_the_status() {
        for status in [200, 404, 500] {
            let found = judged(status, &tail("RECORDNOTFOUND", "Record not found"), Effect::Read, "reading an incident");
            let expected = "reading an incident: Record not found (RECORDNOTFOUND)".to_owned();
            assert_eq!(found, Err(Trouble::NotFound(expected)), "{status}");
        }
        for (status, code) in
            [(200, "X1"), (403, "INSUFFICIENTRIGHTS"), (500, "INSUFFICIENTRIGHTS"), (500, "SEARCHNOTFOUND"), (503, "X1")]
        {
            for effect in [Effect::Read, Effect::Write] {
                let found = judged(status, &tail(code, ""), effect, "asking");
                let Err(Trouble::Error(ProviderError::Refused { cause, remedy })) = found else { panic!("{status}: {found:?}") };
                assert!(cause.contains(code) && remedy.len() > 20, "{cause}: {remedy}");
            }
        }
    }

    #[test]
    fn an_error_without_code_proves_nothing() {
        for status in [200, 500] {
            let read = judged(status, &tail("", "odd"), Effect::Read, "asking");
            assert!(matches!(read, Err(Trouble::Error(ProviderError::Retry { .. } | ProviderError::Wait { .. }))), "{read:?}");
            let write = judged(status, &tail("", "odd"), Effect::Write, "creating");
            assert!(matches!(write, Err(Trouble::Error(ProviderError::Ambiguous { .. }))), "{write:?}");
        }
        let write = judged(500, r#"{"Message":"An error has occurred."}"#, Effect::Write, "creating");
        assert!(matches!(write, Err(Trouble::Error(ProviderError::Ambiguous { .. }))), "{write:?}");
    }

    #[test]
    fn validation_errors_are_told_and_a_record_beside_them_is_looked_up() {
        let body = |id: Value| {
            let error = serde_json::json!({"error": "Service is required", "errorCode": "REQUIRED", "fieldId": "BO:a,FI:b"});
            serde_json::json!({"busObRecId": id, "fieldValidationErrors": [error], "hasError": true}).to_string()
        };
        for status in [200, 500] {
            let found = judged(status, &body(Value::Null), Effect::Write, "creating incident");
            let Err(Trouble::Error(ProviderError::Refused { cause, .. })) = found else { panic!("{found:?}") };
            assert_eq!(cause, "creating incident: not saved: Service is required [BO:a,FI:b]");
        }
        let found = judged(200, &body("94ab".into()), Effect::Write, "creating incident");
        assert!(matches!(found, Err(Trouble::Error(ProviderError::Ambiguous { .. }))), "{found:?}");
    }

    #[test]
    fn pages_of_the_web_server_are_no_answers_of_cherwell() {
        let page = "<html><title>404 - File or directory not found.</title></html>";
        let found = judged(404, page, Effect::Write, "creating");
        assert!(
            matches!(&found, Err(Trouble::Error(ProviderError::Wait { remedy, .. })) if remedy.contains("CherwellAPI")),
            "{found:?}"
        );
        let busy = judged(503, "<html><title>Service Unavailable</title></html>", Effect::Write, "creating");
        assert!(matches!(busy, Err(Trouble::Error(ProviderError::Ambiguous { .. }))), "{busy:?}");
        let unknown = judged(404, r#"{"Message":"No HTTP resource was found"}"#, Effect::Read, "asking");
        assert!(matches!(unknown, Err(Trouble::Error(ProviderError::Refused { .. }))), "{unknown:?}");
        let denied = judged(401, r#"{"Message":"Authorization has been denied for this request."}"#, Effect::Read, "asking");
        assert!(matches!(denied, Err(Trouble::Unauthorised(_))), "{denied:?}");
    }

    #[test]
    fn some_good_answers_are_empty() {
        let answer =
            |body: &'static str| Answer { status: 200, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
        for body in ["", "{}", "\"en-US\""] {
            assert_eq!(done(&answer(body), Effect::Read, "logging out", Timestamp::UNIX_EPOCH), Ok(()), "{body}");
        }
        assert!(done(&answer("{\"a\""), Effect::Read, "logging out", Timestamp::UNIX_EPOCH).is_err());
    }
}
