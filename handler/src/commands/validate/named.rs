//! The app settings that the functions name, as their function.json files have it.

use serde_json::Value;

/// Every function with its file; a test compares the list with the folders.
pub(super) const FUNCTIONS: [(&str, &str); 7] = [
    ("alert_intake", include_str!("../../../../functions/alert_intake/function.json")),
    ("configuration_refresh", include_str!("../../../../functions/configuration_refresh/function.json")),
    ("status", include_str!("../../../../functions/status/function.json")),
    ("sync_now", include_str!("../../../../functions/sync_now/function.json")),
    ("work_item_create", include_str!("../../../../functions/work_item_create/function.json")),
    ("work_item_delivery", include_str!("../../../../functions/work_item_delivery/function.json")),
    ("work_item_sync", include_str!("../../../../functions/work_item_sync/function.json")),
];
const SAMPLE: &str = include_str!("../../../../local.settings.json.sample");

/// What a binding of a function says of an app setting or a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The function's folder.
    pub(super) function: &'static str,
    /// The property of the binding: `schedule`, `queueName`, `connection`.
    pub(super) property: String,
    /// The app setting's name, or that of the connection.
    pub(super) name: String,
}

/// Every app setting that is named `%NAME%`.
pub(super) fn app_settings() -> Vec<Named> {
    properties(|_, text| text.strip_prefix('%')?.strip_suffix('%').map(str::to_owned))
}

/// Every connection to a storage account.
pub(super) fn connections() -> Vec<Named> {
    properties(|property, text| (property == "connection").then(|| text.to_owned()))
}

/// The value that the sample of local.settings.json has.
pub(super) fn example(name: &str) -> Option<String> {
    let sample: Value = serde_json::from_str(SAMPLE).ok()?;
    sample.get("Values")?.get(name)?.as_str().map(str::to_owned)
}

fn properties(pick: impl Fn(&str, &str) -> Option<String>) -> Vec<Named> {
    let mut found = Vec::new();
    for (function, file) in FUNCTIONS {
        let file: Value = serde_json::from_str(file).unwrap_or_default();
        let bindings = file.get("bindings").and_then(Value::as_array).into_iter().flatten();
        for (property, value) in bindings.filter_map(Value::as_object).flatten() {
            if let Some(name) = value.as_str().and_then(|text| pick(property, text)) {
                found.push(Named { function, property: property.clone(), name });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{FUNCTIONS, app_settings, connections, example};

    #[test]
    fn every_folder_with_a_function_is_looked_at() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("function.json").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        assert_eq!(there, FUNCTIONS.iter().map(|(function, _)| (*function).to_owned()).collect());
    }

    #[test]
    fn everything_between_percent_signs_is_found_and_has_an_example() {
        let named = app_settings();
        let between: usize = FUNCTIONS.iter().map(|(_, file)| file.matches('%').count() / 2).sum();
        assert_eq!(named.len(), between);
        assert!(named.iter().all(|named| example(&named.name).is_some()), "{named:?}");
        assert_eq!(connections()[0].name, "AzureWebJobsStorage");
    }
}
