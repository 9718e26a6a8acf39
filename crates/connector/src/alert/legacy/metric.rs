//! Metric alerts of schema 2.0 and classic ones (retired). Each notification says when its transition happened.

use super::{identify, read_resource};
use crate::alert::context::metric;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{AlertKind, severity};

/// `body` is what holds `status`, `context` and `properties`: `data` in schema 2.0, the whole payload of a classic alert.
pub(in crate::alert) fn read(body: Node<'_>) -> Reading {
    let context = body.at("context");
    let mut reading = Reading::new(AlertKind::Metric);
    if context.at("conditionType").text().starts_with("Webtest") {
        reading.kind = AlertKind::Availability;
    }
    read_resource(context, &mut reading);
    let status = body.at("status").text().to_lowercase();
    reading.over = matches!(status.as_str(), "deactivated" | "resolved");
    reading.severity = severity::parse(&context.at("severity").text());
    reading.custom = body.at("properties").pairs().into_iter().collect();
    reading.episode_at = reading.fired_at;
    if reading.over {
        reading.resolved_at = reading.fired_at.take();
    }
    let dimensions = context.at("condition").at("allOf").items().flat_map(|one| one.at("dimensions").items().collect::<Vec<_>>());
    let dimensions: Vec<String> = dimensions.map(|dimension| dimension.at("value").text()).collect();
    identify(&mut reading, &dimensions);
    metric::read(context, &mut reading);
    reading
}
