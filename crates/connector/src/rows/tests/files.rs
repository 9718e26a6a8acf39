//! What stands in the repository is what the columns give.

use std::path::{Path, PathBuf};

use crate::rows::{LogRow, Row, ServiceDeskRow, definitions, definitions::described_in};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_definitions_of_tables_and_streams_are_fresh() {
    for definition in definitions() {
        let name = definition.path.rsplit('/').next().unwrap();
        let command = if name.ends_with("_CL.json") { "tables" } else { name.trim_end_matches(".json") };
        assert!(read(definition.path) == definition.text, "{} is stale: run `itsm-connector schema {command}`", definition.path);
    }
}

#[test]
fn the_tables_in_the_documentation_are_fresh() {
    let document = read("docs/OPERATIONS.md");
    let fresh = described_in(&document).expect("docs/OPERATIONS.md has the marks of its generated part");
    assert!(document == fresh, "docs/OPERATIONS.md is stale: run `itsm-connector schema tables`");
}

#[test]
fn streams_and_tables_have_the_same_columns() {
    let streams: serde_json::Value = serde_json::from_str(&read("infra/tables/streams.json")).unwrap();
    for (table, stream) in [(ServiceDeskRow::TABLE, ServiceDeskRow::STREAM), (LogRow::TABLE, LogRow::STREAM)] {
        let schema: serde_json::Value = serde_json::from_str(&read(&format!("infra/tables/{table}.json"))).unwrap();
        let columns = |list: &serde_json::Value| -> Vec<(String, String)> {
            let text = |column: &serde_json::Value, name: &str| column[name].as_str().unwrap().to_ascii_lowercase();
            list.as_array().unwrap().iter().map(|column| (text(column, "name"), text(column, "type"))).collect()
        };
        assert_eq!(schema["name"], table);
        assert_eq!(columns(&schema["columns"]), columns(&streams["streamDeclarations"][stream]["columns"]));
        let flows = streams["dataFlows"].as_array().unwrap();
        let flow = flows.iter().find(|flow| flow["streams"][0] == stream).unwrap();
        assert_eq!(flow["outputStream"], format!("Custom-{table}"));
    }
}

#[test]
fn the_function_names_only_columns_that_there_are() {
    let function = read("infra/functions/ServiceDeskLatest.kql");
    let known: Vec<_> = ServiceDeskRow::COLUMNS.iter().map(|column| column.name).collect();
    // Names that the function makes itself.
    let own = ["WorkItemKey_s"];
    let code = function.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let columns: Vec<_> = words.filter(|word| word.ends_with("_s") || word.ends_with("_t") || *word == "TimeGenerated").collect();
    assert!(columns.len() > 5, "{columns:?}");
    for column in columns {
        assert!(known.contains(&column) || own.contains(&column), "{column} is no column of ServiceDesk_CL");
    }
}
