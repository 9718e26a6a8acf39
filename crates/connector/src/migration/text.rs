//! From bytes to JSON. People export with many tools: PowerShell's `>` writes UTF-16, `az` can print YAML, and templates may be
//! Bicep, which only its compiler can read. Each gets told what to do.

use std::path::Path;

use serde_json::Value;

use super::Export;

/// A file that holds nothing to migrate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {cause}; {remedy}")]
pub struct Unreadable {
    /// The file.
    pub file: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

const EXPORT: &str = "export with `az monitor action-group list -o json`, or give an ARM template";

/// The file has JSON without any action group.
pub(super) fn no_action_group(file: &str) -> Unreadable {
    unreadable(file, "there is no action group in it", EXPORT)
}

fn unreadable(file: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Unreadable {
    Unreadable { file: file.to_owned(), cause: cause.into(), remedy: remedy.into() }
}

/// Reads it.
pub(super) fn read(export: &Export<'_>) -> Result<Value, Unreadable> {
    let file = export.name;
    let text = decode(export.content).ok_or_else(|| unreadable(file, "is neither UTF-8 nor UTF-16 text", EXPORT))?;
    let error = match serde_json::from_str(&text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if text.trim().is_empty() {
        return Err(unreadable(file, "is empty", EXPORT));
    }
    if is_bicep(file, &text) {
        let built = Path::new(file).with_extension("json");
        let built = built.display();
        let remedy = format!(
            "run `az bicep build --file {file}` and give {built}, or export the deployed group with `az monitor action-group list -o json`"
        );
        return Err(unreadable(file, "is Bicep, which only its compiler can read", remedy));
    }
    // The error tells line and column and never quotes the text.
    Err(unreadable(file, format!("is not JSON: {error}"), EXPORT))
}

fn decode(content: &[u8]) -> Option<String> {
    let wide = |content: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = content.as_chunks::<2>();
        rest.is_empty().then(|| String::from_utf16(&pairs.iter().copied().map(unit).collect::<Vec<_>>()).ok()).flatten()
    };
    match content {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(content.to_vec()).ok(),
    }
}

fn is_bicep(file: &str, text: &str) -> bool {
    const WORDS: [&str; 10] =
        ["resource", "param", "var", "module", "output", "targetScope", "metadata", "using", "import", "type"];
    let extension = Path::new(file).extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("bicep") || extension.eq_ignore_ascii_case("bicepparam") {
        return true;
    }
    let code = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with("//"));
    code.is_some_and(|line| line.starts_with('@') || line.split([' ', '=']).next().is_some_and(|word| WORDS.contains(&word)))
}
