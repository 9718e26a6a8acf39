//! The event engine: an event becomes an alert, or joins the one with the same message key. A real engine does this every few
//! seconds; here it is done at once.

use super::{
    database::{Database, Place},
    restrictions::UNRESTRICTED,
    writing::{self, Hand},
};
use crate::clock::stamp;

/// Columns that an alert takes from its event.
const SHARED: [&str; 10] = [
    "source",
    "node",
    "type",
    "resource",
    "metric_name",
    "event_class",
    "message_key",
    "severity",
    "description",
    "additional_info",
];

/// Processes one event in state Ready.
pub(crate) fn process(database: &mut Database, event: Place, hand: &Hand<'_>) {
    let read = |database: &Database, column: &str| database.value(event, column).to_owned();
    let hand = &Hand { administrator: true, display: false, restrictions: &UNRESTRICTED, ..*hand };
    let severity = read(database, "severity");
    if !matches!(severity.as_str(), "0" | "1" | "2" | "3" | "4" | "5") {
        let values = [("state", "Error"), ("error_msg", "The severity of the event is missing or invalid")];
        write(database, event, &values, hand);
        return;
    }
    let mut key = read(database, "message_key");
    if key.is_empty() {
        key = ["source", "node", "type", "resource", "metric_name"].map(|column| read(database, column)).join("");
    }
    let mut values: Vec<(&str, String)> = SHARED.iter().map(|column| (*column, read(database, column))).collect();
    values.retain(|(column, _)| *column != "message_key");
    values.push(("message_key", key.clone()));
    let now = stamp(hand.now, 0);
    let time = Some(read(database, "time_of_event")).filter(|time| !time.is_empty()).unwrap_or(now);
    values.push(("last_event_time", time.clone()));
    let clears = severity == "0" || read(database, "resolution_state") == "Closing";
    let alert = database.find_by("em_alert", "message_key", &key).into_iter().next_back();
    let alert = match alert {
        Some(alert) => {
            let state = match (clears, database.value(alert, "state")) {
                (true, _) => "Closed",
                (false, "Closed") => "Reopen",
                (false, state) => state,
            };
            let count: u64 = database.value(alert, "event_count").parse().unwrap_or_default();
            values.push(("state", state.to_owned()));
            values.push(("event_count", (count + 1).to_string()));
            let values: Vec<(&str, &str)> = values.iter().map(|(column, value)| (*column, value.as_str())).collect();
            write(database, alert, &values, hand);
            Some(alert)
        }
        // A clearing event without an alert has nothing to close.
        None if clears => None,
        None => {
            values.push(("initial_event_time", time));
            let values: Vec<(String, String)> = values.into_iter().map(|(column, value)| (column.to_owned(), value)).collect();
            let table = database.schema.id("em_alert");
            table.and_then(|table| writing::insert(database, table, &values, hand).ok())
        }
    };
    let alert_id = alert.map(|alert| database.value(alert, "sys_id").to_owned()).unwrap_or_default();
    let state = if alert.is_some() { "Processed" } else { "Ignored" };
    write(
        database,
        event,
        &[("state", state), ("alert", &alert_id), ("message_key", &key), ("processed", &stamp(hand.now, 0))],
        hand,
    );
}

fn write(database: &mut Database, place: Place, values: &[(&str, &str)], hand: &Hand<'_>) {
    let values: Vec<(String, String)> =
        values.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
    // An administrator's write is not refused.
    writing::update(database, place, &values, hand).ok();
}
