//! The envelope: one JSON object with `Data` (the trigger and input bindings) and `Metadata`, as the host posts it for every
//! trigger but forwarded HTTP requests. It is taken apart here; what is inside is the triggers' business.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::guard::Shape;
use crate::{DecodeError, HttpTrigger, Invocation, QueueTrigger, TimerTrigger, value};

/// A decoded envelope. Functions with one binding take the trigger itself as an extractor; those with input bindings beside
/// the trigger take this and name them.
#[derive(Clone)]
pub struct Envelope {
    data: Map<String, Value>,
    // Holds an HTTP body for the second time, so it is decoded only when it is needed.
    metadata: Option<Box<RawValue>>,
    invocation: Invocation,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "Data", alias = "data")]
    data: Map<String, Value>,
    #[serde(rename = "Metadata", alias = "metadata", default)]
    metadata: Option<Box<RawValue>>,
}

impl Envelope {
    /// Decodes a body of the host. Never panics, whatever comes.
    pub fn decode(body: &[u8], invocation: Invocation) -> Result<Self, DecodeError> {
        let Wire { data, metadata } =
            serde_json::from_slice(body).map_err(|error| DecodeError::Envelope(DecodeError::place(&error)))?;
        Ok(Self { data, metadata, invocation })
    }

    /// Which invocation this is.
    #[must_use]
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Takes the timer trigger out.
    pub fn timer(&mut self, binding: &str) -> Result<TimerTrigger, DecodeError> {
        let value = self.take(binding)?;
        TimerTrigger::from_value(&value, &self.metadata()).ok_or_else(|| wrong(binding, "timer trigger"))
    }

    /// Takes the queue trigger out.
    pub fn queue(&mut self, binding: &str) -> Result<QueueTrigger, DecodeError> {
        let value = self.take(binding)?;
        Ok(QueueTrigger::from_value(value, self.metadata()))
    }

    /// Takes the HTTP trigger out.
    pub fn http(&mut self, binding: &str) -> Result<HttpTrigger, DecodeError> {
        let value = self.take(binding)?;
        HttpTrigger::from_value(value, self.invocation.clone()).ok_or_else(|| wrong(binding, "HTTP trigger"))
    }

    /// The value of an input binding. Texts of either encoding are read as JSON; one that is no JSON is a string.
    pub fn input<T: DeserializeOwned>(&self, binding: &str) -> Result<T, DecodeError> {
        let found = self.data.get(binding).ok_or_else(|| DecodeError::NoBinding(binding.to_owned()))?;
        let read = match found {
            Value::String(arrived) => {
                let text = value::text(arrived);
                serde_json::from_str(&text).or_else(|error| {
                    serde_json::from_value(Value::String(text.into_owned())).map_err(|_: serde_json::Error| error)
                })
            }
            other => serde_json::from_value(other.clone()),
        };
        read.map_err(|error| DecodeError::Json(DecodeError::place(&error)))
    }

    /// The name of the only binding.
    fn only(&self) -> Result<String, DecodeError> {
        let mut names = self.data.keys();
        match (names.next(), names.next()) {
            (Some(name), None) => Ok(name.clone()),
            _ => Err(DecodeError::Unclear(self.data.len())),
        }
    }

    fn take(&mut self, binding: &str) -> Result<Value, DecodeError> {
        self.data.remove(binding).ok_or_else(|| DecodeError::NoBinding(binding.to_owned()))
    }

    /// Metadata that cannot be read (a message can nest it deeper than a parser goes) is none.
    fn metadata(&self) -> Map<String, Value> {
        self.metadata.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

fn wrong(binding: &str, expected: &'static str) -> DecodeError {
    DecodeError::Trigger { binding: binding.to_owned(), expected }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.data.keys().collect();
        f.debug_struct("Envelope").field("bindings", &names).field("invocation", &self.invocation).finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequest<S> for Envelope {
    type Rejection = DecodeError;

    async fn from_request(request: Request, state: &S) -> Result<Self, DecodeError> {
        Shape::note_envelope(request.extensions());
        let (mut parts, body) = request.into_parts();
        let invocation = match Invocation::from_request_parts(&mut parts, state).await {
            Ok(invocation) => invocation,
            Err(never) => match never {},
        };
        let body = Bytes::from_request(Request::from_parts(parts, body), state)
            .await
            .map_err(|error| DecodeError::Body(error.body_text()))?;
        Self::decode(&body, invocation)
    }
}

macro_rules! trigger_extractor {
    ($trigger:ty, $take:ident) => {
        impl<S: Send + Sync> FromRequest<S> for $trigger {
            type Rejection = DecodeError;

            async fn from_request(request: Request, state: &S) -> Result<Self, DecodeError> {
                let mut envelope = Envelope::from_request(request, state).await?;
                let binding = envelope.only()?;
                envelope.$take(&binding)
            }
        }
    };
}

trigger_extractor!(TimerTrigger, timer);
trigger_extractor!(QueueTrigger, queue);
trigger_extractor!(HttpTrigger, http);
