//! Configuration items of class `Microsoft.Windows.Computer`.

use uuid::Uuid;

/// A computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computer {
    /// GUID of the object.
    pub base_id: Uuid,
    /// `PrincipalName`, the key of its class: the FQDN where there is one.
    pub principal_name: String,
    /// `NetbiosComputerName`, upper case.
    pub netbios_name: String,
    /// `DisplayName`
    pub display_name: String,
    /// Written by a connector of Active Directory or Configuration Manager rather than by a client.
    pub from_connector: bool,
}

impl Computer {
    pub(super) fn new(base_id: Uuid, name: &str, from_connector: bool) -> Self {
        let short = name.split('.').next().unwrap_or(name);
        // NetBIOS names have 15 characters, which is how two computers come to share one.
        let netbios_name = short.chars().take(15).collect::<String>().to_ascii_uppercase();
        Self { base_id, principal_name: name.to_owned(), netbios_name, display_name: name.to_owned(), from_connector }
    }
}

/// The computers that a name means: those with this FQDN, else those with this `NetBIOS` name. Case does not matter.
pub(super) fn named<'a>(computers: &'a [Computer], name: &str) -> Vec<&'a Computer> {
    let equal = |text: &str| text.eq_ignore_ascii_case(name);
    let exact: Vec<&Computer> = computers.iter().filter(|computer| equal(&computer.principal_name)).collect();
    if !exact.is_empty() {
        return exact;
    }
    // A FQDN that is not there is not found by its first part: that would be another domain's computer.
    computers.iter().filter(|computer| equal(&computer.netbios_name) || equal(&computer.display_name)).collect()
}
