//! ServiceNow's wire: addresses, parameters, value shapes, renewal of credentials. Knows tables and rows, nothing of work
//! items.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::Connection;
use super::auth::Auth;
use super::cells::{self, Cell, Listed};
use super::classify::{Trouble, case, judge};
use super::pace::Pace;
use crate::clock::Clock;
use crate::provider::credentials;
use crate::provider::wire::{Answer, Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings};

/// A record: only the columns that were asked for, exist, and may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row(pub(super) BTreeMap<String, Cell<'static>>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(record: D) -> Result<Self, D::Error> {
        let columns = BTreeMap::<String, Cell<'de>>::deserialize(record)?;
        Ok(Self(columns.into_iter().map(|(name, cell)| (name, cell.into_owned())).collect()))
    }
}

impl Row {
    /// A record of an answer that holds other things, too; no columns when it is none.
    pub(super) fn from_json(value: &Value) -> Self {
        Self::deserialize(value).unwrap_or_default()
    }

    /// Stored value; empty when the column is not there.
    pub(super) fn value(&self, column: &str) -> &str {
        self.0.get(column).map_or("", |cell| &cell.value)
    }

    /// Value as people see it; empty when the column is not there.
    pub(super) fn display(&self, column: &str) -> &str {
        self.0.get(column).map_or("", |cell| &cell.display)
    }

    /// Whether the column is there, even if empty.
    pub(super) fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) value: Value,
    pub(super) headers: HeaderMap,
}

impl Reply {
    fn result(&self) -> &Value {
        self.value.get("result").unwrap_or(&Value::Null)
    }
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Path segments below the instance's address.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    pub(super) effect: Effect,
    /// Names the call in errors, as a participle.
    pub(super) what: &'a str,
}

/// Part of a table.
pub(super) struct List<'a> {
    pub(super) table: &'a str,
    pub(super) query: &'a str,
    /// Columns, separated by commas.
    pub(super) fields: &'a str,
    pub(super) limit: u32,
    pub(super) offset: u64,
    /// Whether the instance shall count what matches, which costs it a second query.
    pub(super) count: bool,
}

/// One instance.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

impl Client {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let wire = Wire::new(connection)?;
        let base = connection.url.clone();
        let token_url = below(&base, &["oauth_token.do"]);
        let auth = Auth::new(connection.own.auth.clone(), wire.clone(), token_url, surroundings);
        Ok(Self { wire, base, auth, clock: Arc::clone(&surroundings.clock), pace: Pace::default() })
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    /// How long pages may be at the moment.
    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// A record's page, for people.
    pub(super) fn page(&self, table: &str, sys_id: &str) -> String {
        let mut url = below(&self.base, &[&format!("{table}.do")]);
        url.query_pairs_mut().append_pair("sys_id", sys_id);
        url.into()
    }

    /// Does a call; credentials are renewed when the instance refuses them.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Reply, Trouble> {
        let judged = |answer: &Answer| judge(answer, call.effect, call.what, self.clock.now());
        let (value, headers) = self.exchange(call, judged).await?;
        Ok(Reply { value, headers })
    }

    /// Does a call and reads the answer as `judged` does.
    async fn exchange<T>(
        &self,
        call: &Call<'_>,
        judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<(T, HeaderMap), Trouble> {
        let mut url = below(&self.base, call.path);
        if !call.query.is_empty() {
            let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(call.query).finish();
            // A space as `+` is form encoding; ServiceNow documents `%20`.
            url.set_query(Some(&encoded.replace('+', "%20")));
        }
        let request = || {
            let request = self.wire.request(call.method.clone(), url.clone()).header(ACCEPT, "application/json");
            match call.body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        credentials::call(&self.wire, &self.auth, call.effect, call.what, request, judged).await
    }

    /// Part of a table, without going through a tree of values. An inner error is an answer
    /// that is not whole; asking for less may help. The caller verifies each record, as for [`Client::rows`].
    pub(super) async fn list<T: DeserializeOwned + Send>(&self, list: &List<'_>) -> Result<Result<Listed<T>, String>, Trouble> {
        let (limit, offset) = (list.limit.to_string(), list.offset.to_string());
        let what = format!("reading {}", list.table);
        let mut query = vec![
            ("sysparm_query", list.query),
            ("sysparm_limit", &limit),
            ("sysparm_suppress_pagination_header", "true"),
            ("sysparm_display_value", "all"),
            ("sysparm_exclude_reference_link", "true"),
            ("sysparm_fields", list.fields),
        ];
        if !list.count {
            query.push(("sysparm_no_count", "true"));
        }
        if list.offset > 0 {
            query.push(("sysparm_offset", &offset));
        }
        let path = ["api", "now", "table", list.table];
        let call = Call { method: Method::GET, path: &path, query: &query, body: None, effect: Effect::Read, what: &what };
        let judged = |answer: &Answer| case(answer, call.effect, call.what, self.clock.now()).judge(cells::list);
        match self.exchange(&call, judged).await {
            Ok((items, headers)) => {
                let total = headers.get("x-total-count").and_then(|total| total.to_str().ok()?.trim().parse().ok());
                Ok(items.map(|items| Listed { items, total }))
            }
            // The first version of the API answers so when nothing fits.
            Err(Trouble::NotFound(_)) => Ok(Ok(Listed { items: Vec::new(), total: Some(0) })),
            Err(other) => Err(other),
        }
    }

    /// Part of a table; an answer that is not whole is no answer.
    pub(super) async fn whole(&self, list: &List<'_>) -> Result<Listed<Row>, ProviderError> {
        match self.list(list).await {
            Ok(listed) => listed.map_err(|cause| Effect::Read.unknown(cause)),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Up to `limit` records. The caller verifies that each is what it asked for: ServiceNow ignores terms it does not know.
    pub(super) async fn rows(&self, table: &str, query: &str, fields: &str, limit: u32) -> Result<Vec<Row>, ProviderError> {
        Ok(self.whole(&List { table, query, fields, limit, offset: 0, count: false }).await?.items)
    }

    /// One record by its `sys_id`, verified.
    pub(super) async fn record(&self, table: &str, sys_id: &str, fields: &str) -> Result<Option<Row>, ProviderError> {
        let what = format!("reading {table}");
        let call = Call {
            method: Method::GET,
            path: &["api", "now", "table", table, sys_id],
            query: &shaped(fields),
            body: None,
            effect: Effect::Read,
            what: &what,
        };
        match self.call(&call).await {
            Ok(reply) if !reply.result().is_object() => Err(no_records(&what)),
            Ok(reply) => Ok(Some(Row::from_json(reply.result())).filter(|row| row.value("sys_id") == sys_id)),
            Err(Trouble::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Creates or, with `sys_id`, changes a record by the Table API; answers it as it is then.
    pub(super) async fn write(&self, write: &Write<'_>) -> Result<Row, ProviderError> {
        let body = serde_json::to_value(write.values).unwrap_or_default();
        let mut query = shaped(write.fields).to_vec();
        if write.input_display_value {
            query.push(("sysparm_input_display_value", "true"));
        }
        let mut path = vec!["api", "now", "table", write.table];
        path.extend(write.sys_id);
        let method = if write.sys_id.is_some() { Method::PATCH } else { Method::POST };
        let call = Call { method, path: &path, query: &query, body: Some(&body), effect: Effect::Write, what: write.what };
        let reply = self.call(&call).await?;
        let row = Row::from_json(reply.result());
        if row.value("sys_id").is_empty() {
            return Err(ProviderError::Ambiguous { cause: format!("{}: the answer names no record", write.what) });
        }
        Ok(row)
    }

    /// Posts `body`; the caller reads the answer.
    pub(super) async fn post(&self, path: &[&str], body: &Value, what: &str) -> Result<Value, ProviderError> {
        let call = Call { method: Method::POST, path, query: &[], body: Some(body), effect: Effect::Write, what };
        Ok(self.call(&call).await?.value)
    }
}

fn no_records(what: &str) -> ProviderError {
    Effect::Read.unknown(format!("{what}: the answer is JSON but holds no records"))
}

/// A write by the Table API.
pub(super) struct Write<'a> {
    pub(super) table: &'a str,
    /// The record to change; a new one without it.
    pub(super) sys_id: Option<&'a str>,
    pub(super) values: &'a BTreeMap<String, String>,
    /// Columns of the answer, separated by commas.
    pub(super) fields: &'a str,
    pub(super) input_display_value: bool,
    pub(super) what: &'a str,
}

fn shaped(fields: &str) -> [(&str, &str); 3] {
    [("sysparm_display_value", "all"), ("sysparm_exclude_reference_link", "true"), ("sysparm_fields", fields)]
}

/// Whether `text` can stand in an encoded query: there is no known way to write `^` in a value.
pub(super) fn fits_query(text: &str) -> bool {
    !text.is_empty() && !text.contains('^') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_list_is_not_an_empty_list() {
        for answer in ["null", "{}", "\"ok\"", "{\"result\":{}}", "{\"result\":\"ok\"}"] {
            assert!(cells::list::<Row>(answer.as_bytes()).is_err(), "{answer}");
        }
        assert!(cells::list::<Row>(b"{\"result\":[]}").unwrap().is_empty());
    }
}
