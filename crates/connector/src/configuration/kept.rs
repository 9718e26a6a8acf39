//! The last good copy of a connection's configuration in the store: one document for each connection, written by
//! compare-and-set, at most [`LARGEST`] bytes.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Configuration, Gap};
use crate::store::{StateStore, StoreError, Version};

/// Most bytes of a document. What does not fit is left out, least needed first: groups, fields, choices, templates.
pub(super) const LARGEST: usize = 1024 * 1024;
/// Writers that were faster before we give up; there should be none.
const TRIES: usize = 5;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The last good copy.
    pub(super) configuration: Option<Configuration>,
    /// Since when refreshes fail.
    pub(super) failing_since: Option<Timestamp>,
}

/// Where the document of a connection is.
fn key(connection: &str) -> String {
    format!("configuration/{connection}")
}

/// What is kept of a connection, and its version.
pub(super) async fn load(store: &dyn StateStore, connection: &str) -> Result<(Kept, Option<Version>), StoreError> {
    let Some(document) = store.get(&key(connection)).await? else { return Ok((Kept::default(), None)) };
    // A copy that cannot be read is one that is not there: it is read from the tool again.
    let kept = serde_json::from_slice(&document.bytes).unwrap_or_else(|error| {
        tracing::warn!(connection, %error, "the kept configuration cannot be read and is made anew");
        Kept::default()
    });
    Ok((kept, Some(document.version)))
}

/// Changes what is kept of a connection; answers it as it was before and as it is now. `change` may be called several times.
pub(super) async fn change(
    store: &dyn StateStore,
    connection: &str,
    now: Timestamp,
    change: impl Fn(&Kept) -> Kept + Send + Sync,
) -> Result<(Kept, Kept), StoreError> {
    for _ in 0..TRIES {
        let (before, version) = load(store, connection).await?;
        let mut after = change(&before);
        let bytes = encode(&mut after);
        if store.put(&key(connection), version.as_ref(), bytes, now).await?.is_some() {
            return Ok((before, after));
        }
    }
    Err(StoreError::Unavailable(format!("{} is changed all the time by somebody else", key(connection))))
}

/// As it is stored; leaves out what does not fit.
fn encode(kept: &mut Kept) -> Bytes {
    let mut bytes = serde_json::to_vec(kept).unwrap_or_default();
    for part in ["groups", "fields", "choices", "templates"] {
        let Some(configuration) = kept.configuration.as_mut().filter(|_| bytes.len() > LARGEST) else { break };
        match part {
            "groups" => configuration.groups = None,
            "fields" => configuration.fields = None,
            "choices" => configuration.choices.clear(),
            _ => configuration.templates = None,
        }
        let cause = format!("the configuration is larger than {LARGEST} bytes, so that these are not kept");
        configuration.gaps.retain(|gap| gap.part != part);
        configuration.gaps.push(Gap::new(part, cause, "nothing to do: they are read from the tool when they are needed"));
        bytes = serde_json::to_vec(kept).unwrap_or_default();
    }
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Template;
    use crate::store::memory::MemoryStore;

    fn configuration(groups: usize) -> Configuration {
        Configuration {
            read_at: Timestamp::UNIX_EPOCH,
            templates: Some(vec![Template {
                name: "Disk".to_owned(),
                table: "incident".to_owned(),
                content: "impact=2^EQ".to_owned(),
            }]),
            choices: std::collections::BTreeMap::new(),
            groups: Some((0..groups).map(|number| format!("Group {number:0>70}")).collect()),
            fields: None,
            plugins: std::collections::BTreeMap::new(),
            gaps: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_document_never_grows_over_its_bound_and_templates_go_last() {
        let store = MemoryStore::new();
        let given = |_: &Kept| Kept { configuration: Some(configuration(20_000)), failing_since: None };
        let (_, after) = change(&*store, "snow", Timestamp::UNIX_EPOCH, given).await.unwrap();
        let document = store.get("configuration/snow").await.unwrap().unwrap();
        assert!(document.bytes.len() <= LARGEST);
        let kept = after.configuration.unwrap();
        assert!(kept.groups.is_none() && kept.gap("groups").is_some() && kept.templates.is_some());
        assert_eq!(load(&*store, "snow").await.unwrap().0.configuration.unwrap(), kept);
    }

    #[tokio::test]
    async fn a_damaged_document_counts_as_none_and_is_replaced() {
        let store = MemoryStore::new();
        store.put("configuration/snow", None, Bytes::from_static(b"{\"configuration\":7}"), Timestamp::UNIX_EPOCH).await.unwrap();
        let given = |_: &Kept| Kept { configuration: Some(configuration(1)), failing_since: None };
        let (before, _) = change(&*store, "snow", Timestamp::UNIX_EPOCH, given).await.unwrap();
        assert_eq!(before, Kept::default());
        assert!(load(&*store, "snow").await.unwrap().0.configuration.is_some());
    }
}
