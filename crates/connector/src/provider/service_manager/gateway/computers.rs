//! Finding the computer that an alert is about: by its principal name (FQDN), then by its short name. Names are not unique in Service
//! Manager, so every step is accounted for, and an incident is tied to the one that was found by its id.

use super::Gateway;
use super::shapes::Computer;
use crate::provider::configuration_items::{self, Search};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::work_item::ConfigurationItem;

/// The class of what is found.
const CLASS: &str = "Microsoft.Windows.Computer";

/// Whether a name can be looked for.
fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.chars().any(char::is_control)
}

/// Whether the computer has the name; the gateway is not believed blindly.
fn carries(computer: &Computer, name: &str) -> bool {
    let names = [&computer.principal_name, &computer.netbios_name, &computer.display_name];
    names.into_iter().flatten().any(|own| own.eq_ignore_ascii_case(name)) && !computer.id.is_empty()
}

fn item(computer: &Computer) -> ConfigurationItem {
    let names = [&computer.principal_name, &computer.display_name, &computer.netbios_name];
    let name = names.into_iter().flatten().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    ConfigurationItem { id: computer.id.clone(), name, class: CLASS.to_owned() }
}

/// Looks, step by step; creates one at the end when the settings say so.
pub(super) async fn find(tool: &Gateway, query: &ConfigurationItemQuery) -> Result<ConfigurationItemFound, ProviderError> {
    let mut search = Search::new(&tool.connection.configuration_item, query, fits);
    // Computers have no property for an ARM id.
    for step in configuration_items::steps(query, false, fits) {
        let says = format!("{CLASS} name = {}", step.wanted);
        match tool.client.computers(step.wanted).await {
            Ok(mut found) => {
                found.retain(|computer| carries(computer, step.wanted));
                if search.looked(&says, found.len(), found.iter().map(item).collect()) {
                    return Ok(search.done());
                }
            }
            Err(error) => search.refused(&says, error)?,
        }
    }
    if search.creates()
        && let Some((short, fqdn)) = configuration_items::new_name(query)
    {
        let name = fqdn.unwrap_or(short);
        let created = tool.client.create_computer(name).await.map(|computer| item(&computer));
        search.created(CLASS, name, created)?;
    }
    Ok(search.done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_without_the_name_or_without_an_id_does_not_count() {
        let computer = |id: &str, principal: &str| Computer {
            id: id.to_owned(),
            principal_name: Some(principal.to_owned()),
            netbios_name: Some("WEB01".to_owned()),
            display_name: None,
        };
        assert!(carries(&computer("1", "web01.contoso.com"), "WEB01.contoso.com"));
        assert!(carries(&computer("1", "web01.contoso.com"), "web01"));
        assert!(!carries(&computer("1", "web01.contoso.com"), "web01.fabrikam.com"));
        assert!(!carries(&computer("", "web01.contoso.com"), "web01"));
        assert_eq!(item(&computer("1", "web01.contoso.com")).name, "web01.contoso.com");
    }
}
