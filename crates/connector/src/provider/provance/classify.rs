//! What an answer of Dataverse means where it is Dataverse's own: error codes with their remedies, plug-ins of solutions, service
//! protection limits. What is common to all tools is in `judgement`.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::provider::WaitReason;
use crate::provider::judgement::{Case, Voice};
use crate::provider::trouble::Trouble;
use crate::provider::wire::Effect;

/// What messages call one.
pub(super) const NOUN: &str = "environment";

/// How Dataverse speaks.
#[derive(Debug)]
pub(super) struct Environment;

impl Voice for Environment {
    fn title(&self) -> &'static str {
        "Provance"
    }

    fn noun(&self) -> &'static str {
        NOUN
    }

    fn address(&self) -> &'static str {
        "https://ORG.crm.dynamics.com"
    }

    fn told(&self, body: &[u8]) -> Option<String> {
        let Told { code, message } = told(body)?;
        let words = if code.is_empty() { message } else { format!("{message} ({code})") };
        Some(words.chars().take(500).collect())
    }

    fn reference(&self, headers: &HeaderMap) -> String {
        let id = headers.get("x-ms-service-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let id: String = id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(64).collect();
        if id.is_empty() { id } else { format!("request {id}") }
    }

    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        let status = case.answer.status;
        // A token that has ended is refused with nothing but the header.
        if status == 401 {
            return Some(Trouble::Unauthorised(case.named("not authenticated (401)")));
        }
        let Told { code, message } = told(&case.answer.body)?;
        match (status, code.as_str()) {
            (403, "0x80072560") => Some(Trouble::wait(
                WaitReason::Credentials,
                case.named("forbidden (403)"),
                "add the app registration as an application user of the environment (Power Platform admin center > Settings > Users), \
                 with the security role of the connector",
            )),
            (403, "0x80040225") => Some(Trouble::wait(
                WaitReason::Credentials,
                case.named("forbidden (403)"),
                "enable the application user, or the integration user, in the environment",
            )),
            (403, "0x80040220") => {
                let privilege = privilege(&message).map_or_else(|| "that the message names".to_owned(), str::to_owned);
                let remedy = format!("give the connector's security role the privilege {privilege}, for the whole organization");
                Some(Trouble::refused(case.named("forbidden (403)"), remedy))
            }
            (403, "0x80048306") => Some(Trouble::refused(
                case.named("forbidden (403)"),
                "the role allows it but not for this record: give the privilege the level Organization, or share the record",
            )),
            (404, "0x80060888") => Some(Trouble::refused(
                case.told("no such table or property (404)"),
                "check provance.profile: entity_set must be the entity set name of a table that exists, as discover proposes it",
            )),
            (404, "0x8006088a") => {
                Some(Trouble::refused(case.told("no such version (404)"), "set provance.profile.api_version to one that it has"))
            }
            // A plug-in's error takes back the whole transaction, so that nothing was written whatever the status says.
            (400 | 500, "0x80040265") => Some(Trouble::refused(
                case.told("a plug-in refuses"),
                "a rule (plug-in or workflow) of a solution in the environment refuses this; give the fields that it asks for in the \
                 connection's mapping, or have the rule changed to let the connector through",
            )),
            (400, _) => Some(bad_request(case, &message)),
            (412, _) => Some(Trouble::Error(if case.effect == Effect::Write {
                crate::provider::ProviderError::Retry { after: None, cause: case.told("the record is not as it was (412)") }
            } else {
                Effect::Read.unknown(case.told("the record is not as it was (412)"))
            })),
            _ => None,
        }
    }

    fn past_rate_limit(&self, _headers: &HeaderMap) -> String {
        "nothing to do: the connector goes on when the service protection limit allows; it counts for each user and web server in five \
         minutes, so lower concurrency, and let nothing else use the same application user, if it happens often"
            .to_owned()
    }

    fn past_sign_in(&self) -> String {
        "set url to the environment's own address (https://ORG.crm.dynamics.com), not to the portal or an app in it".to_owned()
    }
}

/// An error of the Web API.
pub(super) struct Told {
    /// `0x80040265`; may be empty.
    pub(super) code: String,
    pub(super) message: String,
}

/// `{"error": {"code": "0x...", "message": "..."}}`; nothing when the body is no such thing.
pub(super) fn told(body: &[u8]) -> Option<Told> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::trim);
    let message = text("message")?.to_owned();
    Some(Told { code: text("code").unwrap_or_default().to_ascii_lowercase(), message })
}

fn bad_request(case: &Case<'_>, message: &str) -> Trouble {
    let told = case.told("bad request (400)");
    let quoted =
        |mark: &str| message.split_once(mark).and_then(|(_, rest)| rest.split('\'').next()).filter(|name| !name.is_empty());
    let unknown = quoted("property named '").or_else(|| quoted("Invalid property '")).or_else(|| quoted("undeclared property '"));
    let lower = message.to_ascii_lowercase();
    let remedy = if let Some(name) = unknown {
        format!(
            "there is no column or navigation property {name}: correct the name where provance.profile or the mapping gives it \
             (lookups are read as _NAME_value, and names of navigation properties keep to upper and lower case)"
        )
    } else if lower.contains("parent contact or account") {
        "an incident of this table needs a customer: set provance.customer to the name of an account".to_owned()
    } else if lower.contains("cannot be null") {
        "the table asks for this column: give it in the connection's mapping (fields), or in provance.profile.incident.required_bind"
            .to_owned()
    } else if lower.contains("set the state") || lower.contains("state code") {
        "correct close, reopen, resolved and closed of provance.profile.incident: states and status reasons must fit each other"
            .to_owned()
    } else if lower.contains("paging cookie") {
        "a proxy in between changed the address of a page".to_owned()
    } else {
        "check the mapping's field names and values, and provance.profile".to_owned()
    };
    Trouble::refused(told, remedy)
}

/// The privilege in `... is missing prvReadIncident privilege ...`.
fn privilege(message: &str) -> Option<&str> {
    message.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').find(|word| word.starts_with("prv"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::provider::ProviderError;
    use crate::provider::wire::Answer;

    fn judged(status: u16, code: &str, message: &str, effect: Effect) -> ProviderError {
        let body = Bytes::from(json!({"error": {"code": code, "message": message}}).to_string());
        let answer = Answer { status, headers: HeaderMap::new(), body };
        let case = Case { voice: &Environment, answer: &answer, effect, what: "creating incident", now: Timestamp::UNIX_EPOCH };
        ProviderError::from(case.whole(|_| Ok(())).unwrap_err())
    }

    fn refused(status: u16, code: &str, message: &str) -> (String, String) {
        match judged(status, code, message, Effect::Write) {
            ProviderError::Refused { cause, remedy } => (cause, remedy),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_documented_refusal_names_the_thing_and_the_remedy() {
        let (cause, remedy) = refused(
            403,
            "0x80040220",
            "Principal user (Id=1) is missing prvCreateIncident privilege (Id=2) on OTC=112 for entity 'incident'.",
        );
        assert!(cause.contains("creating incident") && remedy.contains("prvCreateIncident"), "{cause}: {remedy}");
        let (_, remedy) = refused(400, "0x80060888", "Could not find a property named 'abc_cost' on type 'x'.");
        assert!(remedy.contains("abc_cost"), "{remedy}");
        let (_, remedy) =
            refused(400, "0x80048d19", "Error identified in Payload: Invalid property 'abc_x' was found in entity 'incident'.");
        assert!(remedy.contains("abc_x"), "{remedy}");
        let (_, remedy) = refused(400, "0x80048d19", "An undeclared property 'abc_Ci' which only has property annotations");
        assert!(remedy.contains("abc_Ci"), "{remedy}");
        let (_, remedy) = refused(400, "0x80040203", "You should specify a parent contact or account.");
        assert!(remedy.contains("provance.customer"), "{remedy}");
        let (_, remedy) = refused(403, "0x80048306", "Principal with id 1 does not have CreateAccess right(s)");
        assert!(remedy.contains("Organization"), "{remedy}");
        let (cause, _) = refused(404, "0x80060888", "Resource not found for the segment 'abc_incidents'.");
        assert!(cause.contains("abc_incidents"), "{cause}");
    }

    #[test]
    fn a_plug_in_that_refuses_wrote_nothing_whatever_its_status() {
        for status in [400, 500] {
            let (cause, remedy) = refused(status, "0x80040265", "Change freeze until Monday");
            assert!(cause.contains("Change freeze until Monday") && remedy.contains("plug-in"), "{status}");
        }
        assert!(matches!(judged(500, "0x80040216", "unexpected", Effect::Write), ProviderError::Ambiguous { .. }));
    }

    #[test]
    fn who_is_no_member_waits_for_a_person() {
        let error = judged(403, "0x80072560", "The user is not a member of the organization.", Effect::Read);
        assert!(
            matches!(error, ProviderError::Wait { reason: WaitReason::Credentials, ref remedy, .. } if remedy.contains("application user"))
        );
    }

    #[test]
    fn an_empty_code_is_left_out_and_a_foreign_body_is_no_error_of_ours() {
        let told = |body: &str| Environment.told(body.as_bytes());
        assert_eq!(told(r#"{"error":{"code":"","message":"A record exists."}}"#).as_deref(), Some("A record exists."));
        assert_eq!(told(r#"{"error":{"code":"0x8","message":"No"}}"#).as_deref(), Some("No (0x8)"));
        assert_eq!(told(r#"{"error":"invalid_grant"}"#), None);
        assert_eq!(told("<html>"), None);
    }
}
