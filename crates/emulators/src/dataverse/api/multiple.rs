//! `CreateMultiple`, `UpdateMultiple` and `UpsertMultiple`: many records of one table in one transaction, all or none.

use serde_json::{Map, Value, json};

use super::{
    super::{
        database::{Cell, Database},
        environment::Request,
        guid,
        refusal::Refusal,
        schema::{Table, TableId},
    },
    binding::{self, Key},
    ok, payload, record, segment,
};
use crate::http::Answer;

/// The records before the transaction, to put back when it fails.
type Before = Vec<(u128, Option<Vec<Cell>>)>;

pub(super) fn answer(request: &Request<'_>, table: TableId, action: &str) -> Result<Answer, Refusal> {
    let action = action.strip_prefix("Microsoft.Dynamics.CRM.").ok_or_else(|| Refusal::no_segment(action))?;
    let mut fields = payload::object(request)?;
    let Some(Value::Array(targets)) = fields.remove("Targets") else {
        return Err(Refusal::new(400, "0x80048d19", format!("Required parameter 'Targets' is missing for {action}.")));
    };
    let mut database = request.environment.write();
    let definition = database.table(table).cloned().ok_or_else(|| Refusal::no_segment(action))?;
    let mut before: Before = Vec::new();
    let mut ids = Vec::new();
    for target in targets {
        let Value::Object(fields) = target else { return Err(Refusal::bad("A target is not an object.")) };
        match one(request, &mut database, (table, &definition), action, &fields, &mut before) {
            Ok(id) => ids.push(guid::show(id)),
            Err(refusal) => {
                undo(&mut database, table, before);
                return Err(refusal);
            }
        }
    }
    let kind = format!("{}/$metadata#Microsoft.Dynamics.CRM.{action}Response", request.base);
    Ok(match action {
        "CreateMultiple" => ok(&json!({"@odata.context": kind, "Ids": ids})),
        _ => Answer::empty(204),
    })
}

fn one(
    request: &Request<'_>,
    database: &mut Database,
    table: (TableId, &Table),
    action: &str,
    fields: &Map<String, Value>,
    before: &mut Before,
) -> Result<u128, Refusal> {
    let typed = format!("Microsoft.Dynamics.CRM.{}", table.1.logical_name);
    let named = fields.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    if named.trim_start_matches('#') != typed {
        return Err(Refusal::new(
            400,
            "0x80048d19",
            format!("A target of {action} needs the annotation '@odata.type' with the value '{typed}'."),
        ));
    }
    let primary = fields.get(&table.1.primary_id).and_then(Value::as_str).and_then(guid::parse);
    let key = match fields.get("@odata.id").and_then(Value::as_str) {
        Some(reference) => {
            let (_, inside) = segment(reference.rsplit('/').next().unwrap_or(reference));
            Some(binding::key(inside.unwrap_or_default(), table.1)?)
        }
        None => primary.map(Key::Primary),
    };
    let id = match (action, key) {
        ("CreateMultiple", _) => {
            let changes = payload::changes(request, database, table.1, fields, true)?;
            record::write_new(request, database, table, primary, &changes)?
        }
        ("UpdateMultiple", Some(key)) => {
            let found = key.find(database, table.0).ok_or_else(|| Refusal::no_record(&table.1.logical_name, ""))?;
            let row = database.row(table.0, found).cloned();
            before.push((found, row.as_ref().map(|row| row.cells.clone())));
            record::upsert(request, database, table, &key, row.as_ref(), fields)?.0
        }
        ("UpsertMultiple", Some(key)) => {
            let row = key.find(database, table.0).and_then(|id| database.row(table.0, id)).cloned();
            if let (Some(row), Some(found)) = (&row, key.find(database, table.0)) {
                before.push((found, Some(row.cells.clone())));
            }
            let (id, new) = record::upsert(request, database, table, &key, row.as_ref(), fields)?;
            if new {
                before.push((id, None));
            }
            return Ok(id);
        }
        ("UpdateMultiple" | "UpsertMultiple", None) => return Err(Refusal::bad("A target has no key.")),
        _ => return Err(Refusal::no_segment(action)),
    };
    if action == "CreateMultiple" {
        before.push((id, None));
    }
    Ok(id)
}

fn undo(database: &mut Database, table: TableId, before: Before) {
    for (id, cells) in before.into_iter().rev() {
        match cells {
            Some(cells) => database.put(table, id, cells),
            None => {
                database.remove(table, id);
            }
        }
    }
}
