//! What an answer of the portal means where it is the portal's own: tokens that have ended, sites with Windows authentication, errors
//! as nothing but a text with status 500, and commits that are not done though the status is 200.

use reqwest::header::WWW_AUTHENTICATE;
use serde_json::Value;

use super::shape::member;
use crate::provider::judgement::{Case, Voice};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect};
use crate::provider::{ProviderError, WaitReason, webpage};

/// What messages call one.
pub(super) const NOUN: &str = "portal";
/// Longest text of the portal in a message.
const LONGEST: usize = 500;

/// How the Cireson portal speaks.
#[derive(Debug)]
pub(super) struct Portal;

impl Voice for Portal {
    fn title(&self) -> &'static str {
        "Cireson"
    }

    fn noun(&self) -> &'static str {
        NOUN
    }

    fn address(&self) -> &'static str {
        "https://PORTAL"
    }

    fn told(&self, body: &[u8]) -> Option<String> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = |name| member(&value, name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let words = match (text("Message"), text("ExceptionMessage")) {
            (Some(message), Some(inner)) if message != inner => format!("{message} {inner}"),
            (Some(one), _) | (None, Some(one)) => one.to_owned(),
            (None, None) => text("exception")?.to_owned(),
        };
        Some(words.chars().take(LONGEST).collect())
    }

    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        match case.answer.status {
            401 if wants_windows(case.answer) => Some(Trouble::wait(
                WaitReason::Credentials,
                case.say(
                    "the portal's site runs Windows authentication (it offers Negotiate or NTLM), which the connector cannot speak: no \
                     token helps there",
                ),
                "let the portal's site use forms authentication (Authentication in IIS: Anonymous on, Windows off, and the portal's \
                 own sign-in), publish a second site like that for the connector, or use the SM gateway instead (adapter = \"gateway\")",
            )),
            401 => Some(Trouble::Unauthorised(case.named("not authenticated (401)"))),
            // Some releases answer so to a token that has ended (inferred): renewing it costs one call.
            403 if !case.is_page() && case.words().is_some() => Some(Trouble::Unauthorised(case.named("forbidden (403)"))),
            404 if case.words().is_some_and(|words| words.contains("HTTP resource")) => Some(Trouble::wait(
                WaitReason::Outage,
                case.named("the portal does not know this call (404)"),
                "check url: it must be the portal's address without /api; see that the portal has the API V3 (it is older otherwise)",
            )),
            500 => plain_text(case.answer).map(|text| error(case, &text)),
            _ => None,
        }
    }

    fn past_sign_in(&self) -> String {
        "let calls below /api/V3 through without single sign-on (a proxy or an identity provider stands before the portal), and check that url \
         is the portal's own address"
            .to_owned()
    }
}

fn wants_windows(answer: &Answer) -> bool {
    let offers =
        |scheme: &str| ["negotiate", "ntlm"].iter().any(|windows| scheme.trim().to_ascii_lowercase().starts_with(windows));
    answer.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).any(offers)
}

/// The portal's own error: status 500 and a text; nothing when the body is a page or empty.
pub(super) fn plain_text(answer: &Answer) -> Option<String> {
    if answer.status != 500 || webpage::is_html(answer) {
        return None;
    }
    let body = String::from_utf8_lossy(&answer.body);
    let text = Portal.told(&answer.body).unwrap_or_else(|| body.trim().trim_matches('"').to_owned());
    (!text.is_empty() && !text.starts_with('<')).then(|| text.chars().take(LONGEST).collect())
}

fn error(case: &Case<'_>, text: &str) -> Trouble {
    match case.effect {
        // Nobody can say how far it came.
        Effect::Write => Trouble::Error(ProviderError::Ambiguous { cause: case.say(&format!("status 500: {text}")) }),
        Effect::Read => Trouble::Error(told(case.what, text)),
    }
}

/// What a text with status 500 means for a read. The texts are the SDK's and not documented: those that name a mistake in the question
/// are refusals, everything else is the server's trouble, in which nothing is lost by waiting.
pub(super) fn told(what: &str, text: &str) -> ProviderError {
    const MISTAKES: [&str; 8] = [
        "does not exist",
        "was not found",
        "could not be found",
        "not part of",
        "cannot be converted",
        "not recognized as a valid",
        "incomplete content",
        "is invalid",
    ];
    let (cause, lower) = (format!("{what}: the portal answered status 500: {text}"), text.to_ascii_lowercase());
    if MISTAKES.iter().any(|words| lower.contains(words)) {
        let remedy = "check the settings of service_manager that name a property, class, projection or template, and the rights of the \
                      integration user in Service Manager (user role Advanced Operators)";
        return ProviderError::Refused { cause, remedy: remedy.to_owned() };
    }
    let remedy = "the connector goes on by itself; if it lasts, see that the Data Access Service of the management server and its database \
                  are up, and look into the portal's log";
    ProviderError::Wait { reason: WaitReason::Outage, after: None, cause, remedy: remedy.to_owned() }
}

/// What became of a commit that answers `success: false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDone {
    /// Somebody else changed the object since it was read; surely nothing was written.
    Stale,
    /// The server broke off, and how far it came is not known.
    Unknown,
    /// It does not want to.
    Refused,
}

/// By the exception's words, which are the SDK's and not documented.
pub(super) fn not_done(exception: &str) -> NotDone {
    let lower = exception.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if any(&["stale", "concurren", "changed by another"]) {
        NotDone::Stale
    } else if any(&["timeout", "timed out", "deadlock", "connection", "not running", "unavailable"]) {
        NotDone::Unknown
    } else {
        NotDone::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_a_mistake_is_a_refusal_and_any_other_an_outage() {
        for text in ["The property 'X' does not exist.", "String was not recognized as a valid DateTime."] {
            assert!(matches!(told("reading", text), ProviderError::Refused { .. }), "{text}");
        }
        for text in ["Execution Timeout Expired.", "The Data Access service is either not running or not yet initialized."] {
            assert!(matches!(told("reading", text), ProviderError::Wait { reason: WaitReason::Outage, .. }), "{text}");
        }
    }

    #[test]
    fn a_commit_that_is_not_done_is_stale_broken_off_or_refused() {
        assert_eq!(not_done("The data in the form is stale."), NotDone::Stale);
        assert_eq!(not_done("Timeout expired."), NotDone::Unknown);
        assert_eq!(not_done("Change freeze until Monday"), NotDone::Refused);
    }

    #[test]
    fn the_frameworks_errors_are_the_portals_words_and_other_bodies_are_not() {
        assert_eq!(
            Portal.told(br#"{"Message":"An error has occurred.","ExceptionMessage":"No"}"#).as_deref(),
            Some("An error has occurred. No")
        );
        assert_eq!(Portal.told(br#"{"success":false,"exception":"No"}"#).as_deref(), Some("No"));
        for body in [&b"upstream connect error"[..], b"<html>", b"{}", b"[]"] {
            assert_eq!(Portal.told(body), None);
        }
    }
}
