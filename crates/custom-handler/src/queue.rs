//! The queue trigger: a message has been received. Its text is the message and nothing else; what the host says about the message
//! is believed only where the message itself cannot have said it.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::DecodeError;
use crate::value::{self, instant, member, scalar};

/// A message of a storage queue; an extractor. The host deletes the message when the invocation succeeds, and shows it again
/// when it fails, until `maxDequeueCount`; then it goes to the queue `<name>-poison`.
///
/// The members of a message that is a JSON object are mixed by the host into what it says *about* the message, and win. What the
/// message hides in this way is `None` here.
#[derive(Clone)]
pub struct QueueTrigger {
    text: String,
    metadata: Map<String, Value>,
}

impl QueueTrigger {
    /// A message with this text and nothing said about it, for tests of functions.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), metadata: Map::new() }
    }

    pub(crate) fn from_value(value: Value, metadata: Map<String, Value>) -> Self {
        let text = match value {
            Value::String(arrived) => value::text(&arrived).into_owned(),
            other => other.to_string(),
        };
        let metadata = unhidden(&text, metadata);
        Self { text, metadata }
    }

    /// The message.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The message, without a copy.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The message, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        serde_json::from_str(&self.text).map_err(|error| DecodeError::Json(DecodeError::place(&error)))
    }

    /// The bytes of a message whose binding says `"dataType": "binary"`; the host sends them as base64.
    pub fn bytes(&self) -> Result<Vec<u8>, DecodeError> {
        BASE64_STANDARD.decode(&self.text).map_err(|_| DecodeError::Base64)
    }

    /// The queue's id of the message. The same on every try.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.said("Id")
    }

    /// How often the message has been received, this time included: 1 on the first try.
    #[must_use]
    pub fn dequeue_count(&self) -> Option<u32> {
        self.said("DequeueCount")?.parse().ok()
    }

    /// What the queue asks for to change or delete the message while this invocation has it. The host renews its hold, which
    /// makes older receipts invalid.
    #[must_use]
    pub fn pop_receipt(&self) -> Option<String> {
        self.said("PopReceipt")
    }

    /// When the message was put into the queue.
    #[must_use]
    pub fn inserted_at(&self) -> Option<Timestamp> {
        member(&self.metadata, "InsertionTime").and_then(instant)
    }

    /// When the queue forgets the message. Messages that live for ever have the year 9999.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        member(&self.metadata, "ExpirationTime").and_then(instant)
    }

    /// When the message would be shown to others, if the host did not renew its hold.
    #[must_use]
    pub fn next_visible_at(&self) -> Option<Timestamp> {
        member(&self.metadata, "NextVisibleTime").and_then(instant)
    }

    fn said(&self, name: &str) -> Option<String> {
        member(&self.metadata, name).and_then(scalar)
    }
}

/// What of the metadata the message cannot have planted.
fn unhidden(text: &str, mut metadata: Map<String, Value>) -> Map<String, Value> {
    if let Ok(members) = serde_json::from_str::<HashMap<String, &RawValue>>(text) {
        metadata.retain(|name, _| !members.keys().any(|member| member.eq_ignore_ascii_case(name)));
    } else if text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with(['{', '/']) {
        // The host's parser takes more for JSON than ours does: comments, single quotes.
        metadata.clear();
    }
    metadata
}

impl fmt::Debug for QueueTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueTrigger")
            .field("bytes", &self.text.len())
            .field("id", &self.id())
            .field("dequeue_count", &self.dequeue_count())
            .finish_non_exhaustive()
    }
}
