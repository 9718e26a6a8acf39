//! What can be typed of moving over from the old connector. Nothing is done here.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use connector::migration;
use connector::provider::product::Product;
use url::Url;

/// Options of `migrate`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Reads what `az monitor action-group list -o json` (or `show`) prints, answers of the REST API, and ARM templates; of Bicep, what\n\
    `az bicep build` makes of it. Nothing is changed in Azure. Exit code 1: something is not carried over, and the output says what.\n\n\
    Examples:\n  az monitor action-group list -o json > groups.json && itsm-connector migrate groups.json\n  \
    itsm-connector migrate groups.json --url https://itsm.azurewebsites.net --connection snow --write moved\n  \
    itsm-connector migrate groups.json --connection a3b9076c-ce8e-434e-85b4-aff10cb3c8f1=snow --routes-only"
)]
pub struct Migrate {
    /// Files with action groups; - reads standard input
    #[arg(value_name = "FILE.json", required = true)]
    pub files: Vec<PathBuf>,
    /// Where Azure reaches the connector
    #[arg(long, value_name = "URL", value_parser = reached)]
    pub url: Option<Url>,
    /// The connection's name here, for all receivers or for those of one old connection; servicenow unless PROVIDER says otherwise; may be given several times
    #[arg(long = "connection", value_name = "[ID=]NAME[:PROVIDER]")]
    pub connections: Vec<Mapped>,
    /// A template's name in the ITSM tool, for what the export calls it; may be given several times
    #[arg(long = "template", value_name = "GIVEN=NAME")]
    pub templates: Vec<Renamed>,
    /// What "no work item for each configuration item" becomes: Microsoft's documentation says one thing in 2020 and another since
    #[arg(long, value_enum, default_value_t = NotPerCiValue::Rule)]
    pub not_per_ci: NotPerCiValue,
    /// Secure webhooks: object id of the Entra application
    #[arg(long = "secure", value_name = "OBJECT_ID", requires = "identifier_uri", requires = "tenant")]
    pub object_id: Option<String>,
    /// Secure webhooks: identifier URI of the application
    #[arg(long, value_name = "URI", requires = "object_id")]
    pub identifier_uri: Option<String>,
    /// Secure webhooks: tenant of the application
    #[arg(long, value_name = "ID", requires = "object_id")]
    pub tenant: Option<String>,
    /// Only the routes, for settings that have the connections already
    #[arg(long)]
    pub routes_only: bool,
    /// Write connector.toml and a file for each action group into this directory instead; files that are there stay
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// What `CreateOneWIPerCI = false` becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NotPerCiValue {
    /// One work item for each alert rule, until it is closed (documented since 2021)
    Rule,
    /// One for each alert (documented in 2020)
    Alert,
}

impl From<NotPerCiValue> for migration::NotPerCi {
    fn from(value: NotPerCiValue) -> Self {
        match value {
            NotPerCiValue::Rule => Self::Rule,
            NotPerCiValue::Alert => Self::Alert,
        }
    }
}

/// A connection of ours for one old one, or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The old connection's id, in lower case; nothing for all.
    pub id: Option<String>,
    /// The connection here.
    pub target: migration::Target,
}

impl FromStr for Mapped {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, rest) = text.rsplit_once('=').map_or((None, text), |(id, rest)| (Some(id.trim().to_lowercase()), rest));
        let (name, provider) = rest.split_once(':').unwrap_or((rest, "servicenow"));
        let fits =
            (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !fits || id.as_ref().is_some_and(String::is_empty) {
            return Err("write NAME or OLD-CONNECTION-ID=NAME; a name has 1 to 64 letters, digits, - and _".to_owned());
        }
        if !Product::NAMES.contains(&provider) {
            return Err(format!("there is no provider \"{provider}\"; there are {}", Product::NAMES.join(", ")));
        }
        Ok(Self { id, target: migration::Target { name: name.to_owned(), provider: provider.to_owned() } })
    }
}

/// Another name for a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// As the export calls it.
    pub given: String,
    /// As the ITSM tool does.
    pub name: String,
}

impl FromStr for Renamed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((given, name)) if !given.trim().is_empty() && !name.trim().is_empty() => {
                Ok(Self { given: given.trim().to_owned(), name: name.trim().to_owned() })
            }
            _ => Err("write what the export calls the template, =, and its name".to_owned()),
        }
    }
}

/// Action groups post to https addresses only; a key belongs to the receivers, not here.
fn reached(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return Err("write https://HOST: Azure posts to nothing else".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("write it without ? and #; migrate adds route and key".to_owned());
    }
    Ok(url)
}
