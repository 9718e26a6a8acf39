//! Moving over from Microsoft's ITSMC: action groups with ITSM receivers, as Azure exports them, become routes of our settings and
//! webhook receivers that post to them. Pure: texts come in, texts go out. Whatever is not carried over is a [`Finding`]; no
//! receiver is dropped without one.
//!
//! What a `ticketConfiguration` may hold is nowhere documented as a whole; `ticket` tells what is known and how the rest is met.

mod bundle;
mod connection;
mod expression;
mod finding;
mod fragment;
mod group;
mod names;
mod route;
mod text;
mod ticket;
mod written;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use url::Url;

pub use self::finding::{Finding, Weight};
pub use self::text::Unreadable;
use crate::route::{Per, Route};

/// One file as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// What findings call it.
    pub name: &'a str,
    /// Its content, in UTF-8 or, with a byte order mark, UTF-16.
    pub content: &'a [u8],
}

/// What is not in an export and has to be chosen.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the connector is reached by Azure: https, without a query. Without it a placeholder stands in its place.
    pub url: Option<Url>,
    /// The Entra application of secure webhooks; without it the key of the URL is a placeholder.
    pub secure: Option<SecureWebhook>,
    /// The connection of receivers whose old connection is not in `connections`.
    pub connection: Option<Target>,
    /// Connections by the old connection's id, in lower case.
    pub connections: BTreeMap<String, Target>,
    /// Template names by what an export calls them: a ServiceNow id, or an earlier name.
    pub templates: BTreeMap<String, String>,
    /// What `CreateOneWIPerCI = false` becomes.
    pub not_per_ci: NotPerCi,
    /// Leaves out everything but routes, for settings that have connections already.
    pub routes_only: bool,
}

/// A connection of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in the settings.
    pub name: String,
    /// Its `provider`; one of [`crate::provider::product::Product::NAMES`].
    pub provider: String,
}

/// What a secure webhook names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecureWebhook {
    /// Object id of the app registration (of the application, not of its service principal).
    pub object_id: String,
    /// Identifier URI of the application, which is the audience of its tokens.
    pub identifier_uri: String,
    /// Tenant of the application.
    pub tenant: String,
}

/// What `CreateOneWIPerCI = false` becomes. Microsoft's documentation contradicts itself: since 2021 it says one work item for
/// each alert rule until that is closed, in 2020 it said one for each alert. Only log alerts were concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotPerCi {
    /// `per = "rule"`.
    #[default]
    Rule,
    /// `per = "alert"`.
    Alert,
}

impl From<NotPerCi> for Per {
    fn from(choice: NotPerCi) -> Self {
        match choice {
            NotPerCi::Rule => Self::Rule,
            NotPerCi::Alert => Self::Alert,
        }
    }
}

/// Everything that came of some exports.
#[derive(Debug, Serialize)]
pub struct Migration {
    /// Every action group that was found, those without an ITSM receiver too.
    pub action_groups: Vec<ActionGroup>,
    /// The connections that the routes use, and the old ones that they stand for.
    pub connections: Vec<Moved>,
    /// Settings for `connector.toml`; empty when there is no ITSM receiver.
    pub connector_toml: String,
    /// What was not carried over, and what a person should know.
    pub findings: Vec<Finding>,
}

/// A connection in place of old ones.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// Its name here.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// Ids of the old connections, in lower case.
    pub old: Vec<String>,
}

/// One action group.
#[derive(Debug, Serialize)]
pub struct ActionGroup {
    /// The file it was in.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its resource group, where the export tells.
    pub resource_group: Option<String>,
    /// How many ITSM receivers it has.
    pub itsm_receivers: usize,
    /// A name for a file of its own, unique in this migration, without extension.
    pub file_name: String,
    /// What became of each receiver.
    pub routes: Vec<Routed>,
    /// The receivers to add: `{"webhookReceivers": [...]}`, as in templates and in the REST API.
    pub fragment: Value,
}

/// What became of one receiver.
#[derive(Debug, Serialize)]
pub struct Routed {
    /// The ITSM receiver's name.
    pub receiver: String,
    /// The route's name in the settings.
    pub route: String,
    /// The route. A receiver equal to an earlier one of its group has the same.
    pub settings: Route,
}

impl Migration {
    /// How many ITSM receivers there were.
    #[must_use]
    pub fn receivers(&self) -> usize {
        self.action_groups.iter().map(|group| group.itsm_receivers).sum()
    }

    /// Whether everything was carried over.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight != Weight::NotCarriedOver)
    }
}

/// Converts all action groups of `exports`.
///
/// # Errors
///
/// The first export that cannot be read, or that has no action group.
pub fn migrate(exports: &[Export<'_>], options: &Options) -> Result<Migration, Unreadable> {
    let mut findings = Vec::new();
    let mut groups = Vec::new();
    for export in exports {
        let document = text::read(export)?;
        let found = group::find(export.name, &document, &mut findings);
        if found.is_empty() && findings.iter().all(|finding| finding.file != export.name) {
            return Err(text::no_action_group(export.name));
        }
        groups.extend(found);
    }
    group::drop_repeated(&mut groups, &mut findings);
    Ok(bundle::bundle(&groups, options, findings))
}

#[cfg(test)]
mod tests;
