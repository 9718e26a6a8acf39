//! Reads `connector.toml`: text to [`Settings`], with every problem located in the file. What the values mean is checked
//! elsewhere; here it is only whether they can be read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::shape::Shape;
use super::{Settings, schema};

/// Of a settings file, in bytes. The largest sensible settings have some ten thousand.
pub(super) const LARGEST: usize = 1024 * 1024;
/// Syntax errors that are told. After some the rest follows from them, and a file that is no TOML at all has one on each line.
const ERRORS_TOLD: usize = 20;

impl Settings {
    /// Reads settings from the text of a file; `file` is the name that problems give it.
    ///
    /// # Errors
    ///
    /// The first syntax errors; else every unknown key, missing key and wrong type at once.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let placed = |mut problem: Problem, span: Option<Range<usize>>| {
            file.clone_into(&mut problem.file);
            if let Some(span) = span {
                let (line, column) = position(text, span.start);
                (problem.line, problem.column) = (Some(line), Some(column));
            }
            problem
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            // Only the message: the error's own display quotes the line, which may hold what nobody should see.
            let problem = |error: &toml::de::Error| Problem::new("", format!("not valid TOML: {}", error.message()), "");
            return Err(errors.iter().take(ERRORS_TOLD).map(|error| placed(problem(error), error.span())).collect());
        }
        let mut shape = Shape::new(schema().to_value());
        shape.check(&table);
        if !shape.problems.is_empty() {
            let mut found = shape.problems;
            found.sort_by_key(|(_, span)| span.start);
            return Err(found.into_iter().map(|(problem, span)| placed(problem, Some(span))).collect());
        }
        toml::from_str(text).map_err(|error| {
            let key = error.span().map(|span| path_at(table.get_ref(), &span)).unwrap_or_default();
            vec![placed(Problem::new(key, error.message(), ""), error.span())]
        })
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_toml`], or one problem when the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        Document::open(path)?.settings()
    }
}

/// The text of a settings file, wherever it came from.
#[derive(Clone)]
pub struct Document {
    /// What problems call it: a path, or an address without its query.
    pub name: String,
    /// As it was written.
    pub text: String,
}

impl Document {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// One problem when the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let problem = |message: String, remedy: &str| vec![Problem { file: name.clone(), ..Problem::new("", message, remedy) }];
        let another = "name the settings file with --config or ITSM_CONNECTOR_CONFIG; connector.toml.sample is a start";
        let bytes = read_most(path).map_err(|error| problem(format!("cannot be read: {error}"), another))?;
        if bytes.len() > LARGEST {
            return Err(problem(format!("is larger than {} MiB, so it holds no settings", LARGEST >> 20), another));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                let message = format!("is not UTF-8 text: line {line} holds other bytes");
                Err(problem(message, "save it as UTF-8 (an editor calls it the encoding), not as UTF-16 or in a code page"))
            }
        }
    }

    /// The settings it holds.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_toml`].
    pub fn settings(&self) -> Result<Settings, Vec<Problem>> {
        Settings::from_toml(&self.text, &self.name)
    }

    /// Gives problems that know only their key the place where that key stands.
    pub fn locate(&self, problems: &mut [Problem]) {
        let (table, _) = DeTable::parse_recoverable(&self.text);
        for problem in problems {
            problem.file.clone_from(&self.name);
            if let Some(offset) = offset_of(table.get_ref(), &problem.key) {
                let (line, column) = position(&self.text, offset);
                (problem.line, problem.column) = (Some(line), Some(column));
            }
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may hold what nobody should see.
        f.debug_struct("Document").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The file's bytes, but not more of them than tell that there are too many.
fn read_most(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(u64::try_from(LARGEST).unwrap_or(u64::MAX) + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// Where the deepest part of `key` that the file has stands.
fn offset_of(table: &DeTable<'_>, key: &str) -> Option<usize> {
    table.iter().find_map(|(name, value)| {
        let rest = key.strip_prefix(name.get_ref().as_ref())?;
        let here = name.span().start;
        match (rest.strip_prefix('.'), value.get_ref()) {
            (Some(rest), DeValue::Table(inner)) => Some(offset_of(inner, rest).unwrap_or(here)),
            _ if rest.is_empty() || rest.starts_with(['.', '[']) => Some(here),
            _ => None,
        }
    })
}

/// The path of the deepest value that holds `span`.
fn path_at(table: &DeTable<'_>, span: &Range<usize>) -> String {
    let holds = |value: &Spanned<DeValue<'_>>| value.span().start <= span.start && span.end <= value.span().end;
    let Some((name, value)) = table.iter().find(|(_, value)| holds(value)) else { return String::new() };
    match value.get_ref() {
        DeValue::Table(inner) => match path_at(inner, span) {
            deeper if deeper.is_empty() => name.get_ref().to_string(),
            deeper => format!("{}.{deeper}", name.get_ref()),
        },
        _ => name.get_ref().to_string(),
    }
}

#[cfg(test)]
mod tests;
