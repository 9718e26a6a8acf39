//! Log search alerts of the present generation (Log Alerts V2) and simple log alerts, whose rows are in `event`.

use super::metric::{add_failing_periods, add_window};
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{conditions, rows, text};

pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    let condition = context.at("condition");
    for (name, value) in context.at("properties").pairs() {
        reading.custom.entry(name).or_insert(value);
    }
    reading.rows = rows::from_event(context.at("event"));
    reading.rows.extend(rows::from_event(condition.at("event")));
    for one in condition.at("allOf").items() {
        reading.rows.extend(rows::from_event(one.at("event")));
    }
    let simple = reading.monitoring_service.eq_ignore_ascii_case("Simple Log Alert") || !reading.rows.is_empty();
    // Whether the rule resolves by itself is not in the payload; it does unless its author said otherwise.
    reading.stateful = !simple;
    let mut short = reading.measured(conditions::read(condition, reading.over));
    if !reading.rows.is_empty() {
        let found = text::count(&reading.rows.len().to_string(), "row");
        reading.lead.push(format!("The query found {found}."));
        if short.is_empty() {
            short = found;
        }
    }
    add_items(reading);
    add_window(condition, reading);
    for one in condition.at("allOf").items() {
        add_failing_periods(one, reading);
        reading.section("Query", one.at("searchQuery").text());
        reading.link("Search results", &one.first(&["linkToFilteredSearchResultsUI", "linkToSearchResultsUI"]));
    }
    reading.headline(&short);
}

/// Computers and resources that the dimensions and the rows name.
pub(in crate::alert) fn add_items(reading: &mut Reading) {
    for condition in &reading.conditions {
        let dimensions = condition.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        reading.items.extend(rows::items(&dimensions));
    }
    reading.items.extend(reading.rows.iter().flat_map(rows::row_items));
}
