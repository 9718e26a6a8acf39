//! Which column or value is meant, told by its label. Pure.

use super::super::metadata::{Column, Table};
use super::super::profile::Level;
use crate::configuration::Choice;

/// What a search has to say.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// What a person must look at.
    pub(super) doubts: Vec<String>,
}

impl Fit {
    pub(super) fn doubt(&mut self, text: impl Into<String>) {
        self.doubts.push(text.into());
    }
}

/// How well a label fits: the place of the first of `labels` that it is, or, worse, that it holds.
pub(super) fn rank(label: &str, labels: &[&str]) -> Option<usize> {
    let plain: String = label.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let plain = words.join(" ");
    let exact = labels.iter().position(|wanted| plain == *wanted);
    exact.or_else(|| {
        let held = labels.iter().position(|wanted| format!(" {plain} ").contains(&format!(" {wanted} ")))?;
        Some(labels.len() + held)
    })
}

/// The column of one of these types whose label fits best; empty when none does.
pub(super) fn column(table: &Table, kinds: &[&str], labels: &[&str]) -> String {
    let fits = |(name, column): (&String, &Column)| {
        let rank = rank(&column.label, labels).filter(|_| kinds.contains(&column.kind.as_str()))?;
        Some((rank, name.len(), name.clone()))
    };
    table.columns.iter().filter_map(fits).min().map(|(_, _, name)| name).unwrap_or_default()
}

/// The same as the wire has it.
pub(super) fn property(table: &Table, kinds: &[&str], labels: &[&str]) -> String {
    let name = column(table, kinds, labels);
    if name.is_empty() { name } else { table.property(&name) }
}

/// A choice column and what in it is high, medium and low: by label, else by place.
pub(super) fn level(table: &Table, labels: &[&str], fit: &mut Fit) -> Level {
    let column = column(table, &["Picklist"], labels);
    let choices = table.choices.get(&column).map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<(i64, &Choice)> = choices.iter().filter_map(|choice| Some((choice.value.parse().ok()?, choice))).collect();
    let (Some((first, _)), Some((last, _))) = (numbers.first(), numbers.last()) else { return Level::default() };
    let middle = numbers.get(numbers.len() / 2).map_or(*first, |(value, _)| *value);
    let mut sure = true;
    let mut pick = |words: &[&str], otherwise: i64| {
        let found = words.iter().find_map(|word| numbers.iter().find(|(_, choice)| rank(&choice.label, &[word]).is_some()));
        sure &= found.is_some();
        found.map_or(otherwise, |(value, _)| *value)
    };
    let (high, medium, low) = (
        pick(&["high", "critical", "1"], *first),
        pick(&["medium", "normal", "moderate", "2"], middle),
        pick(&["low", "3"], *last),
    );
    if !sure {
        let known: Vec<_> = choices.iter().map(|choice| format!("{} {}", choice.value, choice.label)).collect();
        fit.doubt(format!(
            "{column}: its choices are not called high, medium and low, so they were taken by place ({})",
            known.join(", ")
        ));
    }
    Level { column, high, medium, low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_the_word_comes_before_one_that_holds_it() {
        let labels = ["incident", "ticket"];
        assert_eq!(rank("Incident", &labels), Some(0));
        assert_eq!(rank("Ticket", &labels), Some(1));
        assert_eq!(rank("Incident Template", &labels), Some(2));
        assert_eq!(rank("Incidental", &labels), None);
        assert_eq!(rank("1 - Critical", &["critical"]), Some(1));
    }

    #[test]
    fn choices_without_the_words_are_taken_by_place_and_doubted() {
        let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let mut table = Table::default();
        let column = Column { label: "Impact".to_owned(), kind: "Picklist".to_owned(), ..Column::default() };
        table.columns.insert("abc_impact".to_owned(), column);
        let list = vec![choice("1", "Company"), choice("2", "Department"), choice("3", "Person")];
        table.choices.insert("abc_impact".to_owned(), list);
        let mut fit = Fit::default();
        assert_eq!(level(&table, &["impact"], &mut fit), Level { column: "abc_impact".to_owned(), high: 1, medium: 2, low: 3 });
        assert!(fit.doubts[0].contains("abc_impact") && fit.doubts[0].contains("Department"));
    }
}
