//! One record becomes the bytes that are sent: serialised once, long texts cut, impossible records told apart before they can
//! spoil a call.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::report::RefusedBecause;

/// What a cut text ends with.
pub const CUT_MARK: &str = "… [cut]";

/// Bytes of one JSON object, and how many of its texts were cut.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) json: Vec<u8>,
    pub(crate) cut: u64,
}

/// A record that cannot be sent, with what there is of its bytes.
pub(crate) type Impossible = (RefusedBecause, Vec<u8>);

/// Serialises `record`; `field_limit` and `call_limit` are in bytes.
pub(crate) fn encode(record: &(impl Serialize + ?Sized), field_limit: usize, call_limit: usize) -> Result<Encoded, Impossible> {
    let json = match serde_json::to_vec(record) {
        Ok(json) if json.first() == Some(&b'{') => json,
        Ok(json) => return Err((RefusedBecause::NotAnObject, json)),
        Err(error) => return Err((RefusedBecause::NotSerialisable(error.to_string()), Vec::new())),
    };
    // A text has at most two bytes of UTF-16 for each byte of JSON, so a short record needs no second look.
    let encoded = if json.len() <= field_limit / 2 { Encoded { json, cut: 0 } } else { cut_fields(json, field_limit) };
    // The brackets around a lone record.
    let bytes = encoded.json.len() + 2;
    if bytes > call_limit { Err((RefusedBecause::TooLarge { bytes }, encoded.json)) } else { Ok(encoded) }
}

/// Cuts the texts among the record's own members; everything else keeps its very bytes.
fn cut_fields(json: Vec<u8>, limit: usize) -> Encoded {
    let Ok(members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(&json) else { return Encoded { json, cut: 0 } };
    let mut cut = 0;
    let mut shorter: BTreeMap<&str, Cow<'_, RawValue>> = BTreeMap::new();
    for (name, raw) in &members {
        let value = shortened(raw, limit);
        cut += u64::from(value.is_some());
        shorter.insert(name, value.map_or(Cow::Borrowed(*raw), Cow::Owned));
    }
    match serde_json::to_vec(&shorter) {
        Ok(shorter) if cut > 0 => Encoded { json: shorter, cut },
        _ => Encoded { json, cut: 0 },
    }
}

/// The text with a mark at its end, when it is one and is too long.
fn shortened(raw: &RawValue, limit: usize) -> Option<Box<RawValue>> {
    if !raw.get().starts_with('"') || raw.get().len() <= limit / 2 {
        return None;
    }
    let text: String = serde_json::from_str(raw.get()).ok()?;
    if size(&text) <= limit {
        return None;
    }
    let room = limit.saturating_sub(size(CUT_MARK));
    let (mut narrow, mut wide, mut end) = (0, 0, 0);
    for (at, character) in text.char_indices() {
        narrow += character.len_utf8();
        wide += 2 * character.len_utf16();
        if narrow.max(wide) > room {
            break;
        }
        end = at + character.len_utf8();
    }
    let kept = text.get(..end).unwrap_or_default();
    serde_json::value::to_raw_value(&format!("{kept}{CUT_MARK}")).ok()
}

/// Bytes in the larger of the two encodings that the service may count in.
fn size(text: &str) -> usize {
    text.len().max(2 * text.encode_utf16().count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_long_text_is_cut_with_a_mark_and_its_neighbours_keep_every_digit() {
        let record = r#"{"a":"LONG","b":12345678901234567890.123456789,"c":"short"}"#.replace("LONG", &"x".repeat(1000));
        let raw: Box<RawValue> = serde_json::from_str(&record).unwrap();
        let encoded = encode(&raw, 200, 100_000).unwrap();
        let text = String::from_utf8(encoded.json).unwrap();
        assert_eq!(encoded.cut, 1);
        assert_eq!(text, format!(r#"{{"a":"{}{CUT_MARK}","b":12345678901234567890.123456789,"c":"short"}}"#, "x".repeat(93)));
    }

    #[test]
    fn what_is_no_object_or_too_large_is_told_apart() {
        assert!(matches!(encode(&json!([1]), 100, 1000), Err((RefusedBecause::NotAnObject, _))));
        let large = json!({"nested": {"text": "x".repeat(2000)}});
        assert!(matches!(encode(&large, 100, 1000), Err((RefusedBecause::TooLarge { bytes: 2024 }, _))));
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_the_limit_in_either_encoding(text in "(a|ü|€|😀|\"|\n){0,400}") {
            let encoded = encode(&json!({"t": text}), 200, 100_000).unwrap();
            let back: Value = serde_json::from_slice(&encoded.json).unwrap();
            let kept = back["t"].as_str().unwrap();
            prop_assert!(size(kept) <= 200);
            if size(&text) <= 200 {
                prop_assert_eq!((kept, encoded.cut), (text.as_str(), 0));
            } else {
                prop_assert_eq!(encoded.cut, 1);
                prop_assert!(text.starts_with(kept.strip_suffix(CUT_MARK).unwrap()));
            }
        }
    }
}
