//! Finding the configuration item that an alert is about, linking it, and creating a missing one. Which field holds a name differs
//! between customers, and filters on different fields must all hold, so each field is asked by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{Operator, Search, Sent};
use super::definitions::{Definition, Shape};
use super::shapes::{Field, Record};
use super::{Cherwell, ProviderError};
use crate::provider::configuration_items::{self, By, Search as Account, Step};
use crate::provider::text::cut;
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery};
use crate::work_item::ConfigurationItem;

/// Records of one name that are looked at.
const MOST: u32 = 50;
/// Children that are looked through to see whether a link was made.
const MOST_LINKED: u32 = 1000;

/// The business object in which configuration items are looked for.
pub(super) async fn group(tool: &Cherwell) -> Result<Arc<Definition>, ProviderError> {
    tool.object(&tool.settings().configuration_items.object, "cherwell.configuration_items.object").await
}

/// Names and ids of the business objects that a configuration item can be of.
pub(super) fn classes(group: &Definition) -> Vec<(String, String)> {
    let own = (group.name.clone(), group.id.clone());
    group.members.iter().cloned().chain([own]).collect()
}

/// Anything but a control character may stand in a filter.
fn fits(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// What steps need to know.
struct Fields<'a> {
    names: Vec<&'a Field>,
    resource_id: Option<&'a Field>,
    status: Option<&'a Field>,
    modified: Option<&'a Field>,
}

impl<'a> Fields<'a> {
    fn of(tool: &Cherwell, group: &'a Definition) -> Result<Self, ProviderError> {
        let settings = &tool.settings().configuration_items;
        let names: Vec<&Field> = settings.name_fields.iter().filter_map(|name| group.field(name)).collect();
        if names.is_empty() {
            return Err(ProviderError::Refused {
                cause: format!("{} has none of the fields {}", group.name, settings.name_fields.join(", ")),
                remedy: "set cherwell.configuration_items.name_fields to the fields that hold a computer's name".to_owned(),
            });
        }
        let modified = ["LastModifiedDateTime", "LastModDateTime"].into_iter().find_map(|name| group.field(name));
        let optional = |name: &str| group.field(name).filter(|_| !name.trim().is_empty());
        Ok(Self { names, resource_id: optional(&settings.resource_id_field), status: optional(&settings.status_field), modified })
    }

    /// Fields of which one must hold what a step wants.
    fn asked(&self, step: Step<'_>) -> Vec<&'a Field> {
        match step.by {
            By::ResourceId => self.resource_id.into_iter().collect(),
            By::NameOrFqdn | By::Name => self.names.clone(),
        }
    }
}

/// Looks, step by step; creates one at the end when the settings say so.
pub(super) async fn find(tool: &Cherwell, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
    let mut account = Account::new(&tool.connection.configuration_item, query, fits);
    let group = match group(tool).await {
        Ok(group) => group,
        Err(error) => return gave_up(account, error),
    };
    let fields = match Fields::of(tool, &group) {
        Ok(fields) => fields,
        Err(error) => return gave_up(account, error),
    };
    for step in configuration_items::steps(query, fields.resource_id.is_some(), fits) {
        let asked = fields.asked(step);
        let names: Vec<&str> = asked.iter().map(|field| field.name.as_str()).collect();
        let says = format!("{} {} = {}", group.name, names.join(" or "), step.wanted);
        match look(tool, &group, &asked, step.wanted).await {
            Ok(records) => {
                let (all, best) = best(tool, records, &fields);
                let items = best.iter().map(|record| item(record, &fields, &group)).collect();
                if account.looked(&says, all, items) {
                    return Ok(account.done());
                }
            }
            Err(error) => account.refused(&says, error)?,
        }
    }
    if account.creates() {
        create(tool, query, &mut account).await?;
    }
    Ok(account.done())
}

/// A CMDB that may not be read is no reason to lose an alert.
fn gave_up(mut account: Account<'_>, error: ProviderError) -> Result<ConfigurationItemFound, ProviderError> {
    account.refused("configuration items", error)?;
    Ok(account.done())
}

/// Records of which one of the fields holds `wanted`, whatever its case.
async fn look(tool: &Cherwell, group: &Definition, asked: &[&Field], wanted: &str) -> Result<Vec<Record>, ProviderError> {
    let mut found: BTreeMap<String, Record> = BTreeMap::new();
    for field in asked {
        let search = Search {
            object: group,
            filters: &[(field, Operator::Eq, wanted.to_owned())],
            sorting: &[],
            direction: tool.client.direction.upwards(),
            fields: &[],
            size: MOST,
            what: "looking for a configuration item",
        };
        let records = tool.client.search(&search).await?.business_objects.into_iter();
        let holds = |record: &Record| record.value(Some(field)).trim().eq_ignore_ascii_case(wanted) && !record.rec_id.is_empty();
        found.extend(records.filter(holds).map(|record| (record.rec_id.clone(), record)));
    }
    Ok(found.into_values().collect())
}

/// How many there are, and those in use, servers and computers before anything else, the one updated last first.
fn best(tool: &Cherwell, mut records: Vec<Record>, fields: &Fields<'_>) -> (usize, Vec<Record>) {
    let all = records.len();
    let retired = &tool.settings().configuration_items.retired;
    records.retain(|record| !retired.iter().any(|status| status.eq_ignore_ascii_case(record.value(fields.status))));
    records.sort_by_key(|record| {
        let changed = super::dates::Wall::order(record.value(fields.modified));
        (std::cmp::Reverse(changed), record.rec_id.clone())
    });
    (all, records)
}

fn item(record: &Record, fields: &Fields<'_>, group: &Definition) -> ConfigurationItem {
    let name = fields.names.iter().map(|field| record.value(Some(field))).find(|name| !name.is_empty());
    let class = classes(group).into_iter().find(|(_, id)| id.eq_ignore_ascii_case(&record.object));
    ConfigurationItem {
        id: record.rec_id.clone(),
        name: name.unwrap_or(&record.public_id).to_owned(),
        class: class.map_or_else(|| record.object.clone(), |(name, _)| name),
    }
}

async fn create(tool: &Cherwell, query: &ConfigurationItemQuery, account: &mut Account<'_>) -> Result<(), ProviderError> {
    let Some((name, fqdn)) = configuration_items::new_name(query) else { return Ok(()) };
    let class = &tool.settings().configuration_items.class;
    let written = made(tool, query, name, fqdn).await;
    account.created(class, name, written)
}

async fn made(
    tool: &Cherwell,
    query: &ConfigurationItemQuery,
    name: &str,
    fqdn: Option<&str>,
) -> Result<ConfigurationItem, ProviderError> {
    let settings = &tool.settings().configuration_items;
    let object = tool.object(&settings.class, "cherwell.configuration_items.class").await?;
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for field in &settings.name_fields {
        let host = field.to_ascii_lowercase().contains("host");
        values.insert(field, fqdn.filter(|_| host).unwrap_or(name));
    }
    if let Some(id) = query.resource_id.as_deref().filter(|_| !settings.resource_id_field.trim().is_empty()) {
        values.insert(&settings.resource_id_field, id);
    }
    values.extend(settings.fields.iter().map(|(field, value)| (field.as_str(), value.as_str())));
    let known: Vec<(&Field, String)> = values
        .into_iter()
        .filter_map(|(field, value)| object.field(field).map(|field| (field, cut(value, field.most().unwrap_or(usize::MAX)))))
        .collect();
    let sent: Sent<'_> = known.iter().map(|(field, value)| (*field, value.as_str())).collect();
    let id = tool.client.save(&object, None, &sent, "creating a configuration item").await?;
    Ok(ConfigurationItem { id, name: name.to_owned(), class: object.name.clone() })
}

/// Links a configuration item to an incident that is there; answers what went wrong, for the incident matters more than its link.
pub(super) async fn link(tool: &Cherwell, shape: &Shape, id: &str, item: &ConfigurationItem) -> Option<String> {
    let error = linked(tool, shape, id, item).await.err()?;
    let advice = match &error {
        ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. } if !remedy.is_empty() => format!("; {remedy}"),
        _ => String::new(),
    };
    Some(format!("configuration item {} could not be linked: {error}{advice}", item.name))
}

async fn linked(tool: &Cherwell, shape: &Shape, id: &str, item: &ConfigurationItem) -> Result<(), ProviderError> {
    let settings = &tool.settings().configuration_items;
    let relationship = shape.object.relationship(&settings.relationship, "cherwell.configuration_items.relationship")?;
    let group = group(tool).await?;
    let classes = classes(&group);
    let class = super::mapping::item_type(item, &classes);
    let parent = (&*shape.object, id, relationship.id.as_str());
    match tool.client.link(parent, (&class, &item.id), "linking the configuration item").await {
        // Whether it was done is looked up, not tried again.
        Err(ProviderError::Ambiguous { cause }) => {
            let what = "reading the linked configuration items";
            let family = tool.client.children(parent, None, MOST_LINKED, what).await.map_err(ProviderError::from)?;
            let there = family.related_business_objects.iter().any(|record| record.rec_id.eq_ignore_ascii_case(&item.id));
            if there { Ok(()) } else { Err(ProviderError::Ambiguous { cause }) }
        }
        other => other,
    }
}
