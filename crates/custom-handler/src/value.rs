//! Values as the host writes them. A .NET string is made JSON first and then sent as a JSON string, so that `abc` arrives as
//! `"\"abc\""`; Microsoft's documentation shows it without the second pair of quotes. Both are read here, and only here.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// The text that the host was given, from the string that arrived.
pub(crate) fn text(arrived: &str) -> Cow<'_, str> {
    if arrived.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(arrived)
    {
        return Cow::Owned(inner);
    }
    Cow::Borrowed(arrived)
}

/// A string, number or truth value as text; nothing for the rest.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(arrived) => Some(text(arrived).into_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Yes or no, as a truth value or as text in any case (`True` is .NET's).
pub(crate) fn truth(value: &Value) -> Option<bool> {
    let told = scalar(value)?;
    if told.eq_ignore_ascii_case("true") {
        Some(true)
    } else if told.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// An instant. Without an offset it is UTC; the year 1, .NET's "never", is nothing.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    let told = scalar(value)?;
    let at = told.parse::<Timestamp>().ok().or_else(|| {
        let local = told.parse::<DateTime>().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    })?;
    (at.to_zoned(TimeZone::UTC).year() > 1).then_some(at)
}

/// A member by its name; if there is none in this case, by its name in another.
pub(crate) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members
        .get(name)
        .or_else(|| members.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value))
        .filter(|value| !value.is_null())
}
