//! What commands print: lines and tables for people, JSON for programs. Text from outside cannot steer the terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;

/// Words up to this long, such as numbers of work items, are not broken. A table that is too wide for that is printed otherwise.
const UNBROKEN: u16 = 12;
/// Ids of deliveries are this long, and are not broken either: they are there to be copied.
const ID: usize = 36;

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

    /// Prints a table: with rules on a terminal, where cells are wrapped; without elsewhere. On a terminal that is too narrow for its
    /// columns, each row becomes lines of name and value.
    pub fn table<const COLUMNS: usize>(
        &mut self,
        header: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> io::Result<()> {
        let rows: Vec<[String; COLUMNS]> = rows.into_iter().map(|row| row.map(|cell| plain(&cell).into_owned())).collect();
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(header);
        if let Some(width) = self.width {
            let mut whole = header.map(unbroken);
            for row in &rows {
                for (longest, cell) in whole.iter_mut().zip(row) {
                    *longest = unbroken(cell).max(*longest);
                }
            }
            let needed = whole.iter().sum::<u16>() + u16::try_from(3 * COLUMNS + 1).unwrap_or(u16::MAX);
            if needed > width {
                return self.narrow(header, &rows);
            }
            table.load_style(presets::UTF8_BORDERS_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            table.set_constraints(whole.map(|word| ColumnConstraint::LowerBoundary(Width::Fixed(word + 2))));
        }
        table.add_rows(rows);
        writeln!(self.to, "{}", table.trim_fmt())
    }

    /// A line for each cell that holds something, and an empty one after each row but the last; the terminal wraps them.
    fn narrow<const COLUMNS: usize>(&mut self, header: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> io::Result<()> {
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(self.to)?;
            }
            for (name, value) in header.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
                let colon = if name.is_empty() { "" } else { ": " };
                writeln!(self.to, "{name}{colon}{value}")?;
            }
        }
        Ok(())
    }
}

/// Columns that the longest word of `text` wants without being broken.
fn unbroken(text: &str) -> u16 {
    let is_id = |word: &&str| word.len() == ID && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let id = text.split_whitespace().any(|word| is_id(&word));
    if id { u16::try_from(ID).unwrap_or(u16::MAX) } else { longest_word(text).min(UNBROKEN) }
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
    fn an_id_is_whole_however_narrow_the_terminal_is() {
        const ID: &str = "01a21e25-c752-7829-a0a1-214375d401fa";
        for width in [20, 40, 80, 120] {
            let mut bytes = Vec::new();
            let mut output = Output::new(&mut bytes);
            output.width = Some(width);
            let row = [ID, "2026-11-27T17:57:24Z", "snow", "", &"word ".repeat(30)].map(str::to_owned);
            output.table(["id", "accepted", "connection", "cause", "result"], [row.clone(), row]).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(text.matches(ID).count(), 2, "{width}: {text}");
            assert_eq!(text.contains("connection: snow\nresult: word"), width < 100, "{width}: {text}");
        }
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
