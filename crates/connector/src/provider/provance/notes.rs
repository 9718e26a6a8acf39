//! Notes on a record (annotations). A note's primary key is made of record and text, so that an append that is repeated leaves one.

use reqwest::Method;
use serde_json::json;

use super::Provance;
use super::client::{Call, Condition, List, quoted};
use super::identity;
use crate::provider::ProviderError;
use crate::provider::text;
use crate::work_item::WorkItem;

const SET: &str = "annotations";
/// Longest text of a note.
const LONGEST: usize = 100_000;
const SUBJECT: &str = "Azure Monitor";

/// Appends a note; one that is there already is left as it is.
pub(super) async fn append(tool: &Provance, item: &WorkItem, note: &str) -> Result<(), ProviderError> {
    let incident = &tool.connection.own.provance.profile.incident;
    let note = text::cut_note(note, LONGEST);
    let regarding = format!("objectid_{}@odata.bind", incident.logical_name);
    let body = json!({
        "subject": SUBJECT,
        "notetext": note,
        regarding: format!("/{}({})", incident.entity_set, item.id),
    });
    let call = Call {
        method: Method::PATCH,
        path: &format!("{SET}({})", identity::note(&item.id, &note)),
        query: &[("$select", "annotationid")],
        body: Some(&body),
        condition: Condition::Absent,
        what: &format!("adding a note to {}", item.number),
    };
    tool.client.write(&call).await?;
    Ok(())
}

/// Whether a note with `marker` stands at the record; nothing when notes cannot be read.
pub(super) async fn has(tool: &Provance, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
    // A bracket would be a pattern in the environment's database.
    let plain = marker.trim_matches(['[', ']']);
    let filter = format!("_objectid_value eq {} and contains(notetext,{})", item.id, quoted(plain));
    let list = List { set: SET, select: "annotationid,notetext,_objectid_value", filter: &filter, order: "", page: 50 };
    match tool.client.rows(&list).await {
        Ok(rows) => Ok(Some(rows.iter().any(|row| row.text("notetext").contains(marker)))),
        Err(ProviderError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
