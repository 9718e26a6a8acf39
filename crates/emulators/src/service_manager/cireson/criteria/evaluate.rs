//! Whether an object satisfies a condition. The values are brought into the types of their properties first, so that a wrong one is an
//! error whether or not there is anything to compare it with.

use std::cmp::Ordering;

use uuid::Uuid;

use super::{Expression, Name, Operator};
use crate::service_manager::{
    cireson::{instants, options::InstantTexts},
    model::{Kind, Value},
};

/// A condition with typed values.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Condition {
    /// All.
    And(Vec<Condition>),
    /// One.
    Or(Vec<Condition>),
    /// A property against a value.
    Simple(Name, Operator, Value),
}

/// Types the values; `kind` tells what a property holds, or that there is none.
pub(in super::super) fn compile(
    expression: &Expression,
    texts: InstantTexts,
    kind: &impl Fn(&Name) -> Result<Kind, String>,
) -> Result<Condition, String> {
    let all = |parts: &[Expression]| parts.iter().map(|part| compile(part, texts, kind)).collect::<Result<Vec<_>, _>>();
    Ok(match expression {
        Expression::And(parts) => Condition::And(all(parts)?),
        Expression::Or(parts) => Condition::Or(all(parts)?),
        Expression::Simple(comparison) => {
            let (text, kind) = (comparison.value.as_str(), kind(&comparison.property)?);
            if comparison.operator == Operator::Like && !matches!(kind, Kind::Text(_)) {
                return Err("The operator Like compares texts alone.".to_owned());
            }
            Condition::Simple(comparison.property.clone(), comparison.operator, typed(text, kind, texts)?)
        }
    })
}

fn typed(text: &str, kind: Kind, texts: InstantTexts) -> Result<Value, String> {
    let wrong = || format!("The value '{text}' cannot be converted to the type of the property.");
    Ok(match kind {
        Kind::Text(_) => Value::Text(text.to_lowercase()),
        Kind::Enumeration(_) => Value::Enumeration(Uuid::try_parse(text).map_err(|_| wrong())?),
        Kind::Integer => Value::Integer(text.parse().map_err(|_| wrong())?),
        Kind::Boolean => Value::Boolean(text.to_ascii_lowercase().parse().map_err(|_| wrong())?),
        Kind::Date => Value::Date(instants::read_criterion(text, texts).ok_or("String was not recognized as a valid DateTime.")?),
    })
}

impl Condition {
    /// The comparisons that every match has to satisfy.
    pub(in super::super) fn certain(&self) -> Vec<(&Name, Operator, &Value)> {
        match self {
            Self::Simple(name, operator, value) => vec![(name, *operator, value)],
            Self::And(parts) => parts.iter().flat_map(Self::certain).collect(),
            Self::Or(_) => Vec::new(),
        }
    }

    /// Whether an object satisfies it; `held` tells the object's values.
    pub(in super::super) fn matches(&self, held: &impl Fn(&Name) -> Option<Value>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(held)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(held)),
            // As in SQL: nothing is neither equal nor unequal to anything.
            Self::Simple(name, operator, wanted) => held(name).is_some_and(|held| compare(&held, *operator, wanted)),
        }
    }
}

fn compare(held: &Value, operator: Operator, wanted: &Value) -> bool {
    let order = match (held, wanted) {
        (Value::Text(held), Value::Text(wanted)) if operator == Operator::Like => return like(&held.to_lowercase(), wanted),
        (Value::Text(held), Value::Text(wanted)) => held.to_lowercase().cmp(wanted),
        (Value::Integer(held), Value::Integer(wanted)) | (Value::Date(held), Value::Date(wanted)) => held.cmp(wanted),
        (Value::Boolean(held), Value::Boolean(wanted)) => held.cmp(wanted),
        (Value::Enumeration(held), Value::Enumeration(wanted)) => held.cmp(wanted),
        _ => return false,
    };
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterEqual => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::LessEqual => order != Ordering::Greater,
        Operator::Like => false,
    }
}

/// `%` stands for any text, as in SQL.
fn like(held: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('%') else { return held == pattern };
    let Some(mut left) = held.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('%').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_percent_sign_stands_for_any_text() {
        for (held, pattern, fits) in [
            ("web01.contoso.com", "web01%", true),
            ("web01.contoso.com", "%contoso%", true),
            ("web01.contoso.com", "web01", false),
            ("web01", "web01", true),
            ("aba", "ab%ba", false),
            ("", "%", true),
            ("xab", "%ab%ab", false),
        ] {
            assert_eq!(like(held, pattern), fits, "{held} like {pattern}");
        }
    }
}
