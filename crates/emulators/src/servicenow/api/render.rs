//! Records in the shapes of the wire: a column is a text, or an object with link, value and display value, by its kind and by what was asked.

use std::{borrow::Cow, collections::HashMap};

use super::parameters::Show;
use crate::{
    clock::{parse_stamp, stamp},
    servicenow::{
        database::{Database, Place, Row},
        query::Path,
        restrictions::Restrictions,
        schema::{Column, ColumnId, Kind, TableId},
    },
};

/// How records are to look.
pub(crate) struct Renderer<'a> {
    pub(crate) database: &'a Database,
    /// The table asked for; its columns are shown.
    pub(crate) view: TableId,
    /// Columns asked for, in order; all when absent.
    pub(crate) fields: Option<&'a [String]>,
    pub(crate) show: Show,
    pub(crate) exclude_link: bool,
    /// Scheme and authority for links.
    pub(crate) base: &'a str,
    /// Seconds east of UTC.
    pub(crate) zone: i64,
    pub(crate) restrictions: &'a Restrictions,
}

/// Resolved columns, by the record's own table.
pub(crate) type Plan = HashMap<TableId, Vec<(String, Path)>>;

impl Renderer<'_> {
    /// Appends one record as a JSON object.
    pub(crate) fn record(&self, plan: &mut Plan, place: Place, out: &mut Vec<u8>) {
        let columns = plan.entry(place.table).or_insert_with(|| self.resolve(place.table));
        // Unpacked once: a row finds a column by walking through those before it.
        let mut own = [""; 256];
        for (id, value) in self.database.row(place).into_iter().flat_map(Row::values) {
            if let Some(cell) = own.get_mut(usize::from(id)) {
                *cell = value;
            }
        }
        out.push(b'{');
        for (position, (name, path)) in columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            text(name, out);
            out.push(b':');
            self.column(path, place, &own, out);
        }
        out.push(b'}');
    }

    fn resolve(&self, id: TableId) -> Vec<(String, Path)> {
        let schema = &self.database.schema;
        let (Some(view), Some(table)) = (schema.table(self.view), schema.table(id)) else { return Vec::new() };
        let lineage = schema.lineage(id);
        let allowed = |name: &str| !self.restrictions.read_denied(&lineage, Some(name.split('.').next().unwrap_or_default()));
        let path = |name: &str| {
            Path::resolve(self.database, view, name)?;
            Path::resolve(self.database, table, name)
        };
        let named = |name: &str| path(name).filter(|_| allowed(name)).map(|path| (name.to_owned(), path));
        match self.fields {
            Some(fields) => {
                let mut seen = std::collections::HashSet::new();
                fields.iter().filter(|name| seen.insert(name.as_str())).filter_map(|name| named(name)).collect()
            }
            None => view.columns.iter().filter_map(|column| named(&column.name)).collect(),
        }
    }

    fn column(&self, path: &Path, place: Place, own: &[&str], out: &mut Vec<u8>) {
        let record = place;
        let found = path.walk(self.database, place).and_then(|(place, id)| {
            let column = self.database.schema.table(place.table)?.column(id)?;
            let value = match own.get(usize::from(id)) {
                Some(value) if place == record => value,
                _ => self.database.row(place)?.get(id),
            };
            Some((place, id, column, value))
        });
        let Some((place, id, column, value)) = found else {
            out.extend_from_slice(if self.show == Show::Both { br#"{"display_value":"","value":""}"# } else { b"\"\"" });
            return;
        };
        let value = if column.kind == Kind::Journal { "" } else { value };
        let target = column.target().filter(|_| !value.is_empty());
        if let Some(target) = target {
            self.reference(target, value, out);
            return;
        }
        match self.show {
            Show::Value => text(value, out),
            Show::Display => text(&self.display(place, id, column, value), out),
            Show::Both => {
                out.extend_from_slice(br#"{"display_value":"#);
                text(&self.display(place, id, column, value), out);
                out.extend_from_slice(br#","value":"#);
                text(value, out);
                out.push(b'}');
            }
        }
    }

    fn reference(&self, target: &str, value: &str, out: &mut Vec<u8>) {
        let display = || {
            let place = self.database.schema.id(target).and_then(|target| self.database.find(target, value));
            // The global domain is no record.
            place.map_or(if value == "global" { "global" } else { "" }, |place| self.database.display(place))
        };
        if self.exclude_link && self.show != Show::Both {
            text(if self.show == Show::Value { value } else { display() }, out);
            return;
        }
        let mut first = true;
        let mut part = |name: &str, value: &str| {
            out.push(if std::mem::take(&mut first) { b'{' } else { b',' });
            text(name, out);
            out.push(b':');
            text(value, out);
        };
        if self.show != Show::Value {
            part("display_value", display());
        }
        if self.show == Show::Both {
            part("value", value);
        }
        if !self.exclude_link {
            part("link", &format!("{}/api/now/table/{target}/{value}", self.base));
        }
        if self.show == Show::Value {
            part("value", value);
        }
        out.push(b'}');
    }

    /// What a person sees of a column that is no reference.
    fn display<'b>(&'b self, place: Place, id: ColumnId, column: &Column, value: &'b str) -> Cow<'b, str> {
        match column.kind {
            Kind::Journal => self.journal(place, column).into(),
            Kind::DateTime if self.zone == 0 => value.into(),
            Kind::DateTime => parse_stamp(value, 0).map(|seconds| stamp(seconds, self.zone)).unwrap_or_default().into(),
            Kind::Duration => parse_stamp(value, 0).map(duration).unwrap_or_default().into(),
            _ if column.choice => self.database.choice_label(place.table, id, value).into(),
            _ => value.into(),
        }
    }

    /// All entries, newest first.
    fn journal(&self, place: Place, column: &Column) -> String {
        let mut joined = String::new();
        for entry in
            self.database.find_by("sys_journal_field", "element_id", self.database.value(place, "sys_id")).into_iter().rev()
        {
            let element = self.database.value(entry, "element");
            if element != column.name && column.name != "comments_and_work_notes" {
                continue;
            }
            let author = self.database.value(entry, "sys_created_by");
            let author = self
                .database
                .find_by("sys_user", "user_name", author)
                .first()
                .map_or(author, |user| self.database.display(*user));
            let at = parse_stamp(self.database.value(entry, "sys_created_on"), 0)
                .map(|seconds| stamp(seconds, self.zone))
                .unwrap_or_default();
            let label = if element == "work_notes" { "Work notes" } else { "Additional comments" };
            joined.extend([&at, " - ", author, " (", label, ")\n", self.database.value(entry, "value"), "\n\n"]);
        }
        joined
    }
}

fn duration(seconds: i64) -> String {
    let parts = [(seconds / 86_400, "Day"), (seconds % 86_400 / 3600, "Hour"), (seconds % 3600 / 60, "Minute")];
    let words = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "0 Seconds".to_owned() } else { words.join(" ") }
}

/// Appends a JSON string.
pub(crate) fn text(value: &str, out: &mut Vec<u8>) {
    // Counted to the end, so that the processor looks at many bytes at once.
    let special = value.bytes().map(|byte| u32::from(byte < 0x20 || byte == b'"' || byte == b'\\')).sum::<u32>();
    if special == 0 {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        // Writing a text into memory cannot fail.
        serde_json::to_writer(out, value).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_like_a_sentence() {
        assert_eq!(duration(8 * 3600), "8 Hours");
        assert_eq!(duration(86_400 + 60), "1 Day 1 Minute");
    }

    #[test]
    fn text_is_escaped_only_where_json_needs_it() {
        let mut out = Vec::new();
        text("a\"b\n", &mut out);
        assert_eq!(out, br#""a\"b\n""#);
    }
}
