//! Log search alerts of the first generation (API 2018-04-16 and older): flat, with rows. The common schema and two older
//! schemas share the shape and differ in a few names.

use super::log::add_items;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{Condition, conditions, dates, rows, text};

pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    let text = |name: &str| context.at(name).text();
    let dimension = |node: Node<'_>| (node.at("name").text(), node.at("value").text());
    let by_value = text("AlertType").to_lowercase().starts_with("metric");
    let mut window = dates::minutes(&context.first(&["SearchIntervalInMinutes", "SearchIntervalDurationMin"]));
    if window.is_empty() {
        let seconds: u64 = text("SearchIntervalInSeconds").parse().unwrap_or_default();
        window = if seconds == 0 { String::new() } else { dates::minutes(&(seconds / 60).to_string()) };
    }
    let count = text("ResultCount");
    let condition = Condition {
        sentence: String::new(),
        measure: if by_value { "measured value" } else { "number of results" }.to_owned(),
        operator: context.first(&["Operator", "AlertThresholdOperator"]),
        threshold: context.first(&["Threshold", "AlertThresholdValue"]),
        value: if by_value { String::new() } else { count.clone() },
        dimensions: context.at("Dimensions").items().map(dimension).filter(|(name, _)| !name.is_empty()).collect(),
    };
    let mut measured = conditions::describe(condition, "", &window, reading.over);
    if by_value {
        // The value is in the rows, one for each group and interval.
        measured.condition.sentence = measured.condition.sentence.replace("was not reported,", "was");
    }
    let short = reading.measured(vec![measured]);
    if by_value && !count.is_empty() {
        reading.lead.push(format!("The query found {}.", text::count(&count, "result")));
    }
    let result = if context.at("SearchResults").exists() { context.at("SearchResults") } else { context.at("SearchResult") };
    reading.rows = rows::from_tables(result);
    reading.items.extend(context.at("AffectedConfigurationItems").texts());
    add_items(reading);
    if reading.targets.is_empty() {
        reading.targets.extend(result.at("dataSources").items().map(|source| source.at("resourceId").text()));
    }
    let (start, end) = (context.at("SearchIntervalStartTimeUtc").time(), context.at("SearchIntervalEndtimeUtc").time());
    if let (Some(start), Some(end)) = (start, end) {
        reading.fact("Evaluated window", format!("{} to {}", dates::show(start), dates::show(end)));
    }
    reading.fact("Workspace", text("WorkspaceId"));
    reading.fact("Application", text("ApplicationId"));
    reading.section("Query", text("SearchQuery"));
    reading.link("Search results", &context.first(&["LinkToFilteredSearchResultsUI", "LinkToSearchResults"]));
    reading.headline(&short);
}
