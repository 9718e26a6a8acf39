//! Changing an incident: its columns, a step in its life, a note. These are several calls, so that the note, by which a change is
//! known to have been made, comes last; once a call has written anything, a later failure is one that has to be looked up.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::client::{Call, Condition, Reply};
use super::metadata::Table;
use super::profile::Close;
use super::row::{Row, row};
use super::{Provance, body, mapping, notes};
use crate::provider::ProviderError;
use crate::provider::choices::named;
use crate::provider::fields::Fields;
use crate::provider::text::{cut, one_line};
use crate::work_item::{Change, Phase, Transition, WorkItem, Written};

/// Longest subject of a resolution.
const SUBJECT: usize = 200;

/// A change under way.
struct Work<'a> {
    tool: &'a Provance,
    table: &'a Table,
    item: &'a WorkItem,
    select: &'a str,
    what: &'a str,
    /// Whether anything was written.
    begun: bool,
    /// The record after the last write, if that told it.
    row: Option<Row>,
}

pub(super) async fn update(tool: &Provance, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
    let table = tool.incidents().await?;
    let made = body::make(tool, &table, &change.fields).await?;
    let (mut values, mut expected, mut remarks) = (made.values, made.expected, made.remarks);
    let select = mapping::select(&tool.connection, &table, made.sent.keys());
    let what = match change.transition {
        Some(Transition::Resolve) => format!("resolving {}", item.number),
        Some(Transition::Reopen) => format!("reopening {}", item.number),
        None => format!("updating {}", item.number),
    };
    let mut work = Work { tool, table: &table, item, select: &select, what: &what, begun: false, row: None };
    let mut note = change.note.clone();
    match change.transition {
        Some(Transition::Resolve) => match &tool.profile().incident.close {
            Close::Action { name, status } => {
                work.patch(values).await?;
                let code = work.status(*status, &mut remarks);
                work.close(name, code, change).await?;
            }
            Close::Patch { values: states, notes, code } => {
                values.extend(states.iter().map(|(column, value)| (column.clone(), (*value).into())));
                let more = work.close_fields(notes, code, change);
                let more = body::make(tool, &table, &more).await?;
                values.extend(more.values);
                expected.extend(more.expected);
                remarks.extend(more.remarks);
                work.patch(values).await?;
            }
        },
        Some(Transition::Reopen) => {
            let states = &tool.profile().incident.reopen;
            work.patch(states.iter().map(|(column, value)| (column.clone(), (*value).into())).collect()).await?;
            // A resolved record takes nothing but its state.
            work.patch(values).await?;
        }
        None => work.patch(values).await?,
    }
    if note.is_none() && change.transition == Some(Transition::Resolve) {
        note.clone_from(&change.close_notes);
    }
    if let Some(note) = note {
        remarks.extend(work.note(&note).await?);
    }
    let row = work.finish().await?;
    let Some(row) = row else {
        return Ok(Written { item: item.clone(), sent: made.sent, dropped: Vec::new(), remarks });
    };
    let dropped = mapping::dropped(&expected, &table, &row);
    let key = mapping::key(&tool.profile().incident, &row).or_else(|| Some(item.key.clone()));
    Ok(Written { item: tool.item(&table, &row, key), sent: made.sent, dropped, remarks })
}

impl Work<'_> {
    fn path(&self) -> String {
        format!("{}({})", self.tool.profile().incident.entity_set, self.item.id)
    }

    /// Nothing was written only as long as nothing was begun.
    fn failed(&self, error: ProviderError) -> ProviderError {
        match error {
            ProviderError::Retry { cause, .. } | ProviderError::Wait { cause, .. } if self.begun => {
                ProviderError::Ambiguous { cause }
            }
            other => other,
        }
    }

    /// Sets columns. The first write is done only when the record is as the caller saw it: a person may have been faster.
    async fn patch(&mut self, values: Map<String, Value>) -> Result<(), ProviderError> {
        if values.is_empty() {
            return Ok(());
        }
        let seen = self.item.values.get(mapping::VERSION).filter(|version| !version.is_empty() && !self.begun);
        let condition = seen.map_or(Condition::Present, |version| Condition::Version(version));
        let (path, body) = (self.path(), Value::Object(values));
        let query = [("$select", self.select)];
        let call = Call { method: Method::PATCH, path: &path, query: &query, body: Some(&body), condition, what: self.what };
        let reply = self.tool.client.write(&call).await.map_err(|trouble| self.failed(trouble.into()))?;
        match reply {
            Reply::Value(value) => self.row = Some(row(value)).filter(|row| !row.etag().is_empty()),
            Reply::Done => self.row = None,
            Reply::Unmet(cause) => {
                let cause = format!("{cause}: somebody changed it meanwhile");
                return Err(self.failed(ProviderError::Retry { after: None, cause }));
            }
        }
        self.begun = true;
        Ok(())
    }

    /// The status reason to resolve with.
    fn status(&self, default: i64, remarks: &mut Vec<String>) -> i64 {
        let Some(wanted) = self.tool.connection.policy.close_code.as_deref().filter(|code| !code.is_empty()) else {
            return default;
        };
        let resolved = |status: &&super::metadata::Status| {
            let closes = &self.tool.profile().incident.resolved;
            let holds = |column: &str, value: i64| closes.get(column).is_some_and(|list| list.contains(&value));
            holds("statecode", status.state) || holds("statuscode", status.value)
        };
        let fitting: Vec<_> = self.table.statuses.iter().filter(resolved).collect();
        let same =
            |status: &&&super::metadata::Status| status.value.to_string() == wanted || status.label.eq_ignore_ascii_case(wanted);
        if let Some(status) = fitting.iter().find(same) {
            return status.value;
        }
        match wanted.parse() {
            Ok(number) if fitting.is_empty() => number,
            _ => {
                let known: Vec<_> = fitting.iter().map(|status| format!("{} ({})", status.value, status.label)).collect();
                remarks.push(format!(
                    "close code \"{wanted}\" is no status reason of a resolved incident ({}); the default was used",
                    known.join(", ")
                ));
                default
            }
        }
    }

    /// Notes and code of a resolution by columns.
    fn close_fields(&self, notes: &str, code: &str, change: &Change) -> Fields {
        let mut fields = Fields::new();
        let given = change.close_notes.as_deref().or(change.note.as_deref()).filter(|notes| !notes.trim().is_empty());
        if let Some(given) = given.filter(|_| !notes.is_empty()) {
            fields.insert(notes.to_owned(), given.to_owned());
        }
        let wanted = self.tool.connection.policy.close_code.as_deref().filter(|wanted| !wanted.is_empty() && !code.is_empty());
        if let Some(wanted) = wanted {
            let list = self.table.choices.get(code).map(Vec::as_slice).unwrap_or_default();
            let value = named(list, wanted).map_or(wanted, |choice| &choice.value);
            fields.insert(code.to_owned(), value.to_owned());
        }
        fields
    }

    /// Resolves by an action.
    async fn close(&mut self, action: &str, status: i64, change: &Change) -> Result<(), ProviderError> {
        let incident = &self.tool.profile().incident;
        let given = change.close_notes.as_deref().or(change.note.as_deref()).unwrap_or_default();
        let given = one_line(given);
        let subject = if given.is_empty() { "Azure Monitor reports that the condition is over." } else { &given };
        let bind = format!("{}@odata.bind", incident.id);
        let body = json!({
            "IncidentResolution": {"subject": cut(subject, SUBJECT), bind: format!("/{}", self.path())},
            "Status": status,
        });
        let call = Call {
            method: Method::POST,
            path: action,
            query: &[],
            body: Some(&body),
            condition: Condition::Free,
            what: self.what,
        };
        match self.tool.client.write(&call).await.map_err(ProviderError::from) {
            Ok(_) => {}
            Err(ProviderError::Refused { cause, remedy }) => {
                // The action has no condition: a person may have resolved it since it was read.
                if self.read().await?.is_some_and(|row| mapping::phase(incident, &row) != Phase::Open) {
                    return Err(self.failed(ProviderError::Retry { after: None, cause }));
                }
                return Err(ProviderError::Refused { cause, remedy });
            }
            Err(other) => return Err(self.failed(other)),
        }
        (self.begun, self.row) = (true, None);
        Ok(())
    }

    /// Appends the note; a remark when it may not be written and other things were.
    async fn note(&mut self, note: &str) -> Result<Option<String>, ProviderError> {
        if !self.tool.profile().incident.notes {
            return Ok(None);
        }
        match notes::append(self.tool, self.item, note).await {
            Ok(()) => Ok(None),
            Err(ProviderError::Refused { cause, remedy }) if self.begun => {
                Ok(Some(format!("the note could not be written: {cause}; {remedy}")))
            }
            Err(other) => Err(self.failed(other)),
        }
    }

    async fn read(&self) -> Result<Option<Row>, ProviderError> {
        let incident = &self.tool.profile().incident;
        let read = self.tool.client.record(&incident.entity_set, &self.item.id, self.select).await;
        read.map_err(|error| self.failed(error))
    }

    /// The record as it is then; nothing when only a note was written, which does not change it.
    async fn finish(mut self) -> Result<Option<Row>, ProviderError> {
        match (self.begun, self.row.take()) {
            (false, _) => Ok(None),
            (true, Some(row)) => Ok(Some(row)),
            (true, None) => self.read().await,
        }
    }
}
