//! What was answered to which `Idempotency-Key`. A real gateway keeps this on disk; here it survives because nothing ends.

use std::collections::HashMap;

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    body: bytes::Bytes,
    /// `None` while it is being worked on, and for ever after a crash.
    answer: Option<(String, Value)>,
}

/// All keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    kept: HashMap<String, Kept>,
}

/// What a key says about a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Never seen, or left behind by a crash.
    No,
    /// The same request was answered with this `etag` and body.
    Answered(String, Value),
    /// Another request had this key.
    Reused,
}

impl Keys {
    pub(super) fn ask(&self, key: &str, body: &[u8]) -> Known {
        match self.kept.get(key) {
            Some(kept) if kept.body != body => Known::Reused,
            Some(Kept { answer: Some((etag, answer)), .. }) => Known::Answered(etag.clone(), answer.clone()),
            // Left behind by a crash: whether the incident is there, its correlation key tells.
            None | Some(Kept { answer: None, .. }) => Known::No,
        }
    }

    pub(super) fn reserve(&mut self, key: &str, body: &bytes::Bytes) {
        self.kept.insert(key.to_owned(), Kept { body: body.clone(), answer: None });
    }

    pub(super) fn remember(&mut self, key: &str, etag: &str, answer: &Value) {
        if let Some(kept) = self.kept.get_mut(key) {
            kept.answer = Some((etag.to_owned(), answer.clone()));
        }
    }

    pub(super) fn free(&mut self, key: &str) {
        self.kept.remove(key);
    }
}
