//! Secrets: named in settings, looked up when needed, never printed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A secret as written in `connector.toml`: `"$NAME"`, the name of an environment variable (on Azure: an app setting that
/// is a Key Vault reference). Anything else is refused when settings are read, so that no secret stands in the file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(String);

impl SecretRef {
    /// A reference to the environment variable `name`.
    #[must_use]
    pub fn variable(name: &str) -> Self {
        Self(format!("${name}"))
    }

    /// The environment variable's name, or nothing when the setting is not of the form `$NAME`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.strip_prefix('$').filter(|name| !name.is_empty())
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value that is not a reference may be the secret itself, put there by mistake.
        match self.name() {
            Some(name) => write!(f, "${name}"),
            None => f.write_str("<not a reference>"),
        }
    }
}

/// A secret's value. `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: for the wire only, never for a log or an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A secret that is named in the settings and not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name} is not set; set it (on Azure: as an app setting, best a Key Vault reference)")]
pub struct MissingSecret {
    /// The variable's name.
    pub name: String,
}

/// Where secrets come from. Asked at every use, so that a rotated secret is picked up without a restart.
pub trait Secrets: Send + Sync + fmt::Debug {
    /// The value behind `reference`.
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret>;
}

/// Secrets from environment variables.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnvironmentSecrets;

impl Secrets for EnvironmentSecrets {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let name = reference.name().unwrap_or_default();
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Secret::new(value)),
            _ => Err(MissingSecret { name: name.to_owned() }),
        }
    }
}

/// Secrets held in memory: tests and the demo.
#[derive(Default, Clone)]
pub struct FixedSecrets(std::collections::BTreeMap<String, Secret>);

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
        let name = reference.name().unwrap_or_default();
        self.0.get(name).cloned().ok_or_else(|| MissingSecret { name: name.to_owned() })
    }
}
