//! One incoming value made fit for its column. Nothing is refused here: what does not fit is cut, emptied or left out, as an instance does.

use super::Hand;
use crate::{
    clock::{parse_stamp, stamp},
    servicenow::{
        database::{Database, Place},
        schema::{Column, Kind, TableId},
    },
};

/// References that an instance resolves by display name even when values are actual ones.
const RESOLVED: [&str; 3] = ["assignment_group", "assigned_to", "caller_id"];

/// The value to keep; `None` leaves the column as it was.
pub(super) fn incoming(database: &Database, table: TableId, column: &Column, value: &str, hand: &Hand<'_>) -> Option<String> {
    if value.is_empty() {
        return Some(String::new());
    }
    let id = database.schema.table(table)?.column_id(&column.name)?;
    if column.choice {
        let by_label = database.choices.value(table, id, value).filter(|_| hand.display || column.name == "close_code");
        let value = by_label.unwrap_or(value);
        // A resolution code that the instance does not list is dropped; a data policy then misses it.
        if column.name == "close_code" && !hand.administrator && database.choices.knows(table, id, value) == Some(false) {
            return Some(String::new());
        }
        if column.kind == Kind::Integer && value.parse::<i64>().is_err() {
            return None;
        }
        return Some(cut(value, column.size));
    }
    match &column.kind {
        Kind::Text => Some(cut(value, column.size)),
        Kind::Integer => value.trim().replace(',', "").parse::<i64>().ok().map(|number| number.to_string()),
        Kind::Boolean => {
            Some(if matches!(value.to_lowercase().as_str(), "true" | "1" | "yes") { "true" } else { "false" }.to_owned())
        }
        Kind::DateTime | Kind::Duration => {
            let zone = if hand.display { hand.zone } else { 0 };
            parse_stamp(value, zone).map(|seconds| stamp(seconds, 0))
        }
        Kind::Reference(target) => Some(reference(database, target, column, value, hand)),
        Kind::Journal => None,
    }
}

fn cut(value: &str, size: usize) -> String {
    value.chars().take(size).collect()
}

fn reference(database: &Database, target: &str, column: &Column, value: &str, hand: &Hand<'_>) -> String {
    let is_sys_id = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let exists = database.schema.id(target).and_then(|target| database.find(target, value)).is_some();
    if is_sys_id || exists {
        return value.to_owned();
    }
    if hand.display || hand.administrator || RESOLVED.contains(&column.name.as_str()) {
        return by_display(database, target, value).map(|place| database.value(place, "sys_id").to_owned()).unwrap_or_default();
    }
    String::new()
}

/// The record of a table that shows itself as `value`; the first of several.
fn by_display(database: &Database, target: &str, value: &str) -> Option<Place> {
    ["name", "number", "user_name"].iter().find_map(|column| database.find_by(target, column, value).into_iter().next())
}
