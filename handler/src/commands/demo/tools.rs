//! The tools that the demo can play with: each with its stand-in, the settings of its connection, and what a visitor may try.

use std::sync::Arc;

use clap::ValueEnum;
use emulators::desk::Desk;
use emulators::servicenow::ServiceNow;

/// Which tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum DemoProvider {
    /// ServiceNow
    #[value(name = "servicenow")]
    ServiceNow,
}

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
    }
}
