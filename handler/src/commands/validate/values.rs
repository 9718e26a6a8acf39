//! The values of app settings: those of this environment, or of a file that was not deployed yet.

use std::path::Path;

use connector::secret::{Secrets, Variables, is_key_vault_reference};
use serde_json::Value;

use crate::ending::Failure;

/// App settings, and where they are from.
#[derive(Debug)]
pub(super) struct Values {
    /// The file's name; nothing for the environment.
    pub(super) file: Option<String>,
    /// As they are written.
    pub(super) written: Variables,
    /// With something in the place of Key Vault references, for in a file nobody has resolved them yet.
    resolved: Variables,
}

impl Values {
    pub(super) fn environment(variables: &Variables) -> Self {
        Self { file: None, written: variables.clone(), resolved: variables.clone() }
    }

    /// Reads `local.settings.json`, or what `az functionapp config appsettings list` prints.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let name = file.display().to_string();
        let wrong = |why: &str| Failure::Wrong(format!("{name} {why}"));
        let bytes = std::fs::read(file).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        // Not the error's own text: it may quote a value.
        let document: Value = serde_json::from_slice(bytes)
            .map_err(|error| wrong(&format!("is not JSON: see line {}, column {}", error.line(), error.column())))?;
        if document.get("IsEncrypted").and_then(Value::as_bool) == Some(true) {
            return Err(wrong("is encrypted; decrypt it with `func settings decrypt`"));
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let written: Option<Variables> = match (&document, document.get("Values")) {
            (_, Some(Value::Object(values))) => Some(values.iter().map(|(name, value)| (name.clone(), text(value))).collect()),
            (Value::Array(list), _) => list
                .iter()
                .map(|one| Some((one.get("name")?.as_str()?.to_owned(), text(one.get("value").unwrap_or(&Value::Null)))))
                .collect(),
            _ => None,
        };
        let written = written.ok_or_else(|| {
            wrong("holds no app settings; name a local.settings.json (with \"Values\"), or what `az functionapp config appsettings list` prints")
        })?;
        let resolved = written
            .iter()
            .map(|(name, value)| (name.to_owned(), if is_key_vault_reference(value) { "in Key Vault" } else { value }.to_owned()))
            .collect();
        Ok(Self { file: Some(name), written, resolved })
    }

    /// Where they are from, for people.
    pub(super) fn name(&self) -> &str {
        self.file.as_deref().unwrap_or("the environment")
    }

    /// The value of a setting.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.resolved.value(name)
    }

    /// The settings as secrets: `"$NAME"`.
    pub(super) fn secrets(&self) -> &dyn Secrets {
        &self.resolved
    }
}
