//! What is wrong with the settings, in a form that a person can act on: where, what, and what to do.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with the settings. Never holds the value of a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as it was named by the user; empty when unknown.
    pub file: String,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Column in the line, from 1, in characters.
    pub column: Option<usize>,
    /// Path of the setting (`connections.snow.url`); empty when the file as a whole is meant.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem with the setting `key`, not yet located in a file.
    #[must_use]
    pub fn new(key: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), remedy: remedy.into(), ..Self::default() }
    }
}

impl fmt::Display for Problem {
    /// `connector.toml:12:5: connections.snow.urll: unknown key; did you mean "url"?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
                if let Some(column) = self.column {
                    write!(f, "{column}:")?;
                }
            }
            f.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// `did you mean "url"?` when one of `valid` is near to `given`, else a list of what there is.
#[must_use]
pub fn suggest<'a>(given: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    let valid: Vec<&str> = valid.into_iter().collect();
    let folded = given.to_lowercase();
    let nearest = valid
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), *name))
        .min()
        // Half of the letters wrong is another word.
        .filter(|(distance, name)| *distance <= 1 + name.len().min(given.len()) / 3)
        .map(|(_, name)| name);
    let part_of = || valid.iter().find(|name| given.len() > 2 && name.to_lowercase().contains(&folded)).copied();
    match nearest.or_else(part_of) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None if valid.is_empty() => String::new(),
        None => format!("valid are {}", valid.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, suggest};

    #[test]
    fn a_near_miss_is_named_and_a_far_one_gets_the_list() {
        assert_eq!(suggest("urll", ["auth", "url"]), "did you mean \"url\"?");
        assert_eq!(suggest("ULR", ["auth", "url"]), "did you mean \"url\"?");
        assert_eq!(suggest("keys", ["api_keys", "url"]), "did you mean \"api_keys\"?");
        assert_eq!(suggest("colour", ["auth", "url"]), "valid are auth, url");
    }

    #[test]
    fn a_problem_reads_as_editors_expect_it() {
        let mut problem = Problem::new("connections.snow.urll", "unknown key", "did you mean \"url\"?");
        assert_eq!(problem.to_string(), "connections.snow.urll: unknown key; did you mean \"url\"?");
        problem.file = "connector.toml".to_owned();
        problem.line = Some(12);
        assert_eq!(problem.to_string(), "connector.toml:12: connections.snow.urll: unknown key; did you mean \"url\"?");
    }
}
