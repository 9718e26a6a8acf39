//! Finding the computer that an alert is about: by its key (`PrincipalName`, the FQDN), then by its `NetBIOS` name. Service Manager's
//! connectors of Active Directory and Configuration Manager own computers, so none is made unless the settings say so.

use serde_json::{Map, Value, json};

use super::super::mapping::guid::COMPUTER_PROJECTION;
use super::Cireson;
use super::client::Committed;
use super::criteria::{any, fits, property};
use super::shape::{NEVER, Projection};
use crate::provider::configuration_items::{self, By, Search, Step};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::work_item::ConfigurationItem;

const CLASS: &str = "Microsoft.Windows.Computer";
/// `NetBIOS` names have so many characters.
const NETBIOS: usize = 15;

/// Properties of which one must hold what is wanted, each with how it is written there.
fn wanted(step: &Step<'_>) -> Vec<(&'static str, String)> {
    let whole = step.wanted.to_owned();
    match step.by {
        By::ResourceId | By::NameOrFqdn => vec![("PrincipalName", whole)],
        By::Name => {
            let short = step.wanted.chars().take(NETBIOS).collect();
            vec![("NetbiosComputerName", short), ("PrincipalName", whole)]
        }
    }
}

fn item(object: &Projection) -> ConfigurationItem {
    let named = ["PrincipalName", "DisplayName"].into_iter().map(|name| object.text(name)).find(|name| !name.is_empty());
    let class = Some(object.text("ClassName")).filter(|class| !class.is_empty()).unwrap_or(CLASS);
    ConfigurationItem { id: object.base_id().to_owned(), name: named.unwrap_or_default().to_owned(), class: class.to_owned() }
}

/// Those that carry what is wanted and are not deleted, the one changed last first; and how many there are with deleted ones.
fn best(objects: Vec<Projection>, wanted: &[(&'static str, String)]) -> (usize, Vec<ConfigurationItem>) {
    let carries = |object: &Projection| wanted.iter().any(|(name, text)| object.text(name).eq_ignore_ascii_case(text));
    let mut found: Vec<_> = objects.into_iter().filter(|object| carries(object) && !object.base_id().is_empty()).collect();
    let all = found.len();
    found.retain(|object| !object.deleted());
    // A computer whose whole name is the wanted one before those that share its short name.
    let exact = |object: &Projection| {
        let principal = object.text("PrincipalName");
        wanted.iter().any(|(name, text)| *name == "PrincipalName" && principal.eq_ignore_ascii_case(text))
    };
    if found.iter().any(exact) {
        found.retain(exact);
    }
    found.sort_by_key(|object| std::cmp::Reverse(object.instant("LastModified")));
    (all, found.iter().map(item).collect())
}

/// Looks, step by step; creates one at the end when the settings say so.
pub(super) async fn find(tool: &Cireson, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
    let class = &tool.connection.own.service_manager.cireson.computer_class;
    let mut search = Search::new(&tool.connection.configuration_item, query, fits);
    for step in configuration_items::steps(query, false, fits) {
        let wanted = wanted(&step);
        let says: Vec<_> = wanted.iter().map(|(name, text)| format!("{name} = {text}")).collect();
        let says = format!("{CLASS} {}", says.join(" or "));
        let criteria = any(wanted.iter().map(|(name, text)| property(class, name, text)).collect());
        match tool.client.find(COMPUTER_PROJECTION, &criteria, "looking for a computer").await {
            Ok(objects) => {
                let (all, best) = best(objects, &wanted);
                if search.looked(&says, all, best) {
                    return Ok(search.done());
                }
            }
            Err(error) => search.refused(&says, error)?,
        }
    }
    if search.creates() {
        create(tool, query, &mut search).await?;
    }
    Ok(search.done())
}

/// A new computer is a form without an original, as a new incident is. That portals take it for this class is inferred.
async fn create(tool: &Cireson, query: &ConfigurationItemQuery, search: &mut Search<'_>) -> Result<(), ProviderError> {
    const WHAT: &str = "creating a computer";
    let Some((name, fqdn)) = configuration_items::new_name(query) else {
        return Ok(());
    };
    let principal = fqdn.unwrap_or(name);
    let netbios: String = name.chars().take(NETBIOS).collect::<String>().to_ascii_uppercase();
    let members = [
        ("ClassTypeId", json!(tool.connection.own.service_manager.cireson.computer_class)),
        ("ClassName", json!(CLASS)),
        ("BaseId", Value::Null),
        ("TimeAdded", json!(NEVER)),
        ("PrincipalName", json!(principal)),
        ("NetbiosComputerName", json!(netbios)),
        ("DisplayName", json!(principal)),
    ];
    let form: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let written = match tool.client.commit(Projection(form), None, WHAT).await {
        Ok(Committed::Done(base_id)) if !base_id.is_empty() => {
            Ok(ConfigurationItem { id: base_id, name: principal.to_owned(), class: CLASS.to_owned() })
        }
        Ok(Committed::Done(_)) => Err(ProviderError::Ambiguous { cause: format!("{WHAT}: the answer names no object") }),
        Ok(Committed::Stale(told)) => Err(ProviderError::Retry { after: None, cause: format!("{WHAT}: {told}") }),
        Err(error) => Err(error),
    };
    search.created(CLASS, principal, written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computer(id: &str, principal: &str, netbios: &str) -> Projection {
        Projection::new(json!({"BaseId": id, "PrincipalName": principal, "NetbiosComputerName": netbios})).unwrap()
    }

    #[test]
    fn a_netbios_name_is_cut_as_windows_cuts_it_and_the_whole_name_comes_first() {
        let wanted = wanted(&Step { by: By::Name, wanted: "verylongcomputername" });
        assert_eq!(wanted[0], ("NetbiosComputerName", "verylongcompute".to_owned()));
        let found = vec![
            computer("1", "verylongcomputername", "VERYLONGCOMPUTE"),
            computer("2", "verylongcomputernumber2", "VERYLONGCOMPUTE"),
            computer("3", "other", "OTHER"),
        ];
        let (all, best) = best(found, &wanted);
        assert_eq!((all, best.len(), best[0].id.as_str()), (2, 1, "1"));
    }

    #[test]
    fn deleted_computers_are_counted_and_not_linked() {
        let mut gone = computer("1", "web01", "WEB01");
        gone.set(
            "ObjectStatus",
            json!({"Id": super::super::super::mapping::guid::OBJECT_PENDING_DELETE, "Name": "Pending Delete"}),
        );
        let (all, best) = best(vec![gone], &[("PrincipalName", "WEB01".to_owned())]);
        assert_eq!((all, best.len()), (1, 0));
    }
}
