//! Names that did not have to fit into URLs, made to fit, each only once.

use std::collections::HashSet;

/// What a name of a connection or route may have at most.
const LONGEST: usize = 64;

/// Names already given, in lower case.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Nobody else gets `name`.
    pub(super) fn reserve(&mut self, name: &str) {
        self.0.insert(name.to_lowercase());
    }

    /// A name made of `wanted`: letters, digits, `-` and `_`, at most 64, unlike all before.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let base = fitting(wanted);
        let mut name: String = base.chars().take(LONGEST).collect();
        let mut number = 1_u32;
        while !self.0.insert(name.to_lowercase()) {
            number = number.saturating_add(1);
            let end = format!("-{number}");
            name = base.chars().take(LONGEST.saturating_sub(end.len())).collect::<String>() + &end;
        }
        name
    }
}

/// Runs of everything else become one `-`.
fn fitting(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !allowed(c)).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unnamed".to_owned() } else { words.join("-") }
}

/// One line without control characters, for a comment.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
