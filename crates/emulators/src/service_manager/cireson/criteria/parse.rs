//! From JSON to a condition.

use serde_json::Value;
use uuid::Uuid;

use super::{Comparison, Expression, Name, Operator};
use crate::service_manager::cireson::api::member;

/// The condition of `{"Base":{"Expression":…}}`; the text says what is wrong.
pub(in super::super) fn parse(criteria: &Value) -> Result<Expression, String> {
    let base = member(criteria, "Base").ok_or("The criteria have no element Base.")?;
    expression(member(base, "Expression").ok_or("The element Base has no element Expression.")?)
}

fn expression(value: &Value) -> Result<Expression, String> {
    if let Some(simple) = member(value, "SimpleExpression") {
        return Ok(Expression::Simple(comparison(simple)?));
    }
    if let Some(and) = member(value, "And") {
        return Ok(Expression::And(group("And", and)?));
    }
    if let Some(or) = member(value, "Or") {
        return Ok(Expression::Or(group("Or", or)?));
    }
    Err("The element Expression has incomplete content. Expected: SimpleExpression, And, Or.".to_owned())
}

/// The schema wants two or more in a group.
fn group(name: &str, value: &Value) -> Result<Vec<Expression>, String> {
    let parts = member(value, "Expression").and_then(Value::as_array);
    let parts = parts.ok_or_else(|| format!("The element {name} has no list of elements Expression."))?;
    if parts.len() < 2 {
        return Err(format!("The element {name} has incomplete content. Expected at least two elements Expression."));
    }
    parts.iter().map(expression).collect()
}

fn comparison(value: &Value) -> Result<Comparison, String> {
    let left = member(value, "ValueExpressionLeft").ok_or("A SimpleExpression has no ValueExpressionLeft.")?;
    let property = match (member(left, "Property"), member(left, "GenericProperty")) {
        (Some(Value::String(path)), None) => self::path(path)?,
        (None, Some(Value::String(name))) => Name::Generic(name.clone()),
        _ => return Err("A ValueExpressionLeft needs either Property or GenericProperty.".to_owned()),
    };
    let operator = match member(value, "Operator").and_then(Value::as_str).unwrap_or_default() {
        "Equal" => Operator::Equal,
        "NotEqual" => Operator::NotEqual,
        "Greater" => Operator::Greater,
        "GreaterEqual" => Operator::GreaterEqual,
        "Less" => Operator::Less,
        "LessEqual" => Operator::LessEqual,
        "Like" => Operator::Like,
        other => return Err(format!("The value '{other}' of the element Operator is invalid.")),
    };
    let right = member(value, "ValueExpressionRight").and_then(|right| member(right, "Value"));
    let Some(Value::String(value)) = right else {
        return Err("A ValueExpressionRight needs a text as Value.".to_owned());
    };
    Ok(Comparison { property, operator, value: value.clone() })
}

/// `$Context/Property[Type='guid']/Name$`. Paths over relationships are not emulated.
fn path(text: &str) -> Result<Name, String> {
    let inner = text.strip_prefix("$Context/Property[Type='").and_then(|rest| rest.strip_suffix('$'));
    let parts = inner.and_then(|inner| inner.split_once("']/"));
    let found = parts.and_then(|(class, name)| Some((Uuid::try_parse(class).ok()?, name)));
    match found {
        Some((class, name)) if !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') => {
            Ok(Name::Property(class, name.to_owned()))
        }
        _ => Err(format!("The property path '{text}' is invalid.")),
    }
}
