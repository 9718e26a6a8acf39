//! Work items asked for by hand, from a log record, as alerts: they take the same way with the same promises.

use jiff::Timestamp;

use super::context::log::add_items;
use super::lenient::clean;
use super::reading::Reading;
use super::{Alert, AlertKind};
use crate::work_item::request::WorkItemRequest;

pub(crate) fn alert(request: WorkItemRequest, request_id: &str, accepted_at: Timestamp) -> Alert {
    let raw = serde_json::to_value(&request).unwrap_or_default();
    let mut reading = Reading::new(AlertKind::LogRecord);
    reading.rows = request.row_list();
    reading.title = request.title;
    reading.description = clean(&request.description);
    reading.severity = request.severity;
    reading.fired_at = Some(accepted_at);
    reading.identity = vec!["request".to_owned(), request_id.to_owned()];
    // The same parts as a custom property that chooses: equal choices meet.
    reading.subject = match request.correlation_key.as_deref().map(str::trim).filter(|choice| !choice.is_empty()) {
        Some(choice) => vec!["chosen".to_owned(), choice.to_owned()],
        None => reading.identity.clone(),
    };
    if let Some(computer) = request.computer {
        reading.fact("Computer", clean(&computer));
        reading.items.push(clean(&computer));
    }
    add_items(&mut reading);
    reading.finish(raw, accepted_at)
}
