//! Commands in the documents are commands that there are: each is taken apart as the command line takes it apart.

use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::Cli;

const NAMES: [&str; 3] = ["itsm-connector", "target/release/itsm-connector", "./itsm-connector"];
/// Stands for an id in the documents.
const ID: &str = "01a21e11-69de-73ce-869d-df0600fcc8ca";

fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "fixtures"].contains(&name.as_str()) {
                found.append(&mut documents(&path));
            }
        } else if name.to_ascii_lowercase().ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// The commands of ours in `text`: lines of its blocks, and what stands between backticks with arguments.
fn commands(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            let parts = line.split(" && ").flat_map(|part| part.split(" | "));
            found.extend(parts.map(|part| part.trim().trim_start_matches("$ ").to_owned()));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found.retain(|command| NAMES.iter().any(|name| command.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))));
    found
}

/// Words as a shell makes them, as far as the documents need it.
fn words(command: &str) -> Vec<String> {
    let command = command.split(" # ").next().unwrap().split(" > ").next().unwrap();
    // An id may be written as a word, and the output of a command may stand where a value does.
    let command = command.replace(" ID", &format!(" {ID}"));
    let mut words = vec![String::new()];
    let (mut quoted, mut depth) = (None, 0_u32);
    for letter in command.chars() {
        match (quoted, letter) {
            (Some(quote), _) if letter == quote => quoted = None,
            (None, '\'' | '"') => quoted = Some(letter),
            (None, ' ') if depth == 0 => words.push(String::new()),
            _ => {
                depth = depth.saturating_add_signed(i32::from(letter == '(') - i32::from(letter == ')'));
                words.last_mut().unwrap().push(letter);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_of_the_documents_is_one_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in documents(&root) {
        for command in commands(&std::fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let words = words(&command);
            match Cli::try_parse_from(&words) {
                Ok(_) => {}
                // Only its name, in a sentence.
                Err(error) if words.len() == 2 && error.kind() == ErrorKind::MissingRequiredArgument => {}
                Err(error) => {
                    let error = error.to_string();
                    wrong.push(format!("{}: {command}: {}", path.display(), error.lines().next().unwrap_or_default()));
                }
            }
        }
    }
    assert!(seen > 40, "only {seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    let text = "```sh\n$ itsm-connector check --nothing\n```\nand `itsm-connector wipe all` too";
    let found = commands(text);
    assert_eq!(found, ["itsm-connector check --nothing", "itsm-connector wipe all"]);
    assert!(found.iter().all(|command| Cli::try_parse_from(words(command)).is_err()));
}
