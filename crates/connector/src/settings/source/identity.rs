//! Who the connector is while it has no settings yet: chosen by environment variables, as the platform sets them.

use super::Unreadable;
use crate::secret::Variables;
use crate::sink::credential::Identity;

/// Overrides the choice.
const CHOICE: &str = "ITSM_CREDENTIAL";

/// The identity that `variables` speak of: `ITSM_CREDENTIAL` when it is set; else the managed identity where there is one
/// (Functions, App Service), the workload identity of a pod, or whoever is signed in with developer tools.
pub(super) fn of(variables: &Variables) -> Result<Identity, Unreadable> {
    let client_id = || {
        // The second is what the Functions host itself goes by.
        let names = ["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId"];
        names.into_iter().find_map(|name| variables.value(name)).map(str::to_owned)
    };
    match variables.value(CHOICE).map(str::to_ascii_lowercase).as_deref() {
        Some("managed") => Ok(Identity::Managed(client_id())),
        Some("workload") => Ok(Identity::Workload),
        Some("developer") => Ok(Identity::Developer),
        Some(_) => {
            let remedy = "write managed, workload or developer, or remove it to have it chosen by where this runs";
            Err(Unreadable::new(format!("cannot be read because {CHOICE} is none of its values"), remedy))
        }
        None if variables.value("IDENTITY_ENDPOINT").is_some() => Ok(Identity::Managed(client_id())),
        None if variables.value("AZURE_FEDERATED_TOKEN_FILE").is_some() => Ok(Identity::Workload),
        None => Ok(Identity::Developer),
    }
}

/// For people, after "as".
pub(super) fn name(identity: &Identity) -> String {
    match identity {
        Identity::Managed(None) => "the managed identity of this app".to_owned(),
        Identity::Managed(Some(client_id)) => format!("the managed identity with client id {client_id}"),
        Identity::Workload => "the workload identity of this pod".to_owned(),
        Identity::Developer => "whoever is signed in with the Azure CLI or the Azure Developer CLI".to_owned(),
    }
}
