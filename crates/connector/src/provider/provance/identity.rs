//! Primary keys that the connector chooses itself: GUIDs made of what they stand for, so that a record is made once however often
//! it is tried, and found without a column for our key. Pure.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::work_item::WorkItemKey;

/// Keeps our GUIDs apart from those that others make of the same names.
const NAMESPACE: &str = "azure-itsm-connector/provance";

/// A name-based GUID, as version 5 makes them, but by SHA-256 (RFC 9562, version 8): nothing here needs SHA-1 otherwise.
fn named(kind: &str, name: &str) -> Uuid {
    let mut digest = Sha256::new();
    for part in [NAMESPACE, kind, name] {
        digest.update(part);
        digest.update([0]);
    }
    let mut bytes = [0; 16];
    for (byte, of_digest) in bytes.iter_mut().zip(digest.finalize()) {
        *byte = of_digest;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The primary key of the incident with this key.
pub(super) fn incident(key: &WorkItemKey) -> String {
    named("incident", &key.to_string()).to_string()
}

/// The primary key of a note on a record: the same note is the same record.
pub(super) fn note(record: &str, text: &str) -> String {
    named("note", &format!("{}\n{text}", record.to_ascii_lowercase())).to_string()
}

/// The primary key of a configuration item that the connector makes.
pub(super) fn configuration_item(name: &str) -> String {
    named("configuration item", &name.to_lowercase()).to_string()
}

/// A GUID as it stands in addresses and answers, or nothing when the text is none.
pub(super) fn guid(text: &str) -> Option<String> {
    let plain = text.trim().trim_start_matches('{').trim_end_matches('}');
    (plain.len() == 36).then(|| Uuid::try_parse(plain).ok())?.map(|guid| guid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_the_same_guid_and_kinds_are_kept_apart() {
        let key = |generation| WorkItemKey { correlation: "0123456789abcdef0123456789abcdef".to_owned(), generation };
        assert_eq!(incident(&key(1)), incident(&key(1)));
        assert_ne!(incident(&key(1)), incident(&key(2)));
        // Written down, because records in the world carry it: it must never change.
        assert_eq!(incident(&key(1)), "4f8fa489-3b45-8335-9ad1-9713bd3027a9");
        assert_eq!(note("AB", "x"), note("ab", "x"));
        assert_ne!(note("ab", "x"), configuration_item("ab\nx"));
        assert_eq!(configuration_item("WEB01"), configuration_item("web01"));
    }

    #[test]
    fn braces_and_case_of_a_guid_do_not_matter() {
        let lower = "475b158c-541c-e511-80d3-3863bb347ba8";
        assert_eq!(guid("{475B158C-541C-E511-80D3-3863BB347BA8}").as_deref(), Some(lower));
        assert_eq!(guid("475b158c541ce51180d33863bb347ba8"), None);
        assert_eq!(guid("Contoso"), None);
    }
}
