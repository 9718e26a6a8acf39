//! Names for notifications and for what is wrong: 32 hex digits of a SHA-256 over length-prefixed parts, so that no two
//! lists of parts can run together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The custom property by which a rule chooses its own correlation.
pub(super) const CHOSEN: &str = "itsm_correlation_key";

/// 32 hex digits for these parts in this order.
pub(crate) fn hash<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut key = String::with_capacity(32);
    for byte in digest.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// The key for a correlation that a person chose, by custom property or in a request: equal choices meet.
pub(crate) fn chosen(choice: &str) -> String {
    hash(["chosen", choice.trim()])
}

/// What the custom properties choose, if anything.
pub(super) fn choice(custom: &BTreeMap<String, String>) -> Option<&str> {
    custom
        .iter()
        .find(|(name, choice)| name.eq_ignore_ascii_case(CHOSEN) && !choice.is_empty())
        .map(|(_, choice)| choice.as_str())
}

/// JSON with the members of every object in order of their names, so that equal payloads have equal texts.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            let members: Vec<String> = sorted.into_iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        leaf => leaf.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_run_together() {
        assert_ne!(hash(["ab", "c"]), hash(["a", "bc"]));
        assert_ne!(hash(["a", ""]), hash(["a"]));
        assert_eq!(hash(["a"]).len(), 32);
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let parse = |text| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(
            canonical(&parse(r#"{"b":[1,{"d":2,"c":3}],"a":null}"#)),
            canonical(&parse(r#"{"a":null,"b":[1,{"c":3,"d":2}]}"#))
        );
    }
}
