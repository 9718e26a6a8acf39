//! Bodies of requests, read as Json.NET reads them: names in any case, unknown ones ignored, numbers and booleans also as texts.

use serde_json::Value;

use crate::cherwell::{instance::Work, reply::Refusal};

/// A JSON object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a>(pub(crate) &'a Value);

impl<'a> Body<'a> {
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        let object = self.0.as_object()?;
        object.get(name).or_else(|| object.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    /// Empty when missing.
    pub(crate) fn text(self, name: &str) -> String {
        match self.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(true)) => "True".to_owned(),
            Some(Value::Bool(false)) => "False".to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    pub(crate) fn flag(self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// `None` when missing or not a number.
    pub(crate) fn number(self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// Empty when missing.
    pub(crate) fn list(self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The texts of a list.
    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }
}

/// The body of a call, which has to be an object that says it is JSON.
pub(crate) fn parse(work: &Work<'_>) -> Result<Value, Refusal> {
    let kind = work.call.header("content-type").unwrap_or_default();
    let plain = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if plain != "application/json" && plain != "text/json" {
        return Err(Refusal::media(kind));
    }
    let value: Value = serde_json::from_slice(&work.call.body).map_err(|_| Refusal::invalid())?;
    if value.is_object() { Ok(value) } else { Err(Refusal::invalid()) }
}
