//! What commands print: lines and tables for people, JSON for programs. Text from outside cannot steer the terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Where a command prints.
pub struct Output<'a> {
    to: &'a mut (dyn Write + Send),
    /// Columns of the terminal; nothing when it is none, and tables are as wide as their content.
    width: Option<u16>,
}

impl<'a> Output<'a> {
    /// Prints to `to`, which is no terminal.
    pub fn new(to: &'a mut (dyn Write + Send)) -> Self {
        Self { to, width: None }
    }

    /// Prints to standard output, which is `to`; tables fit the terminal if it is one.
    pub fn terminal(to: &'a mut io::Stdout) -> Self {
        let width = to.is_terminal().then(|| console::Term::stdout().size_checked()).flatten().map(|(_, columns)| columns);
        Self { to, width }
    }

    /// Prints one line, or several when `text` has line breaks.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{}", plain(text))
    }

    /// Prints a value as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *self.to, value)?;
        writeln!(self.to)
    }

    /// Prints a table: with rules on a terminal, where cells are wrapped; without elsewhere.
    pub fn table<const COLUMNS: usize>(
        &mut self,
        header: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(header);
        for row in rows {
            table.add_row(row.map(|cell| plain(&cell).into_owned()));
        }
        if let Some(width) = self.width {
            table.load_style(presets::UTF8_BORDERS_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        writeln!(self.to, "{}", table.trim_fmt())
    }
}

/// `text` without control characters other than line breaks and tabs: titles and causes come from outside, and an escape
/// sequence in one must not reach the terminal.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let bad = |character: char| character.is_control() && character != '\n' && character != '\t';
    if text.contains(bad) { Cow::Owned(text.replace(bad, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::{Output, plain};

    #[test]
    fn a_title_with_escape_sequences_cannot_steer_the_terminal() {
        assert_eq!(plain("disk \u{1b}[2Jfull\r\nnow\u{9b}0m"), "disk \u{fffd}[2Jfull\u{fffd}\nnow\u{fffd}0m");
        let mut bytes = Vec::new();
        Output::new(&mut bytes).table(["title"], [["\u{1b}]0;owned\u{7}".to_owned()]]).unwrap();
        assert!(!bytes.contains(&0x1b) && !bytes.contains(&7));
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let mut bytes = Vec::new();
        let mut output = Output::new(&mut bytes);
        output.width = Some(40);
        output.table(["cause", "remedy"], [["word ".repeat(30), "other ".repeat(30)]]).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    }
}
