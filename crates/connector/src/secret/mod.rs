//! Secrets: named in settings, looked up when needed, never printed. They come from environment variables, which on Azure are app
//! settings, or straight from Key Vault.

mod environment;
mod fixed;
pub mod key_vault;
#[cfg(test)]
mod tests;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use environment::{EnvironmentSecrets, Variables, is_key_vault_reference};
pub use fixed::FixedSecrets;
pub use key_vault::KeyVaultSecrets;

/// Azure's limit for the name of a secret.
const LONGEST_NAME: usize = 127;

/// A secret as written in `connector.toml`: `"$NAME"`, the name of an environment variable (on Azure: an app setting), or `"@NAME"`,
/// the name of a secret in the vault of `[key_vault]`. Anything else is refused when settings are read, so that no secret stands in
/// the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(String);

/// Where a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The environment variable of this name.
    Variable(&'a str),
    /// The newest version of the Key Vault secret of this name.
    KeyVault(&'a str),
}

impl SecretRef {
    /// A reference to the environment variable `name`.
    #[must_use]
    pub fn variable(name: &str) -> Self {
        Self(format!("${name}"))
    }

    /// A reference to the Key Vault secret `name`.
    #[must_use]
    pub fn key_vault(name: &str) -> Self {
        Self(format!("@{name}"))
    }

    /// A text of the settings that may be a reference or something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let reference = Self(text.to_owned());
        reference.place().is_some().then_some(reference)
    }

    /// The environment variable's name, or nothing when the setting is not of the form `$NAME`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.strip_prefix('$').filter(|name| !name.is_empty())
    }

    /// Where the secret is, or nothing when this is no reference: a variable's name is letters, digits and `_` and does not begin
    /// with a digit; a secret's is 1 to 127 letters, digits and `-`, as Key Vault has it.
    #[must_use]
    pub fn place(&self) -> Option<Place<'_>> {
        let (kind, name) = self.0.split_at_checked(1)?;
        let all = |allowed: char| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == allowed);
        match kind {
            "$" if all('_') && !name.starts_with(|c: char| c.is_ascii_digit()) => Some(Place::Variable(name)),
            "@" if all('-') && name.len() <= LONGEST_NAME => Some(Place::KeyVault(name)),
            _ => None,
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value that is not a reference may be the secret itself, put there by mistake.
        f.write_str(if self.place().is_some() { &self.0 } else { "<not a reference>" })
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

    /// A value as it was written into a variable or a vault; nothing when that is empty. Line breaks at its end came with the file or
    /// the command that it was written by, and no header could carry them.
    fn written(value: &str) -> Option<Self> {
        let value = value.trim_end_matches(['\r', '\n']);
        (!value.is_empty()).then(|| Self::new(value))
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
#[error("{cause}; {remedy}")]
pub struct MissingSecret {
    /// What is missing, with its name and place.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl MissingSecret {
    /// The environment variable `name` is not set.
    #[must_use]
    pub fn variable(name: &str) -> Self {
        Self {
            cause: format!("environment variable {name} is not set"),
            remedy: "set it (on Azure: as an app setting, best a Key Vault reference)".to_owned(),
        }
    }

    /// `reference` is of a kind that is not known here.
    fn elsewhere(reference: &SecretRef) -> Self {
        match reference.place() {
            Some(Place::KeyVault(name)) => Self {
                cause: format!("secret {name} is to come from Key Vault, and no vault is configured"),
                remedy: "add a section [key_vault] with the vault's url, or write \"$NAME\" for an environment variable"
                    .to_owned(),
            },
            Some(Place::Variable(name)) => Self::variable(name),
            None => Self {
                cause: "a secret is not named but written down".to_owned(),
                remedy: "write \"$NAME\" for an environment variable or \"@NAME\" for a Key Vault secret".to_owned(),
            },
        }
    }
}

/// Where secrets come from. Asked at every use, so that a rotated secret is picked up without a restart.
pub trait Secrets: Send + Sync + fmt::Debug {
    /// The value behind `reference`.
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret>;
}

/// Secrets of which those in Key Vault are taken to be there: for checking settings without touching the network.
#[derive(Debug)]
pub struct VaultUnread<'a>(pub &'a dyn Secrets);

impl Secrets for VaultUnread<'_> {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        match reference.place() {
            Some(Place::KeyVault(_)) => Ok(Secret::new("unread")),
            _ => self.0.get(reference),
        }
    }
}
