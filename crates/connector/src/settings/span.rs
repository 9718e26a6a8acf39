//! Durations as people write them: `"30s"`, `"5m"`, `"24h"`, `"7d"`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// Marks durations in the JSON Schema.
    pub(super) const TITLE: &str = "Duration";

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(Duration::from_secs(hours * 3600))
    }

    /// As the standard library's type.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Reads `"5m"`; the error says what is wrong and what to write.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // jiff's friendly format knows days only in spans with a calendar; here a day is 24 h.
        let parsed = match text.strip_suffix('d').map(|days| days.trim().parse::<u32>()) {
            Some(Ok(days)) => Some(Duration::from_secs(u64::from(days) * 86_400)),
            _ => text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok()),
        };
        parsed
            .map(Self)
            .ok_or_else(|| format!("\"{text}\" is not a duration; write for example \"30s\", \"5m\", \"24h\" or \"7d\""))
    }
}

impl From<Duration> for Span {
    fn from(value: Duration) -> Self {
        Self(value)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            _ if self.0.subsec_nanos() != 0 => write!(f, "{}ms", self.0.as_millis()),
            0 => f.write_str("0s"),
            _ if seconds.is_multiple_of(86_400) => write!(f, "{}d", seconds / 86_400),
            _ if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": Self::TITLE,
            "description": "A length of time: \"30s\", \"5m\", \"24h\", \"7d\".",
            "examples": ["30s", "5m", "24h", "7d"]
        })
    }
}
