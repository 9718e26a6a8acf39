//! What docs/TROUBLESHOOTING.md quotes is what the program says.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Words of ServiceNow itself, which are passed on as they come.
const FROM_SERVICENOW: [&str; 7] = [
    "Insufficient rights to query records",
    "fields are mandatory:",
    "ACL Exception",
    "Invalid staging table",
    "Target record not found",
    "itsm-connector",
    "aborted by business rule",
];

fn sources(directory: &Path, text: &mut String) -> anyhow::Result<()> {
    for entry in fs::read_dir(directory)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            // A message may be broken over lines.
            let source = fs::read_to_string(&path)?;
            text.extend(source.split("\\\n").map(str::trim_start));
        }
    }
    Ok(())
}

#[test]
fn every_message_that_is_quoted_is_one_that_the_program_can_say() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let mut text = String::new();
    for directory in ["crates/connector/src", "crates/logs-ingestion/src", "functions", "handler/src"] {
        sources(&root.join(directory), &mut text)?;
    }
    let guide = fs::read_to_string(root.join("docs/TROUBLESHOOTING.md"))?;
    let mut quoted = 0;
    for row in guide.lines().filter(|line| line.starts_with("| ")) {
        let old = row.split('|').nth(1).unwrap_or_default();
        let here = row.split('|').nth(2).unwrap_or_default();
        // The last table has the old connector's words first and ours second.
        let column = if old.contains('`') { old } else { here };
        for message in column.split('`').skip(1).step_by(2) {
            let setting = !message.contains(' ');
            if setting || FROM_SERVICENOW.iter().any(|known| message.contains(known)) || message.starts_with("deliveries ") {
                continue;
            }
            quoted += 1;
            assert!(text.contains(message), "nothing says \"{message}\"; the row is: {row}");
        }
    }
    assert!(quoted > 40, "only {quoted} messages are quoted");
    Ok(())
}
