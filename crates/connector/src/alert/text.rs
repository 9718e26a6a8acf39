//! Words for people: titles of one line, bounded text, tables of rows, and a readable rendering of JSON nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lenient::Node;
use super::rows::ITEM_COLUMNS;

/// A title is never longer, in characters.
pub(super) const TITLE_LENGTH: usize = 200;
const TABLE_ROWS: usize = 20;
const TABLE_COLUMNS: usize = 8;
const CELL_LENGTH: usize = 120;
const TREE_LINES: usize = 200;

/// At most `most` characters; what is cut off is marked by an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// One line, blanks collapsed, at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let text: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    cut(&text.join(" "), most)
}

/// `rule: what on where`, as far as the three are known.
pub(super) fn headline(rule: &str, what: &str, place: &str) -> String {
    let mut title = [rule, what].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    if !place.is_empty() && !title.is_empty() {
        title.push_str(" on ");
    }
    title + place
}

/// The last segment of an ARM id; the text itself when it is none.
pub(super) fn last_segment(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// The subscription in an ARM id; empty when there is none.
pub(super) fn subscription(id: &str) -> &str {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case("subscriptions"));
    segments.next().unwrap_or_default()
}

/// `threatStatus` as `Threat status`, `threatID` as `Threat ID`.
pub(super) fn words(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        if c == '_' || c.is_whitespace() {
            before = '_';
            continue;
        }
        match words.last_mut().filter(|_| before != '_' && !(c.is_uppercase() && before.is_lowercase())) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
        before = c;
    }
    let shape = |(place, word): (usize, &String)| {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        match place {
            0 => first.flat_map(char::to_uppercase).chain(letters).collect(),
            _ if word.len() > 1 && word.chars().all(char::is_uppercase) => word.clone(),
            _ => word.to_lowercase(),
        }
    };
    words.iter().enumerate().map(shape).collect::<Vec<String>>().join(" ")
}

/// A count with its noun: `1 row`, `3 rows`.
pub(super) fn count(number: &str, noun: &str) -> String {
    format!("{number} {noun}{}", if number == "1" { "" } else { "s" })
}

/// Rows under their column names, bounded in every direction. Columns that name a computer or resource come first.
pub(crate) fn table(rows: &[BTreeMap<String, String>]) -> String {
    let filled: BTreeSet<&str> =
        rows.iter().flatten().filter(|(_, cell)| !cell.is_empty()).map(|(column, _)| column.as_str()).collect();
    let named = ITEM_COLUMNS.iter().filter_map(|name| filled.iter().find(|column| column.eq_ignore_ascii_case(name)));
    let mut columns: Vec<&str> = named.copied().collect();
    columns.extend(filled.iter().filter(|column| !ITEM_COLUMNS.iter().any(|name| column.eq_ignore_ascii_case(name))));
    let left_out = columns.len().saturating_sub(TABLE_COLUMNS);
    columns.truncate(TABLE_COLUMNS);

    let mut lines = vec![columns.join(" | ")];
    for row in rows.iter().take(TABLE_ROWS) {
        let cell = |column: &&str| line(row.get(*column).map_or("", String::as_str), CELL_LENGTH);
        lines.push(columns.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    match rows.len().saturating_sub(TABLE_ROWS) {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    match left_out {
        0 => {}
        more => lines.push(format!("({} left out)", count(&more.to_string(), "column"))),
    }
    lines.join("\n")
}

/// JSON as indented `name: value` lines.
pub(super) fn tree(value: &Value) -> String {
    let mut lines = Vec::new();
    branch(Node::from(value), "", 0, &mut lines);
    let more = lines.len().saturating_sub(TREE_LINES);
    lines.truncate(TREE_LINES);
    if more > 0 {
        lines.push(format!("and {}", count(&more.to_string(), "more line")));
    }
    lines.join("\n")
}

fn branch(node: Node<'_>, label: &str, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth.saturating_sub(1));
    let scalar = |item: Node<'_>| !item.is_object() && !item.is_array();
    if node.is_object() {
        if !label.is_empty() {
            lines.push(format!("{indent}{label}:"));
        }
        for (name, member) in node.members() {
            branch(member, &line(name, CELL_LENGTH), depth + 1, lines);
        }
    } else if node.is_array() && node.items().all(scalar) {
        let items: Vec<String> = node.items().map(Node::text).collect();
        lines.push(format!("{indent}{label}: {}", cut(&items.join(", "), 1000)));
    } else if node.is_array() {
        lines.push(format!("{indent}{label}:"));
        for (number, item) in node.items().enumerate() {
            branch(item, &format!("{}.", number + 1), depth + 1, lines);
        }
    } else if node.exists() {
        lines.push(format!("{indent}{label}: {}", cut(&node.text(), 2000)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_cut_at_characters_and_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(line(" a\r\n\tb ", 9), "a b");
    }

    #[test]
    fn names_of_members_become_words() {
        assert_eq!(
            ["threatStatus", "threatID", "runbook_url", "AB", ""].map(words),
            ["Threat status", "Threat ID", "Runbook url", "AB", ""]
        );
    }

    #[test]
    fn a_title_says_what_is_known() {
        assert_eq!(headline("r", "x > 1", "vm"), "r: x > 1 on vm");
        assert_eq!(headline("", "x > 1", ""), "x > 1");
        assert_eq!(headline("r", "", "vm"), "r on vm");
        assert_eq!(headline("", "", "vm"), "vm");
    }

    #[test]
    fn a_table_is_bounded_and_names_what_it_leaves_out() {
        let row = |i: usize| BTreeMap::from([("A".to_owned(), i.to_string()), ("Computer".to_owned(), format!("vm-{i}"))]);
        let text = table(&(0..25).map(row).collect::<Vec<_>>());
        assert!(text.starts_with("Computer | A\nvm-0 | 0\n"), "{text}");
        assert!(text.ends_with("vm-19 | 19\nand 5 more"), "{text}");
    }

    #[test]
    fn unknown_json_reads_as_an_outline() {
        let text = tree(&json!({"a": 1, "b": {"c": "x", "none": null}, "d": [1, 2], "e": [{"f": true}]}));
        assert_eq!(text, "a: 1\nb:\n  c: x\nd: 1, 2\ne:\n  1.:\n    f: true");
    }
}
