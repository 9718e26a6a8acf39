//! What an answer of a gateway means: the protocol's problems by their code, and before them Azure Relay's own answers where it is on
//! the way. What is common to all tools is in `judgement`.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::relay;
use crate::provider::judgement::{Case, Voice};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect};
use crate::provider::{ProviderError, WaitReason, retry_after};

/// What messages call one.
pub(super) const NOUN: &str = "gateway";
/// What the account behind the gateway needs.
pub(super) const ROLE: &str =
    "the role Advanced Operator, with the queues, configuration item groups and form templates that it needs";

/// A problem of the protocol (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    pub(super) code: String,
    status: u16,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    retryable: bool,
    /// Of a write: `not_done`, or `unknown`.
    #[serde(default)]
    outcome: Option<String>,
    /// The property or member that does not fit.
    #[serde(default)]
    pub(super) property: Option<String>,
}

impl Problem {
    /// Reads a body; nothing when it is no such problem, as a page of a proxy is not.
    fn read(body: &[u8]) -> Option<Self> {
        let problem: Self = serde_json::from_slice(body).ok()?;
        let known = problem.status >= 400
            && !problem.code.is_empty()
            && problem.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        known.then_some(problem)
    }

    /// For people, at a readable length.
    pub(super) fn words(&self) -> String {
        let said = [self.detail.trim(), self.title.trim()].into_iter().find(|text| !text.is_empty()).unwrap_or("a problem");
        let said: String = said.chars().take(500).collect();
        format!("{said} ({})", self.code)
    }

    /// Whether it is sure that nothing was written.
    fn not_done(&self) -> bool {
        self.outcome.as_deref() == Some("not_done")
    }
}

/// A property that the gateway does not take, of a write that it therefore did not begin; nothing for all else.
pub(super) fn unfit(answer: &Answer) -> Option<Problem> {
    let problem = Problem::read(&answer.body).filter(|_| answer.status == 422)?;
    let unfit =
        matches!(problem.code.as_str(), "invalid_enum" | "invalid_value") && problem.property.is_some() && problem.not_done();
    unfit.then_some(problem)
}

/// How a gateway speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gateway {
    /// Whether Azure Relay is on the way.
    pub(super) relay: bool,
}

impl Voice for Gateway {
    fn title(&self) -> &'static str {
        "Service Manager"
    }

    fn noun(&self) -> &'static str {
        NOUN
    }

    fn address(&self) -> &'static str {
        "https://GATEWAY:8443, or https://NAMESPACE.servicebus.windows.net/HYBRID-CONNECTION"
    }

    fn told(&self, body: &[u8]) -> Option<String> {
        Problem::read(body).map(|problem| problem.words())
    }

    fn reference(&self, headers: &HeaderMap) -> String {
        let text = headers.get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let id: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
        if id.is_empty() { String::new() } else { format!("request {id} in the gateway's log") }
    }

    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        if self.relay
            && let Some(trouble) = relay::own(case)
        {
            return Some(trouble);
        }
        let problem = Problem::read(&case.answer.body).filter(|_| case.answer.status >= 400)?;
        Some(judged(case, &problem))
    }

    fn past_rate_limit(&self, _headers: &HeaderMap) -> String {
        "nothing to do, the connector goes on by itself; lower concurrency if it happens often: a gateway works on few requests at a time"
            .to_owned()
    }
}

fn judged(case: &Case<'_>, problem: &Problem) -> Trouble {
    let told = case.say(&problem.words());
    let after = retry_after::asked(&case.answer.headers, case.now);
    let refused = |remedy: String| Trouble::refused(told.clone(), remedy);
    match problem.code.as_str() {
        "unauthorized" => Trouble::Unauthorised(told),
        "access_denied" => refused(format!("give the account of the gateway {ROLE}, or turn the switch in the gateway's settings on")),
        "not_found" | "gone" => Trouble::NotFound(told),
        "busy" => Trouble::Error(ProviderError::Wait {
            reason: WaitReason::RateLimit,
            after: after.or(Some(Duration::from_secs(5))),
            cause: told,
            remedy: case.voice.past_rate_limit(&case.answer.headers),
        }),
        // Somebody else was faster: what to do now is decided anew, on what is there then. Nothing of this call was written.
        "conflict" | "read_only" => Trouble::Error(ProviderError::Retry { after, cause: told }),
        // An earlier try is still at work.
        "in_progress" => Trouble::Error(ProviderError::Ambiguous { cause: told }),
        "rejected" => refused(
            "Service Manager refused the commit: give what it asks for in the connection's mapping (incident.fields) or a template, or \
             have the rule changed"
                .to_owned(),
        ),
        "invalid_enum" | "invalid_value" => {
            let what = problem.property.as_deref().unwrap_or("the value");
            refused(format!("correct {what} in the connection's mapping (incident.fields), its policy or severity table"))
        }
        "ambiguous" => refused("make the computer's name unique in Service Manager, or link none".to_owned()),
        "too_large" => refused("shorten the fields of the mapping".to_owned()),
        "sdk_unavailable" => Trouble::Error(ProviderError::Wait {
            reason: WaitReason::Outage,
            after,
            cause: told,
            remedy: "see that the System Center Data Access Service runs on the management server and that the gateway reaches its port \
                     5724"
                .to_owned(),
        }),
        _ if case.answer.status >= 500 && case.answer.status != 501 => unsure(case, problem, after, told),
        "bad_request" | "not_allowed" | "unsupported_media_type" | "key_reused" | "not_supported" => refused(
            "gateway and connector do not understand each other: bring both to the same release (protocol version 1), and report it \
             with the gateway's log if they are"
                .to_owned(),
        ),
        _ if problem.retryable && (case.effect == Effect::Read || problem.not_done()) => {
            Trouble::Error(ProviderError::Retry { after, cause: told })
        }
        _ if problem.retryable => Trouble::Error(ProviderError::Ambiguous { cause: told }),
        _ => refused(format!("look the code {} up in the gateway's documentation, and its log", problem.code)),
    }
}

/// A fault of the gateway or a server that is too slow: a write may have been done, unless the problem says that it was not.
fn unsure(case: &Case<'_>, problem: &Problem, after: Option<Duration>, told: String) -> Trouble {
    Trouble::Error(if case.effect == Effect::Read || problem.not_done() {
        ProviderError::Retry { after, cause: told }
    } else {
        ProviderError::Ambiguous { cause: told }
    })
}
