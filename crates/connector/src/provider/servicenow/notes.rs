//! Whether a work note stands in a record. Journal fields have no stored value: their entries come joined as the display
//! value, or one by one from `sys_journal_field`, which not every user may read.

use super::client::Client;
use super::mapping;
use crate::provider::ProviderError;
use crate::work_item::WorkItem;

/// `None` when notes cannot be read.
pub(super) async fn has(client: &Client, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
    let Some(row) = client.record(mapping::table(item.kind), &item.id, "sys_id,work_notes").await? else {
        return Ok(None);
    };
    if row.display("work_notes").contains(marker) {
        return Ok(Some(true));
    }
    let query = format!("element_id={}^element=work_notes^ORDERBYDESCsys_created_on", item.id);
    let fields = "element_id,element,value,sys_created_on";
    let entries = match client.rows("sys_journal_field", &query, fields, 200).await {
        Ok(rows) => rows,
        Err(ProviderError::Refused { .. }) => Vec::new(),
        Err(other) => return Err(other),
    };
    let ours: Vec<_> =
        entries.iter().filter(|row| row.value("element_id") == item.id && row.value("element") == "work_notes").collect();
    if ours.iter().any(|row| row.value("value").contains(marker)) {
        return Ok(Some(true));
    }
    // Not there; but only a note that we would have seen is known to be missing.
    Ok((row.has("work_notes") || !ours.is_empty()).then_some(false))
}
