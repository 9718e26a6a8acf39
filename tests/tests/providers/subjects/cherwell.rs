use std::sync::Arc;

use emulators::cherwell::{Cherwell, Options, Time};

use crate::subject::{Opened, Opening, Subject, Words};

/// Cherwell, with the connector's key in a field of its own.
pub(crate) const SUBJECT: Subject = Subject {
    key: "cherwell",
    title: "Cherwell",
    open,
    words: Words {
        followed: ("Priority", "4"),
        not_a_choice: ("Urgency", "17"),
        template: Some(("Network trouble", "Category", "Connectivity")),
        person: "Ana Reyes",
        group: "Server Team",
    },
    without: WITHOUT,
};

/// What no Cherwell has.
pub(super) const WITHOUT: &[(&str, &str)] = &[
    (
        "failures_rate_limit",
        "Cherwell has no limit on calls that is documented, and no 429; under load its web server answers 503, which is an outage",
    ),
    ("records_deleted", "Cherwell tells nothing of deleted records"),
];

/// The settings with lines of a subject's own; what the customer's content requires of an incident is in `defaults`.
macro_rules! settings {
    ($own:literal) => {
        concat!(
            r#"
provider = "cherwell"
auth = { client_id = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11", username = "itsm", password = "$PASSWORD" }
[connections.it.cherwell]
customer = "Azure Monitor"
"#,
            $own,
            r#"
[connections.it.cherwell.defaults]
Service = "Server Management"
Category = "Server"
Subcategory = "Submit Incident"
CallSource = "Event"
[connections.it.cherwell.templates."Network trouble"]
Service = "Network Services"
Category = "Connectivity"
Subcategory = "Latency"
"#
        )
    };
}
pub(super) use settings;

const SETTINGS: &str = settings!("");

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let tool = Cherwell::start_with(Options { time: Time::Manual(now), ..Options::default() }).await;
        Opened { desk: Arc::new(tool), settings: SETTINGS, secrets: &[("PASSWORD", "p")] }
    })
}
