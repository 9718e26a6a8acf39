//! Documents: one blob each, the key is its name, the version its entity tag.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use super::AzureStore;
use super::blobs::{If, PAGES, Shown};
use crate::store::{Document, StateStore, StoreError, Version};

/// Metadata: when the writer's clock says it was written.
const WRITTEN: &str = "written";

#[async_trait]
impl StateStore for AzureStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let found = self.state.get(key).await?;
        Ok(found.map(|(bytes, tag)| Document { bytes, version: Version(tag) }))
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<&Version>,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<Option<Version>, StoreError> {
        let condition = expected.map_or(If::Missing, |version| If::Tag(&version.0));
        let shown = Shown::from([(WRITTEN.to_owned(), now.to_string())]);
        Ok(self.state.put(key, condition, bytes, shown).await?.map(Version))
    }

    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError> {
        self.state.remove(key, Some(&version.0)).await
    }

    async fn stale(&self, collection: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut old: Vec<(Timestamp, String)> = Vec::new();
        // Not more is remembered than a few times what is asked for, however many there are.
        let most = limit.saturating_mul(4).max(1000);
        let looked = |name: &str, shown: &Shown| {
            let written = shown.get(WRITTEN).and_then(|written| written.parse::<Timestamp>().ok());
            if let Some(written) = written.filter(|written| *written < before) {
                old.push((written, name.to_owned()));
                if old.len() >= most {
                    old.sort_unstable();
                    old.truncate(limit);
                }
            }
            true
        };
        if !self.state.list(&format!("{collection}/"), PAGES, looked).await? {
            tracing::warn!(collection, "there are more documents than are looked through in one go; some old ones stay");
        }
        old.sort_unstable();
        old.truncate(limit);
        Ok(old.into_iter().map(|(_, key)| key).collect())
    }
}
