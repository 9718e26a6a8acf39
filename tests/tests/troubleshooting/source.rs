//! What is quoted stands in the program's own text, which its tests are no part of.

use std::fs;
use std::path::Path;

use crate::guide;

/// Words of ServiceNow itself, which are passed on as they come, and lines to type.
const NOT_OURS: [&str; 7] = [
    "Insufficient rights to query records",
    "fields are mandatory:",
    "ACL Exception",
    "Invalid staging table",
    "Target record not found",
    "itsm-connector ",
    "aborted by business rule",
];

fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            // A message may be broken over lines; tests at the end of a file are not said by the program.
            let source = fs::read_to_string(&path).unwrap();
            let own = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            text.extend(own.split("\\\n").map(str::trim_start));
        }
    }
}

/// Whether the text has the message, with at most one of its words filled in: `rate limit of {title} reached` says `rate limit of
/// ServiceNow reached`.
fn says(text: &str, message: &str) -> bool {
    let words: Vec<&str> = message.split(' ').collect();
    let with_a_hole = |hole: usize| {
        let sign = &words[hole][words[hole].trim_end_matches([':', ',', '.']).len()..];
        let before = words[..hole].iter().flat_map(|word| [*word, " "]).collect::<String>();
        let after = [sign].into_iter().chain(words[hole + 1..].iter().flat_map(|word| [" ", *word])).collect::<String>();
        let filled = |(at, _): (usize, &str)| {
            let hole = text[at + before.len()..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
            hole.is_some_and(|(name, rest)| name.len() < 20 && rest.starts_with(&after))
        };
        // A word at the beginning has nothing before it to look for.
        if before.is_empty() { text.contains(&format!("}}{after}")) } else { text.match_indices(&before).any(filled) }
    };
    text.contains(message) || words.len() > 2 && (0..words.len()).any(with_a_hole)
}

#[test]
fn every_message_that_is_quoted_is_one_that_the_program_can_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut text = String::new();
    for directory in ["crates/connector/src", "crates/logs-ingestion/src", "functions", "handler/src"] {
        sources(&root.join(directory), &mut text);
    }
    let (_, rows) = guide::rows();
    let mut quoted = 0;
    for row in &rows {
        for message in row.quoted(0) {
            let setting = !message.contains(' ');
            if setting || NOT_OURS.iter().any(|known| message.contains(known)) || message.starts_with("deliveries ") {
                continue;
            }
            quoted += 1;
            assert!(says(&text, message), "nothing says \"{message}\"; the row is: {}", row.line);
        }
    }
    assert!(quoted > 60, "only {quoted} messages are quoted");
}
