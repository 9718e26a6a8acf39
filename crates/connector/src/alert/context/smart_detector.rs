//! Smart detectors of Application Insights.

use crate::alert::lenient::Node;
use crate::alert::reading::Reading;
use crate::alert::{dates, html};

pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    let text = |name: &str| html::strip(&context.at(name).text());
    let summary = text("DetectionSummary");
    if !summary.is_empty() {
        reading.lead.push(summary.clone());
    }
    reading.fact("Detected value", text("DetectedValue"));
    reading.fact("Normal value", text("NormalValue"));
    let occurred = context.at("FormattedOccurrenceTime");
    reading.fact("Occurred", occurred.time().map_or_else(|| occurred.text(), dates::show));
    reading.fact("Detector", text("SmartDetectorName"));
    reading.headline(&summary);
}
