//! The lookup lists of the stock content, and the three of them that hang on each other.

/// Depth in the classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Category,
    Subcategory,
}

/// Service, category, subcategories.
const CLASSIFICATION: [(&str, &str, &[&str]); 7] = [
    ("Server Management", "Server", &["Submit Incident", "Performance", "Outage", "Disk Space"]),
    ("Server Management", "Virtual Machine", &["Submit Incident", "Performance", "Outage"]),
    ("Database Management", "Database", &["Submit Incident", "Performance", "Backup Failure"]),
    ("Network Services", "Connectivity", &["Submit Incident", "Latency", "Outage"]),
    ("Desktop Management", "Computer", &["Submit Incident", "Request New", "Replace"]),
    ("E-mail/Calendar", "E-mail", &["Submit Incident", "Delivery"]),
    ("Enterprise Apps", "Web Application", &["Submit Incident", "Performance", "Certificate"]),
];

/// A list without parents; empty when there is none of this name.
pub(crate) fn list(name: &str) -> &'static [&'static str] {
    match name {
        "IncidentStatus" => &["New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Reopened"],
        "IncidentType" => &["Incident", "Service Request"],
        "Priority" => &["1", "2", "3", "4", "5"],
        "Impact" => &["Individual", "Small Group", "Department", "Organization"],
        "Urgency" => &["Low", "Medium", "High", "Critical"],
        "CallSource" => &["Phone", "E-mail", "Event", "Portal", "Walk-In"],
        "Cause" => &["Hardware", "Software", "Capacity", "Configuration", "Third Party", "Unknown"],
        "ChangeStatus" => {
            &["New", "Classify", "Planning", "Approval", "Scheduled", "In Progress", "Implemented", "Closed", "Rejected"]
        }
        "ChangeType" => &["Standard", "Normal", "Emergency"],
        "Risk" => &["Low", "Medium", "High"],
        "AssetStatus" => &["Active", "In Repair", "Retired"],
        _ => &[],
    }
}

/// The values of one level below the values of the levels above.
pub(crate) fn classified(level: Level, service: &str, category: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (its_service, its_category, subcategories) in CLASSIFICATION {
        let values: &[&str] = match level {
            Level::Service => &[its_service],
            Level::Category if its_service.eq_ignore_ascii_case(service) => &[its_category],
            Level::Subcategory if its_service.eq_ignore_ascii_case(service) && its_category.eq_ignore_ascii_case(category) => {
                subcategories
            }
            _ => &[],
        };
        for value in values {
            if !found.iter().any(|known| known == value) {
                found.push((*value).to_owned());
            }
        }
    }
    found
}
