//! Secrets from environment variables: those of this process, or a set that was read elsewhere. On Azure they are app settings, and
//! the platform puts the value of a Key Vault reference in its place; where it could not, the reference itself stands there, and
//! must never be sent as a password.

use std::collections::BTreeMap;
use std::fmt;

use super::{MissingSecret, Place, Secret, SecretRef, Secrets};

const REFERENCE: &str = "@microsoft.keyvault(";

/// Whether the value of an app setting is a Key Vault reference that nobody has put a value in place of.
#[must_use]
pub fn is_key_vault_reference(value: &str) -> bool {
    value.trim_start().get(..REFERENCE.len()).is_some_and(|start| start.eq_ignore_ascii_case(REFERENCE))
}

impl MissingSecret {
    /// The app setting `name` still holds its Key Vault reference.
    #[must_use]
    pub fn unresolved(name: &str) -> Self {
        Self {
            cause: format!("app setting {name} is a Key Vault reference that Azure has not resolved"),
            remedy: "give the app's identity the role Key Vault Secrets User on the vault, set keyVaultReferenceIdentity of the app to \
                     that identity when it is user-assigned, and check the vault and the name in the reference"
                .to_owned(),
        }
    }
}

/// Secrets from the environment variables of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnvironmentSecrets;

impl Secrets for EnvironmentSecrets {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        found(reference, |name| std::env::var(name).ok())
    }
}

/// Environment variables by name, of this process or of a file. `Debug` prints names only.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process, as they are now; what is not Unicode is left out.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }

    /// The value of `name`, when it is set and not empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets for Variables {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        found(reference, |name| self.0.get(name).cloned())
    }
}

fn found(reference: &SecretRef, variable: impl Fn(&str) -> Option<String>) -> Result<Secret, MissingSecret> {
    let Some(Place::Variable(name)) = reference.place() else { return Err(MissingSecret::elsewhere(reference)) };
    match variable(name) {
        Some(value) if is_key_vault_reference(&value) => Err(MissingSecret::unresolved(name)),
        Some(value) => Secret::written(&value).ok_or_else(|| MissingSecret::variable(name)),
        None => Err(MissingSecret::variable(name)),
    }
}
