//! Activity log alerts before the common schema, among them Service Health and Resource Health. `status` is always
//! "Activated".

use crate::alert::AlertKind;
use crate::alert::context::{activity, resource_health, service_health};
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;

pub(in crate::alert) fn read(data: Node<'_>) -> Reading {
    let event = data.at("context").at("activityLog");
    let kind = match event.at("eventSource").text().to_lowercase().as_str() {
        "servicehealth" => AlertKind::ServiceHealth,
        "resourcehealth" => AlertKind::ResourceHealth,
        _ => AlertKind::ActivityLog,
    };
    let mut reading = Reading::new(kind);
    reading.custom = data.at("properties").pairs().into_iter().collect();
    let resource = event.at("resourceId").text();
    if !resource.is_empty() {
        reading.targets.push(resource.clone());
        reading.items.push(resource);
    }
    // The payload does not name its rule; the operation stands in for it.
    let operation = event.at("operationName").text();
    match kind {
        AlertKind::ServiceHealth => service_health::read(event, &mut reading),
        AlertKind::ResourceHealth => resource_health::read(event, &mut reading),
        _ => {
            activity::read(event, &mut reading);
            let targets = reading.targets.iter().map(|id| id.to_lowercase());
            if !operation.is_empty() || !reading.targets.is_empty() {
                reading.subject = ["activity log".to_owned(), operation.to_lowercase()].into_iter().chain(targets).collect();
            }
        }
    }
    reading
}
