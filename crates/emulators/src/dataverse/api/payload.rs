//! What a request wants to write, checked against the table: unknown properties, wrong types, too long texts and choices that do not
//! exist are refused; columns that nobody may write are passed over in silence, as the real thing does.

use serde_json::{Map, Value};

use super::{
    super::{
        access::Act,
        database::{Cell, Database},
        environment::Request,
        guid,
        query::{filter::edm, lexer},
        refusal::Refusal,
        schema::{Column, Kind, Table},
        writing::Change,
    },
    binding,
};

/// The body as an object.
pub(super) fn object(request: &Request<'_>) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(&request.call.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::new(400, "0x80048d19", "Error identified in Payload provided by the user: an object is expected.")),
        Err(error) => {
            let text = format!("Error identified in Payload provided by the user for Entity :'', InnerException : {error}");
            Err(Refusal::new(400, "0x80048d19", text))
        }
    }
}

/// The changes that a body asks for. `creating` decides which columns may be written.
pub(super) fn changes(
    request: &Request<'_>,
    database: &Database,
    table: &Table,
    fields: &Map<String, Value>,
    creating: bool,
) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    for (property, value) in fields {
        if let Some(navigation) = property.strip_suffix("@odata.bind") {
            changes.push(bind(request, database, table, navigation, value)?);
            continue;
        }
        // Control information such as `@odata.type` and annotations of what was read before.
        if property.contains('@') {
            continue;
        }
        if value.is_null()
            && let Some((place, _)) = table.navigation(property)
        {
            changes.push((place, Cell::Null));
            continue;
        }
        let unknown = || {
            let reason = format!(
                "Invalid property '{property}' was found in entity 'Microsoft.Dynamics.CRM.{}'. ---> Microsoft.OData.ODataException: Does not support untyped value in non-open type.",
                table.logical_name
            );
            Refusal::payload(&table.set_name, &reason)
        };
        let place = table.property(property).ok_or_else(unknown)?;
        let column = table.column(place).ok_or_else(unknown)?;
        if column.kind.is_lookup() {
            let text = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
            return Err(Refusal::bad(text));
        }
        let cell = cell(table, column, value)?;
        let allowed = if creating { column.create } else { column.update };
        if allowed && place != table.places.id {
            changes.push((place, cell));
        }
    }
    for (place, _) in &changes {
        if Some(*place) == table.places.owner {
            request.session.check(Act::Assign, table)?;
        }
    }
    Ok(changes)
}

fn bind(request: &Request<'_>, database: &Database, table: &Table, navigation: &str, value: &Value) -> Result<Change, Refusal> {
    let undeclared = || {
        let reason = format!(
            "An undeclared property '{navigation}' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values."
        );
        Refusal::payload(&table.set_name, &reason)
    };
    let (place, targets) = table.navigation(navigation).ok_or_else(undeclared)?;
    let column = table.column(place).ok_or_else(undeclared)?;
    if !column.create && !column.update {
        return Err(Refusal::bad(format!("The property '{navigation}' cannot be set.")));
    }
    let Some(text) = value.as_str() else {
        return if value.is_null() { Ok((place, Cell::Null)) } else { Err(undeclared()) };
    };
    let (target, id) = binding::reference(database, &request.base, text)?;
    let definition = database.table(target).ok_or_else(undeclared)?;
    if !targets.contains(&definition.logical_name.as_str()) {
        let reason = format!(
            "The navigation property '{navigation}' of '{}' does not lead to '{}'.",
            table.logical_name, definition.logical_name
        );
        return Err(Refusal::payload(&table.set_name, &reason));
    }
    if Some(place) != table.places.owner {
        request.session.check(Act::Append, table)?;
        request.session.check(Act::AppendTo, definition)?;
    }
    Ok((place, Cell::Link(target, id)))
}

/// A value of a column's type.
pub(super) fn cell(table: &Table, column: &Column, value: &Value) -> Result<Cell, Refusal> {
    let wrong = || {
        let reason = format!(
            "Cannot convert the literal '{}' to the expected type '{}'.",
            value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            edm(column.kind)
        );
        Refusal::payload(&table.set_name, &reason)
    };
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let cell = match column.kind {
        Kind::Text | Kind::Memo => {
            let text = value.as_str().ok_or_else(wrong)?;
            let max = column.max.unwrap_or(100);
            if text.chars().count() > max {
                let message = format!(
                    "A validation error occurred. The length of the '{}' attribute of the '{}' entity exceeded the maximum allowed length of '{max}'.",
                    column.name, table.logical_name
                );
                return Err(Refusal::new(400, "0x80044331", message));
            }
            // The database keeps no empty texts apart from nothing.
            if text.is_empty() { Cell::Null } else { Cell::text(text) }
        }
        Kind::Integer | Kind::BigInteger => Cell::Integer(value.as_i64().ok_or_else(wrong)?),
        Kind::Decimal => Cell::Decimal(value.as_f64().ok_or_else(wrong)?),
        Kind::Boolean => Cell::Boolean(value.as_bool().ok_or_else(wrong)?),
        Kind::DateTime => Cell::Time(value.as_str().and_then(lexer::time).ok_or_else(wrong)?),
        Kind::Choice | Kind::State | Kind::Status => {
            let number = value.as_i64().ok_or_else(wrong)?;
            if column.option(number).is_none() {
                let accepted: Vec<String> = column.options.iter().map(|option| option.value.to_string()).collect();
                let message = format!(
                    "A validation error occurred. The value {number} of '{}' on record of type '{}' is outside the valid range. Accepted Values: {}",
                    column.name,
                    table.logical_name,
                    accepted.join(",")
                );
                return Err(Refusal::new(400, "0x8004431a", message));
            }
            Cell::Integer(number)
        }
        Kind::UniqueIdentifier | Kind::Lookup | Kind::Customer | Kind::Owner => {
            Cell::Id(value.as_str().and_then(guid::parse).ok_or_else(wrong)?)
        }
    };
    Ok(cell)
}
