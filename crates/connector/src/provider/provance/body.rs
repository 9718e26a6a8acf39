//! From fields as texts to the body of a write: each value in its column's type and length, choices by value or label, lookups as
//! bindings. Dataverse refuses a whole record for one wrong value, so that what cannot be right is left out and remarked.

use serde_json::{Map, Value};

use super::Provance;
use super::metadata::{Column, Table};
use super::profile::logical;
use super::references::{self, Reference};
use crate::provider::ProviderError;
use crate::provider::choices::named;
use crate::provider::fields::Fields;
use crate::provider::text;

const BIND: &str = "@odata.bind";

/// What is written.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) values: Map<String, Value>,
    /// The fields that are in it, as sent.
    pub(super) sent: Fields,
    /// What should be read back, by the same names.
    pub(super) expected: Fields,
    pub(super) remarks: Vec<String>,
}

/// What becomes of one text.
enum Made {
    /// A value, and what should be read back.
    Value(Value, String),
    /// A binding.
    Bound(Reference),
    /// Nothing: why.
    Left(String),
}

/// Makes the body out of `fields`. `lengths` count where the table's own are not known.
pub(super) async fn make(tool: &Provance, table: &Table, fields: &Fields) -> Result<Body, ProviderError> {
    let mut body = Body::default();
    for (name, text) in fields {
        if name.ends_with(BIND) {
            body.values.insert(name.clone(), text.clone().into());
            continue;
        }
        match made(tool, table, logical(name), text).await? {
            Made::Value(value, expected) => {
                body.values.insert(logical(name).to_owned(), value);
                body.sent.insert(name.clone(), expected.clone());
                body.expected.insert(name.clone(), expected);
            }
            Made::Bound(reference) => {
                body.values.insert(format!("{}{BIND}", reference.navigation), reference.address().into());
                body.sent.insert(name.clone(), text.clone());
                body.expected.insert(name.clone(), reference.id);
            }
            Made::Left(why) => body.remarks.push(format!("{name} was left out: {why}")),
        }
    }
    Ok(body)
}

async fn made(tool: &Provance, table: &Table, column: &str, text: &str) -> Result<Made, ProviderError> {
    let lengths = &tool.connection.own.provance.profile.incident.lengths;
    if table.columns.is_empty() {
        return Ok(guessed(text, lengths.get(column).copied()));
    }
    let Some(known) = table.columns.get(column) else {
        return Ok(Made::Left(format!("{} has no column {column}", table.entity.logical_name)));
    };
    if known.is_lookup() {
        let Some(targets) = table.lookups.get(column).filter(|targets| !targets.is_empty()) else {
            return Ok(Made::Left("where this lookup leads could not be read".to_owned()));
        };
        let resolved = references::resolve(tool, column, targets, text).await?;
        return Ok(resolved.map_or_else(Made::Left, Made::Bound));
    }
    Ok(typed(table, column, known, text, lengths.get(column).copied()))
}

fn typed(table: &Table, column: &str, known: &Column, text: &str, length: Option<usize>) -> Made {
    let same = |value: Value| {
        let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Made::Value(value, expected)
    };
    let wrong = |what: &str| Made::Left(format!("\"{}\" is {what}", text::cut(text, 80)));
    match known.kind.as_str() {
        "String" | "Memo" => {
            let most = known.max.and_then(|max| usize::try_from(max).ok()).or(length);
            same(most.map_or_else(|| text.to_owned(), |most| text::cut(text, most)).into())
        }
        _ if known.is_choice() => {
            let list = table.choices.get(column).map(Vec::as_slice).unwrap_or_default();
            let number = if list.is_empty() { text } else { named(list, text).map_or("", |choice| &choice.value) };
            number
                .parse::<i64>()
                .map_or_else(|_| wrong(&format!("not one of the choices of {column}")), |value| same(value.into()))
        }
        "Integer" | "BigInt" => text.parse::<i64>().map_or_else(|_| wrong("no whole number"), |value| same(value.into())),
        "Decimal" | "Double" | "Money" => {
            let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map_or_else(|| wrong("no number"), |number| same(Value::Number(number)))
        }
        "Boolean" => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => same(true.into()),
            "false" | "no" | "0" => same(false.into()),
            _ => wrong("neither true nor false"),
        },
        _ => same(text.into()),
    }
}

/// Where nothing is known of the table: whole numbers are most likely choices.
fn guessed(text: &str, length: Option<usize>) -> Made {
    if let Some(length) = length {
        let short = text::cut(text, length);
        return Made::Value(short.clone().into(), short);
    }
    let value = match text {
        "true" | "false" => (text == "true").into(),
        _ => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
    };
    Made::Value(value, text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::configuration::Choice;

    fn told(kind: &str, text: &str) -> Result<Value, String> {
        let column = Column { kind: kind.to_owned(), max: Some(5), create: true, ..Column::default() };
        let list = vec![Choice { value: "1".to_owned(), label: "High".to_owned() }];
        let choices = BTreeMap::from([("c".to_owned(), list)]);
        let table = Table { choices, ..Table::default() };
        match typed(&table, "c", &column, text, None) {
            Made::Value(value, _) => Ok(value),
            Made::Left(why) => Err(why),
            Made::Bound(_) => panic!("a binding"),
        }
    }

    #[test]
    fn each_value_gets_its_columns_type() {
        assert_eq!(told("String", "abcdefg"), Ok(json!("abcd…")));
        assert_eq!(told("Memo", "42"), Ok(json!("42")));
        assert_eq!(told("Picklist", "high"), Ok(json!(1)));
        assert_eq!(told("Picklist", "1"), Ok(json!(1)));
        assert_eq!(told("Integer", "-7"), Ok(json!(-7)));
        assert_eq!(told("Decimal", "1.5"), Ok(json!(1.5)));
        assert_eq!(told("Boolean", "Yes"), Ok(json!(true)));
        assert_eq!(told("DateTime", "2026-09-01T00:00:00Z"), Ok(json!("2026-09-01T00:00:00Z")));
    }

    #[test]
    fn what_cannot_be_right_is_left_out_with_the_reason() {
        assert!(told("Picklist", "17").unwrap_err().contains("17"));
        assert!(told("Integer", "many").unwrap_err().contains("many"));
        assert!(told("Boolean", "perhaps").is_err());
        assert!(told("Double", "NaN").is_err());
    }
}
