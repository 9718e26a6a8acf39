//! The W3C trace context as it is carried: in headers, and with a delivery in the store. What cannot be read is nothing, never an
//! error: it comes from whoever called.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::{Deserialize, Deserializer};

/// Bytes of `traceparent` in the version that is known; newer ones may have more behind.
const KNOWN: usize = 55;
/// Longest `traceparent` that is read,
const LONGEST_PARENT: usize = 256;
/// and longest `tracestate`, which W3C asks everybody to carry at least.
const LONGEST_STATE: usize = 512;

/// A place in a trace.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext(SpanContext);

impl TraceContext {
    /// Of the headers `traceparent` and `tracestate`. A state that is too long or cannot be read is left out.
    #[must_use]
    pub fn read(traceparent: &str, tracestate: &str) -> Option<Self> {
        let parent = traceparent.trim();
        // The length of each part, and that they are lower-case hexadecimal, is not looked at so strictly by the propagator.
        let lengths = parent.get(..KNOWN)?.split('-').map(str::len);
        let digits = parent.bytes().take(KNOWN).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        let more = parent.get(KNOWN..)?;
        let known = more.is_empty() || (more.starts_with('-') && !parent.starts_with("00"));
        if parent.len() > LONGEST_PARENT || !digits || !known || !lengths.eq([2, 32, 16, 2]) {
            return None;
        }
        let state = if tracestate.len() > LONGEST_STATE { "" } else { tracestate };
        let read = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers { parent, state });
        let context = read.span().span_context().clone();
        context.is_valid().then_some(Self(context))
    }

    /// Of [`text`](Self::text).
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (parent, state) = text.split_once(' ').unwrap_or((text, ""));
        Self::read(parent, state)
    }

    /// In one line, at most 568 bytes: `traceparent`, and `tracestate` behind a space if there is one.
    #[must_use]
    pub fn text(&self) -> String {
        let state = self.tracestate();
        if state.is_empty() { self.traceparent() } else { format!("{} {state}", self.traceparent()) }
    }

    /// The header `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let flags = self.0.trace_flags() & TraceFlags::SAMPLED;
        format!("00-{}-{}-{:02x}", self.0.trace_id(), self.0.span_id(), flags)
    }

    /// The header `tracestate`; empty when there is none.
    #[must_use]
    pub fn tracestate(&self) -> String {
        self.0.trace_state().header()
    }

    /// As the SDK knows it; of another process.
    #[must_use]
    pub const fn span_context(&self) -> &SpanContext {
        &self.0
    }

    /// That of a span of this process; nothing of one that has none.
    #[must_use]
    pub fn of(context: &SpanContext) -> Option<Self> {
        let remote =
            SpanContext::new(context.trace_id(), context.span_id(), context.trace_flags(), true, context.trace_state().clone());
        context.is_valid().then_some(Self(remote))
    }

    /// For serde: whatever is no context is nothing, so that what is stored can still be read.
    pub(crate) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let stored = serde_json::Value::deserialize(deserializer)?;
        Ok(stored.as_str().and_then(Self::from_text))
    }

    /// For serde: the other way.
    #[expect(clippy::ref_option, reason = "serde hands it over so")]
    pub(crate) fn stored<S: serde::Serializer>(context: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        match context {
            Some(context) => serializer.serialize_str(&context.text()),
            None => serializer.serialize_none(),
        }
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())
    }
}

struct Headers<'a> {
    parent: &'a str,
    state: &'a str,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.parent),
            "tracestate" => Some(self.state),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_came_is_what_is_carried() {
        for (state, text) in [("", PARENT.to_owned()), ("a=1,b@c=x:y", format!("{PARENT} a=1,b@c=x:y"))] {
            let context = TraceContext::read(PARENT, state).unwrap();
            assert_eq!(context.text(), text);
            assert_eq!(TraceContext::from_text(&text), Some(context.clone()));
            assert_eq!((context.traceparent().as_str(), context.tracestate().as_str()), (PARENT, state));
        }
    }

    #[test]
    fn a_newer_version_is_read_as_far_as_it_is_known() {
        let newer = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes";
        assert_eq!(TraceContext::read(newer, "").unwrap().traceparent(), PARENT);
    }

    #[test]
    fn garbage_is_nothing() {
        let long = format!("cc{}-{}", &PARENT[2..], "x".repeat(300));
        for garbage in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "0000-4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0ä",
            &long,
        ] {
            assert_eq!(TraceContext::read(garbage, ""), None, "{garbage}");
            assert_eq!(TraceContext::from_text(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_state_that_is_too_long_or_broken_is_left_out_and_the_rest_kept() {
        for state in [format!("a={}", "x".repeat(600)), "no pair".to_owned(), "ä=1".to_owned()] {
            let context = TraceContext::read(PARENT, &state).unwrap();
            assert_eq!((context.traceparent().as_str(), context.tracestate().as_str()), (PARENT, ""));
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_nothing_and_bounded(parent in ".{0,400}", state in ".{0,700}") {
            if let Some(context) = TraceContext::read(&parent, &state) {
                prop_assert!(context.text().len() <= 568);
                prop_assert_eq!(TraceContext::from_text(&context.text()), Some(context));
            }
        }

        #[test]
        fn every_context_of_a_span_comes_back(trace in 1_u128.., span in 1_u64.., sampled: bool, state in "([a-z]{1,5}=[a-z0-9]{1,9},){0,3}") {
            let parent = format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(sampled));
            let context = TraceContext::read(&parent, &state).unwrap();
            prop_assert_eq!(context.traceparent(), parent);
            prop_assert_eq!(TraceContext::from_text(&context.text()), Some(context));
        }
    }
}
