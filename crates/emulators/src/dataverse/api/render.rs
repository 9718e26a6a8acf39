//! Records as JSON: values by column, and beside them, when asked for, what people see.

use serde_json::{Map, Value, json};

use super::super::{
    database::{Cell, Database, Row},
    environment::Request,
    guid,
    prefer::{FORMATTED, LOGICAL_NAME, NAVIGATION, Prefer},
    query::options::{self, Expand},
    refusal::Refusal,
    schema::{Column, Kind, Table, TableId},
};

/// `2026-09-01T10:00:02Z`
pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A value as the wire writes it.
pub(in super::super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => text.to_string().into(),
        Cell::Integer(number) => (*number).into(),
        Cell::Decimal(number) => (*number).into(),
        Cell::Boolean(value) => (*value).into(),
        Cell::Time(seconds) => time(*seconds).into(),
        Cell::Id(id) | Cell::Link(_, id) => guid::show(*id).into(),
    }
}

/// `W/"7081234"`
pub(super) fn etag(table: &Table, row: &Row) -> String {
    format!("W/\"{}\"", row.get(table.places.version).integer().unwrap_or_default())
}

/// What people see of a value; `None` where they see the value itself.
fn formatted(database: &Database, column: &Column, cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Integer(number) if matches!(column.kind, Kind::Choice | Kind::State | Kind::Status) => {
            column.option(*number)?.label.clone()
        }
        Cell::Integer(number) => thousands(*number),
        Cell::Decimal(number) => format!("{number:.2}"),
        Cell::Boolean(value) => if *value { "Yes" } else { "No" }.to_owned(),
        Cell::Time(seconds) => {
            let at = jiff::Timestamp::from_second(*seconds).ok()?;
            at.strftime("%-m/%-d/%Y %-I:%M %p").to_string()
        }
        Cell::Link(table, id) => database.name(*table, *id).to_owned(),
        Cell::Null | Cell::Text(_) | Cell::Id(_) => return None,
    })
}

fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// The named columns of a record, all when none is named.
pub(super) fn record(database: &Database, table: &Table, row: &Row, select: &[usize], prefer: &Prefer) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("@odata.etag".to_owned(), etag(table, row).into());
    let chosen = table.columns.iter().enumerate().filter(|(place, _)| select.is_empty() || select.contains(place));
    for (place, column) in chosen {
        let (property, cell) = (column.property(), row.get(place));
        if prefer.wants(FORMATTED)
            && let Some(text) = formatted(database, column, cell)
        {
            fields.insert(format!("{property}@{FORMATTED}"), text.into());
        }
        if let Some((target, _)) = cell.link() {
            let target = database.table(target).map(|table| table.logical_name.as_str()).unwrap_or_default();
            if prefer.wants(LOGICAL_NAME) {
                fields.insert(format!("{property}@{LOGICAL_NAME}"), target.into());
            }
            if prefer.wants(NAVIGATION) {
                fields.insert(format!("{property}@{NAVIGATION}"), column.navigation(target).into());
            }
        }
        fields.insert(property, value(cell));
    }
    fields
}

/// A record with what is expanded in it.
pub(super) fn expanded(
    database: &Database,
    table: &Table,
    row: &Row,
    query: &options::Query,
    prefer: &Prefer,
) -> Result<Map<String, Value>, Refusal> {
    let mut fields = record(database, table, row, &query.select, prefer);
    for expand in &query.expand {
        fields.insert(expand.navigation.clone(), related(database, table, row, expand, prefer)?);
    }
    Ok(fields)
}

fn related(database: &Database, table: &Table, row: &Row, expand: &Expand, prefer: &Prefer) -> Result<Value, Refusal> {
    let Some((target, id)) = row.get(expand.place).link() else { return Ok(Value::Null) };
    let fits = table
        .navigation(&expand.navigation)
        .is_some_and(|(_, targets)| database.table(target).is_some_and(|target| targets.contains(&target.logical_name.as_str())));
    let (Some(target), Some(row)) = (database.table(target).filter(|_| fits), database.row(target, id)) else {
        return Ok(Value::Null);
    };
    let select = if expand.select.is_empty() { Vec::new() } else { options::select(&expand.select, target)? };
    Ok(Value::Object(record(database, target, row, &select, prefer)))
}

/// `…/$metadata#incidents(title,statecode)/$entity`
pub(super) fn context(request: &Request<'_>, table: &Table, select: &str, end: &str) -> String {
    let select = if select.is_empty() { String::new() } else { format!("({select})") };
    format!("{}/$metadata#{}{select}{end}", request.base, table.set_name)
}

/// One record as the body of an answer.
pub(super) fn entity(
    request: &Request<'_>,
    database: &Database,
    table: (TableId, &Table),
    id: u128,
    query: &options::Query,
) -> Result<Value, Refusal> {
    let (place, table) = table;
    let row = database.row(place, id).ok_or_else(|| Refusal::no_record(&table.logical_name, &guid::show(id)))?;
    let mut fields = expanded(database, table, row, query, &request.prefer)?;
    fields.insert("@odata.context".to_owned(), json!(context(request, table, &query.select_text, "/$entity")));
    Ok(Value::Object(fields))
}
