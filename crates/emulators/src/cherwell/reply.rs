//! Answers in Cherwell's shapes: the tail that every body ends with, and refusals with the tool's own codes and texts.

use serde_json::{Map, Value, json};

use crate::http::Answer;

/// `errorCode`, `errorMessage`, `hasError`, `httpStatusCode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    status: u16,
    error: Option<(String, String)>,
}

impl Tail {
    /// All is well.
    pub(crate) const GOOD: Self = Self { status: 200, error: None };

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self { status, error: Some((code.to_owned(), message.to_owned())) }
    }

    /// The body with the tail.
    pub(crate) fn on(&self, body: Value) -> Value {
        let mut object = match body {
            Value::Object(object) => object,
            _ => Map::new(),
        };
        let (code, message) = self
            .error
            .as_ref()
            .map_or((Value::Null, Value::Null), |(code, message)| (Value::from(code.as_str()), Value::from(message.as_str())));
        object.insert("errorCode".to_owned(), code);
        object.insert("errorMessage".to_owned(), message);
        object.insert("hasError".to_owned(), self.error.is_some().into());
        object.insert("httpStatusCode".to_owned(), status_name(self.status).into());
        Value::Object(object)
    }
}

/// The names of .NET's enumeration.
fn status_name(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        _ => "InternalServerError",
    }
}

/// 200 with a body and the tail.
pub(crate) fn good(body: Value) -> Answer {
    json(200, &Tail::GOOD.on(body))
}

/// 200 with a body that has no tail.
pub(crate) fn bare(body: &Value) -> Answer {
    json(200, body)
}

pub(crate) fn json(status: u16, body: &Value) -> Answer {
    Answer::new(status, "application/json; charset=utf-8", body.to_string())
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// `errorCode`; empty for a refusal by the framework, which only has a `Message`.
    pub(crate) code: String,
    /// `errorMessage` or `Message`.
    pub(crate) message: String,
}

impl Refusal {
    fn coded(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    fn plain(status: u16, message: impl Into<String>) -> Self {
        Self::coded(status, "", message)
    }

    pub(crate) fn no_record() -> Self {
        Self::coded(500, "RECORDNOTFOUND", "Record not found")
    }

    pub(crate) fn no_search(name: &str) -> Self {
        Self::coded(500, "SEARCHNOTFOUND", format!("The requested search was not found : {name}"))
    }

    pub(crate) fn rights() -> Self {
        Self::coded(403, "INSUFFICIENTRIGHTS", "You are not authorized to view this object")
    }

    /// The codes of the refusals from here to the framework's are not documented: clients must not depend on them.
    pub(crate) fn no_object(id: &str) -> Self {
        Self::coded(500, "BUSINESSOBJECTNOTFOUND", format!("Business Object definition not found: {id}"))
    }

    pub(crate) fn no_field(id: &str) -> Self {
        Self::coded(500, "FIELDNOTFOUND", format!("Field not found: {id}"))
    }

    pub(crate) fn no_relationship(id: &str) -> Self {
        Self::coded(500, "RELATIONSHIPNOTFOUND", format!("Relationship not found: {id}"))
    }

    pub(crate) fn bad_value(what: &str) -> Self {
        Self::coded(500, "INVALIDVALUE", what)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::plain(401, "Authorization has been denied for this request.")
    }

    pub(crate) fn no_resource(path: &str) -> Self {
        Self::plain(404, format!("No HTTP resource was found that matches the request URI '{path}'."))
    }

    pub(crate) fn method(method: &str) -> Self {
        Self::plain(405, format!("The requested resource does not support http method '{method}'."))
    }

    pub(crate) fn media(kind: &str) -> Self {
        Self::plain(415, format!("The request entity's media type '{kind}' is not supported for this resource."))
    }

    pub(crate) fn invalid() -> Self {
        Self::plain(400, "The request is invalid.")
    }

    /// The tail of this refusal inside a batch.
    pub(crate) fn tail(&self) -> Tail {
        Tail::error(self.status, &self.code, &self.message)
    }

    /// With the named keys of the call's answer, all null.
    pub(crate) fn body(&self, keys: &[&str]) -> Value {
        let nulls: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
        self.tail().on(Value::Object(nulls))
    }

    /// On the wire.
    pub(crate) fn answer(&self, keys: &[&str]) -> Answer {
        if self.code.is_empty() {
            let answer = json(self.status, &json!({"Message": self.message}));
            return if self.status == 401 { answer.with_header("WWW-Authenticate", "Bearer") } else { answer };
        }
        json(self.status, &self.body(keys))
    }
}

/// Why there is no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A refusal, with the keys of the call's answer.
    Refused(Refusal, &'static [&'static str]),
    /// The connection is closed without an answer.
    Dropped,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, &[])
    }
}

/// An answer, or why there is none.
pub(crate) type Outcome = Result<Answer, Stop>;
