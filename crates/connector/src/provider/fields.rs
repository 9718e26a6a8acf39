//! Fields of a record by the tool's own names: put together before a write, and compared with what the tool kept after it.

use std::collections::BTreeMap;

use super::text::{cut, normal};

/// Field names and values.
pub type Fields = BTreeMap<String, String>;

/// Fields that have a value.
#[must_use]
pub fn filled<const N: usize>(pairs: [(&str, String); N]) -> Fields {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Lays the mapping's fields over those that were derived: they win, and an empty one leaves the field out.
pub fn lay_over(fields: &mut Fields, mapped: &Fields) {
    for (name, value) in mapped {
        if value.is_empty() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
}

/// Cuts a value to the length that `lengths` tells for its field.
#[must_use]
pub fn cut_to(lengths: &[(&str, usize)], field: &str, value: &str) -> String {
    lengths.iter().find(|(name, _)| *name == field).map_or_else(|| value.to_owned(), |(_, length)| cut(value, *length))
}

/// What a record holds in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// As stored.
    pub value: &'a str,
    /// As people see it; the same where the tool makes no difference.
    pub display: &'a str,
}

impl<'a> Kept<'a> {
    /// Of a tool that shows what it stores.
    #[must_use]
    pub const fn plain(value: &'a str) -> Self {
        Self { value, display: value }
    }
}

/// Fields that the record does not hold as they were sent, and why. `kept` tells what it holds; nothing when the answer does not
/// have the field. References may have been given by name. Leave out of `sent` what cannot be read back.
pub fn dropped<'s, 'k>(
    sent: impl IntoIterator<Item = (&'s String, &'s String)>,
    kept: impl Fn(&str) -> Option<Kept<'k>>,
) -> Vec<(String, String)> {
    let differs = |(name, value): (&String, &String)| {
        let wanted = normal(value);
        let Some(kept) = kept(name) else {
            let missing = "not in the answer: no such column, or the user may not read it".to_owned();
            return (!wanted.is_empty()).then(|| (name.clone(), missing));
        };
        let (value, display) = (normal(kept.value), normal(kept.display));
        if value == wanted || display.eq_ignore_ascii_case(&wanted) {
            return None;
        }
        let why = if value.is_empty() {
            "empty: the value is not allowed, or the user may not write the field".to_owned()
        } else if wanted.starts_with(&value) {
            format!("cut to {} characters", value.chars().count())
        } else {
            format!("holds \"{}\"", cut(kept.display, 80))
        };
        Some((name.clone(), why))
    };
    sent.into_iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_mapping_wins_and_an_empty_value_leaves_the_field_out() {
        let mut all = filled([("a", "1".to_owned()), ("b", "2".to_owned()), ("c", String::new())]);
        lay_over(&mut all, &fields(&[("a", ""), ("b", "3"), ("d", "4")]));
        assert_eq!(all, fields(&[("b", "3"), ("d", "4")]));
        assert_eq!((cut_to(&[("b", 2)], "b", "long"), cut_to(&[("b", 2)], "d", "long")), ("l…".to_owned(), "long".to_owned()));
    }

    #[test]
    fn what_was_not_kept_is_told_with_the_reason() {
        let record = |name: &str| match name {
            "group" => Some(Kept { value: "287e", display: "Network" }),
            "text" => Some(Kept::plain("a\r\nb")),
            "cut" => Some(Kept::plain("abc")),
            "empty" => Some(Kept::plain("")),
            "other" => Some(Kept { value: "3", display: "3 - Low" }),
            _ => None,
        };
        let sent = fields(&[
            ("group", "network"),
            ("text", "a\nb\n"),
            ("cut", "abcdef"),
            ("empty", "x"),
            ("other", "1"),
            ("unknown", "x"),
            ("nothing", ""),
        ]);
        let dropped = dropped(&sent, record);
        let told: Vec<_> = dropped.iter().map(|(name, why)| format!("{name} {why}")).collect();
        assert_eq!(
            told,
            [
                "cut cut to 3 characters",
                "empty empty: the value is not allowed, or the user may not write the field",
                "other holds \"3 - Low\"",
                "unknown not in the answer: no such column, or the user may not read it",
            ]
        );
    }
}
