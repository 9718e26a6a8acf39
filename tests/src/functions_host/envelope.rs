//! The envelope: `{"Data": .., "Metadata": ..}` as the host's source makes it. A .NET string becomes JSON first and is then sent as a
//! string; numbers become strings; dates lose their fractions; objects stay objects.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use super::function::Function;
use super::queue::Message;

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As the host's source does: strings twice.
    #[default]
    Source,
    /// As Microsoft's page shows it: strings once, numbers as numbers.
    Documentation,
}

impl Encoding {
    pub(super) fn text(self, text: &str) -> Value {
        match self {
            Self::Source => Value::String(Value::String(text.to_owned()).to_string()),
            Self::Documentation => Value::String(text.to_owned()),
        }
    }

    fn number(self, number: u32) -> Value {
        match self {
            Self::Source => Value::String(number.to_string()),
            Self::Documentation => number.into(),
        }
    }

    /// A member of a JSON object that becomes metadata: .NET makes strings of scalars first. Nothing for what is left out.
    pub(super) fn member(self, value: &Value) -> Option<Value> {
        match value {
            Value::Null | Value::Array(_) => None,
            Value::Object(_) => Some(value.clone()),
            Value::String(text) => Some(self.text(&in_american_style(text))),
            Value::Bool(true) => Some(self.text("True")),
            Value::Bool(false) => Some(self.text("False")),
            Value::Number(number) => Some(self.text(&number.to_string())),
        }
    }
}

/// What is said about the trigger. Names are compared without regard to case, and the first spelling stays.
#[derive(Debug, Default)]
pub(super) struct Metadata(Map<String, Value>);

impl Metadata {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        // "QueueTrigger" would be the message once more.
        if name.to_ascii_lowercase().ends_with("trigger") {
            return;
        }
        let known = self.0.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned();
        self.0.insert(known.unwrap_or_else(|| name.to_owned()), value);
    }

    /// The members of a JSON object win over what stands here.
    pub(super) fn spread(&mut self, members: &Map<String, Value>, encoding: Encoding) {
        for (name, value) in members {
            if let Some(value) = encoding.member(value) {
                self.set(name, value);
            }
        }
    }

    /// With `sys`, which nothing hides.
    pub(super) fn finish(mut self, function: &str, now: Timestamp) -> Value {
        let sys = json!({ "MethodName": function, "UtcNow": utc(now), "RandGuid": guid() });
        self.set("sys", sys);
        Value::Object(self.0)
    }
}

/// The envelope of a queue message.
pub(super) fn queue(function: &Function, message: &Message, encoding: Encoding, now: Timestamp) -> Value {
    let mut metadata = Metadata::default();
    metadata.set("DequeueCount", encoding.number(message.dequeue_count));
    metadata.set("ExpirationTime", Value::String(whole_seconds(message.expires)));
    metadata.set("Id", encoding.text(&message.id));
    metadata.set("InsertionTime", Value::String(whole_seconds(message.inserted)));
    metadata.set("NextVisibleTime", Value::String(whole_seconds(message.next_visible)));
    metadata.set("PopReceipt", encoding.text(&message.receipt));
    // Microsoft's page shows no members.
    if let Ok(Value::Object(members)) = serde_json::from_str(&message.text)
        && encoding == Encoding::Source
    {
        metadata.spread(&members, encoding);
    }
    envelope(function, encoding.text(&message.text), &metadata.finish(&function.name, now))
}

/// The envelope of a run of a timer.
pub(super) fn timer(function: &Function, status: &Value, past_due: bool, retry: Option<Value>, now: Timestamp) -> Value {
    let info = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": past_due });
    let mut metadata = Metadata::default();
    if let Some(retry) = retry {
        metadata.set("RetryContext", retry);
    }
    envelope(function, info, &metadata.finish(&function.name, now))
}

pub(super) fn envelope(function: &Function, data: Value, metadata: &Value) -> Value {
    let data: Map<String, Value> = [(function.binding.clone(), data)].into_iter().collect();
    json!({ "Data": data, "Metadata": metadata })
}

/// A date in metadata: `2026-03-02T04:11:58+00:00`.
fn whole_seconds(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A date in an object: with up to seven digits of a second.
fn utc(at: Timestamp) -> String {
    ticks(at).strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}

/// The same with the offset of the instance, which is UTC here.
pub(super) fn with_offset(at: Timestamp) -> String {
    ticks(at).strftime("%Y-%m-%dT%H:%M:%S%.f+00:00").to_string()
}

/// .NET counts in 100 ns.
fn ticks(at: Timestamp) -> Timestamp {
    Timestamp::from_nanosecond(at.as_nanosecond() / 100 * 100).unwrap_or(at)
}

/// A text that Newtonsoft takes for a date is a date from then on, and written as .NET writes one that nobody formats.
fn in_american_style(text: &str) -> String {
    let looks = text.len() >= 19 && text.as_bytes().get(10) == Some(&b'T');
    let at = text.parse::<Timestamp>().ok().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).datetime());
    match at.or_else(|| text.parse::<DateTime>().ok()) {
        Some(at) if looks => at.strftime("%m/%d/%Y %H:%M:%S").to_string(),
        _ => text.to_owned(),
    }
}

/// A new identifier.
pub(super) fn guid() -> String {
    uuid::Uuid::from_u128(rand::random()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn dispatch() -> Function {
        let binding =
            r#"{"bindings":[{"type":"queueTrigger","direction":"in","name":"workItem","queueName":"work","connection":"S"}]}"#;
        let settings = [("S".to_owned(), "QueueEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1".to_owned())];
        Function::parse("WorkItemDispatch", binding, "api", &settings.into_iter().collect()).unwrap()
    }

    fn sent(text: &str, dequeue_count: u32, encoding: Encoding) -> Value {
        let at = |text: &str| text.parse::<DateTime>().unwrap();
        let message = Message {
            id: "b3b0a0f0-9d0a-4a41-8f3a-5b7a2e3f9c01".to_owned(),
            receipt: "AgAAAAMAAAAAAAAA4q0fZqKp3AE=".to_owned(),
            text: text.to_owned(),
            dequeue_count,
            inserted: at("2026-03-02T04:11:58.7"),
            expires: at("2026-03-09T04:11:58"),
            next_visible: at("2026-03-02T04:22:00"),
        };
        let mut sent = queue(&dispatch(), &message, encoding, "2026-03-02T04:12:00.1234567Z".parse().unwrap());
        sent["Metadata"]["sys"]["RandGuid"] = "3fd1c9a4-0f7e-4a59-9f06-0a6f2a1f7b11".into();
        sent
    }

    const JOB: &str = r#"{"jobId": "01JNQ3V7", "alertId": "a1", "attempt": 2, "fired": true, "resource": {"name": "vm-shop-07"}, "tags": ["a", "b"]}"#;

    macro_rules! fixture {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!("../../../crates/custom-handler/tests/fixtures/", $name))).unwrap()
        };
    }

    #[test]
    fn a_queue_message_is_sent_as_the_fixtures_say() {
        let source = Encoding::Source;
        assert_eq!(sent("hello \"world\"", 1, source), fixture!("invocation_queue_text.json"));
        assert_eq!(sent(JOB, 3, source), fixture!("invocation_queue_json.json"));
        assert_eq!(sent(JOB, 1, Encoding::Documentation), fixture!("invocation_queue_docs_style.json"));
    }

    #[test]
    fn members_of_a_message_hide_what_is_said_about_it_in_any_case_and_dates_turn_american() {
        let text = r#"{"dequeuecount": 9, "ID": "mine", "sys": {"a": 1}, "queueTrigger": "x", "at": "2026-03-02T04:11:58Z", "none": null}"#;
        let metadata = &sent(text, 1, Encoding::Source)["Metadata"];
        assert_eq!((&metadata["DequeueCount"], &metadata["Id"]), (&Value::from("\"9\""), &Value::from("\"mine\"")));
        assert_eq!(metadata["sys"]["MethodName"], "WorkItemDispatch");
        assert_eq!(metadata["at"], "\"03/02/2026 04:11:58\"");
        assert_eq!((metadata.get("queueTrigger"), metadata.get("none")), (None, None));
    }
}
