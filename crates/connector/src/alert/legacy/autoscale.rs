//! Notifications of autoscale settings: no alert, but teams put them into their tool all the same.

use super::{identify, read_resource};
use crate::alert::AlertKind;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::text::headline;

pub(in crate::alert) fn read(body: Node<'_>) -> Reading {
    let context = body.at("context");
    let mut reading = Reading::new(AlertKind::Autoscale);
    read_resource(context, &mut reading);
    reading.custom = body.at("properties").pairs().into_iter().collect();
    let (old, new) = (context.at("oldCapacity").text(), context.at("newCapacity").text());
    let operation = body.at("operation").text();
    let details = context.at("details").text();
    if !details.is_empty() {
        reading.lead.push(details);
    }
    let what = format!("{operation} from {old} to {new}");
    reading.title = headline(&reading.rule, &what, &reading.place());
    reading.fact("Operation", operation.clone());
    reading.fact("Capacity", format!("{old} to {new}"));
    reading.fact("Region", context.at("resourceRegion").text());
    identify(&mut reading, &[operation, old, new]);
    reading
}
