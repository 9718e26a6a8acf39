//! Prometheus rules. The labels are what tells one alert of a rule from another.

use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::text::words;
use crate::alert::{Condition, dates};

pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    let labels = context.at("labels").pairs();
    let annotations = context.at("annotations").pairs();
    if reading.rule.is_empty() {
        reading.rule = context.at("labels").at("alertname").text();
    }
    let expression = context.at("expression").text();
    let value = context.at("expressionValue").text();
    let held = dates::length(&context.at("for").text());
    let held = if held.is_empty() { held } else { format!(" for {held}") };
    let measured = if value.is_empty() { String::new() } else { format!("; its value was {value}") };
    let sentence = format!("The expression {expression} held{held}{measured}.");
    let mut summary = String::new();
    for (name, text) in annotations {
        match name.as_str() {
            "summary" => summary = text,
            "description" => reading.lead.push(text),
            name if text.starts_with("https://") || text.starts_with("http://") => reading.link(&words(name), &text),
            name => reading.fact(&words(name), text),
        }
    }
    if !summary.is_empty() {
        reading.lead.insert(0, summary.clone());
    }
    reading.lead.push(sentence.clone());
    reading.conditions.push(Condition {
        sentence,
        measure: expression.clone(),
        operator: String::new(),
        threshold: String::new(),
        value,
        dimensions: labels.into_iter().filter(|(name, _)| name != "alertname").collect(),
    });
    reading.fact("Rule group", context.at("ruleGroup").text());
    reading.headline(if summary.is_empty() { &expression } else { &summary });
}
