//! The Import Set API: a row goes into a staging table and a transform map makes a record of it. What goes wrong there is told inside a 201.

use serde_json::{Value, json};

use super::payload;
use crate::{
    http::{Answer, Call},
    servicenow::{
        database::{Database, Place},
        errors::Refusal,
        instance::{Instance, Session},
        options::Staging,
        schema::TableId,
        writing::{self, Hand},
    },
};

/// `POST /api/now/import/{staging}`
pub(crate) fn answer(instance: &Instance, call: &Call, session: &Session, name: &str) -> Result<Answer, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::method(&call.method));
    }
    let values = payload::columns(call)?;
    let mut database = instance.write();
    let set = import_set(&mut database);
    let result = import(instance, &mut database, session, name, &set, &values)?;
    database.refresh_choices();
    Ok(Answer::json(201, &json!({"import_set": set, "staging_table": name, "result": [result]})))
}

/// `POST /api/now/import/{staging}/insertMultiple`: done at once, but answered as if it were still to come.
pub(crate) fn answer_many(instance: &Instance, call: &Call, session: &Session, name: &str) -> Result<Answer, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::method(&call.method));
    }
    payload::json_type(call)?;
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::bad_payload())?;
    let records = body.get("records").and_then(Value::as_array).ok_or_else(Refusal::bad_payload)?;
    let mut database = instance.write();
    let set = import_set(&mut database);
    for values in records.iter().filter_map(payload::flat) {
        import(instance, &mut database, session, name, &set, &values)?;
    }
    let (one, many) = (database.new_sys_id(), database.new_sys_id());
    Ok(Answer::json(201, &json!({"import_set_id": one, "multi_import_set_id": many})))
}

fn import_set(database: &mut Database) -> String {
    let table = database.schema.id("sys_import_set_row");
    table.and_then(|table| database.next_number(table)).unwrap_or_default()
}

fn import(
    instance: &Instance,
    database: &mut Database,
    session: &Session,
    name: &str,
    set: &str,
    values: &[(String, String)],
) -> Result<Value, Refusal> {
    let Some(staging) = instance.staging.iter().find(|staging| staging.table == name) else {
        let message = if database.schema.id(name).is_some() { "Invalid staging table" } else { "Invalid table" };
        return Ok(json!({"transform_map": "", "table": "", "status": "error", "error_message": message}));
    };
    let hand = Hand {
        name: &session.name,
        user: &session.user,
        now: instance.now(),
        zone: instance.zone(),
        display: false,
        administrator: false,
        restrictions: &session.restrictions,
    };
    let Some(table) = database.schema.id(name) else { return Err(Refusal::invalid_table(name)) };
    let row = writing::insert(database, table, values, &hand)?;
    let outcome = transform(database, staging, values, &hand);
    let (state, comment, target) = match &outcome {
        Ok((status, place)) => (*status, String::new(), Some(*place)),
        Err(message) => ("error", message.clone(), None),
    };
    let target_id = target.map(|place| database.value(place, "sys_id").to_owned()).unwrap_or_default();
    let record = [
        ("sys_import_set", set),
        ("sys_import_state", state),
        ("sys_import_state_comment", &comment),
        ("sys_target_table", &staging.target),
        ("sys_target_sys_id", &target_id),
        ("sys_transform_map", &staging.map),
    ];
    let record: Vec<(String, String)> =
        record.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
    writing::update(database, row, &record, &Hand { administrator: true, ..hand })?;
    Ok(match outcome {
        Err(message) => {
            json!({"transform_map": staging.map, "table": staging.target, "status": "error", "error_message": message})
        }
        Ok((status, place)) => json!({
            "transform_map": staging.map,
            "table": staging.target,
            "display_name": database.schema.table(place.table).and_then(|table| table.column(table.display_column()?)).map_or("", |column| column.name.as_str()),
            "display_value": database.display(place),
            "record_link": format!("{}/api/now/table/{}/{target_id}", instance.url(), staging.target),
            "status": status,
            "sys_id": target_id,
        }),
    })
}

/// Runs the transform map: `inserted`, `updated` or `ignored` with the record, or the text of the error.
fn transform(
    database: &mut Database,
    staging: &Staging,
    values: &[(String, String)],
    hand: &Hand<'_>,
) -> Result<(&'static str, Place), String> {
    let target: TableId = database.schema.id(&staging.target).ok_or_else(|| "Invalid table".to_owned())?;
    let renamed = |name: &str| staging.aliases.iter().find(|(from, _)| from == name).map_or(name, |(_, to)| to).to_owned();
    let values: Vec<(String, String)> = values.iter().map(|(name, value)| (renamed(name), value.clone())).collect();
    let given = |column: &str| values.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str());
    let existing = match given("sys_id") {
        "" => {
            let coalesce = staging.coalesce.as_deref().filter(|column| !given(column).is_empty());
            coalesce.and_then(|column| database.find_by(&staging.target, column, given(column)).into_iter().next())
        }
        sys_id => Some(database.find(target, sys_id).ok_or_else(|| "Target record not found".to_owned())?),
    };
    let said = |refusal: Refusal| refusal.detail.unwrap_or(refusal.message);
    let Some(place) = existing else {
        return writing::insert(database, target, &values, hand).map(|place| ("inserted", place)).map_err(said);
    };
    let before = database.row(place).cloned();
    writing::update(database, place, &values, hand).map_err(said)?;
    Ok((if database.row(place) == before.as_ref() { "ignored" } else { "updated" }, place))
}
