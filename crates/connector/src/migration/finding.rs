//! What a person has to know of a migration: each with its place, its cause and what to do.

use std::fmt;

use serde::Serialize;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Something of the old connector's does not happen in the new one until a person acts.
    NotCarriedOver,
    /// It was carried over; a person should look whether it is what is wanted.
    Remark,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// The file.
    pub file: String,
    /// Where in it: action group and receiver; empty when the file as a whole is meant.
    pub place: String,
    /// What is the matter.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Finding {
    /// `not carried over: ops.json: action group "ops", receiver "SN": cause; remedy`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::NotCarriedOver => "not carried over",
            Weight::Remark => "remark",
        };
        write!(f, "{weight}: {}: ", self.file)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}; {}", self.cause, self.remedy)
    }
}

/// Collects findings of one place.
pub(super) struct Findings<'a> {
    file: &'a str,
    place: String,
    all: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// Those of `place` in `file`, added to `all`.
    pub(super) const fn at(file: &'a str, place: String, all: &'a mut Vec<Finding>) -> Self {
        Self { file, place, all }
    }

    /// Something is not carried over.
    pub(super) fn lost(&mut self, cause: impl Into<String>, remedy: impl Into<String>) {
        self.add(Weight::NotCarriedOver, cause.into(), remedy.into());
    }

    /// Something to look at.
    pub(super) fn remark(&mut self, cause: impl Into<String>, remedy: impl Into<String>) {
        self.add(Weight::Remark, cause.into(), remedy.into());
    }

    fn add(&mut self, weight: Weight, cause: String, remedy: String) {
        self.all.push(Finding { weight, file: self.file.to_owned(), place: self.place.clone(), cause, remedy });
    }
}
