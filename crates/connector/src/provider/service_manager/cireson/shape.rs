//! The shapes of the portal's JSON: objects of a type projection with their properties, list values and related objects, and the texts
//! of dates. Members are looked up whatever the case of their names, as the portal's own framework does.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::super::mapping::guid;

/// What is not in the database yet has this `TimeAdded`.
pub(super) const NEVER: &str = "0001-01-01T00:00:00";

/// A member, whatever the case of its name.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    in_map(value.as_object()?, name)
}

fn in_map<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| map.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The text of a member; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).and_then(Value::as_str).unwrap_or_default()
}

/// An object as a type projection shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Projection(pub(super) Map<String, Value>);

impl Projection {
    /// Nothing when it is no object.
    pub(super) fn new(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        in_map(&self.0, name)
    }

    /// Whether the property or alias is shown, even if empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let known = self.0.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned();
        self.0.insert(known.unwrap_or_else(|| name.to_owned()), value);
    }

    /// A text property; empty when it is not there or holds something else.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// GUID of the object.
    pub(super) fn base_id(&self) -> &str {
        self.text("BaseId")
    }

    /// GUID of a list value.
    pub(super) fn list_value(&self, name: &str) -> Option<&str> {
        let id = text(self.get(name)?, "Id");
        uuid::Uuid::try_parse(id).is_ok_and(|id| !id.is_nil()).then_some(id)
    }

    /// A property as people see it: the label of a list value, the name of a person or thing.
    pub(super) fn shown(&self, name: &str) -> String {
        self.get(name).map(shown).unwrap_or_default()
    }

    /// A date, if it holds one.
    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        instant(self.text(name))
    }

    /// Related objects: an alias may hold one or several.
    pub(super) fn related(&self, alias: &str) -> &[Value] {
        match self.get(alias) {
            Some(Value::Array(objects)) => objects,
            Some(object @ Value::Object(_)) => std::slice::from_ref(object),
            _ => &[],
        }
    }

    /// Whether it is marked as deleted.
    pub(super) fn deleted(&self) -> bool {
        let status = self.list_value("ObjectStatus");
        status.is_some_and(|id| {
            [guid::OBJECT_DELETED, guid::OBJECT_PENDING_DELETE].iter().any(|gone| gone.eq_ignore_ascii_case(id))
        })
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A value as people see it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Object(_) => {
            let name = [text(value, "Name"), text(value, "DisplayName")].into_iter().find(|text| !text.is_empty());
            name.unwrap_or_default().to_owned()
        }
        Value::Null | Value::Array(_) => String::new(),
    }
}

/// A list value as a commit takes it; nothing empties it.
pub(super) fn list_value(id: Option<&str>) -> Value {
    json!({"Id": id})
}

/// An instant as the portal writes it: ISO 8601, UTC also without a zone, or as older frameworks do (`/Date(1788256802117)/`). The first
/// day of all days is none.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0001-01-01") {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return Timestamp::from_millisecond(inner.split('+').next()?.parse().ok()?).ok();
    }
    TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

/// An instant as a commit takes it, to the millisecond.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_in_every_form_and_the_first_day_is_none() {
        let at: Timestamp = "2026-09-01T10:00:02.117Z".parse().unwrap();
        for text in
            ["2026-09-01T10:00:02.117Z", "2026-09-01T12:00:02.117+02:00", "2026-09-01T10:00:02.117", "/Date(1788256802117)/"]
        {
            assert_eq!(instant(text), Some(at), "{text}");
        }
        for text in ["", NEVER, "yesterday", "/Date(x)/"] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert_eq!(instant(&date(at)), Some(at));
        assert_eq!(date("2026-09-01T10:00:02Z".parse().unwrap()), "2026-09-01T10:00:02.000Z");
    }

    #[test]
    fn members_are_found_whatever_their_case_and_keep_their_names() {
        let mut object = Projection::new(json!({"status": {"Id": null, "Name": ""}, "BaseId": "x"})).unwrap();
        assert_eq!((object.list_value("Status"), object.base_id()), (None, "x"));
        object.set("Status", list_value(Some(guid::INCIDENT)));
        assert_eq!(object.list_value("Status"), Some(guid::INCIDENT));
        assert_eq!(object.0.len(), 2);
    }

    #[test]
    fn an_alias_holds_one_object_or_several() {
        let object = Projection::new(json!({"one": {"BaseId": "a"}, "more": [{}, {}], "none": null})).unwrap();
        assert_eq!(["one", "more", "none", "missing"].map(|alias| object.related(alias).len()), [1, 2, 0, 0]);
    }
}
