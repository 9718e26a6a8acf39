//! Metric alerts: static and dynamic thresholds, availability tests.

use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{conditions, dates};

pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    reading.stateful = true;
    for (name, value) in context.at("properties").pairs() {
        reading.custom.entry(name).or_insert(value);
    }
    let condition = context.at("condition");
    let short = reading.measured(conditions::read(condition, reading.over));
    add_window(condition, reading);
    for one in condition.at("allOf").items() {
        reading.fact("Availability test", one.at("webTestName").text());
        reading.fact("Dynamic threshold sensitivity", one.at("alertSensitivity").text());
        add_failing_periods(one, reading);
        reading.fact("Metric namespace", one.at("metricNamespace").text());
    }
    reading.headline(&short);
}

/// When the evaluated window began and ended.
pub(in crate::alert) fn add_window(condition: Node<'_>, reading: &mut Reading) {
    let (start, end) = (condition.at("windowStartTime").time(), condition.at("windowEndTime").time());
    if let (Some(start), Some(end)) = (start, end) {
        reading.fact("Evaluated window", format!("{} to {}", dates::show(start), dates::show(end)));
    }
}

/// How many of the last evaluations had to fail.
pub(in crate::alert) fn add_failing_periods(one: Node<'_>, reading: &mut Reading) {
    let periods = one.at("failingPeriods");
    let (least, of) = (periods.at("minFailingPeriodsToAlert").text(), periods.at("numberOfEvaluationPeriods").text());
    // One of one is every rule's default and says nothing.
    if !least.is_empty() && !of.is_empty() && of != "1" && of != "0" {
        reading.fact("Failing periods to alert", format!("{least} of {of}"));
    }
}
