//! Criteria of `GetProjectionByCriteria`: the JSON form of the SDK's criteria XML. Pure. The generic property `Id` is the GUID of an
//! object; `IR1043` is the property `Id` of the class.

use jiff::Timestamp;
use serde_json::{Value, json};

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    GreaterEqual,
    Less,
}

impl Operator {
    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::GreaterEqual => "GreaterEqual",
            Self::Less => "Less",
        }
    }
}

fn simple(left: &Value, operator: Operator, value: &str) -> Value {
    json!({"SimpleExpression": {
        "ValueExpressionLeft": left,
        "Operator": operator.name(),
        "ValueExpressionRight": {"Value": value},
    }})
}

/// What every object has: `Id`, `LastModified`, `DisplayName`.
pub(super) fn generic(name: &str, operator: Operator, value: &str) -> Value {
    simple(&json!({"GenericProperty": name}), operator, value)
}

/// A property of a class, which is given by its GUID.
pub(super) fn property(class: &str, name: &str, value: &str) -> Value {
    simple(&json!({"Property": format!("$Context/Property[Type='{class}']/{name}$")}), Operator::Equal, value)
}

/// All of them.
pub(super) fn all(parts: Vec<Value>) -> Value {
    group("And", parts)
}

/// One of them.
pub(super) fn any(parts: Vec<Value>) -> Value {
    group("Or", parts)
}

/// A group has two members or more; one stands for itself.
fn group(name: &str, mut parts: Vec<Value>) -> Value {
    if parts.len() == 1 { parts.remove(0) } else { json!({name: {"Expression": parts}}) }
}

/// The body of the call.
pub(super) fn question(projection: &str, expression: &Value) -> Value {
    json!({"Id": projection, "Criteria": {"Base": {"Expression": expression}}})
}

/// Texts of instants in criteria. Which of them a portal takes is not documented, so the first is tried and then the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// `2026-09-01T10:00:00.000Z`
    Iso,
    /// `2026-09-01 10:00:00`, meaning UTC.
    Plain,
}

impl Dates {
    /// A whole second, as both forms can tell it.
    pub(super) fn write(self, at: Timestamp) -> String {
        match self {
            Self::Iso => super::shape::date(at),
            Self::Plain => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }

    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Iso => Self::Plain,
            Self::Plain => Self::Iso,
        }
    }
}

/// Whether a text can stand in a criterion.
pub(super) fn fits(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comparison_stands_for_itself_and_two_make_a_group() {
        let one = generic("LastModified", Operator::Less, "x");
        assert_eq!(all(vec![one.clone()]), one);
        let two = any(vec![one.clone(), property("a604", "Id", "IR1")]);
        assert_eq!(
            two["Or"]["Expression"][1]["SimpleExpression"]["ValueExpressionLeft"]["Property"],
            "$Context/Property[Type='a604']/Id$"
        );
        assert_eq!(question("p", &one)["Criteria"]["Base"]["Expression"], one);
    }

    #[test]
    fn both_texts_of_an_instant() {
        let at: Timestamp = "2026-09-01T10:00:00Z".parse().unwrap();
        assert_eq!([Dates::Iso, Dates::Plain].map(|dates| dates.write(at)), ["2026-09-01T10:00:00.000Z", "2026-09-01 10:00:00"]);
    }
}
