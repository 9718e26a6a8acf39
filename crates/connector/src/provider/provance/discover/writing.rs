//! The proposal as a section of `connector.toml`, with what is doubtful said above it.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::profile::{Change, Ci, Incident, Profile, Template};
use super::fit::Fit;
use crate::provider::ProviderError;

/// The profile where it stands in the settings.
#[derive(Serialize)]
struct Section<'a> {
    api_version: &'a str,
    incident: &'a Incident,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ci: Option<&'a Ci>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a Template>,
}

/// The section of connection `name`.
pub(super) fn write(name: &str, finding: &str, profile: &Profile, fit: &Fit) -> Result<String, ProviderError> {
    let section = Section {
        api_version: &profile.api_version,
        incident: &profile.incident,
        change: Some(&profile.change).filter(|table| !table.entity_set.is_empty()),
        ci: Some(&profile.ci).filter(|table| !table.entity_set.is_empty()),
        template: Some(&profile.template).filter(|table| !table.entity_set.is_empty()),
    };
    let impossible = |error: toml::ser::Error| ProviderError::Refused {
        cause: format!("the proposal cannot be written as TOML: {error}"),
        remedy: "report it with the names of the solution's tables".to_owned(),
    };
    let value = toml::Value::try_from(&section).map_err(impossible)?;
    let mut text = format!("# Proposed by `itsm-connector discover {name}`: {finding}.\n");
    text.push_str("# Every name was guessed by its label: compare it with the environment, then put this into connector.toml.\n");
    for doubt in &fit.doubts {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "# CHECK: {}", doubt.replace('\n', " "));
    }
    let tables = value.as_table().cloned().unwrap_or_default();
    let prefix = format!("connections.{name}.provance.profile");
    let _ = writeln!(text, "\n[{prefix}]\napi_version = {}", inline(&toml::Value::String(profile.api_version.clone())));
    for section in ["incident", "change", "ci", "template"] {
        let Some(table) = tables.get(section).and_then(toml::Value::as_table) else { continue };
        let _ = writeln!(text, "\n[{prefix}.{section}]");
        for (key, value) in table {
            let _ = writeln!(text, "{key} = {}", inline(value));
        }
    }
    Ok(text)
}

/// A value on one line.
fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let parts: Vec<String> = table.iter().map(|(key, value)| format!("{} = {}", quoted(key), inline(value))).collect();
            if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        toml::Value::Array(list) => format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { key.to_owned() } else { toml::Value::String(key.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proposal_is_read_back_as_it_was() {
        let mut fit = Fit::default();
        fit.doubt("look\nhere");
        let profile = Profile::default();
        let text = write("prov", "found Provance", &profile, &fit).unwrap();
        assert!(text.contains("# CHECK: look here\n"), "{text}");
        let read: toml::Value = toml::from_str(&text).unwrap();
        let read: Profile = read["connections"]["prov"]["provance"]["profile"].clone().try_into().unwrap();
        assert_eq!(format!("{read:?}"), format!("{profile:?}"));
    }
}
