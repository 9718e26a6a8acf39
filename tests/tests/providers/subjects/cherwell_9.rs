use std::sync::Arc;

use emulators::cherwell::{Cherwell, FieldIds, Lifecycle, Options, PageNumber, Time, UnknownField};

use super::cherwell::WITHOUT;
use crate::subject::{Opened, Opening, Subject, Words};

/// An older Cherwell, on which every point that the documentation leaves open is the other way round, with a customer's own names, a
/// Windows user, links by relationship, and impact and urgency instead of the priority.
pub(crate) const SUBJECT: Subject = Subject {
    key: "cherwell-9",
    title: "Cherwell 9.5",
    open,
    words: Words {
        followed: ("Urgency", "Medium"),
        not_a_choice: ("CallSource", "Telex"),
        template: Some(("Network trouble", "Category", "Connectivity")),
        person: "Ana Reyes",
        group: "Server Team",
    },
    without: WITHOUT,
};

const SETTINGS: &str = r#"
provider = "cherwell"
auth = { client_id = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11", username = 'CONTOSO\itsm', password = "$PASSWORD", mode = "windows" }
[connections.it.severity]
Sev0 = { impact = "Organization", urgency = "Critical" }
Sev1 = { impact = "Department", urgency = "Critical" }
Sev2 = { impact = "Department", urgency = "High" }
Sev3 = { impact = "Small Group", urgency = "Low" }
Sev4 = { impact = "Individual", urgency = "Low" }
[connections.it.cherwell]
zone = "Europe/Berlin"
external_id_field = "AzureKey"
severity_as = "impact_and_urgency"
customer = "Azure Monitor"
fields = { title = "Summary", close_description = "Solution" }
change_fields = { title = "Subject" }
[connections.it.cherwell.configuration_items]
link = "relationship"
[connections.it.cherwell.defaults]
Service = "Server Management"
Category = "Server"
Subcategory = "Submit Incident"
[connections.it.cherwell.templates."Network trouble"]
Service = "Network Services"
Category = "Connectivity"
Subcategory = "Latency"
"#;

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let renamed = |object: &str, stock: &str, own: &str| (object.to_owned(), stock.to_owned(), own.to_owned());
        let options = Options {
            time: Time::Manual(now),
            zone: "Europe/Berlin".to_owned(),
            culture: "de-DE".to_owned(),
            api_version: "9.5.1".to_owned(),
            zone_as_object: false,
            page_number: PageNumber::Page,
            page_size: 50,
            ascending: 0,
            field_ids: FieldIds::Short,
            unknown_field: UnknownField::Ignored,
            minute_stamps: true,
            child_touches_parent: true,
            validation_status: 500,
            lifecycle: Lifecycle::Absent,
            external_id_field: Some("AzureKey".to_owned()),
            renames: vec![
                renamed("Incident", "ShortDescription", "Summary"),
                renamed("Incident", "CloseDescription", "Solution"),
                renamed("ChangeRequest", "Title", "Subject"),
            ],
            ..Options::default()
        };
        let tool = Cherwell::start_with(options).await;
        Opened { desk: Arc::new(tool), settings: SETTINGS, secrets: &[("PASSWORD", "p")] }
    })
}
