//! What an answer means where every tool means the same: pages instead of JSON, redirects, limits, proxies, server errors, half
//! an answer. Pure: bytes in, decision out. A product says by its [`Voice`] how it is called, how it tells errors, and which
//! answers are its own affair; those are asked of it first.
//!
//! Writes: an answer that proves that the call was refused before it began gives `Wait` or `Refused`; an answer that proves
//! nothing (500, 502, 504, a page of a proxy, half an answer) gives `Ambiguous`. A 503 is believed to mean "not begun" only when
//! the tool says so itself, in its own error shape, or asks for patience (`Retry-After`): a load balancer also answers 503 when a
//! node dies in the middle.

use std::borrow::Cow;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, LOCATION};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::trouble::Trouble;
use super::webpage;
use super::wire::{Answer, Effect};
use super::{ProviderError, WaitReason, retry_after};

/// A product's own words for messages, and its own ways to fail.
pub trait Voice: Sync {
    /// The product as people call it: `ServiceNow`.
    fn title(&self) -> &'static str;

    /// What one of it is called: `instance`, `portal`, `server`.
    fn noun(&self) -> &'static str;

    /// How the address of one looks: `https://NAME.service-now.com`.
    fn address(&self) -> &'static str;

    /// The tool's own words in the body of an error, at a readable length; nothing when the body is not the tool's error shape.
    fn told(&self, body: &[u8]) -> Option<String>;

    /// What the tool's support finds this call by, as `transaction 0123`; empty when the tool tells nothing of the kind.
    fn reference(&self, _headers: &HeaderMap) -> String {
        String::new()
    }

    /// Judges what only this product does. Asked first, for every answer with a bad status and for pages with a good one;
    /// nothing leaves it to what is common.
    fn own(&self, _case: &Case<'_>) -> Option<Trouble> {
        None
    }

    /// Why an answer breaks off, when the body shows that it was the tool itself that stopped.
    fn half(&self, _body: &[u8]) -> Option<&'static str> {
        None
    }

    /// What to do when REST calls end at a sign-in page.
    fn past_sign_in(&self) -> String {
        "let REST calls of the integration user through without single sign-on".to_owned()
    }

    /// What to do about a rate limit.
    fn past_rate_limit(&self, _headers: &HeaderMap) -> String {
        "nothing to do: the connector goes on when the limit allows; lower concurrency if it happens often".to_owned()
    }
}

/// Why a body with a good status is no answer.
#[derive(Debug)]
pub enum Flaw {
    /// There is an error beside the result or instead of it.
    Error,
    /// A record is none: the tool may write its complaint between the rows.
    Record,
    /// JSON, but not what was asked for.
    Shape(Cow<'static, str>),
    /// No JSON, or not all of it.
    Broken(String),
}

/// Reads a body as `T`.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Flaw> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            Flaw::Shape("the answer is JSON but not what was asked for".into())
        } else {
            Flaw::Broken(error.to_string())
        }
    })
}

/// One answer, and what it answers.
pub struct Case<'a> {
    /// Whose answer.
    pub voice: &'a dyn Voice,
    /// The answer.
    pub answer: &'a Answer,
    /// Whether the call changes anything.
    pub effect: Effect,
    /// Names the call, as a participle: `creating incident`.
    pub what: &'a str,
    /// Now.
    pub now: Timestamp,
}

impl Case<'_> {
    /// What `read` makes of a good answer. The inner error is a success that is not whole: half a page, an error inside, no JSON;
    /// for a list, asking for less may help. A 204 has an empty body.
    pub fn judge<T>(&self, read: impl FnOnce(&[u8]) -> Result<T, Flaw>) -> Result<Result<T, String>, Trouble> {
        let good = (200..300).contains(&self.answer.status);
        if good && !self.is_page() {
            return Ok(read(&self.answer.body).map_err(|flaw| self.flawed(&flaw)));
        }
        if let Some(own) = self.voice.own(self) {
            return Err(own);
        }
        Err(match self.answer.status {
            200..=299 => self.page(),
            300..=399 => self.redirect(),
            _ => self.failure(),
        })
    }

    /// The same where half an answer is none.
    pub fn whole<T>(&self, read: impl FnOnce(&[u8]) -> Result<T, Flaw>) -> Result<T, Trouble> {
        self.judge(read)?.map_err(|cause| Trouble::Error(self.effect.unknown(cause)))
    }

    /// Whether the answer is HTML.
    #[must_use]
    pub fn is_page(&self) -> bool {
        webpage::is_html(self.answer)
    }

    /// The tool's own words, if it is the tool that speaks.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        self.voice.told(&self.answer.body)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.answer.body)
    }

    /// A cause that names the call and what the tool's support finds it by.
    #[must_use]
    pub fn say(&self, cause: &str) -> String {
        match self.voice.reference(&self.answer.headers) {
            reference if reference.is_empty() => format!("{}: {cause}", self.what),
            reference => format!("{}: {cause} ({reference})", self.what),
        }
    }

    /// What it is called, so that people can search for it, and the tool's own words.
    #[must_use]
    pub fn named(&self, name: &str) -> String {
        match self.words() {
            Some(words) if words.starts_with(name) => self.say(&words),
            Some(words) => self.say(&format!("{name}: {words}")),
            None => self.say(name),
        }
    }

    /// The tool's own words, or `otherwise`.
    #[must_use]
    pub fn told(&self, otherwise: &str) -> String {
        self.say(self.words().as_deref().unwrap_or(otherwise))
    }

    /// What to do when a tool is out of order for a while.
    #[must_use]
    pub fn patience(&self) -> String {
        format!(
            "nothing to do, the connector goes on by itself; if it lasts, ask the {}'s administrator (an upgrade, a failover, too \
             many transactions), and lower concurrency if it happens often",
            self.voice.noun()
        )
    }

    /// The tool is out of order, for as long as it asks.
    #[must_use]
    pub fn outage(&self, name: &str) -> Trouble {
        Trouble::Error(ProviderError::Wait {
            reason: WaitReason::Outage,
            after: retry_after::asked(&self.answer.headers, self.now),
            cause: self.named(name),
            remedy: self.patience(),
        })
    }

    fn flawed(&self, flaw: &Flaw) -> String {
        let body = &self.answer.body;
        match flaw {
            Flaw::Error => {
                let told = self.words().unwrap_or_else(|| "an error".to_owned());
                let title = self.voice.title();
                self.say(&format!("unexpected response from {title} along with success status code: {told}"))
            }
            Flaw::Record => self.say(self.voice.half(body).unwrap_or("a record in the answer is none")),
            Flaw::Shape(why) => self.say(why),
            Flaw::Broken(error) => {
                let why = self.voice.half(body).unwrap_or("the answer is not whole JSON");
                self.say(&format!("{why} ({} bytes: {error})", body.len()))
            }
        }
    }

    /// A page for people where an answer for programs was asked for.
    fn page(&self) -> Trouble {
        let (text, voice) = (self.text(), self.voice);
        let (title, noun) = (webpage::title(&text).unwrap_or_default(), voice.noun());
        if webpage::asks_to_sign_in(&text) {
            let cause = format!("the {noun} answered with a sign-in page (\"{title}\") instead of JSON");
            return Trouble::wait(WaitReason::Credentials, self.say(&cause), voice.past_sign_in());
        }
        let product = voice.title();
        let cause = self.say(&format!(
            "unexpected response from {product}: an HTML page (\"{title}\") instead of JSON: a proxy, a maintenance page, or a url \
             that is not a {product} {noun}"
        ));
        match self.effect {
            // Nobody can say what stands behind that page, so a write is looked up.
            Effect::Write => Trouble::Error(ProviderError::Ambiguous { cause }),
            Effect::Read => {
                Trouble::wait(WaitReason::Outage, cause, "open the url in a browser; check it and any proxy in between")
            }
        }
    }

    fn redirect(&self) -> Trouble {
        let target = self.answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The query of a redirect may hold a token.
        let target = target.split(['?', '#']).next().unwrap_or_default();
        let noun = self.voice.noun();
        if webpage::leads_to_sign_in(target) {
            let cause = format!("the {noun} redirects to a sign-in page ({target})");
            return Trouble::wait(WaitReason::Credentials, self.say(&cause), self.voice.past_sign_in());
        }
        Trouble::wait(
            WaitReason::Outage,
            self.say(&format!("the address redirects to {target} (status {})", self.answer.status)),
            format!("set url to the {noun}'s own address, {}", self.voice.address()),
        )
    }

    fn failure(&self) -> Trouble {
        let (status, noun) = (self.answer.status, self.voice.noun());
        let foreign = self.is_page() || self.words().is_none();
        match status {
            400 => Trouble::refused(self.told("bad request (400)"), "check the mapping's field names and values"),
            401 => Trouble::Unauthorised(self.named("not authenticated (401)")),
            403 if foreign => {
                let title = webpage::title(&self.text()).unwrap_or_default();
                let cause = format!("forbidden (403) by something that does not answer as a {noun} does (\"{title}\")");
                let remedy =
                    format!("let the connector's outbound IP addresses through to the {noun}, also at proxies and firewalls");
                Trouble::wait(WaitReason::Credentials, self.say(&cause), remedy)
            }
            403 => Trouble::refused(
                self.named("forbidden (403)"),
                format!("give the integration user the right for this ({})", self.what),
            ),
            404 if foreign => Trouble::wait(
                WaitReason::Outage,
                self.say(&format!("there is no {} {noun} at this address (404)", self.voice.title())),
                format!("check url ({}), and whether the {noun} still exists", self.voice.address()),
            ),
            404 => Trouble::NotFound(self.told("no such record (404)")),
            407 => Trouble::wait(
                WaitReason::Outage,
                self.say(&format!("the proxy between the connector and the {noun} wants credentials (407)")),
                "put user name and password of the proxy into HTTPS_PROXY, or let the connector through without",
            ),
            408 => Trouble::Error(self.effect.unknown(self.told(&format!("the {noun} gave up waiting (408)")))),
            413 => Trouble::refused(self.told("the request is too large (413)"), "shorten the fields of the mapping"),
            429 => Trouble::Error(ProviderError::Wait {
                reason: WaitReason::RateLimit,
                after: retry_after::asked_by_limit(&self.answer.headers, self.now),
                cause: self.named("rate limit (StatusCode=429)"),
                remedy: self.voice.past_rate_limit(&self.answer.headers),
            }),
            503 if self.effect == Effect::Read || self.not_begun() => self.outage("service unavailable (503)"),
            500..=599 if self.effect == Effect::Write => {
                Trouble::Error(ProviderError::Ambiguous { cause: self.named(&format!("status {status}")) })
            }
            500..=599 => self.outage(&format!("status {status}")),
            _ => Trouble::refused(
                self.named(&format!("status {status}")),
                format!("the {noun} or a proxy before it did not take the request; ask its administrator"),
            ),
        }
    }

    fn not_begun(&self) -> bool {
        self.answer.headers.contains_key(reqwest::header::RETRY_AFTER) || (!self.is_page() && self.words().is_some())
    }
}

#[cfg(test)]
mod tests;
