//! One column: its kind, size and label, and the short notation in which the catalogue writes it.

/// What a column holds; decides its shape on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text, cut at the column's size.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// `YYYY-MM-DD HH:MM:SS` in UTC.
    DateTime,
    /// A `sys_id` of the named table.
    Reference(String),
    /// Written, never read back as a value; lives in `sys_journal_field`.
    Journal,
    /// A length of time, written as a date counted from 1970.
    Duration,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// For example `close_code`.
    pub name: String,
    /// What people see; policies name fields by it. For example `Resolution code`.
    pub label: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether `sys_choice` gives labels to its values.
    pub choice: bool,
    /// Longest text, in characters.
    pub size: usize,
}

impl Column {
    /// Reads the catalogue's notation: a name, then one of `#` integer, `?` boolean, `@` date, `*` journal, `~` duration,
    /// `>table` reference, `:size` text of another size than 40; `!` at the end marks a choice column.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (text, choice) = text.strip_suffix('!').map_or((text, false), |text| (text, true));
        let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(text.len());
        let (name, mark) = text.split_at(end);
        let (kind, size) = match mark.chars().next() {
            Some('#') => (Kind::Integer, 40),
            Some('?') => (Kind::Boolean, 40),
            Some('@') => (Kind::DateTime, 40),
            Some('*') => (Kind::Journal, 4000),
            Some('~') => (Kind::Duration, 40),
            Some('>') => (Kind::Reference(mark.trim_start_matches('>').to_owned()), 32),
            Some(':') => (Kind::Text, mark.trim_start_matches(':').parse().unwrap_or(40)),
            _ => (Kind::Text, 40),
        };
        Self { name: name.to_owned(), label: label(name), kind, choice, size }
    }

    /// The table a reference points to.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match &self.kind {
            Kind::Reference(table) => Some(table),
            _ => None,
        }
    }
}

/// The label of the base system where it is not simply the name.
fn label(name: &str) -> String {
    match name {
        "close_code" => "Resolution code".to_owned(),
        "close_notes" => "Resolution notes".to_owned(),
        "hold_reason" => "On hold reason".to_owned(),
        "cmdb_ci" => "Configuration item".to_owned(),
        "caller_id" => "Caller".to_owned(),
        "contact_type" => "Channel".to_owned(),
        "comments" => "Additional comments".to_owned(),
        "sys_updated_on" => "Updated".to_owned(),
        "sys_created_on" => "Created".to_owned(),
        _ => {
            let words = name.trim_start_matches("u_").replace('_', " ");
            let mut letters = words.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notation_says_kind_size_and_choice() {
        assert_eq!(
            Column::parse("state#!"),
            Column { name: "state".into(), label: "State".into(), kind: Kind::Integer, choice: true, size: 40 }
        );
        assert_eq!(Column::parse("short_description:160").size, 160);
        assert_eq!(Column::parse("cmdb_ci>cmdb_ci").target(), Some("cmdb_ci"));
        assert_eq!(Column::parse("work_notes*").kind, Kind::Journal);
        assert_eq!(Column::parse("close_code!").label, "Resolution code");
    }
}
