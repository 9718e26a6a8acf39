//! Notes of an incident: Cherwell keeps each as a record of its own (`JournalNote`) below the incident.

use std::sync::Arc;

use super::client::Operator;
use super::definitions::{Definition, Shape};
use super::shapes::Field;
use super::{Cherwell, RecordKind};
use crate::provider::ProviderError;
use crate::provider::text::cut_note;
use crate::provider::trouble::Trouble;
use crate::work_item::WorkItem;

/// Children that are looked through at most, where the tool does not narrow them.
const MOST: u32 = 1000;

/// The business object of notes and the field of their text.
pub(super) async fn journal(tool: &Cherwell) -> Result<(Arc<Definition>, Field), ProviderError> {
    let settings = tool.settings();
    let object = tool.object(&settings.journal_object, "cherwell.journal_object").await?;
    let field = object.field(&settings.journal_field).cloned().ok_or_else(|| ProviderError::Refused {
        cause: format!("{} has no field {}", object.name, settings.journal_field),
        remedy: "set cherwell.journal_field to the field that holds the text of a note".to_owned(),
    })?;
    Ok((object, field))
}

/// Appends a note.
pub(super) async fn append(tool: &Cherwell, shape: &Shape, item: &WorkItem, note: &str) -> Result<(), ProviderError> {
    let (object, field) = journal(tool).await?;
    let relationship = shape.object.relationship(&tool.settings().journal_relationship, "cherwell.journal_relationship")?;
    let text = cut_note(note, field.most().unwrap_or(usize::MAX));
    let parent = (&*shape.object, item.id.as_str(), relationship.id.as_str());
    let what = format!("adding a note to {}", item.number);
    tool.client.save_child(parent, &object, &vec![(&field, text.as_str())], &what).await?;
    Ok(())
}

/// Whether a note with `marker` stands below the incident. `None` when notes cannot be read, or not all of them.
pub(super) async fn has(tool: &Cherwell, item: &WorkItem, marker: &str) -> Result<Option<bool>, ProviderError> {
    let shape = tool.shape(RecordKind::Incident).await?;
    let found = look(tool, &shape, item, marker).await;
    match found.map_err(ProviderError::from) {
        Ok(found) => Ok(found),
        Err(ProviderError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn look(tool: &Cherwell, shape: &Shape, item: &WorkItem, marker: &str) -> Result<Option<bool>, Trouble> {
    let (object, field) = journal(tool).await?;
    let relationship = shape.object.relationship(&tool.settings().journal_relationship, "cherwell.journal_relationship")?;
    let parent = (&*shape.object, item.id.as_str(), relationship.id.as_str());
    let what = format!("reading the notes of {}", item.number);
    // Whether the tool narrows is not certain, so every note that comes is looked at, and how many there are counts.
    let holds = Some((&*object, (&field, Operator::Contains, marker.to_owned())));
    let family = tool.client.children(parent, holds, MOST, &what).await?;
    let notes = &family.related_business_objects;
    if notes.iter().any(|note| note.value(Some(&field)).contains(marker)) {
        return Ok(Some(true));
    }
    let all = u64::try_from(notes.len()).is_ok_and(|came| family.total_records.is_none_or(|total| total <= came));
    Ok(all.then_some(false))
}
