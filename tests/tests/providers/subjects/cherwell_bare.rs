use std::sync::Arc;

use emulators::cherwell::{Cherwell, Options, Time};

use super::cherwell::{SUBJECT as STOCK, WITHOUT};
use crate::subject::{Opened, Opening, Subject};

/// A Cherwell that nobody changed for the connector: its key is a line of the description.
pub(crate) const SUBJECT: Subject =
    Subject { key: "cherwell-bare", title: "Cherwell: key in the description", open, words: STOCK.words, without: WITHOUT };

const SETTINGS: &str = r#"
provider = "cherwell"
auth = { client_id = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11", username = "itsm", password = "$PASSWORD" }
[connections.it.cherwell]
external_id_field = ""
description_marker = true
customer = "Azure Monitor"
[connections.it.cherwell.defaults]
Service = "Server Management"
Category = "Server"
Subcategory = "Submit Incident"
CallSource = "Event"
[connections.it.cherwell.templates."Network trouble"]
Service = "Network Services"
Category = "Connectivity"
Subcategory = "Latency"
"#;

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let options = Options { time: Time::Manual(now), external_id_field: None, ..Options::default() };
        let tool = Cherwell::start_with(options).await;
        Opened { desk: Arc::new(tool), settings: SETTINGS, secrets: &[("PASSWORD", "p")] }
    })
}
