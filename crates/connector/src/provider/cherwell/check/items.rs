//! Whether configuration items can be found, linked and created.

use super::super::client::Search;
use super::super::config::ItemLink;
use super::super::{Cherwell, RecordKind, ci};
use super::failed;
use crate::probe::Report;
use crate::provider::ProviderError;

const STEP: &str = "configuration items";

pub(super) async fn run(tool: &Cherwell, report: &mut Report) {
    let settings = &tool.settings().configuration_items;
    if !tool.connection.configuration_item.link {
        return report.skipped(STEP, "configuration_item.link = false");
    }
    match found(tool).await {
        Ok(true) => report.passed(STEP, format!("{} can be read", settings.object)),
        Ok(false) => report.warning(
            STEP,
            "no configuration item is visible",
            format!("{} is empty, or rights to records hide them all", settings.object),
            "give the security group of the integration user the right to view them, or set configuration_item.link = false",
        ),
        Err(error) => return failed(report, STEP, "configuration items cannot be looked for", &error),
    }
    if settings.link == ItemLink::Relationship {
        let step = "link of configuration items";
        match tool.shape(RecordKind::Incident).await {
            Ok(shape) => match shape.object.relationship(&settings.relationship, "cherwell.configuration_items.relationship") {
                Ok(relationship) => report.passed(step, format!("by \"{}\"; the right to link is not tried", relationship.name)),
                Err(error) => failed(report, step, "they cannot be linked", &error),
            },
            Err(error) => failed(report, step, "they cannot be linked", &error),
        }
    }
    if tool.connection.configuration_item.create {
        let step = format!("business object {}", settings.class);
        match tool.object(&settings.class, "cherwell.configuration_items.class").await {
            Ok(_) => report.passed(step, "is there; the right to add to it is not tried"),
            Err(error) => failed(report, &step, "missing configuration items cannot be created", &error),
        }
    }
}

/// Whether one is visible, and every field of the settings there.
async fn found(tool: &Cherwell) -> Result<bool, ProviderError> {
    let settings = &tool.settings().configuration_items;
    let group = ci::group(tool).await?;
    let named = settings.name_fields.iter().any(|name| group.field(name).is_some());
    let id = settings.resource_id_field.trim();
    if !named || (!id.is_empty() && group.field(id).is_none()) {
        let (missing, setting) =
            if named { (id.to_owned(), "resource_id_field") } else { (settings.name_fields.join(", "), "name_fields") };
        return Err(ProviderError::Refused {
            cause: format!("{} has no field {missing}", group.name),
            remedy: format!("correct cherwell.configuration_items.{setting}"),
        });
    }
    let search = Search {
        object: &group,
        filters: &[],
        sorting: &[],
        direction: tool.client.direction.upwards(),
        fields: &[],
        size: 1,
        what: "reading a configuration item",
    };
    Ok(!tool.client.search(&search).await?.business_objects.is_empty())
}
