//! People, and the accounts that act.

use uuid::Uuid;

/// Account of the integration: role *Advanced operator*.
pub const INTEGRATION: &str = "CONTOSO\\svc-itsm";
/// The analyst who acts through the console in stories.
pub const PERSON: &str = "CONTOSO\\beth.anglin";

/// A user of Active Directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// GUID of the object.
    pub base_id: Uuid,
    /// `Domain`
    pub domain: String,
    /// `UserName`
    pub user_name: String,
    /// `DisplayName`
    pub display_name: String,
    /// Works on incidents.
    pub analyst: bool,
    /// Of role *Administrators*.
    pub administrator: bool,
}

impl Person {
    /// `DOMAIN\user`
    #[must_use]
    pub fn account(&self) -> String {
        format!("{}\\{}", self.domain, self.user_name)
    }
}
