//! The tools that the demo can play with: each with its stand-in, the settings of its connection, and what a visitor may try.

use std::sync::Arc;

use clap::ValueEnum;
use emulators::Cherwell;
use emulators::dataverse::{self, Dataverse};
use emulators::desk::Desk;
use emulators::service_manager::gateway::{self, Gateway};
use emulators::servicenow::ServiceNow;

/// Which tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum DemoProvider {
    /// ServiceNow
    #[value(name = "servicenow")]
    ServiceNow,
    /// System Center Service Manager, behind its gateway
    ServiceManager,
    /// Provance ITSM on Dataverse, with the profile that `discover` proposes for it
    Provance,
    /// Cherwell Service Management
    Cherwell,
}

/// What the customer's own content asks of every incident, and where the connector's key is kept.
const CHERWELL: &str = r#"provider = "cherwell"
auth = { client_id = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11", username = "itsm", password = "$CHERWELL_PASSWORD" }
[connections.csm.cherwell]
customer = "Azure Monitor"
[connections.csm.cherwell.defaults]
Service = "Server Management"
Category = "Server"
Subcategory = "Submit Incident"
CallSource = "Event"
"#;
const PROVANCE: &str = concat!(
    "provider = \"provance\"\nauth = { type = \"client_credentials\", client_id = \"5a1e0f34-0000-4000-8000-00000000c0de\", ",
    "client_secret = \"$PROVANCE_SECRET\" }\n",
    include_str!("provance.toml")
);

/// A tool on stage.
pub(super) struct Tool {
    /// As people call it.
    pub(super) title: &'static str,
    /// Name of the connection.
    pub(super) connection: &'static str,
    pub(super) desk: Arc<dyn Desk>,
    /// TOML of the connection besides its `url`.
    pub(super) settings: &'static str,
    /// The secrets that the settings name.
    pub(super) secrets: &'static [(&'static str, &'static str)],
    /// Who works there.
    pub(super) person: &'static str,
    /// How to come in.
    pub(super) sign_in: &'static str,
    /// What to ask the tool itself, with `{url}` for its address.
    pub(super) look: &'static str,
}

/// Starts the stand-in.
pub(super) async fn open(provider: DemoProvider) -> Tool {
    match provider {
        DemoProvider::ServiceNow => Tool {
            title: "ServiceNow",
            connection: "snow",
            desk: Arc::new(ServiceNow::start().await),
            settings: "provider = \"servicenow\"\nauth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n",
            secrets: &[("SNOW_PASSWORD", "p")],
            person: "Beth Anglin",
            sign_in: "user itsm, password p",
            look: "curl -u itsm:p '{url}/api/now/table/incident?sysparm_fields=number,state,short_description'",
        },
        DemoProvider::ServiceManager => Tool {
            title: "Service Manager",
            connection: "scsm",
            desk: Arc::new(Gateway::start().await),
            settings: "provider = \"service_manager\"\nauth = { type = \"shared_secret\", secret = \"$SM_GATEWAY_SECRET\" }\n",
            secrets: &[("SM_GATEWAY_SECRET", gateway::SECRET)],
            person: "Beth Anglin",
            sign_in: "shared secret gateway-secret-of-thirty-two-characters",
            look: "curl -H 'Authorization: Bearer gateway-secret-of-thirty-two-characters' '{url}/v1/incidents'",
        },
        DemoProvider::Provance => Tool {
            title: "Provance",
            connection: "prov",
            desk: Arc::new(
                Dataverse::start_with(dataverse::Options { itsm: Some("prov".to_owned()), ..Default::default() }).await,
            ),
            settings: PROVANCE,
            secrets: &[("PROVANCE_SECRET", dataverse::options::SECRET)],
            person: "Abel Tuter",
            sign_in: "client 5a1e0f34-0000-4000-8000-00000000c0de, secret dataverse-secret",
            look: "curl '{url}/api/data/v9.2/prov_incidents' -H \"Authorization: Bearer $TOKEN\"",
        },
        DemoProvider::Cherwell => Tool {
            title: "Cherwell",
            connection: "csm",
            desk: Arc::new(Cherwell::start().await),
            settings: CHERWELL,
            secrets: &[("CHERWELL_PASSWORD", "p")],
            person: "Ana Reyes",
            sign_in: "user itsm, password p",
            look: "curl '{url}/api/V1/serviceinfo'",
        },
    }
}
