//! Checks that a body is one JSON object, with the very grammar of the parser that reads it later (depth, UTF-8, escapes,
//! number range), but without building anything.

use std::fmt;

use axum::http::StatusCode;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::problem::Problem;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Refuses a body that is not one JSON object.
pub(crate) fn object(body: &[u8]) -> Result<(), Problem> {
    check_object(body).map_err(no_object)
}

/// The refusal of a body that is none, with the reason.
pub(crate) fn no_object(why: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "not-a-json-object", "The body is not one JSON object")
        .detail(why)
        .remedy("post the alert as Azure Monitor sends it: one JSON object in UTF-8")
}

/// Says in words why `body` is not one JSON object, as `connector::alert::Alert::from_json` needs it. The words hold
/// positions, never the body's own text.
fn check_object(body: &[u8]) -> Result<(), String> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => return Err("the body is empty".to_owned()),
        Some(b'{') => {}
        Some(_) => return Err("the body is not a JSON object: it does not begin with \"{\"".to_owned()),
    }
    serde_json::from_slice::<Skim>(body).map(|Skim| ()).map_err(|error| format!("the body is not valid JSON: {error}"))
}

/// Any JSON value, looked through and forgotten. Unlike `serde::de::IgnoredAny` it goes through the parts of the parser that
/// check depth, text and numbers.
struct Skim;

impl<'de> Deserialize<'de> for Skim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Skim)
    }
}

impl<'de> Visitor<'de> for Skim {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Skim>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Skim, Skim>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use connector::alert::Alert;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::check_object;

    /// The parser that reads the payload later.
    fn parses(body: &[u8]) -> bool {
        Alert::from_json(body, Timestamp::UNIX_EPOCH).is_ok()
    }

    #[test]
    fn what_is_accepted_is_exactly_what_parses_later() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        let cases: Vec<Vec<u8>> = vec![
            b"{}".to_vec(),
            b" \n{\"a\":[1,-2,3.5e3,null,true,\"\\u00e4\"]} ".to_vec(),
            b"{\"a\":1".to_vec(),
            b"{\"a\":1}}".to_vec(),
            b"{\"a\":\"\\ud800\"}".to_vec(),
            b"{\"a\":\"\xff\"}".to_vec(),
            b"{\"a\":1e999}".to_vec(),
            b"{\"a\":18446744073709551616}".to_vec(),
            b"{a:1}".to_vec(),
            b"\xef\xbb\xbf{}".to_vec(),
            b"\xef\xbb\xbf\xef\xbb\xbf{}".to_vec(),
            b"\x0c{}".to_vec(),
            b"[]".to_vec(),
            b"\"{}\"".to_vec(),
            b"".to_vec(),
            b"   ".to_vec(),
            deep(100),
            deep(126),
            deep(127),
            deep(128),
            deep(100_000),
        ];
        for body in cases {
            let start = String::from_utf8_lossy(body.get(..body.len().min(40)).unwrap_or_default()).into_owned();
            assert_eq!(check_object(&body).is_ok(), parses(&body), "{start}");
        }
        assert!(check_object(&deep(100)).is_ok());
        assert!(check_object(&deep(100_000)).unwrap_err().contains("recursion limit"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_judged_as_the_later_parser_judges_them(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(check_object(&body).is_ok(), parses(&body));
        }

        #[test]
        fn near_json_is_judged_as_the_later_parser_judges_it(body in "[{}\\[\\]\",:0-9eE.+-a\\\\u ]{0,40}") {
            let body = format!("{{{body}");
            prop_assert_eq!(check_object(body.as_bytes()).is_ok(), parses(body.as_bytes()));
        }
    }
}
