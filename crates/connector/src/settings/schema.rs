//! JSON Schema of `connector.toml`, made from the types: for editors, and for the reader of settings, which checks keys and
//! types by it.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{Settings, SeverityMap};

/// The schema of the whole file (JSON Schema 2020-12).
#[must_use]
pub fn schema() -> Schema {
    schemars::schema_for!(Settings)
}

/// A table by severity; the derived schema would allow any key.
pub(super) fn by_severity(generator: &mut SchemaGenerator) -> Schema {
    let map = generator.subschema_for::<SeverityMap>();
    json_schema!({
        "type": "object",
        "properties": { "Sev0": map, "Sev1": map, "Sev2": map, "Sev3": map, "Sev4": map },
        "additionalProperties": false
    })
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn the_checked_in_schema_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connector.schema.json");
        let file = std::fs::read_to_string(path).unwrap_or_default();
        let types = serde_json::to_string_pretty(&schema()).unwrap();
        let stale = file.lines().zip(types.lines()).position(|(file, types)| file != types);
        assert!(
            stale.is_none() && file.lines().count() == types.lines().count(),
            "docs/connector.schema.json is stale from line {}; write it anew with: cargo run -- schema > docs/connector.schema.json",
            stale.map_or(types.lines().count(), |line| line + 1)
        );
    }
}
