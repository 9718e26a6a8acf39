//! What commands print: lines and tables for people, JSON for programs. Text from outside cannot steer the terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;

/// Words up to this long, such as numbers of work items, are not broken where the table is wide enough.
const UNBROKEN: u16 = 12;

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
        self.json_line(&serde_json::to_string_pretty(value)?)
    }

    /// Prints a value that is JSON already, with a line break.
    pub fn json_line(&mut self, json: &str) -> io::Result<()> {
        // Those that JSON lets stand; inside of texts, where alone they can be, they may as well be escaped.
        let steers = |character: char| matches!(character, '\u{7f}'..='\u{9f}');
        if !json.contains(steers) {
            return writeln!(self.to, "{json}");
        }
        for character in json.chars() {
            if steers(character) {
                write!(self.to, "\\u{:04x}", u32::from(character))?;
            } else {
                write!(self.to, "{character}")?;
            }
        }
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
        let mut words = header.map(longest_word);
        for row in rows {
            let row = row.map(|cell| plain(&cell).into_owned());
            for (longest, cell) in words.iter_mut().zip(&row) {
                *longest = longest_word(cell).max(*longest);
            }
            table.add_row(row);
        }
        if let Some(width) = self.width {
            table.load_style(presets::UTF8_BORDERS_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            let whole = words.map(|word| word.min(UNBROKEN));
            let needed = whole.iter().sum::<u16>() + u16::try_from(3 * COLUMNS + 1).unwrap_or(u16::MAX);
            if needed <= width {
                table.set_constraints(whole.map(|word| ColumnConstraint::LowerBoundary(Width::Fixed(word + 2))));
            }
        }
        writeln!(self.to, "{}", table.trim_fmt())
    }
}

fn longest_word(text: &str) -> u16 {
    let longest = text.split_whitespace().map(console::measure_text_width).max().unwrap_or_default();
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// `text` without control characters other than line breaks and tabs: titles and causes come from outside, and an escape
/// sequence in one must not reach the terminal.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let bad = |character: char| character.is_control() && character != '\n' && character != '\t';
    if text.contains(bad) { Cow::Owned(text.replace(bad, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A length of time as exact as people want it: `12s`, `4m 30s`, `3h 20m`, `5d 2h`.
#[must_use]
pub fn length(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Output, length, plain};

    #[test]
    fn a_length_is_told_in_its_two_largest_units() {
        let told = [0, 59, 61, 3599, 3600, 7384, 86_399, 86_400, 180_000].map(length);
        assert_eq!(told, ["0s", "59s", "1m 1s", "59m 59s", "1h 0m", "2h 3m", "23h 59m", "1d 0h", "2d 2h"]);
    }

    #[test]
    fn a_title_with_escape_sequences_cannot_steer_the_terminal() {
        assert_eq!(plain("disk \u{1b}[2Jfull\r\nnow\u{9b}0m"), "disk \u{fffd}[2Jfull\u{fffd}\nnow\u{fffd}0m");
        let mut bytes = Vec::new();
        Output::new(&mut bytes).table(["title"], [["\u{1b}]0;owned\u{7}".to_owned()]]).unwrap();
        assert!(!bytes.contains(&0x1b) && !bytes.contains(&7));
    }

    #[test]
    fn json_with_control_characters_says_the_same_and_cannot_steer_the_terminal() {
        let row = serde_json::json!({"Title_s": "disk \u{9b}2Jfull\u{7f}, \u{1b}[0m é"});
        let mut bytes = Vec::new();
        Output::new(&mut bytes).json_line(&row.to_string()).unwrap();
        Output::new(&mut bytes).json(&row).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text:?}");
        let read: Vec<serde_json::Value> = serde_json::Deserializer::from_str(&text).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, [row.clone(), row]);
    }

    #[test]
    fn a_number_is_not_broken_where_there_is_room() {
        let mut bytes = Vec::new();
        let mut output = Output::new(&mut bytes);
        output.width = Some(40);
        output.table(["number", "title"], [["INC0010001".to_owned(), "word ".repeat(30)]]).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("INC0010001") && text.lines().all(|line| line.chars().count() <= 40), "{text}");
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
