//! The portal's wire: calls below `api/V3`, and the shapes of their answers. Knows projections, criteria and lists, nothing of work
//! items. There is no paging anywhere: a question is answered whole or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};
use serde_json::{Value, json};
use url::Url;

use super::super::Connection;
use super::auth::Auth;
use super::classify::{self, NotDone, Portal};
use super::criteria::{self, Dates};
use super::shape::{Projection, member, text};
use crate::clock::Clock;
use crate::provider::cached::Cached;
use crate::provider::credentials;
use crate::provider::judgement::{Case, Flaw, json as read};
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings};

/// How long the GUID of the integration user is believed.
const USER_LIVES: Duration = Duration::from_secs(3600);

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Below `api/V3`: `["Projection", "Commit"]`.
    pub(super) path: [&'a str; 2],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    pub(super) effect: Effect,
    /// Names the call in errors, as a participle.
    pub(super) what: &'a str,
}

/// Why a question has no answer though the portal gave one: asking for less, or in other words, may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The answer breaks off.
    Half(String),
    /// The portal's own text, with status 500.
    Told(String),
}

impl Unanswered {
    /// What it means where nothing else can be asked.
    pub(super) fn error(self, what: &str) -> ProviderError {
        match self {
            Self::Half(cause) => Effect::Read.unknown(cause),
            Self::Told(text) => classify::told(what, &text),
        }
    }
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Committed {
    /// Done; the GUID of the object, empty when the answer does not tell.
    Done(String),
    /// Somebody else was faster; nothing was written.
    Stale(String),
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListValue {
    pub(super) id: String,
    /// Full name; empty when the portal does not tell.
    pub(super) name: String,
    /// As people see it.
    pub(super) label: String,
}

/// One template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
}

/// What the portal says of the integration user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct User(pub(super) Value);

impl User {
    pub(super) fn id(&self) -> &str {
        text(&self.0, "Id")
    }
}

/// One portal.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
    user: Cached<String>,
    /// Whether the portal is known not to take ISO 8601 in criteria.
    plain_dates: AtomicBool,
}

impl Client {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let wire = Wire::new(connection)?;
        let base = connection.url.clone();
        let language = connection.own.service_manager.language.clone();
        let token_url = below(&base, &["api", "V3", "Authorization", "GetToken"]);
        let auth = Auth::new(connection.own.auth.clone(), language, wire.clone(), token_url, surroundings);
        let clock = Arc::clone(&surroundings.clock);
        let user = Cached::new(Arc::clone(&clock), USER_LIVES);
        Ok(Self { wire, base, auth, clock, user, plain_dates: AtomicBool::new(false) })
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The text of instants that the portal took last.
    pub(super) fn dates(&self) -> Dates {
        if self.plain_dates.load(Ordering::Relaxed) { Dates::Plain } else { Dates::Iso }
    }

    /// The portal takes these.
    pub(super) fn takes(&self, dates: Dates) {
        self.plain_dates.store(dates == Dates::Plain, Ordering::Relaxed);
    }

    /// The address of a call.
    pub(super) fn address(&self, path: [&str; 2], query: &[(&str, &str)]) -> Url {
        let mut url = below(&self.base, &["api", "V3", path[0], path[1]]);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Does a call and reads the answer as `judged` does; the token is renewed when it is refused.
    async fn exchange<T>(
        &self,
        call: &Call<'_>,
        judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<(T, HeaderMap), Trouble> {
        let url = self.address(call.path, call.query);
        let request = || {
            let request = self.wire.request(call.method.clone(), url.clone()).header(ACCEPT, "application/json");
            match call.body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        credentials::call(&self.wire, &self.auth, call.effect, call.what, request, judged).await
    }

    fn case<'a>(&self, answer: &'a Answer, effect: Effect, what: &'a str) -> Case<'a> {
        Case { voice: &Portal, answer, effect, what, now: self.clock.now() }
    }

    /// Does a call whose answer is JSON.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<(Value, HeaderMap), Trouble> {
        self.exchange(call, |answer| self.case(answer, call.effect, call.what).whole(read::<Value>)).await
    }

    async fn get(&self, path: [&str; 2], query: &[(&str, &str)], what: &str) -> Result<Value, ProviderError> {
        let call = Call { method: Method::GET, path, query, body: None, effect: Effect::Read, what };
        Ok(self.call(&call).await?.0)
    }

    /// Everything that fits, in no order. The caller verifies that each is what it asked for.
    pub(super) async fn ask(
        &self,
        projection: &str,
        expression: &Value,
        what: &str,
    ) -> Result<Result<Vec<Projection>, Unanswered>, Trouble> {
        let body = criteria::question(projection, expression);
        let path = ["Projection", "GetProjectionByCriteria"];
        let call = Call { method: Method::POST, path, query: &[], body: Some(&body), effect: Effect::Read, what };
        let judged = |answer: &Answer| match classify::plain_text(answer) {
            Some(text) => Ok(Err(Unanswered::Told(text))),
            None => Ok(self.case(answer, call.effect, what).judge(objects)?.map_err(Unanswered::Half)),
        };
        Ok(self.exchange(&call, judged).await?.0)
    }

    /// The same where nothing else can be asked.
    pub(super) async fn find(&self, projection: &str, expression: &Value, what: &str) -> Result<Vec<Projection>, ProviderError> {
        self.ask(projection, expression, what).await?.map_err(|unanswered| unanswered.error(what))
    }

    /// One object by its GUID, verified; nothing when it is gone.
    pub(super) async fn object(&self, projection: &str, base_id: &str, what: &str) -> Result<Option<Projection>, ProviderError> {
        let by_id = criteria::generic("Id", criteria::Operator::Equal, base_id);
        let mut found = self.find(projection, &by_id, what).await?;
        found.retain(|object| object.base_id().eq_ignore_ascii_case(base_id) && !object.deleted());
        Ok(found.into_iter().next())
    }

    /// What a template would make, with the next number used up by this call; nothing is in the database yet.
    pub(super) async fn made_from(&self, template: &str, user: &str) -> Result<Projection, ProviderError> {
        const WHAT: &str = "making an incident from its template";
        let query = [("id", template), ("createdById", user)];
        let made = self.get(["Projection", "CreateProjectionByTemplate"], &query, WHAT).await?;
        Projection::new(made).ok_or_else(|| Effect::Read.unknown(format!("{WHAT}: the answer is JSON but no projection")))
    }

    /// Writes an object as it shall be, `original` as it was read; nothing for a new one.
    pub(super) async fn commit(
        &self,
        current: Projection,
        original: Option<Projection>,
        what: &str,
    ) -> Result<Committed, ProviderError> {
        let (current, original) = (current.into_value(), original.map(Projection::into_value));
        let body = json!({"formJson": {"isDirty": true, "current": current, "original": original}});
        let path = ["Projection", "Commit"];
        let call = Call { method: Method::POST, path, query: &[], body: Some(&body), effect: Effect::Write, what };
        let judged = |answer: &Answer| self.case(answer, call.effect, what).whole(outcome);
        match self.exchange(&call, judged).await?.0 {
            Ok(base_id) => Ok(Committed::Done(base_id)),
            Err(exception) => not_done(&exception, what),
        }
    }

    /// The values of a list and all below, without the list itself.
    pub(super) async fn list(&self, id: &str) -> Result<Vec<ListValue>, ProviderError> {
        const WHAT: &str = "reading a list";
        let found = self.get(["Enum", "GetList"], &[("id", id), ("Flatten", "true")], WHAT).await?;
        let value = |item: &Value| {
            let id = text(item, "Id").to_owned();
            let known = uuid::Uuid::try_parse(&id).is_ok_and(|id| !id.is_nil());
            known.then(|| ListValue { id, name: text(item, "Name").to_owned(), label: text(item, "Text").to_owned() })
        };
        Ok(items(&found, WHAT)?.iter().filter_map(value).collect())
    }

    /// The templates of a class.
    pub(super) async fn templates(&self, class: &str) -> Result<Vec<Template>, ProviderError> {
        const WHAT: &str = "reading templates";
        let found = self.get(["Template", "GetTemplates"], &[("classId", class)], WHAT).await?;
        let template = |item: &Value| Template { id: text(item, "Id").to_owned(), name: text(item, "Name").to_owned() };
        Ok(items(&found, WHAT)?.iter().map(template).filter(|found| !found.id.is_empty() && !found.name.is_empty()).collect())
    }

    /// What the portal knows of the integration user, and the answer's headers.
    pub(super) async fn look_up_user(&self) -> Result<(User, HeaderMap), Trouble> {
        const WHAT: &str = "looking up the integration user";
        let given = self.auth.username();
        let (domain, user) = given.split_once('\\').unwrap_or(("", given));
        let (query, body) = ([("userName", user), ("domain", domain)], json!({}));
        let path = ["User", "IsUserAuthorized"];
        let call = Call { method: Method::POST, path, query: &query, body: Some(&body), effect: Effect::Read, what: WHAT };
        let (user, headers) = self.call(&call).await?;
        let user = User(user);
        if user.id().is_empty() {
            return Err(Trouble::from(credentials::refused(
                format!("{WHAT}: the portal knows no user {given}"),
                "write the user name as DOMAIN\\user; an account that is new in Active Directory has to come into Service Manager first \
                 (its Active Directory connector, then the portal's CacheBuilder)",
            )));
        }
        Ok((user, headers))
    }

    /// GUID of the integration user, remembered.
    pub(super) async fn user(&self) -> Result<Arc<String>, ProviderError> {
        let read = async { Ok(self.look_up_user().await?.0.id().to_owned()) };
        Ok(self.user.get("user", read).await?.value)
    }
}

/// Objects of a question's answer.
fn objects(body: &[u8]) -> Result<Vec<Projection>, Flaw> {
    match read::<Value>(body)? {
        Value::Array(found) => found.into_iter().map(|value| Projection::new(value).ok_or(Flaw::Record)).collect(),
        _ => Err(Flaw::Shape("the answer is JSON but no list of objects".into())),
    }
}

/// Whether a commit was done: the GUID, or the exception.
fn outcome(body: &[u8]) -> Result<Result<String, String>, Flaw> {
    let value: Value = read(body)?;
    match member(&value, "success").and_then(Value::as_bool) {
        Some(true) => Ok(Ok(text(&value, "BaseId").to_owned())),
        Some(false) => {
            let told = member(&value, "exception").map(|told| told.as_str().map_or_else(|| told.to_string(), str::to_owned));
            Ok(Err(told.unwrap_or_else(|| "without a reason".to_owned())))
        }
        None => Err(Flaw::Shape("the answer does not tell whether it was done".into())),
    }
}

/// A commit with status 200 that was not done.
fn not_done(exception: &str, what: &str) -> Result<Committed, ProviderError> {
    let told: String = exception.chars().take(500).collect();
    match classify::not_done(&told) {
        NotDone::Stale => Ok(Committed::Stale(told)),
        NotDone::Unknown => Err(ProviderError::Ambiguous { cause: format!("{what}: the portal broke off (success: false): {told}") }),
        NotDone::Refused => Err(ProviderError::Refused {
            cause: format!("{what}: the portal did not do it (success: false): {told}"),
            remedy: "mend what the text names: a value in the connection's mapping or template, a right of the integration user in Service \
                     Manager (user role Advanced Operators; closed incidents are the administrators' alone), or a rule of your own"
                .to_owned(),
        }),
    }
}

fn items<'a>(found: &'a Value, what: &str) -> Result<&'a Vec<Value>, ProviderError> {
    found.as_array().ok_or_else(|| Effect::Read.unknown(format!("{what}: the answer is JSON but no list")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_list_of_objects_is_not_an_empty_one() {
        for body in ["null", "{}", "\"ok\"", "[1]", "[null]"] {
            assert!(objects(body.as_bytes()).is_err(), "{body}");
        }
        assert!(objects(b"[]").unwrap().is_empty());
    }

    #[test]
    fn a_commit_is_done_only_when_it_says_so() {
        assert_eq!(outcome(br#"{"BaseId":"a","success":true}"#).unwrap(), Ok("a".to_owned()));
        assert_eq!(outcome(br#"{"success":false,"exception":"No"}"#).unwrap(), Err("No".to_owned()));
        for body in ["null", "{}", "{\"success\":\"true\"}", "[]", "{\"BaseId\":\"a\"}"] {
            assert!(outcome(body.as_bytes()).is_err(), "{body}");
        }
    }
}
