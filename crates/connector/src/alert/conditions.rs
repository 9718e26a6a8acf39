//! Conditions of metric and log rules, and the sentences that say what was measured.

use super::Condition;
use super::dates;
use super::lenient::Node;

/// A condition and its short form for a title.
pub(super) struct Measured {
    pub(super) condition: Condition,
    /// `Percentage CPU 97.3 > 90`; when it is over `Percentage CPU 41.05`.
    pub(super) short: String,
}

/// Reads `condition.allOf[]`, or the condition itself when it has none (classic metric alerts).
pub(super) fn read(condition: Node<'_>, over: bool) -> Vec<Measured> {
    let window = condition.at("windowSize").text();
    // Classic rules give minutes.
    let window = if window.starts_with('P') { dates::length(&window) } else { dates::minutes(&window) };
    if condition.at("allOf").is_array() {
        condition.at("allOf").items().filter_map(|one| measured(one, &window, over)).collect()
    } else {
        measured(condition, &window, over).into_iter().collect()
    }
}

fn measured(node: Node<'_>, window: &str, over: bool) -> Option<Measured> {
    let is_log = node.at("searchQuery").exists();
    let measure = match node.first(&["metricName", "metricMeasureColumn"]) {
        measure if measure.is_empty() && is_log => "row count".to_owned(),
        measure => measure,
    };
    let aggregation = match node.at("timeAggregation").text().to_lowercase() {
        aggregation if measure == "row count" && aggregation == "count" => String::new(),
        aggregation => aggregation,
    };
    let dimension = |node: Node<'_>| (node.at("name").text(), node.at("value").text());
    let condition = Condition {
        sentence: String::new(),
        measure,
        operator: node.at("operator").text(),
        threshold: node.at("threshold").text(),
        value: node.at("metricValue").text(),
        dimensions: node.at("dimensions").items().map(dimension).filter(|(name, _)| !name.is_empty()).collect(),
    };
    let empty = condition.value.is_empty() && condition.threshold.is_empty() && condition.dimensions.is_empty();
    (!empty).then(|| describe(condition, &aggregation, window, over))
}

/// Fills in the sentence. `window` is a length in words; it and `aggregation` may be empty.
pub(super) fn describe(mut condition: Condition, aggregation: &str, window: &str, over: bool) -> Measured {
    let measure = if condition.measure.is_empty() { "Measured value" } else { &condition.measure };
    let span = match (aggregation, window) {
        ("", "") => String::new(),
        (aggregation, "") => format!(" ({aggregation})"),
        ("", window) => format!(" (over {window})"),
        (aggregation, window) => format!(" ({aggregation} over {window})"),
    };
    let value = if condition.value.is_empty() { "not reported" } else { &condition.value };
    let limit = format!("{} {}", phrase(&condition.operator), condition.threshold);
    let first: String = measure.chars().take(1).flat_map(char::to_uppercase).chain(measure.chars().skip(1)).collect();
    let sentence = match (over, condition.threshold.is_empty()) {
        (_, true) => format!("{first}{span} was {value}."),
        (false, false) => format!("{first}{span} was {value}, {limit}."),
        (true, false) => format!("{first}{span} was {value}; the alert fires when it is {limit}."),
    };
    let limit = if condition.threshold.is_empty() {
        String::new()
    } else {
        format!("{} {}", symbol(&condition.operator), condition.threshold)
    };
    let short = [measure, &condition.value, if over { "" } else { limit.as_str() }];
    let short = short.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    condition.sentence = sentence;
    Measured { condition, short }
}

/// `GreaterThan`, `Greater Than`, ... in lower case without blanks.
fn plain(operator: &str) -> String {
    operator.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn phrase(operator: &str) -> String {
    match plain(operator).as_str() {
        "greaterthan" => "greater than",
        "lessthan" | "lowerthan" => "less than",
        "greaterthanorequal" | "greaterorequal" => "greater than or equal to",
        "lessthanorequal" | "lowerthanorequal" | "lessorequal" => "less than or equal to",
        "equals" | "equal" => "equal to",
        "notequals" | "notequal" => "not equal to",
        "greaterorlessthan" | "greaterthanorlessthan" => "outside the limits around",
        "" => "with the limit",
        _ => return operator.to_owned(),
    }
    .to_owned()
}

fn symbol(operator: &str) -> String {
    match plain(operator).as_str() {
        "greaterthan" => ">",
        "lessthan" | "lowerthan" => "<",
        "greaterthanorequal" | "greaterorequal" => ">=",
        "lessthanorequal" | "lowerthanorequal" | "lessorequal" => "<=",
        "equals" | "equal" => "=",
        "notequals" | "notequal" => "!=",
        "greaterorlessthan" | "greaterthanorlessthan" => "outside",
        "" => "limit",
        _ => return operator.to_owned(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_sentence_says_what_was_measured_over_what_against_which_limit() {
        let condition = json!({"windowSize": "PT5M", "allOf": [{"metricName": "Percentage CPU", "operator": "GreaterThan",
            "threshold": 90, "timeAggregation": "Average", "metricValue": 97.3}]});
        let fired = read(Node::from(&condition), false).remove(0);
        assert_eq!(fired.condition.sentence, "Percentage CPU (average over 5 minutes) was 97.3, greater than 90.");
        assert_eq!(fired.short, "Percentage CPU 97.3 > 90");
        let over = read(Node::from(&condition), true).remove(0);
        assert_eq!(
            over.condition.sentence,
            "Percentage CPU (average over 5 minutes) was 97.3; the alert fires when it is greater than 90."
        );
        assert_eq!(over.short, "Percentage CPU 97.3");
    }

    #[test]
    fn an_operator_nobody_knows_is_shown_as_it_came() {
        let condition = json!({"metricName": "m", "operator": "Beyond", "threshold": "1", "metricValue": null});
        let measured = read(Node::from(&condition), false).remove(0);
        assert_eq!(measured.condition.sentence, "M was not reported, Beyond 1.");
    }
}
