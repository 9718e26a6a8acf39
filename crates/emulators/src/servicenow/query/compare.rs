//! One value against one condition.

use std::cmp::Ordering;

use super::parse::Operator;
use crate::servicenow::database::same_text;

/// How two values of a column compare: numbers as numbers, anything else as text whatever its case.
#[must_use]
pub(super) fn order(left: &str, right: &str, numeric: bool) -> Ordering {
    if numeric && let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) {
        return left.cmp(&right);
    }
    if left.is_ascii() && right.is_ascii() {
        let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
        if left.bytes().chain(right.bytes()).any(|byte| byte.is_ascii_uppercase()) {
            return lower(left).cmp(&lower(right));
        }
        return left.cmp(right);
    }
    left.to_lowercase().cmp(&right.to_lowercase())
}

fn contains(text: &str, part: &str) -> bool {
    text.contains(part) || text.to_lowercase().contains(&part.to_lowercase())
}

/// Whether a value meets a condition. Conditions that deny something also take in the empty value.
#[must_use]
pub(super) fn meets(value: &str, operator: Operator, wanted: &str, numeric: bool) -> bool {
    let compared = || order(value, wanted, numeric);
    match operator {
        Operator::Equal => same_text(value, wanted),
        Operator::NotEqual => !same_text(value, wanted),
        Operator::Less | Operator::RelativeLess => !value.is_empty() && compared() == Ordering::Less,
        Operator::LessOrEqual => !value.is_empty() && compared() != Ordering::Greater,
        Operator::Greater | Operator::RelativeGreater => !value.is_empty() && compared() == Ordering::Greater,
        Operator::GreaterOrEqual => !value.is_empty() && compared() != Ordering::Less,
        Operator::In => wanted.split(',').any(|wanted| same_text(value, wanted.trim())),
        Operator::NotIn => !wanted.split(',').any(|wanted| same_text(value, wanted.trim())),
        Operator::Contains => contains(value, wanted),
        Operator::NotContains => !contains(value, wanted),
        Operator::StartsWith => value.to_lowercase().starts_with(&wanted.to_lowercase()),
        Operator::EndsWith => value.to_lowercase().ends_with(&wanted.to_lowercase()),
        Operator::IsEmpty | Operator::EmptyString => value.is_empty(),
        Operator::IsNotEmpty => !value.is_empty(),
        Operator::Anything => true,
        Operator::Between => wanted.split_once('@').is_some_and(|(low, high)| {
            !value.is_empty() && order(value, low, numeric) != Ordering::Less && order(value, high, numeric) != Ordering::Greater
        }),
        // These need more than the value; the matcher answers them itself.
        Operator::SameAs
        | Operator::NotSameAs
        | Operator::GreaterThanField
        | Operator::LessThanField
        | Operator::InstanceOf
        | Operator::Text => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_does_not_see_the_case_of_letters() {
        assert!(meets("WEB01", Operator::Equal, "web01", false));
        assert!(meets("WEB01", Operator::In, "x, web01", false));
    }

    #[test]
    fn numbers_compare_as_numbers_only_in_number_columns() {
        assert!(meets("10", Operator::Greater, "9", true));
        assert!(!meets("10", Operator::Greater, "9", false));
        assert!(meets("-5", Operator::Less, "0", true));
    }

    #[test]
    fn between_takes_in_both_ends() {
        for (value, inside) in [("1", true), ("2", true), ("3", false), ("", false)] {
            assert_eq!(meets(value, Operator::Between, "1@2", true), inside, "{value}");
        }
    }

    #[test]
    fn a_denied_value_takes_in_the_empty_one() {
        assert!(meets("", Operator::NotEqual, "6", true));
        assert!(meets("", Operator::NotIn, "6,7", true));
    }
}
