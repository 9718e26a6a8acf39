//! Log search alerts of the first generation outside the common schema: Application Insights rules put them into `data`,
//! Log Analytics rules post them bare. They have no state and no alert id.

use super::identify;
use crate::alert::context::log_v1;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{AlertKind, severity};

pub(in crate::alert) fn read(body: Node<'_>) -> Reading {
    let mut reading = Reading::new(AlertKind::Log);
    reading.rule = body.first(&["AlertRuleName", "AlertRule"]);
    reading.description = body.at("Description").text();
    reading.severity = severity::parse(&body.first(&["Severity", "SeverityDescription"]));
    reading.fired_at = body.at("SearchIntervalEndtimeUtc").time();
    reading.targets.extend(Some(body.at("ResourceId").text()).filter(|id| !id.is_empty()));
    log_v1::read(body, &mut reading);
    let dimensions: Vec<String> =
        reading.conditions.iter().flat_map(|one| &one.dimensions).map(|(_, value)| value.clone()).collect();
    identify(&mut reading, &dimensions);
    reading
}
