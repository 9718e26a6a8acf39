//! Proposes a mapping profile: Provance's names are not public, but an environment that has it tells its solutions with the prefix of
//! their publisher, and its tables with what people see. What is proposed is a guess by labels, for a person to confirm.

use async_trait::async_trait;

use self::fit::Fit;
use super::Provance;
use super::metadata::{self, Entity, Table};
use crate::provider::ProviderError;
use crate::provider::product::{Explorer, Proposal};

mod fit;
mod incident;
mod others;
mod writing;

/// What the solution is looked for by.
const NAME: &str = "provance";

/// Labels of tables, best first.
const INCIDENTS: &[&str] = &["incident", "incident ticket", "ticket", "case"];
const CHANGES: &[&str] = &["change request", "change", "request for change"];
const ITEMS: &[&str] = &["configuration item", "ci", "asset", "device", "computer"];
const TEMPLATES: &[&str] = &["incident template", "ticket template", "template"];

/// A search in one environment.
#[derive(Debug)]
pub(super) struct Discovery {
    tool: Provance,
}

/// A solution and the prefix of its publisher.
#[derive(Debug, PartialEq, Eq)]
struct Solution {
    name: String,
    version: String,
    prefix: String,
}

impl Discovery {
    pub(super) const fn new(tool: Provance) -> Self {
        Self { tool }
    }

    /// The solutions of the vendor.
    async fn solutions(&self) -> Result<Vec<Solution>, ProviderError> {
        let rows = self.tool.client.solutions().await?;
        let found = rows.iter().filter_map(|row| {
            let publisher = row.part("publisherid");
            let text = |name: &str| publisher.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            let names = [
                row.text("uniquename"),
                row.text("friendlyname"),
                text("uniquename").to_owned(),
                text("friendlyname").to_owned(),
            ];
            let fits = names.iter().any(|name| name.to_lowercase().contains(NAME));
            let prefix = text("customizationprefix").to_owned();
            (fits && !prefix.is_empty()).then(|| Solution {
                name: row.text("friendlyname"),
                version: row.text("version"),
                prefix,
            })
        });
        Ok(found.collect())
    }
}

/// The table whose label fits best.
fn table<'a>(entities: &[&'a Entity], labels: &[&str]) -> Option<&'a Entity> {
    let found = entities.iter().filter_map(|entity| Some((fit::rank(&entity.label, labels)?, *entity)));
    found.min_by_key(|(rank, entity)| (*rank, entity.logical_name.len())).map(|(_, entity)| entity)
}

#[async_trait]
impl Explorer for Discovery {
    async fn propose(&self) -> Result<Proposal, ProviderError> {
        let client = &self.tool.client;
        let solutions = self.solutions().await?;
        let entities = metadata::custom(client).await?;
        let ours =
            |entity: &&Entity| solutions.iter().any(|solution| entity.logical_name.starts_with(&format!("{}_", solution.prefix)));
        let own: Vec<&Entity> = entities.iter().filter(ours).collect();
        let mut fit = Fit::default();
        let described: Vec<_> = solutions
            .iter()
            .map(|solution| format!("{} {} (prefix {})", solution.name, solution.version, solution.prefix))
            .collect();
        let finding = if solutions.is_empty() {
            fit.doubt("no solution or publisher is called Provance; the profile is that of the stock table incident");
            "no solution of Provance was found".to_owned()
        } else {
            format!("found {}", described.join(", "))
        };
        let incident = table(&own, INCIDENTS);
        if incident.is_none() && !solutions.is_empty() {
            fit.doubt("the solution has no table of incidents of its own; the profile is that of the stock table incident");
        }
        let read = async |entity: Option<&Entity>| -> Result<Option<Table>, ProviderError> {
            match entity {
                Some(entity) => metadata::table(client, &entity.logical_name).await.map(Some),
                None => Ok(None),
            }
        };
        let (incident, change) = (read(incident).await?, read(table(&own, CHANGES)).await?);
        let (item, template) = (read(table(&own, ITEMS)).await?, read(table(&own, TEMPLATES)).await?);
        let mut profile = self.tool.profile().clone();
        if let Some(incident) = &incident {
            profile.incident = incident::propose(incident, item.as_ref(), &mut fit);
        }
        profile.change = change.as_ref().map(|change| others::change(change, item.as_ref(), &mut fit)).unwrap_or_default();
        profile.ci = item.as_ref().map(|item| others::ci(item, &mut fit)).unwrap_or_default();
        let templates = template.as_ref().zip(incident.as_ref());
        profile.template = templates.map(|(template, incident)| others::template(template, incident)).unwrap_or_default();
        let toml = writing::write(&self.tool.name, &finding, &profile, &fit)?;
        Ok(Proposal { finding, toml, doubts: fit.doubts })
    }
}
