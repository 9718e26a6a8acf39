//! What a request may not do: the faults that act inside the work, and the roles the caller lacks.

use super::faults::Effect;

/// Collected once per request.
#[derive(Debug, Clone, Default)]
pub struct Restrictions {
    effects: Vec<Effect>,
}

/// Nothing is forbidden.
pub static UNRESTRICTED: Restrictions = Restrictions { effects: Vec::new() };

impl Restrictions {
    pub(crate) fn new(effects: Vec<Effect>) -> Self {
        Self { effects }
    }

    pub(crate) fn add(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// `lineage` is the record's table and its parents.
    pub(crate) fn ignores(&self, lineage: &[String], column: &str) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::IgnoreField { table, field } if lineage.contains(table) && field == column))
    }

    /// `None` asks about the table as a whole.
    pub(crate) fn write_denied(&self, lineage: &[String], column: Option<&str>) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::WriteDenied { table, field } if lineage.contains(table) && field.as_deref() == column))
    }

    /// `None` asks about the table as a whole.
    pub(crate) fn read_denied(&self, lineage: &[String], column: Option<&str>) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::ReadDenied { table, field } if lineage.contains(table) && field.as_deref() == column))
    }

    /// Queries that select records which may not be read.
    pub(crate) fn hidden<'a>(&'a self, lineage: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::ReadHidden { table, query } if lineage.contains(table) => Some(query.as_str()),
            _ => None,
        })
    }

    pub(crate) fn abort(&self) -> Option<&str> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::BusinessRuleAbort { name } => Some(name.as_str()),
            _ => None,
        })
    }

    pub(crate) fn mandatory(&self, lineage: &[String]) -> Vec<String> {
        let policies = self.effects.iter().filter_map(|effect| match effect {
            Effect::DataPolicy { table, fields } if lineage.contains(table) => Some(fields),
            _ => None,
        });
        policies.flatten().cloned().collect()
    }

    /// Rows a list leaves out at its end.
    pub(crate) fn short(&self) -> usize {
        let rows = self.effects.iter().map(|effect| if let Effect::ShortPage { rows } = effect { *rows } else { 0 });
        rows.sum()
    }
}
