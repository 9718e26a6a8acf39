//! What is different between two copies of a configuration, in few words.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Configuration, Template};

/// Most lines; further differences are counted.
const MOST: usize = 20;

/// What was added, removed and edited from `old` to `new`. Parts that either lacks are left out.
#[must_use]
pub fn changes(old: &Configuration, new: &Configuration) -> Vec<String> {
    let both = |part: &str| old.gap(part).is_none() && new.gap(part).is_none();
    let mut lines = Vec::new();
    if let (Some(old), Some(new), true) = (&old.templates, &new.templates, both("templates")) {
        templates(old, new, &mut lines);
    }
    if both("choices") {
        for (table, fields) in &new.choices {
            let Some(before) = old.choices.get(table) else { continue };
            choices(table, before, fields, &mut lines);
        }
    }
    if let (Some(old), Some(new), true) = (&old.groups, &new.groups, both("groups")) {
        let (old, new) = (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
        names("group", &old, &new, &mut lines);
    }
    if let (Some(old), Some(new), true) = (&old.fields, &new.fields, both("fields")) {
        for (table, fields) in new {
            let Some(before) = old.get(table) else { continue };
            names(&format!("field of {table}"), &keys(before), &keys(fields), &mut lines);
        }
    }
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn templates(old: &[Template], new: &[Template], lines: &mut Vec<String>) {
    let by_name = |list: &[Template]| -> BTreeMap<String, String> {
        list.iter().map(|template| (format!("{} \"{}\"", template.table, template.name), template.content.clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    names("template of", &keys(&old), &keys(&new), lines);
    let edited = new.iter().filter(|(name, content)| old.get(*name).is_some_and(|before| before != *content));
    lines.extend(edited.map(|(name, _)| format!("template of {name} edited")));
}

fn choices(table: &str, old: &BTreeMap<String, Vec<Choice>>, new: &BTreeMap<String, Vec<Choice>>, lines: &mut Vec<String>) {
    let none = Vec::new();
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for field in fields {
        let values = |lists: &BTreeMap<String, Vec<Choice>>| -> BTreeSet<String> {
            lists.get(field).unwrap_or(&none).iter().map(|choice| choice.value.clone()).collect()
        };
        let (old, new) = (values(old), values(new));
        let (old, new) = (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
        names(&format!("choice of {table}.{field}"), &old, &new, lines);
    }
}

fn keys<T>(map: &BTreeMap<String, T>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

fn names(what: &str, old: &BTreeSet<&str>, new: &BTreeSet<&str>, lines: &mut Vec<String>) {
    lines.extend(new.difference(old).map(|name| format!("{what} {name} added")));
    lines.extend(old.difference(new).map(|name| format!("{what} {name} removed")));
}
