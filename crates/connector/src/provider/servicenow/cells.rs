//! Lists as they come over the wire, read in one pass: texts are borrowed from the answer until a record takes them over.
//! Tolerates every shape in which ServiceNow gives values, and nothing that is not a whole list.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::classify::Flaw;

/// Records of a list, in the order in which they came.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    /// `X-Total-Count`: what matches, seen or not; nothing when the instance did not say.
    pub(super) total: Option<u64>,
}

#[derive(Deserialize)]
struct Body<T> {
    #[serde(default = "none")]
    result: Option<Vec<T>>,
    #[serde(default, deserialize_with = "there")]
    error: bool,
}

const fn none<T>() -> Option<Vec<T>> {
    None
}

/// Reads the body of a list.
pub(super) fn list<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Flaw> {
    const NONE: &str = "the answer is JSON but holds no records";
    match serde_json::from_slice::<Body<T>>(body) {
        Ok(Body { error: true, .. }) => Err(Flaw::Error),
        // A struct can be read from an array, too.
        Ok(Body { result: Some(items), .. }) if body.trim_ascii_start().starts_with(b"{") => Ok(items),
        Ok(_) => Err(Flaw::Shape(NONE.into())),
        Err(error) if error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_ok() => Err(Flaw::Record),
        Err(error) => Err(Flaw::Broken(error.to_string())),
    }
}

fn there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

/// A column's value: what is stored, and how people see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cell<'a> {
    pub(super) value: Cow<'a, str>,
    pub(super) display: Cow<'a, str>,
}

impl Cell<'_> {
    /// With texts of its own.
    pub(super) fn into_owned(self) -> Cell<'static> {
        Cell { value: Cow::Owned(self.value.into_owned()), display: Cow::Owned(self.display.into_owned()) }
    }
}

impl<'a> From<Cow<'a, str>> for Cell<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self { value: text.clone(), display: text }
    }
}

/// A part of a cell: a text, or what can be written as one.
#[derive(Default)]
struct Text<'a>(Cow<'a, str>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Part {
    DisplayValue,
    Value,
    #[serde(other)]
    Other,
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a column's value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text).into())
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::<str>::Owned(text.to_owned()).into())
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cow::<str>::Owned(value.to_string()).into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cow::<str>::Owned(value.to_string()).into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cow::<str>::Owned(value.to_string()).into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Cow::<str>::Owned(value.to_string()).into())
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cell::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        while parts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let (mut value, mut display) = (None, None);
        while let Some(part) = parts.next_key()? {
            match part {
                Part::Value => value = Some(parts.next_value::<Text<'de>>()?.0),
                Part::DisplayValue => display = Some(parts.next_value::<Text<'de>>()?.0),
                Part::Other => {
                    parts.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match (value, display) {
            (Some(value), Some(display)) => Cell { value, display },
            (Some(one), None) | (None, Some(one)) => one.into(),
            (None, None) => Cell::default(),
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(CellVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(CellVisitor).map(|cell| Self(cell.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Named(String, String);

    impl<'de> Deserialize<'de> for Named {
        fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            struct Row<'a> {
                #[serde(borrow, default)]
                a: Cell<'a>,
            }
            Row::deserialize(value).map(|row| Self(row.a.value.into_owned(), row.a.display.into_owned()))
        }
    }

    #[test]
    fn every_shape_of_a_value_is_read() {
        for (shape, value, display) in [
            (r#"{"display_value":"On Hold","value":"3"}"#, "3", "On Hold"),
            (r#"{"link":"https://x","value":"3","display_value":"Beth","more":[1]}"#, "3", "Beth"),
            (r#"{"link":"https://x","value":"3"}"#, "3", "3"),
            (r#"{"display_value":"Beth","link":"https://x"}"#, "Beth", "Beth"),
            (r#"{"display_value":null,"value":"3"}"#, "3", ""),
            (r#"{"display_value":7,"value":true}"#, "true", "7"),
            (r#""two\nlines \u00e9""#, "two\nlines é", "two\nlines é"),
            ("null", "", ""),
            ("7", "7", "7"),
            ("[]", "", ""),
            ("{}", "", ""),
        ] {
            let body = format!(r#"{{"other":1,"result":[{{"x":{{"y":1}},"a":{shape}}}]}}"#);
            assert_eq!(list::<Named>(body.as_bytes()).unwrap(), [Named(value.to_owned(), display.to_owned())], "{shape}");
        }
    }

    #[test]
    fn only_a_whole_list_is_a_list() {
        let flaw = |body: &str| list::<Named>(body.as_bytes()).unwrap_err();
        assert!(matches!(flaw(r#"{"result":[],"error":{"message":"Transaction cancelled"}}"#), Flaw::Error));
        assert!(matches!(flaw(r#"{"result":[],"error":null}"#), Flaw::Error));
        assert!(matches!(flaw(r#"{"result":[{"a":"1"},"Transaction cancelled"]}"#), Flaw::Record));
        assert!(matches!(flaw(r#"{"result":[{"a":"1"},"error":{}}"#), Flaw::Broken(_)));
        assert!(matches!(flaw(r#"{"result":["cut"#), Flaw::Broken(_)));
        for body in ["{}", "[]", "[[]]", r#"{"result":null}"#] {
            assert!(matches!(flaw(body), Flaw::Shape(_)), "{body}");
        }
        assert!(matches!(flaw(""), Flaw::Broken(_)));
    }
}
