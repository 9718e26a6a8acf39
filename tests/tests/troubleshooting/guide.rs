//! Reads the guide: its tables, and what stands in backticks.

use std::path::Path;

const OLD: &str = "## The old connector's messages";

/// One row of a table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line as it is.
    pub(crate) line: String,
    /// Its cells.
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// What a cell quotes.
    pub(crate) fn quoted(&self, cell: usize) -> Vec<&str> {
        self.cells[cell].split('`').skip(1).step_by(2).collect()
    }
}

/// The rows of the old connector's messages, and all others.
pub(crate) fn rows() -> (Vec<Row>, Vec<Row>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let guide = std::fs::read_to_string(root.join("docs/TROUBLESHOOTING.md")).unwrap();
    let (before, from) = guide.split_once(OLD).expect("the old messages have a part of their own");
    let (old, after) = from.split_once("\n## ").expect("and others come after");
    (in_tables(old), in_tables(&format!("{before}\n{after}")))
}

fn in_tables(text: &str) -> Vec<Row> {
    let mut lines = text.lines().peekable();
    let mut rows = Vec::new();
    while let Some(line) = lines.next() {
        let head = lines.peek().is_some_and(|next| next.starts_with("| ---"));
        if line.starts_with("| ") && !line.starts_with("| ---") && !head {
            // A `\|` is no border.
            let cells = line.trim_matches('|').replace("\\|", "\u{0}");
            let cells = cells.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
            rows.push(Row { line: line.to_owned(), cells });
        }
    }
    rows
}
