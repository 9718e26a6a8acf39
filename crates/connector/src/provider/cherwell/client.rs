//! Cherwell's wire: addresses, the culture of every call, renewal of credentials, logging out.
//! Knows business objects and records, nothing of work items.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::Connection;
use super::auth::Auth;
use super::classify;
use super::definitions::Definition;
use super::direction::Direction;
use super::shapes::{Family, Field, Form, Found, Record, Schema, ServiceInfo, Summary, Tail, Team, Teams, Values};
use crate::clock::Clock;
use crate::provider::credentials;
use crate::provider::trouble::Trouble;
use crate::provider::wire::{Answer, Effect, Wire, below};
use crate::provider::{ProviderError, Surroundings};

/// One call.
struct Call<'a> {
    method: Method,
    /// Path segments below the address of the REST API.
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
    effect: Effect,
    /// Names the call in errors, as a participle.
    what: &'a str,
}

/// What a filter does; there is no other that is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Gt,
    Lt,
    Contains,
    StartsWith,
}

impl Operator {
    pub(super) const ALL: [Self; 5] = [Self::Eq, Self::Gt, Self::Lt, Self::Contains, Self::StartsWith];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
        }
    }
}

/// A filter: those on one field are alternatives, those on different fields all hold.
pub(super) type Filter<'a> = (&'a Field, Operator, String);

/// An ad-hoc search. Always the first page: what page numbers count differs between releases.
pub(super) struct Search<'a> {
    pub(super) object: &'a Definition,
    pub(super) filters: &'a [Filter<'a>],
    pub(super) sorting: &'a [&'a Field],
    /// The number that says in which order.
    pub(super) direction: u8,
    /// Fields of the answer; all without any.
    pub(super) fields: &'a [&'a Field],
    pub(super) size: u32,
    pub(super) what: &'a str,
}

/// Fields and the values that they are given.
pub(super) type Sent<'a> = Vec<(&'a Field, &'a str)>;

/// One server.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
    pub(super) direction: Direction,
}

impl Client {
    pub(super) fn new(connection: &Connection, surroundings: &Surroundings) -> Result<Self, String> {
        let wire = Wire::new(connection)?;
        let base = connection.url.clone();
        let auth = Auth::new(connection.own.auth.clone(), wire.clone(), &base, surroundings);
        Ok(Self { wire, base, auth, clock: Arc::clone(&surroundings.clock), direction: Direction::default() })
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    /// Who the calls are made as.
    pub(super) fn username(&self) -> &str {
        self.auth.username()
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = below(&self.base, path);
        // Numbers and dates in the culture that is read here, whatever that of the server and the user.
        url.query_pairs_mut().append_pair("locale", "en-US").extend_pairs(query);
        url
    }

    async fn exchange<T>(
        &self,
        call: &Call<'_>,
        judged: impl Fn(&Answer) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<(T, HeaderMap), Trouble> {
        let url = self.url(call.path, call.query);
        let request = || {
            let request = self.wire.request(call.method.clone(), url.clone()).header(ACCEPT, "application/json");
            match call.body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        credentials::call(&self.wire, &self.auth, call.effect, call.what, request, judged).await
    }

    async fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Trouble> {
        let judged = |answer: &Answer| classify::whole(answer, call.effect, call.what, self.clock.now());
        Ok(self.exchange(call, judged).await?.0)
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], what: &str) -> Result<T, Trouble> {
        self.call(&Call { method: Method::GET, path, query: &[], body: None, effect: Effect::Read, what }).await
    }

    async fn ask<T: DeserializeOwned>(&self, path: &[&str], body: &Value, what: &str) -> Result<T, Trouble> {
        self.call(&Call { method: Method::POST, path, query: &[], body: Some(body), effect: Effect::Read, what }).await
    }

    /// What the server tells of itself to anybody; and its headers.
    pub(super) async fn service(&self) -> Result<(ServiceInfo, HeaderMap), Trouble> {
        let what = "reading serviceinfo";
        let request =
            self.wire.request(Method::GET, self.url(&["api", "V1", "serviceinfo"], &[])).header(ACCEPT, "application/json");
        let answer = self.wire.send(request, Effect::Read, what).await?;
        let info = classify::whole(&answer, Effect::Read, what, self.clock.now())?;
        Ok((info, answer.headers))
    }

    /// Business objects of this name.
    pub(super) async fn summaries(&self, name: &str) -> Result<Vec<Summary>, ProviderError> {
        let path = ["api", "V1", "getbusinessobjectsummary", "busobname", name];
        match self.get::<Vec<Summary>>(&path, &format!("looking for the business object {name}")).await {
            Ok(found) => Ok(found),
            Err(Trouble::NotFound(_)) => Ok(Vec::new()),
            Err(other) => Err(other.into()),
        }
    }

    /// The first call with credentials of a check; answers its headers.
    pub(super) async fn hello(&self, object: &str) -> Result<HeaderMap, Trouble> {
        let path = ["api", "V1", "getbusinessobjectsummary", "busobname", object];
        let what = "logging in";
        let call = Call { method: Method::GET, path: &path, query: &[], body: None, effect: Effect::Read, what };
        let judged = |answer: &Answer| classify::whole::<Value>(answer, Effect::Read, what, self.clock.now());
        Ok(self.exchange(&call, judged).await?.1)
    }

    pub(super) async fn schema(&self, id: &str, name: &str) -> Result<Schema, ProviderError> {
        let what = format!("reading the schema of {name}");
        let path = ["api", "V1", "getbusinessobjectschema", "busobid", id];
        let query = [("includerelationships", "true")];
        let call = Call { method: Method::GET, path: &path, query: &query, body: None, effect: Effect::Read, what: &what };
        Ok(self.call(&call).await?)
    }

    /// The first page of a search, and whether more follows. An inner error is an answer that is not whole; asking for less may help.
    pub(super) async fn page(&self, search: &Search<'_>) -> Result<Result<Found, String>, Trouble> {
        let Search { object, what, .. } = search;
        let long = |field: &Field| object.long_id(field);
        let filters = search.filters.iter();
        let filters =
            filters.map(|(field, operator, value)| json!({"fieldId": long(field), "operator": operator.name(), "value": value}));
        let body = json!({
            "busObId": object.id,
            "fields": search.fields.iter().map(|field| long(field)).collect::<Vec<_>>(),
            "filters": filters.collect::<Vec<_>>(),
            "sorting": search.sorting.iter().map(|field| json!({"fieldId": long(field), "sortDirection": search.direction})).collect::<Vec<_>>(),
            "pageNumber": 1,
            "pageSize": search.size,
            "includeAllFields": search.fields.is_empty(),
            "includeSchema": false,
        });
        let path = ["api", "V1", "getsearchresults"];
        let call = Call { method: Method::POST, path: &path, query: &[], body: Some(&body), effect: Effect::Read, what };
        let judged = |answer: &Answer| classify::judge::<Found>(answer, Effect::Read, what, self.clock.now());
        let found = self.exchange(&call, judged).await?.0;
        Ok(found.and_then(|found| match found.business_objects.iter().find_map(|record| record.trouble.clone()) {
            Some(trouble) => Err(format!("{what}: a record in the answer is none: {trouble}")),
            None => Ok(found),
        }))
    }

    /// The same where half an answer is none. The caller verifies each record.
    pub(super) async fn search(&self, search: &Search<'_>) -> Result<Found, ProviderError> {
        self.page(search).await?.map_err(|cause| Effect::Read.unknown(cause))
    }

    /// One record with all its fields, verified.
    pub(super) async fn record(&self, object: &Definition, id: &str) -> Result<Option<Record>, ProviderError> {
        let what = format!("reading {}", object.name);
        let path = ["api", "V1", "getbusinessobject", "busobid", &object.id, "busobrecid", id];
        match self.get::<Record>(&path, &what).await {
            Ok(record) => Ok(Some(record).filter(|record| record.rec_id.eq_ignore_ascii_case(id))),
            Err(Trouble::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Creates or, with `id`, changes a record; answers its id.
    pub(super) async fn save(
        &self,
        object: &Definition,
        id: Option<&str>,
        values: &Sent<'_>,
        what: &str,
    ) -> Result<String, ProviderError> {
        let mut body = saving(object, values);
        if let (Some(id), Some(body)) = (id, body.as_object_mut()) {
            body.insert("busObRecId".to_owned(), id.into());
        }
        self.saved(&["api", "V1", "savebusinessobject"], object, &body, what).await
    }

    /// Creates a record below another one; answers its id.
    pub(super) async fn save_child(
        &self,
        (parent, parent_id, relationship): (&Definition, &str, &str),
        object: &Definition,
        values: &Sent<'_>,
        what: &str,
    ) -> Result<String, ProviderError> {
        let mut body = saving(object, values);
        if let Some(body) = body.as_object_mut() {
            body.insert("parentBusObId".to_owned(), parent.id.as_str().into());
            body.insert("parentBusObRecId".to_owned(), parent_id.into());
            body.insert("relationshipId".to_owned(), relationship.into());
        }
        self.saved(&["api", "V1", "saverelatedbusinessobject"], object, &body, what).await
    }

    async fn saved(&self, path: &[&str], object: &Definition, body: &Value, what: &str) -> Result<String, ProviderError> {
        let call = Call { method: Method::POST, path, query: &[], body: Some(body), effect: Effect::Write, what };
        let saved: Tail = match self.call(&call).await.map_err(ProviderError::from) {
            Err(ProviderError::Refused { cause, remedy }) => {
                return Err(ProviderError::Refused { cause: object.named(&cause), remedy });
            }
            other => other?,
        };
        if saved.bus_ob_rec_id.is_empty() {
            return Err(ProviderError::Ambiguous { cause: format!("{what}: the answer names no record") });
        }
        Ok(saved.bus_ob_rec_id)
    }

    /// Children of a record. `holds` narrows them, where the tool does so.
    pub(super) async fn children(
        &self,
        (parent, parent_id, relationship): (&Definition, &str, &str),
        holds: Option<(&Definition, Filter<'_>)>,
        size: u32,
        what: &str,
    ) -> Result<Family, Trouble> {
        let filters: Vec<Value> = holds
            .iter()
            .map(|(object, (field, operator, value))| json!({"fieldId": object.long_id(field), "operator": operator.name(), "value": value}))
            .collect();
        let body = json!({
            "parentBusObId": parent.id,
            "parentBusObRecId": parent_id,
            "relationshipId": relationship,
            "allFields": true,
            "filters": filters,
            "pageNumber": 1,
            "pageSize": size,
        });
        self.ask(&["api", "V1", "getrelatedbusinessobject"], &body, what).await
    }

    /// Links a child to a record. A GET that writes; it is never sent twice.
    pub(super) async fn link(
        &self,
        (parent, parent_id, relationship): (&Definition, &str, &str),
        (child_object, child): (&str, &str),
        what: &str,
    ) -> Result<(), ProviderError> {
        let path = [
            "api",
            "V1",
            "linkrelatedbusinessobject",
            "parentbusobid",
            &parent.id,
            "parentbusobrecid",
            parent_id,
            "relationshipid",
            relationship,
            "busobid",
            child_object,
            "busobrecid",
            child,
        ];
        let call = Call { method: Method::GET, path: &path, query: &[], body: None, effect: Effect::Write, what };
        let judged = |answer: &Answer| classify::done(answer, Effect::Write, what, self.clock.now());
        self.exchange(&call, judged).await?;
        Ok(())
    }

    /// The values that a validated field may have, beside these other values of the record.
    pub(super) async fn lookup(
        &self,
        object: &Definition,
        field: &Field,
        beside: &Sent<'_>,
    ) -> Result<Vec<String>, ProviderError> {
        let what = format!("reading the values of {}.{}", object.name, field.name);
        let body = json!({
            "busObId": object.id,
            "fieldId": object.long_id(field),
            "fieldName": field.name,
            "fields": items(object, beside),
        });
        let found: Values = self.ask(&["api", "V1", "fieldvalueslookup"], &body, &what).await?;
        Ok(found.values.iter().filter_map(Value::as_str).filter(|value| !value.is_empty()).map(str::to_owned).collect())
    }

    /// Fields that a new record needs, with what it begins with, as a record.
    pub(super) async fn form(&self, object: &Definition) -> Result<Record, ProviderError> {
        let what = format!("reading the blank form of {}", object.name);
        let body = json!({"busObId": object.id, "includeAll": false, "includeRequired": true, "fieldNames": [], "fieldIds": []});
        let form: Form = self.ask(&["api", "V1", "getbusinessobjecttemplate"], &body, &what).await?;
        serde_json::from_value(json!({"fields": form.fields})).map_err(|error| Effect::Read.unknown(format!("{what}: {error}")))
    }

    pub(super) async fn teams(&self) -> Result<Vec<Team>, ProviderError> {
        let teams: Teams = self.get(&["api", "V1", "getteams"], "reading teams").await?;
        Ok(teams.teams)
    }

    /// The steps of the life cycle that a record can take now, as they come.
    pub(super) async fn transitions(&self, object: &Definition, id: &str, what: &str) -> Result<Value, ProviderError> {
        Ok(self.get(&["api", "V1", &object.id, "records", id, "transitionOptions"], what).await?)
    }

    pub(super) async fn take_transition(
        &self,
        object: &Definition,
        id: &str,
        option: &str,
        what: &str,
    ) -> Result<(), ProviderError> {
        let body = json!({"transitionOptionId": option});
        let path = ["api", "V1", &object.id, "records", id, "transitions"];
        let call = Call { method: Method::POST, path: &path, query: &[], body: Some(&body), effect: Effect::Write, what };
        let judged = |answer: &Answer| classify::done(answer, Effect::Write, what, self.clock.now());
        self.exchange(&call, judged).await?;
        Ok(())
    }

    /// Ends the session, if there is one, so that its licence is free.
    pub(super) async fn log_out(&self) {
        let Some(token) = self.auth.leave().await else { return };
        let what = "logging out";
        let request = self.wire.request(Method::DELETE, self.url(&["api", "V1", "logout"], &[]));
        let request = credentials::sensitive(request, AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose()));
        let answer = self.wire.send(request, Effect::Read, what).await;
        let done = answer.map_err(Trouble::from).and_then(|answer| classify::done(&answer, Effect::Read, what, self.clock.now()));
        if let Err(trouble) = done {
            let cause = ProviderError::from(trouble);
            tracing::warn!(%cause, "the session could not be ended; its licence is free when the session runs out");
        }
    }
}

/// The body of a save: only what is marked as changed is taken, and nothing is written without `persist`.
fn saving(object: &Definition, values: &Sent<'_>) -> Value {
    json!({"busObId": object.id, "persist": true, "fields": items(object, values)})
}

fn items(object: &Definition, values: &Sent<'_>) -> Vec<Value> {
    let item = |(field, value): &(&Field, &str)| json!({"dirty": true, "fieldId": object.long_id(field), "name": field.name, "value": value});
    values.iter().map(item).collect()
}
