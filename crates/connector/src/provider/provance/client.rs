//! Dataverse's wire: addresses, headers, conditions, pages. Knows tables and rows, nothing of work items.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::Connection;
use super::auth::Auth;
use super::classify::{Environment, NOUN};
use super::row::{FORMATTED, Listed, Row, list, object, value};
use crate::clock::Clock;
use crate::provider::credentials;
use crate::provider::judgement::Case;
use crate::provider::pace::Pace;
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings};

/// Dataverse's own largest page.
pub(super) const LARGEST: u32 = 5000;

/// What has to hold before a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    /// Nothing.
    Free,
    /// It must not exist.
    Absent,
    /// It must exist: a change never makes a record that was deleted anew.
    Present,
    /// It must be of this version.
    Version(&'a str),
}

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Below the version of the Web API: `incidents(GUID)`.
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    pub(super) condition: Condition<'a>,
    /// Names the call in errors, as a participle.
    pub(super) what: &'a str,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Reply {
    /// An answer.
    Value(Value),
    /// Done, and nothing to say.
    Done,
    /// The condition does not hold, in the environment's words.
    Unmet(String),
}

/// Part of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) set: &'a str,
    pub(super) select: &'a str,
    pub(super) filter: &'a str,
    pub(super) order: &'a str,
    /// Records on the page.
    pub(super) page: u32,
}

/// One environment.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    /// The Web API with its version.
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

impl Client {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let wire = Wire::new(connection)?;
        let base = below(&connection.url, &["api", "data", &connection.own.provance.profile.api_version]);
        let auth = Auth::new(connection, wire.clone(), base.clone(), surroundings);
        Ok(Self { wire, base, auth, clock: Arc::clone(&surroundings.clock), pace: Pace::new(LARGEST) })
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// How long pages may be at the moment.
    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// The whole address of a record, as references want it.
    pub(super) fn absolute(&self, path: &str) -> String {
        self.address(path, &[]).into()
    }

    fn address(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let parts: Vec<&str> = path.split('/').collect();
        let mut url = below(&self.base, &parts);
        if !query.is_empty() {
            let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        url
    }

    /// Does a call and reads the answer as `judged` does.
    async fn exchange<T>(
        &self,
        effect: Effect,
        what: &str,
        request: impl Fn() -> RequestBuilder + Send + Sync,
        judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<(T, HeaderMap), Trouble> {
        let dressed =
            || request().header(ACCEPT, "application/json").header("OData-MaxVersion", "4.0").header("OData-Version", "4.0");
        credentials::call(&self.wire, &self.auth, effect, what, dressed, judged).await
    }

    fn case<'a>(&self, answer: &'a Answer, effect: Effect, what: &'a str) -> Case<'a> {
        Case { voice: &Environment, answer, effect, what, now: self.clock.now() }
    }

    /// A record or definition.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<(Row, HeaderMap), Trouble> {
        let url = self.address(path, query);
        let request = || self.wire.request(Method::GET, url.clone()).header("Prefer", annotations());
        let judged = |answer: &Answer| self.case(answer, Effect::Read, what).whole(object);
        self.exchange(Effect::Read, what, request, judged).await
    }

    /// One record by its key, `GUID` or `column='value'`; nothing when there is none.
    pub(super) async fn record(&self, set: &str, key: &str, select: &str) -> Result<Option<Row>, ProviderError> {
        let what = format!("reading {set}");
        match self.get(&format!("{set}({key})"), &[("$select", select)], &what).await {
            Ok((row, _)) => Ok(Some(row)),
            Err(Trouble::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes; the record is asked for in the answer.
    pub(super) async fn write(&self, call: &Call<'_>) -> Result<Reply, Trouble> {
        let url = self.address(call.path, call.query);
        let request = || {
            let prefer = format!("return=representation,{}", annotations());
            let request = self.wire.request(call.method.clone(), url.clone()).header("Prefer", prefer);
            let request = match call.condition {
                Condition::Free => request,
                Condition::Absent => request.header("If-None-Match", "*"),
                Condition::Present => request.header("If-Match", "*"),
                Condition::Version(version) => request.header("If-Match", version),
            };
            match call.body {
                Some(body) => request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string()),
                None => request,
            }
        };
        let judged = |answer: &Answer| {
            let case = self.case(answer, Effect::Write, call.what);
            match answer.status {
                204 => Ok(Reply::Done),
                // By the status: codes of conditions are empty in the documentation, and differ between versions.
                412 if !case.is_page() => Ok(Reply::Unmet(case.told("the condition does not hold (412)"))),
                _ => case.whole(value).map(Reply::Value),
            }
        };
        Ok(self.exchange(Effect::Write, call.what, request, judged).await?.0)
    }

    /// One page of a list. An inner error is an answer that is not whole; asking for less may help.
    pub(super) async fn page(&self, list: &List<'_>) -> Result<Result<Listed, String>, Trouble> {
        let mut query = vec![("$select", list.select)];
        query.extend([("$filter", list.filter), ("$orderby", list.order)].into_iter().filter(|(_, text)| !text.is_empty()));
        self.listed(
            &self.address(list.set, &query),
            &format!("odata.maxpagesize={}", list.page),
            &format!("reading {}", list.set),
        )
        .await
    }

    /// The page behind a link of an earlier one, which is followed as it is.
    pub(super) async fn follow(&self, link: &str, prefer: &str, what: &str) -> Result<Result<Listed, String>, Trouble> {
        let url = self.trusted(link, what)?;
        self.listed(&url, prefer, what).await
    }

    /// A first page of another kind: `prefer` says which.
    pub(super) async fn tracked(
        &self,
        set: &str,
        select: &str,
        prefer: &str,
        what: &str,
    ) -> Result<Result<Listed, String>, Trouble> {
        self.listed(&self.address(set, &[("$select", select)]), prefer, what).await
    }

    async fn listed(&self, url: &Url, prefer: &str, what: &str) -> Result<Result<Listed, String>, Trouble> {
        let prefer = format!("{prefer},{}", annotations());
        let request = || self.wire.request(Method::GET, url.clone()).header("Prefer", prefer.as_str());
        let judged = |answer: &Answer| self.case(answer, Effect::Read, what).judge(list);
        Ok(self.exchange(Effect::Read, what, request, judged).await?.0)
    }

    /// A link of the environment's own, so that no token goes elsewhere. Its host may have `.api` in it where `url` has not.
    fn trusted(&self, link: &str, what: &str) -> Result<Url, Trouble> {
        let plain = |url: &Url| url.host_str().unwrap_or_default().replacen(".api.", ".", 1);
        let url: Option<Url> = link.parse().ok();
        let same = |url: &Url| {
            plain(url) == plain(&self.base)
                && url.scheme() == self.base.scheme()
                && url.port_or_known_default() == self.base.port_or_known_default()
        };
        url.filter(same).ok_or_else(|| {
            let cause = format!("{what}: the {NOUN} names a next page that is not its own");
            Trouble::refused(cause, "check url, and whether a proxy in between changes answers")
        })
    }

    /// Records of a short list, at most `limit`. Half an answer is no answer.
    pub(super) async fn rows(&self, list: &List<'_>) -> Result<Vec<Row>, ProviderError> {
        let listed = self.page(list).await.map_err(ProviderError::from)?;
        Ok(listed.map_err(|cause| Effect::Read.unknown(cause))?.rows)
    }

    /// The solutions with their publishers.
    pub(super) async fn solutions(&self) -> Result<Vec<Row>, ProviderError> {
        const EXPAND: &str = "publisherid($select=uniquename,friendlyname,customizationprefix)";
        let query = [("$select", "uniquename,friendlyname,version"), ("$expand", EXPAND), ("$filter", "isvisible eq true")];
        let url = self.address("solutions", &query);
        let listed =
            self.listed(&url, &format!("odata.maxpagesize={LARGEST}"), "reading solutions").await.map_err(ProviderError::from)?;
        Ok(listed.map_err(|cause| Effect::Read.unknown(cause))?.rows)
    }

    /// All records of a list, up to about `most`, and whether there are more.
    pub(super) async fn all(&self, list: &List<'_>, most: usize) -> Result<(Vec<Row>, bool), ProviderError> {
        let whole = |listed: Result<Listed, String>| listed.map_err(|cause| Effect::Read.unknown(cause));
        let mut listed = whole(self.page(list).await.map_err(ProviderError::from)?)?;
        let mut rows = std::mem::take(&mut listed.rows);
        while let Some(next) = listed.next.take() {
            if rows.len() >= most {
                return Ok((rows, true));
            }
            let (prefer, what) = (format!("odata.maxpagesize={}", list.page), format!("reading {}", list.set));
            listed = whole(self.follow(&next, &prefer, &what).await.map_err(ProviderError::from)?)?;
            rows.append(&mut listed.rows);
        }
        Ok((rows, false))
    }

    /// Definitions below `path`, which are never paged.
    pub(super) async fn definitions(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Row>, Trouble> {
        const WHAT: &str = "reading definitions of tables";
        let url = self.address(path, query);
        let request = || self.wire.request(Method::GET, url.clone());
        let judged = |answer: &Answer| self.case(answer, Effect::Read, WHAT).whole(list);
        Ok(self.exchange(Effect::Read, WHAT, request, judged).await?.0.rows)
    }
}

fn annotations() -> String {
    format!("odata.include-annotations=\"{FORMATTED}\"")
}

/// In a query: everything but what certainly stands for itself there.
fn escaped(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20").replace("%2C", ",").replace("%24", "$").replace("%28", "(").replace("%29", ")")
}

/// A text in a filter or key: `'O''Brien'`.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether a text can be looked for.
pub(super) fn fits_query(text: &str) -> bool {
    !text.is_empty() && text.len() <= 1000 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_signs_in_a_text_do_not_end_it() {
        assert_eq!(quoted("O'Brien"), "'O''Brien'");
        assert_eq!(escaped("name eq 'a&b+c'"), "name%20eq%20%27a%26b%2Bc%27");
        assert!(fits_query("web01") && !fits_query("") && !fits_query("a\nb"));
    }
}
