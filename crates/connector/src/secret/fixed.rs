//! Secrets held in memory: tests and the demo.

use std::collections::BTreeMap;
use std::fmt;

use super::{MissingSecret, Place, Secret, SecretRef, Secrets};

/// Secrets by name; those of Key Vault are named `@NAME`.
#[derive(Default, Clone)]
pub struct FixedSecrets(BTreeMap<String, Secret>);

impl FixedSecrets {
    /// Adds or replaces a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), Secret::new(value));
        self
    }
}

impl fmt::Debug for FixedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets for FixedSecrets {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let held = match reference.place() {
            Some(Place::Variable(name)) => self.0.get(name),
            Some(Place::KeyVault(name)) => self.0.get(&format!("@{name}")),
            None => None,
        };
        held.cloned().ok_or_else(|| MissingSecret::elsewhere(reference))
    }
}
