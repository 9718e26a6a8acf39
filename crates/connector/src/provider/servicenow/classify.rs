//! What an answer of ServiceNow means where it is ServiceNow's own: hibernation, the kinds of 400, 403 and 404, half a page, an
//! error inside a success, rate limit rules. What is common to all tools is in `judgement`, where an answer comes from.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;

pub(super) use crate::provider::judgement::Flaw;
use crate::provider::judgement::{self, Case, Voice};
pub(super) use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect};
use crate::provider::{WaitReason, grant, webpage};

/// Judges an answer of the REST API. `what` names the call as a participle ("creating incident").
pub(super) fn judge(answer: &Answer, effect: Effect, what: &str, now: Timestamp) -> Result<Value, Trouble> {
    if answer.status == 204 {
        return Ok(Value::Null);
    }
    case(answer, effect, what, now).whole(whole)
}

/// An answer of ServiceNow, to be judged.
pub(super) const fn case<'a>(answer: &'a Answer, effect: Effect, what: &'a str, now: Timestamp) -> Case<'a> {
    Case { voice: &ServiceNow, answer, effect, what, now }
}

fn whole(body: &[u8]) -> Result<Value, Flaw> {
    match judgement::json::<Value>(body)? {
        Value::Object(object) if object.contains_key("error") => Err(Flaw::Error),
        value if value.get("result").and_then(Value::as_array).is_some_and(|rows| !rows.iter().all(Value::is_object)) => {
            Err(Flaw::Record)
        }
        value @ Value::Object(_) => Ok(value),
        _ => Err(Flaw::Shape("the answer is JSON but not an object".into())),
    }
}

/// How ServiceNow speaks.
#[derive(Debug)]
pub(super) struct ServiceNow;

/// What messages call one.
pub(super) const NOUN: &str = "instance";

impl Voice for ServiceNow {
    fn title(&self) -> &'static str {
        "ServiceNow"
    }

    fn noun(&self) -> &'static str {
        NOUN
    }

    fn address(&self) -> &'static str {
        "https://NAME.service-now.com"
    }

    fn told(&self, body: &[u8]) -> Option<String> {
        envelope(body)
    }

    fn reference(&self, headers: &HeaderMap) -> String {
        let transaction = transaction(headers);
        if transaction.is_empty() { transaction } else { format!("transaction {transaction}") }
    }

    fn own(&self, case: &Case<'_>) -> Option<Trouble> {
        match case.answer.status {
            200..=299 => hibernating(case),
            400 => Some(bad_request(case)),
            401 => Some(Trouble::Unauthorised(case.named("User Not Authenticated"))),
            403 => Some(forbidden(case)),
            404 => Some(not_found(case)),
            500..=599 if case.effect == Effect::Read && case.answer.status != 503 => hibernating(case),
            _ => None,
        }
    }

    fn half(&self, body: &[u8]) -> Option<&'static str> {
        String::from_utf8_lossy(body).contains("Transaction cancelled").then_some(HALF)
    }

    fn past_sign_in(&self) -> String {
        "let REST calls of the integration user through without single sign-on: a local user with \"Web service access only\", or OAuth"
            .to_owned()
    }

    fn past_rate_limit(&self, headers: &HeaderMap) -> String {
        let rule = headers.get("x-ratelimit-rule").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if rule.is_empty() {
            return "nothing to do: the connector goes on when the limit allows; lower concurrency if it happens often"
                .to_owned();
        }
        format!(
            "nothing to do: the connector goes on when the limit allows; to have more, raise rate limit rule {rule} \
             (System Web Services > Rate Limit Rules) for the integration user"
        )
    }
}

/// A developer instance that sleeps answers with a page that says so.
fn hibernating(case: &Case<'_>) -> Option<Trouble> {
    case.text().contains("ibernat").then(|| {
        Trouble::wait(
            WaitReason::Hibernating,
            case.say("the developer instance is hibernating"),
            "wake it at developer.servicenow.com; the connector goes on by itself a few minutes later",
        )
    })
}

fn not_found(case: &Case<'_>) -> Trouble {
    if case.is_page() || case.words().is_none() {
        return Trouble::wait(
            WaitReason::Outage,
            case.say("there is no ServiceNow instance at this address (404): it was deleted or reclaimed, or url is wrong"),
            "check url, and whether the instance still exists: a developer instance that was idle for ten days is reclaimed",
        );
    }
    let told = case.told("No Record found");
    if told.contains("does not represent any resource") {
        Trouble::refused(told, "check url: it must be the instance's address without a path")
    } else {
        Trouble::NotFound(told)
    }
}

fn bad_request(case: &Case<'_>) -> Trouble {
    let told = case.told("bad request (400)");
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

fn forbidden(case: &Case<'_>) -> Trouble {
    if case.is_page() || case.words().is_none() {
        let title = webpage::title(&case.text()).unwrap_or_default();
        return Trouble::wait(
            WaitReason::Credentials,
            case.say(&format!(
                "Status Code Forbidden (403) with a page (\"{title}\") instead of JSON: most likely an IP address restriction"
            )),
            format!("allow {OUTBOUND}"),
        );
    }
    let told = case.named("Status Code Forbidden (403)");
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
            format!("have business rule \"{rule}\" changed to let the integration user through, or give the fields it asks for"),
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
        return Trouble::refused(told, format!("give the integration user the right to read ({}): {ROLES}", case.what));
    }
    if case.effect == Effect::Read {
        // Rights hide what is read far more often than they refuse it.
        return Trouble::refused(
            format!("{told}; a right is missing, or the instance's address filter keeps the connector out"),
            format!("give the integration user the right for this ({}): {ROLES}; or allow {OUTBOUND}", case.what),
        );
    }
    Trouble::refused(told, format!("give the integration user the right for this ({}): {ROLES}", case.what))
}

const HALF: &str = "the instance cancelled its transaction for taking too long and sent half an answer";
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
        (None, None) => grant::refusal(body)?,
    };
    Some(words.chars().take(500).collect())
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
