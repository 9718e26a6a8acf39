//! Which secrets the settings name.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::Settings;
use super::problem::Problem;
use crate::secret::{MissingSecret, Secret, SecretRef, Secrets};

/// Knows every secret and remembers which were asked for.
#[derive(Debug, Default)]
struct Asked(Mutex<BTreeSet<SecretRef>>);

impl Secrets for Asked {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(reference.clone());
        Ok(Secret::new("any"))
    }
}

impl Settings {
    /// What [`Settings::validate`] finds apart from secrets that are not to be had now.
    #[must_use]
    pub fn validate_without_secrets(&self) -> Vec<Problem> {
        self.validate(&Asked::default())
    }

    /// Every secret that the settings name, each once. Validation asks for every one of them, so that there is no second list.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<SecretRef> {
        let asked = Asked::default();
        // The problems are told by those who validate.
        let _problems = self.validate(&asked);
        asked.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
