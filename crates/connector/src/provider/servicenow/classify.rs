//! What an answer of ServiceNow means. Pure: bytes in, decision out. Every way in which an instance is known to fail is a
//! line here: HTML with status 200, half a page, an error inside a success, the kinds of 401, 403 and 404, limits.
//!
//! Writes: an answer that proves that the transaction was refused before it began gives `Wait` or `Refused`; an answer that
//! proves nothing (500, 502, 504, a page of a proxy, half an answer) gives `Ambiguous`. A 503 is believed to mean "not begun"
//! only when the instance says so itself (JSON) or asks for patience (`Retry-After`): a load balancer also answers 503 when a
//! node dies in the middle.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use crate::provider::wire::{Answer, Effect};
use crate::provider::{ProviderError, WaitReason, retry_after};

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// 401: the credentials were not accepted; nothing was done. The client renews them and tries again.
    Unauthorised(String),
    /// The record does not exist or is hidden by an ACL.
    NotFound(String),
    /// Anything else.
    Error(ProviderError),
}

impl Trouble {
    fn wait(reason: WaitReason, cause: String, remedy: &str) -> Self {
        Self::Error(ProviderError::Wait { reason, after: None, cause, remedy: remedy.to_owned() })
    }
    fn refused(cause: String, remedy: impl Into<String>) -> Self {
        Self::Error(ProviderError::Refused { cause, remedy: remedy.into() })
    }
}

/// Judges an answer of the REST API. `what` names the call as a participle ("creating incident").
pub(super) fn judge(answer: &Answer, effect: Effect, what: &str, now: Timestamp) -> Result<Value, Trouble> {
    if answer.status == 204 {
        return Ok(Value::Null);
    }
    judge_as(answer, effect, what, now, whole)?.map_err(|cause| Trouble::Error(effect.unknown(cause)))
}

/// The same judgement for a body that `read` reads in its own way. An inner error is a success that is not whole: half a page,
/// an error inside, no JSON; asking for less may help.
pub(super) fn judge_as<T>(
    answer: &Answer,
    effect: Effect,
    what: &str,
    now: Timestamp,
    read: impl FnOnce(&[u8]) -> Result<T, Flaw>,
) -> Result<Result<T, String>, Trouble> {
    let case = Case { answer, effect, what, now, transaction: transaction(&answer.headers) };
    match answer.status {
        200..=299 => case.success(read),
        300..=399 => Err(case.redirect()),
        401 => Err(Trouble::Unauthorised(case.named("User Not Authenticated"))),
        _ => Err(case.failure()),
    }
}

/// Why a body with a good status is no answer.
#[derive(Debug)]
pub(super) enum Flaw {
    /// There is an `error` beside the result.
    Error,
    /// A record is none: the instance may write its complaint between the rows.
    Record,
    /// JSON, but not what was asked for.
    Shape(&'static str),
    /// No JSON, or not all of it.
    Broken(String),
}

fn whole(body: &[u8]) -> Result<Value, Flaw> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) if object.contains_key("error") => Err(Flaw::Error),
        Ok(value) if value.get("result").and_then(Value::as_array).is_some_and(|rows| !rows.iter().all(Value::is_object)) => {
            Err(Flaw::Record)
        }
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Flaw::Shape("the answer is JSON but not an object")),
        Err(error) => Err(Flaw::Broken(error.to_string())),
    }
}

struct Case<'a> {
    answer: &'a Answer,
    effect: Effect,
    what: &'a str,
    now: Timestamp,
    transaction: String,
}

impl Case<'_> {
    fn success<T>(&self, read: impl FnOnce(&[u8]) -> Result<T, Flaw>) -> Result<Result<T, String>, Trouble> {
        let body = &self.answer.body;
        if looks_like_html(self.answer) {
            return Err(self.page(&String::from_utf8_lossy(body)));
        }
        Ok(read(body).map_err(|flaw| match flaw {
            Flaw::Error => {
                let told = envelope(body).unwrap_or_else(|| "an error".to_owned());
                self.say(&format!("unexpected response from ServiceNow along with success status code: {told}"))
            }
            Flaw::Record => self.say(HALF),
            Flaw::Shape(why) => self.say(why),
            Flaw::Broken(error) => {
                let text = String::from_utf8_lossy(body);
                let why = if text.contains("Transaction cancelled") { HALF } else { "the answer is not whole JSON" };
                self.say(&format!("{why} ({} bytes: {error})", body.len()))
            }
        }))
    }

    /// A page for people where an answer for programs was asked for.
    fn page(&self, text: &str) -> Trouble {
        let title = title(text).unwrap_or_default();
        if text.contains("ibernat") {
            return Trouble::wait(
                WaitReason::Hibernating,
                self.say("the developer instance is hibernating"),
                "wake it at developer.servicenow.com; the connector goes on by itself a few minutes later",
            );
        }
        if is_login_page(text) {
            return Trouble::wait(
                WaitReason::Credentials,
                self.say(&format!("the instance answered with a sign-in page (\"{title}\") instead of JSON")),
                "let REST calls of the integration user through without single sign-on: a local user with \"Web service access only\", or OAuth",
            );
        }
        let cause = self.say(&format!(
            "unexpected response from ServiceNow: an HTML page (\"{title}\") instead of JSON: a proxy, a maintenance page, or a url \
             that is not a ServiceNow instance"
        ));
        match self.effect {
            // Nobody can say what stands behind that page, so a write is looked up.
            Effect::Write if self.answer.status < 400 => Trouble::Error(ProviderError::Ambiguous { cause }),
            _ => Trouble::wait(WaitReason::Outage, cause, "open the url in a browser; check it and any proxy in between"),
        }
    }

    fn redirect(&self) -> Trouble {
        let target = self.answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The query of a redirect may hold a token.
        let target = target.split(['?', '#']).next().unwrap_or_default();
        let lower = target.to_ascii_lowercase();
        if ["login", "saml", "sso", "adfs", "oauth2", "signin", "auth_redirect"].iter().any(|word| lower.contains(word)) {
            return Trouble::wait(
                WaitReason::Credentials,
                self.say(&format!("the instance redirects to a sign-in page ({target})")),
                "let REST calls of the integration user through without single sign-on",
            );
        }
        Trouble::wait(
            WaitReason::Outage,
            self.say(&format!("the address redirects to {target} (status {})", self.answer.status)),
            "set url to the instance's own address, https://NAME.service-now.com",
        )
    }

    fn failure(&self) -> Trouble {
        let status = self.answer.status;
        let text = String::from_utf8_lossy(&self.answer.body);
        let html = looks_like_html(self.answer);
        match status {
            400 => self.bad_request(),
            403 => self.forbidden(html, &text),
            404 if html || envelope(&self.answer.body).is_none() => Trouble::wait(
                WaitReason::Outage,
                self.say("there is no ServiceNow instance at this address (404): it was deleted or reclaimed, or url is wrong"),
                "check url, and whether the instance still exists: a developer instance that was idle for ten days is reclaimed",
            ),
            404 => {
                let told = self.told("No Record found");
                if told.contains("does not represent any resource") {
                    Trouble::refused(told, "check url: it must be the instance's address without a path")
                } else {
                    Trouble::NotFound(told)
                }
            }
            407 => Trouble::wait(
                WaitReason::Outage,
                self.say("the proxy between the connector and the instance wants credentials (407)"),
                "put user name and password of the proxy into HTTPS_PROXY, or let the connector through without",
            ),
            408 => Trouble::Error(self.effect.unknown(self.told("the instance gave up waiting (408)"))),
            413 => Trouble::refused(self.told("the request is too large (413)"), "shorten the fields of the mapping"),
            429 => Trouble::Error(ProviderError::Wait {
                reason: WaitReason::RateLimit,
                after: retry_after::asked_by_limit(&self.answer.headers, self.now),
                cause: self.named("rate limit (StatusCode=429)"),
                remedy: self.rate_remedy(),
            }),
            503 if self.effect == Effect::Read || self.not_begun(html) => Trouble::Error(ProviderError::Wait {
                reason: WaitReason::Outage,
                after: retry_after::asked(&self.answer.headers, self.now),
                cause: self.named("service unavailable (503)"),
                remedy: PATIENCE.to_owned(),
            }),
            500..=599 if self.effect == Effect::Write => {
                let cause = self.named(&format!("status {status}"));
                Trouble::Error(ProviderError::Ambiguous { cause })
            }
            500..=599 if text.contains("ibernat") => self.page(&text),
            500..=599 => Trouble::Error(ProviderError::Wait {
                reason: WaitReason::Outage,
                after: retry_after::asked(&self.answer.headers, self.now),
                cause: self.named(&format!("status {status}")),
                remedy: PATIENCE.to_owned(),
            }),
            _ => Trouble::refused(
                self.named(&format!("status {status}")),
                "the instance or a proxy before it did not take the request; ask its administrator",
            ),
        }
    }

    fn not_begun(&self, html: bool) -> bool {
        self.answer.headers.contains_key(reqwest::header::RETRY_AFTER) || (!html && envelope(&self.answer.body).is_some())
    }

    fn rate_remedy(&self) -> String {
        let rule = self.answer.headers.get("x-ratelimit-rule").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if rule.is_empty() {
            return "nothing to do: the connector goes on when the limit allows; lower concurrency if it happens often"
                .to_owned();
        }
        format!(
            "nothing to do: the connector goes on when the limit allows; to have more, raise rate limit rule {rule} \
             (System Web Services > Rate Limit Rules) for the integration user"
        )
    }

    fn bad_request(&self) -> Trouble {
        let told = self.told("bad request (400)");
        let lower = told.to_ascii_lowercase();
        let remedy = if lower.contains("invalid staging table") {
            "check servicenow.import_set.table, or set servicenow.write = \"table\"".to_owned()
        } else if let Some(table) = invalid_table(&told) {
            if table.starts_with("em_") {
                format!("table {table} belongs to the Event Management plugin: activate it, or use the work item type incident")
            } else {
                format!(
                    "there is no table {table} in this instance: check the settings that name it, or install the app it belongs to"
                )
            }
        } else if lower.contains("valid json") || lower.contains("reading request") {
            "the instance could not read the request; a proxy in between may have changed it".to_owned()
        } else {
            "check the mapping's field names and values".to_owned()
        };
        Trouble::refused(told, remedy)
    }

    fn forbidden(&self, html: bool, text: &str) -> Trouble {
        if html || envelope(&self.answer.body).is_none() {
            let title = title(text).unwrap_or_default();
            return Trouble::wait(
                WaitReason::Credentials,
                self.say(&format!(
                    "Status Code Forbidden (403) with a page (\"{title}\") instead of JSON: most likely an IP address restriction"
                )),
                &format!("allow {OUTBOUND}"),
            );
        }
        let told = self.named("Status Code Forbidden (403)");
        let lower = told.to_ascii_lowercase();
        if let Some((_, labels)) = told.split_once("fields are mandatory:") {
            let labels = labels.split(" (transaction").next().unwrap_or_default().trim();
            return Trouble::refused(
                told.clone(),
                format!("give values for these fields in the connection's mapping (fields), its policy or a template: {labels}"),
            );
        }
        if lower.contains("aborted by business rule") {
            let rule = business_rule(&told).unwrap_or_else(|| "named above".to_owned());
            return Trouble::refused(
                told,
                format!(
                    "have business rule \"{rule}\" changed to let the integration user through, or give the fields it asks for"
                ),
            );
        }
        if lower.contains("data policy") {
            return Trouble::refused(told, "give the fields that the data policy asks for in the connection's mapping (fields)");
        }
        if lower.contains("unscoped api") {
            return Trouble::wait(
                WaitReason::Credentials,
                told,
                "give the OAuth application a scope that allows the Table API, or no scope restriction",
            );
        }
        if lower.contains("insufficient rights") {
            return Trouble::refused(told, format!("give the integration user the right to read ({}): {ROLES}", self.what));
        }
        if self.effect == Effect::Read {
            // Rights hide what is read far more often than they refuse it.
            return Trouble::refused(
                format!("{told}; a right is missing, or the instance's address filter keeps the connector out"),
                format!("give the integration user the right for this ({}): {ROLES}; or allow {OUTBOUND}", self.what),
            );
        }
        Trouble::refused(told, format!("give the integration user the right for this ({}): {ROLES}", self.what))
    }

    /// What it is called, so that people can search for it, and the tool's own words.
    fn named(&self, name: &str) -> String {
        match envelope(&self.answer.body) {
            Some(words) if words.starts_with(name) => self.say(&words),
            Some(words) => self.say(&format!("{name}: {words}")),
            None => self.say(name),
        }
    }

    /// The tool's own words, or `otherwise`.
    fn told(&self, otherwise: &str) -> String {
        let words = envelope(&self.answer.body);
        self.say(words.as_deref().unwrap_or(otherwise))
    }

    /// A cause that names the call, and the transaction by which ServiceNow's support finds it.
    fn say(&self, cause: &str) -> String {
        if self.transaction.is_empty() {
            format!("{}: {cause}", self.what)
        } else {
            format!("{}: {cause} (transaction {})", self.what, self.transaction)
        }
    }
}

const HALF: &str = "the instance cancelled its transaction for taking too long and sent half an answer";
const PATIENCE: &str = "nothing to do, the connector goes on by itself; if it lasts, ask the instance's administrator (an upgrade, \
                        a failover, too many transactions), and lower concurrency if it happens often";
const OUTBOUND: &str = "the connector's outbound IP addresses (on Azure: those of the function app, or of its NAT gateway; elsewhere: \
                        the address by which this machine is seen from outside) in the instance's IP Address Access Control";
const ROLES: &str = "role itil for incidents and the CMDB, evt_mgmt_integration and evt_mgmt_operator for events and alerts, \
                     personalize_choices for choice lists, template_editor for templates";

/// `X-Transaction-ID`, cut to what such an id can be.
pub(super) fn transaction(headers: &HeaderMap) -> String {
    let text = headers.get("x-transaction-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

/// `message: detail` of ServiceNow's error envelope, cut to a readable length; nothing when the body is no such envelope.
pub(super) fn envelope(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    let part = |name: &str| error.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let words = match (part("message"), part("detail")) {
        (Some(message), Some(detail)) if message != detail => format!("{message}: {detail}"),
        (Some(one), _) | (None, Some(one)) => one.to_owned(),
        // The token endpoint: `{"error": "server_error", "error_description": "access_denied"}`.
        (None, None) => {
            let code = error.as_str().filter(|text| !text.is_empty())?;
            value.get("error_description").and_then(Value::as_str).map_or(code.to_owned(), |words| format!("{words} ({code})"))
        }
    };
    Some(words.chars().take(500).collect())
}

fn looks_like_html(answer: &Answer) -> bool {
    let named = answer.headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = answer.body.trim_ascii_start();
    let begins = |mark: &[u8]| body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    named.contains("html") || begins(b"<!doctype") || begins(b"<html")
}

fn is_login_page(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let titled =
        title(&lower).is_some_and(|title| ["log in", "login", "sign in", "logon"].iter().any(|word| title.contains(word)));
    titled || ["login.do", "user_password", "samlrequest", "type=\"password\""].iter().any(|mark| lower.contains(mark))
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    Some(html.get(start..end)?.trim().chars().take(80).collect())
}

fn invalid_table(told: &str) -> Option<&str> {
    let rest = told.split_once("Invalid table ").map(|(_, rest)| rest).or_else(|| {
        // A newer release: "Table em_event does not exist".
        told.split_once("Table ").filter(|(_, rest)| rest.contains("does not exist")).map(|(_, rest)| rest)
    })?;
    rest.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).find(|name| !name.is_empty())
}

/// The name in `aborted by Business Rule 'NAME^<sys_id>'`.
fn business_rule(told: &str) -> Option<String> {
    let lower = told.to_ascii_lowercase();
    let start = lower.find("business rule '")? + "business rule '".len();
    let name = told.get(start..)?.split(['^', '\'']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
