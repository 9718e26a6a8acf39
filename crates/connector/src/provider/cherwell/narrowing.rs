//! The settings `sync.incident_query` and `sync.change_query` in Cherwell's terms: filters as its searches have them, written
//! `OwnedByTeam eq Server Team; Status eq New; Status eq Assigned`.

use super::client::{Filter, Operator};
use super::definitions::Definition;
use crate::provider::ProviderError;

/// A filter by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) field: String,
    operator: Operator,
    value: String,
}

/// Reads a narrowing; the error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Condition>, String> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.map(condition).collect()
}

fn condition(part: &str) -> Result<Condition, String> {
    let mut words = part.splitn(3, char::is_whitespace);
    let (field, operator, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next());
    let operator = Operator::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(operator));
    let Some(operator) = operator else {
        let known: Vec<_> = Operator::ALL.iter().map(|operator| operator.name()).collect();
        return Err(format!(
            "\"{part}\" is no filter: write FIELD OPERATOR VALUE with one of the operators {}",
            known.join(", ")
        ));
    };
    // The sync asks for the last change itself, and filters on one field are alternatives.
    if field.to_ascii_lowercase().starts_with("lastmod") || field.eq_ignore_ascii_case("RecID") {
        return Err(format!("{field} cannot be narrowed: the sync goes by it"));
    }
    Ok(Condition { field: field.to_owned(), operator, value: value.unwrap_or_default().trim().to_owned() })
}

/// The filters of a narrowing. A field that is not there is an error: without its filter too much would be read.
pub(super) fn filters<'a>(
    conditions: &[Condition],
    object: &'a Definition,
    setting: &str,
) -> Result<Vec<Filter<'a>>, ProviderError> {
    let filter = |condition: &Condition| {
        let field = object.field(&condition.field).ok_or_else(|| ProviderError::Refused {
            cause: format!("{} has no field {}, by which {setting} narrows", object.name, condition.field),
            remedy: format!("correct {setting}"),
        })?;
        Ok((field, condition.operator, condition.value.clone()))
    };
    conditions.iter().map(filter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_what_is_none_is_named() {
        let read = parse("OwnedByTeam eq Server Team; Status EQ New;; Title contains a eq b ; Cause eq").unwrap();
        let told: Vec<_> = read.iter().map(|one| (one.field.as_str(), one.operator, one.value.as_str())).collect();
        let expected = [
            ("OwnedByTeam", Operator::Eq, "Server Team"),
            ("Status", Operator::Eq, "New"),
            ("Title", Operator::Contains, "a eq b"),
            ("Cause", Operator::Eq, ""),
        ];
        assert_eq!(told, expected);
        assert_eq!(parse(" "), Ok(Vec::new()));
        for (text, named) in
            [("Status = New", "eq, gt"), ("Status", "eq, gt"), ("LastModifiedDateTime gt 1/1/2026", "goes by it")]
        {
            assert!(parse(text).unwrap_err().contains(named), "{text}");
        }
    }
}
