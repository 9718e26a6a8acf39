//! Reading JSON whose leaves cannot be trusted: a string may be a number, an array may be a JSON string, a member may be
//! absent, null or spelled in another case. Nothing here fails; what cannot be read is empty.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::dates;

/// A place in a payload, which may be missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a>(Option<&'a Value>);

impl<'a> From<&'a Value> for Node<'a> {
    fn from(value: &'a Value) -> Self {
        Self(Some(value))
    }
}

impl<'a> Node<'a> {
    /// The member of that name; if there is none, one that differs in case only.
    pub(crate) fn at(self, name: &str) -> Self {
        let Some(Value::Object(members)) = self.0 else { return Self(None) };
        let spelled_otherwise = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        Self(members.get(name).or_else(spelled_otherwise))
    }

    /// The first text among members of these names that is not empty.
    pub(crate) fn first(self, names: &[&str]) -> String {
        names.iter().map(|name| self.at(name).text()).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Whether there is a value other than null.
    pub(crate) fn exists(self) -> bool {
        self.0.is_some_and(|value| !value.is_null())
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.is_some_and(Value::is_object)
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.is_some_and(Value::is_array)
    }

    /// A string without control characters and outer blanks, a number or a boolean; else empty.
    pub(crate) fn text(self) -> String {
        match self.0 {
            Some(Value::String(text)) => clean(text),
            Some(Value::Number(number)) => number_text(number),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => String::new(),
        }
    }

    /// Like [`Self::text`]; an array or object as compact JSON.
    pub(crate) fn shown(self) -> String {
        match self.0 {
            Some(value @ (Value::Array(_) | Value::Object(_))) => value.to_string(),
            _ => self.text(),
        }
    }

    pub(crate) fn time(self) -> Option<Timestamp> {
        dates::parse(&self.text())
    }

    /// The elements of an array; none for anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Node<'a>> {
        self.0.and_then(Value::as_array).into_iter().flatten().map(Node::from)
    }

    /// The members of an object; none for anything else.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.0.and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), Node::from(value)))
    }

    /// The value; a string that holds a JSON array or object is read as such.
    pub(crate) fn unpacked(self) -> Cow<'a, Value> {
        let Some(value) = self.0 else { return Cow::Owned(Value::Null) };
        match value {
            Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
                serde_json::from_str(text).map_or(Cow::Borrowed(value), Cow::Owned)
            }
            _ => Cow::Borrowed(value),
        }
    }

    /// The texts of an array, of a JSON string that holds an array, or of a single value. Without empty ones.
    pub(crate) fn texts(self) -> Vec<String> {
        let value = self.unpacked();
        let node = Node::from(value.as_ref());
        let texts: Vec<String> = if node.is_array() { node.items().map(Node::text).collect() } else { vec![node.text()] };
        texts.into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// The members of an object (or of a JSON string that holds one) as name and shown value.
    pub(crate) fn pairs(self) -> Vec<(String, String)> {
        let value = self.unpacked();
        Node::from(value.as_ref()).members().map(|(name, value)| (clean(name), value.shown())).collect()
    }
}

/// Without control characters other than line ends and tabs, and without outer blanks.
pub(crate) fn clean(text: &str) -> String {
    let text = text.trim();
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// `3.0` reads `3`, and a measured value has no more than six decimals.
fn number_text(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if float != 0.0 && !(1e-3..1e15).contains(&float.abs()) {
        return format!("{float:e}");
    }
    let text = format!("{float:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_leaf_may_be_of_any_type_and_a_member_of_any_case() {
        let value = json!({"alertRuleId": "x", "threshold": 3.0, "big": 1e30, "small": 97.333_333_333, "flag": true, "none": null,
            "list": "[\"a\", \"b\"]", "one": "c", "text": " a\r\nb\u{0} "});
        let node = Node::from(&value);
        let read = |name: &str| node.at(name).text();
        assert_eq!(
            [read("alertRuleID"), read("threshold"), read("big"), read("small"), read("flag"), read("none"), read("missing")],
            ["x", "3", "1e30", "97.333333", "true", "", ""]
        );
        assert_eq!(node.at("list").texts(), ["a", "b"]);
        assert_eq!(node.at("one").texts(), ["c"]);
        assert_eq!(read("text"), "a\nb");
    }
}
