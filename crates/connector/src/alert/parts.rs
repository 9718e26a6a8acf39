//! One alert, several work items: the parts that each make one, and the keys by which a part's firing and its resolution
//! find each other.

use std::collections::{BTreeMap, HashSet};

use super::{Alert, AlertKind, keys, rows, text};
use crate::route::Per;

/// Columns that differ each time the same row is found.
const VOLATILE_COLUMNS: [&str; 5] = ["TimeGenerated", "Timestamp", "TimeCollected", "_TimeReceived", "_ItemId"];

/// What makes one work item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Names the work item's correlation. 32 hex digits.
    pub correlation_key: String,
    /// Names what fires and resolves within it. 32 hex digits.
    pub member_key: String,
    /// Names this notification of it: the same for a redelivery. 32 hex digits.
    pub event_key: String,
    /// What tells this part from the alert's others, for people; empty when there is only one.
    pub label: String,
    /// The configuration item to look up first.
    pub configuration_item: Option<String>,
    /// The row this part is for.
    pub row: Option<BTreeMap<String, String>>,
}

impl Alert {
    /// Expands the alert. Never empty; without configuration items or rows to divide by it stays whole.
    ///
    /// - `Alert`: one part.
    /// - `Rule`: one part for the rule, whose member is this alert, so that each resource resolves on its own.
    /// - `Ci`: one part for each configuration item, for each resource when the alert names no item. A resolution reaches the
    ///   items that it names itself: Azure repeats them in it. The member is this alert, so that two alerts of one rule (two
    ///   disks of one computer) share a work item that is over when both are.
    /// - `Row`: one part for each row that differs in more than its time.
    #[must_use]
    pub fn parts(&self, per: Per) -> Vec<Part> {
        let parts = match per {
            Per::Alert => Vec::new(),
            Per::Rule => vec![self.part(self.rule_key.clone(), self.correlation_key.clone())],
            Per::Ci => self.per_item(),
            Per::Row => self.per_row(),
        };
        if parts.is_empty() { vec![self.part(self.correlation_key.clone(), self.correlation_key.clone())] } else { parts }
    }

    fn part(&self, correlation_key: String, member_key: String) -> Part {
        Part {
            event_key: keys::hash(["event", &self.idempotency_key, &correlation_key, &member_key]),
            correlation_key,
            member_key,
            label: String::new(),
            configuration_item: self.configuration_items.first().cloned(),
            row: None,
        }
    }

    fn per_item(&self) -> Vec<Part> {
        let by_rule =
            !matches!(self.kind, AlertKind::ServiceHealth | AlertKind::Budget | AlertKind::LogRecord | AlertKind::Unknown);
        let base = if by_rule && keys::choice(&self.custom).is_none() { &self.rule_key } else { &self.correlation_key };
        // A subscription or a budget is no configuration item.
        let resources = self.resources.iter().filter(|resource| by_rule && resource.id.contains("/providers/"));
        let items: Vec<&str> = if self.configuration_items.is_empty() {
            resources.map(|resource| resource.name.as_str()).collect()
        } else {
            distinct(&self.configuration_items)
        };
        let part = |item: &&str| {
            // Names need not be unique: two servers may each have a database `main`.
            let same = self.resources.iter().find(|resource| resource.name.eq_ignore_ascii_case(item));
            let item_key = same.map_or(*item, |resource| resource.id.as_str()).to_lowercase();
            let part = self.part(keys::hash(["item", base, &item_key]), keys::hash(["item", &self.correlation_key, &item_key]));
            Part { label: (*item).to_owned(), configuration_item: Some((*item).to_owned()), ..part }
        };
        items.iter().map(part).collect()
    }

    fn per_row(&self) -> Vec<Part> {
        let mut seen = HashSet::new();
        let mut parts = Vec::new();
        for row in &self.rows {
            let lasting =
                |(column, _): &(&String, &String)| !VOLATILE_COLUMNS.iter().any(|name| column.eq_ignore_ascii_case(name));
            let cells = row.iter().filter(lasting).flat_map(|(column, cell)| [column.as_str(), cell.as_str()]);
            let key = keys::hash(["row", self.correlation_key.as_str()].into_iter().chain(cells));
            if seen.insert(key.clone()) {
                let item = rows::row_items(row).first().map(|item| text::last_segment(item).to_owned());
                let label = item.clone().unwrap_or_else(|| label(row));
                let part = self.part(key.clone(), key);
                let configuration_item = item.or_else(|| part.configuration_item.clone());
                parts.push(Part { label, configuration_item, row: Some(row.clone()), ..part });
            }
        }
        parts
    }
}

/// The row's first few lasting cells.
fn label(row: &BTreeMap<String, String>) -> String {
    let lasting = row.iter().filter(|(column, cell)| !cell.is_empty() && !VOLATILE_COLUMNS.contains(&column.as_str()));
    let cells: Vec<String> = lasting.take(3).map(|(column, cell)| format!("{column} {cell}")).collect();
    text::line(&cells.join(", "), 80)
}

/// Without names that only spell out the domain of one already there: `vm-1` and `vm-1.contoso.example` are one computer.
pub(super) fn distinct(items: &[String]) -> Vec<&str> {
    let host = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let lower: HashSet<String> = items.iter().map(|item| item.to_lowercase()).collect();
    let spelled_short = |item: &str| item.contains('.') && lower.contains(&host(item));
    items.iter().map(String::as_str).filter(|item| !spelled_short(item)).collect()
}
