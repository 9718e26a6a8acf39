//! Incidents and change requests in the order of their last change: which fields are read, and what becomes of them in a row.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::dates::Wall;
use super::definitions::Shape;
use super::keyset::{self, Item, Source, Step};
use super::shapes::Record;
use super::{Cherwell, mapping, names, narrowing};
use crate::provider::ProviderError;
use crate::provider::records::{Ask, Page, Remark};
use crate::rows::{RecordKind, ServiceDeskRow};

pub(super) async fn page(tool: &Cherwell, ask: &Ask<'_>) -> Result<Page, ProviderError> {
    let shape = tool.shape(ask.kind).await?;
    let wall = tool.wall().await?;
    let (query, setting, fields_setting) = match ask.kind {
        RecordKind::Incident => (&tool.connection.sync.incident_query, "sync.incident_query", "cherwell.fields"),
        RecordKind::ChangeRequest => (&tool.connection.sync.change_query, "sync.change_query", "cherwell.change_fields"),
    };
    let conditions = narrowing::parse(query)
        .map_err(|cause| ProviderError::Refused { cause: format!("{setting}: {cause}"), remedy: format!("correct {setting}") })?;
    let filters = narrowing::filters(&conditions, &shape.object, setting)?;
    let mut source = Source::new(&shape, &wall, filters, setting, fields_setting)?;
    let read = names::of(ask.kind, tool.settings()).0.iter().filter_map(|(meaning, _)| shape.get(meaning));
    source.fields.extend(read);
    let mut once = BTreeSet::new();
    source.fields.retain(|field| once.insert(field.key.as_str()));
    let Step { items, next, more, remaining } = keyset::step(tool, &source, ask.after, ask.until, ask.limit).await?;
    let mut no_dates = BTreeSet::new();
    let mut rows: Vec<ServiceDeskRow> =
        items.into_iter().map(|Item { record, .. }| row(tool, ask.kind, &record, &shape, &wall, &mut no_dates)).collect();
    rows.sort_by(|one, other| (one.last_modified, &one.source_id).cmp(&(other.last_modified, &other.source_id)));
    Ok(Page { rows, next, more, remaining, remarks: remarks(&shape, &no_dates, fields_setting) })
}

fn row(
    tool: &Cherwell,
    kind: RecordKind,
    record: &Record,
    shape: &Shape,
    wall: &Wall,
    no_dates: &mut BTreeSet<String>,
) -> ServiceDeskRow {
    let text = |meaning: &str| record.value(shape.get(meaning)).to_owned();
    let mut date = |meaning: &str| -> Option<Timestamp> {
        let field = shape.get(meaning)?;
        let text = record.get(field).map(str::trim).filter(|text| !text.is_empty())?;
        let at = wall.instant(text);
        if at.is_none() {
            no_dates.insert(field.name.clone());
        }
        at
    };
    let incident = kind == RecordKind::Incident;
    let of_change = |meaning: &str| if incident { String::new() } else { text(meaning) };
    let state = text("status");
    ServiceDeskRow {
        work_item_type: kind,
        number: record.public_id.clone(),
        incident_state: if incident { state.clone() } else { String::new() },
        change_state: if incident { String::new() } else { state },
        urgency: text("urgency"),
        impact: text("impact"),
        priority: text("priority"),
        risk: of_change("risk"),
        change_type: of_change("type"),
        created_by: if incident { text("created_by") } else { text("requested_by") },
        resolved_by: text("resolved_by"),
        closed_by: text("closed_by"),
        source: text("source"),
        assigned_to: text("owner"),
        category: text("category"),
        title: text("title"),
        description: text("description"),
        escalation: text("escalation"),
        conflict_status: of_change("conflict"),
        created: date("created"),
        closed: date("closed"),
        resolved: date("resolved"),
        requested: date("requested"),
        planned_start: date("planned_start"),
        planned_end: date("planned_end"),
        work_start: date("work_start"),
        work_end: date("work_end"),
        last_modified: date("modified"),
        computer: text("ci_name"),
        source_id: record.rec_id.clone(),
        source_version: version(kind, record, shape, tool),
        source_url: mapping::page(&tool.connection, &shape.object.name, &record.public_id, &record.rec_id),
        ..ServiceDeskRow::default()
    }
}

/// Cherwell counts no versions, and two changes of one minute have the same date: what was read tells them apart.
fn version(kind: RecordKind, record: &Record, shape: &Shape, tool: &Cherwell) -> String {
    let mut digest = Sha256::new();
    for (meaning, _) in names::of(kind, tool.settings()).0 {
        let value = record.value(shape.get(meaning));
        digest.update(value.len().to_le_bytes());
        digest.update(value.as_bytes());
    }
    digest.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn remarks(shape: &Shape, no_dates: &BTreeSet<String>, setting: &str) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let object = &shape.object.name;
    if !shape.missing.is_empty() {
        remarks.push(Remark {
            cause: format!("{object} has no field {}; its columns stay empty", shape.missing.join(", ")),
            remedy: format!("correct the names in {setting}, or give the integration user the right to see the fields"),
        });
    }
    if !no_dates.is_empty() {
        let names: Vec<&str> = no_dates.iter().map(String::as_str).collect();
        remarks.push(Remark {
            cause: format!("values of {object} that are no dates are left out: {}", names.join(", ")),
            remedy: format!("name fields of the type Date/Time in {setting}"),
        });
    }
    remarks
}
