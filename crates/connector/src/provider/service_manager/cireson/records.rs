//! Incidents and change requests as rows, in the order of their last change. A record that was deleted stays in the database for a
//! while with another object status, and is told as deleted where the portal shows it.

use super::Cireson;
use super::shape::{Projection, text};
use super::slices::{self, Item, Source, Step};
use crate::provider::ProviderError;
use crate::provider::records::{Ask, Page, Remark};
use crate::provider::wire::below;
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

/// Properties that rows are made of; a projection that lacks one leaves its column empty.
const OF_INCIDENTS: [&str; 15] = [
    "Id",
    "Title",
    "Description",
    "Status",
    "Impact",
    "Urgency",
    "Priority",
    "Source",
    "Classification",
    "Escalated",
    "CreatedDate",
    "ResolvedDate",
    "ClosedDate",
    "ScheduledStartDate",
    "ActualStartDate",
];
const OF_CHANGES: [&str; 14] = [
    "Id",
    "Title",
    "Description",
    "Status",
    "Impact",
    "Priority",
    "Risk",
    "Category",
    "Area",
    "CreatedDate",
    "RequiredBy",
    "ScheduledStartDate",
    "ScheduledEndDate",
    "ActualStartDate",
];
const DATES: [&str; 8] = [
    "CreatedDate",
    "ResolvedDate",
    "ClosedDate",
    "RequiredBy",
    "ScheduledStartDate",
    "ScheduledEndDate",
    "ActualStartDate",
    "ActualEndDate",
];

const fn properties(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Incident => &OF_INCIDENTS,
        RecordKind::ChangeRequest => &OF_CHANGES,
    }
}

/// What a kind of record is read from.
pub(super) fn source(tool: &Cireson, kind: RecordKind) -> Source<'_> {
    let settings = &tool.connection.own.service_manager.cireson;
    match kind {
        RecordKind::Incident => Source { table: "incidents", projection: &settings.incident_projection },
        RecordKind::ChangeRequest => Source { table: "change requests", projection: &settings.change_projection },
    }
}

pub(super) async fn page(tool: &Cireson, ask: &Ask<'_>) -> Result<Page, ProviderError> {
    let source = source(tool, ask.kind);
    let Step { items, next, more } = slices::step(tool, source, ask.after, ask.until, ask.limit).await?;
    let remarks = remarks(&items, ask.kind, source.table);
    let rows = items.iter().map(|item| row(tool, item, ask.kind)).collect();
    Ok(Page { rows, next, more, remaining: None, remarks })
}

/// The first of some aliases or properties that shows something.
fn first(object: &Projection, names: &[&str]) -> String {
    names.iter().map(|name| object.shown(name)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The computer: an affected item before a related one.
fn computer(object: &Projection) -> String {
    let mut related = ["AboutConfigItem", "RelatesToConfigItem"].into_iter().flat_map(|alias| object.related(alias));
    related
        .find_map(|item| {
            let name = ["DisplayName", "PrincipalName"].into_iter().map(|name| text(item, name)).find(|name| !name.is_empty());
            name.map(str::to_owned)
        })
        .unwrap_or_default()
}

fn row(tool: &Cireson, item: &Item, kind: RecordKind) -> ServiceDeskRow {
    let object = &item.object;
    let number = object.text("Id").to_owned();
    let base = ServiceDeskRow {
        work_item_type: kind,
        source_id: item.place.id.clone(),
        source_version: item.place.at.to_string(),
        last_modified: Some(item.place.at),
        source_url: address(tool, kind, &number),
        title: object.text("Title").to_owned(),
        number,
        ..ServiceDeskRow::default()
    };
    if object.deleted() {
        return ServiceDeskRow { record_state: RecordState::Deleted, ..base };
    }
    let state = object.shown("Status");
    let common = ServiceDeskRow {
        impact: object.shown("Impact"),
        priority: object.shown("Priority"),
        created_by: object.shown("CreatedWorkItem"),
        // Projections of some portals have these; the aliases are not published.
        resolved_by: first(object, &["ResolvedByUser", "ResolvedWorkItem"]),
        closed_by: first(object, &["ClosedByUser", "ClosedWorkItem"]),
        assigned_to: object.shown("AssignedWorkItem"),
        description: object.text("Description").to_owned(),
        created: object.instant("CreatedDate"),
        closed: object.instant("ClosedDate"),
        resolved: object.instant("ResolvedDate"),
        planned_start: object.instant("ScheduledStartDate"),
        planned_end: object.instant("ScheduledEndDate"),
        work_start: object.instant("ActualStartDate"),
        work_end: object.instant("ActualEndDate"),
        computer: computer(object),
        ..base
    };
    match kind {
        RecordKind::Incident => ServiceDeskRow {
            incident_state: state,
            urgency: object.shown("Urgency"),
            source: object.shown("Source"),
            category: object.shown("Classification"),
            escalation: object.shown("Escalated"),
            ..common
        },
        RecordKind::ChangeRequest => ServiceDeskRow {
            change_state: state,
            risk: object.shown("Risk"),
            change_type: object.shown("Category"),
            category: object.shown("Area"),
            requested: object.instant("RequiredBy"),
            ..common
        },
    }
}

/// The address of a record's page.
fn address(tool: &Cireson, kind: RecordKind, number: &str) -> String {
    match kind {
        RecordKind::Incident => super::form::page(tool, number),
        RecordKind::ChangeRequest => below(tool.client.base(), &["ChangeRequest", "Edit", number]).into(),
    }
}

/// What a person should know about this part, each thing once.
fn remarks(items: &[Item], kind: RecordKind, table: &str) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let living = || items.iter().map(|item| &item.object).filter(|object| !object.deleted());
    let missing: Vec<_> = properties(kind).iter().copied().filter(|name| living().any(|object| !object.has(name))).collect();
    if !missing.is_empty() {
        remarks.push(Remark {
            cause: format!("properties of {table} that the portal's projection does not show stay empty: {}", missing.join(", ")),
            remedy: "name a projection that has them in service_manager.cireson (incident_projection, change_projection); then \
                     `itsm-connector sync CONNECTION --full` reads what was left out"
                .to_owned(),
        });
    }
    let no_date = |name: &&str| living().any(|object| !object.text(name).is_empty() && is_no_date(object, name));
    let no_dates: Vec<_> = DATES.iter().copied().filter(no_date).collect();
    if !no_dates.is_empty() {
        remarks.push(Remark {
            cause: format!("values of {table} that are no dates are left out: {}", no_dates.join(", ")),
            remedy: "report it with a record as an example and the portal's version".to_owned(),
        });
    }
    remarks
}

/// The first day of all days is no date, and no mistake either.
fn is_no_date(object: &Projection, name: &str) -> bool {
    object.instant(name).is_none() && !object.text(name).starts_with("0001-01-01")
}
