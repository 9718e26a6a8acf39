//! Quantity: enough tables, servers and work items to page through.

use std::collections::{HashMap, hash_map::Entry};

use super::Seeder;
use crate::{
    clock::stamp,
    servicenow::{
        database::{Database, Row},
        options::Options,
        schema::{ColumnId, Kind, TableId},
    },
};

const DAYS: i64 = 120;

pub(super) fn fill(seeder: &mut Seeder<'_>, options: &Options, now: i64) {
    let seed = options.seed;
    tables(seeder, seed.tables);
    dictionary(seeder);
    for (name, value) in &options.properties {
        seeder.add("sys_properties", &[("name", name), ("value", value)]);
    }
    for number in 1..=seed.servers {
        let class = if number % 2 == 0 { "cmdb_ci_win_server" } else { "cmdb_ci_linux_server" };
        let name = format!("srv-{number:05}");
        seeder.add(class, &[("name", &name), ("fqdn", &format!("{name}.contoso.com")), ("host_name", &name)]);
    }
    for number in 1..=seed.problems {
        let text = format!("Recurring trouble {number}");
        seeder.add("problem", &[("short_description", &text), ("impact", "2"), ("urgency", "2")]);
    }
    spread(seeder, "incident", seed.incidents, now);
    spread(seeder, "change_request", seed.change_requests, now);
}

fn tables(seeder: &mut Seeder<'_>, wanted: usize) {
    let existing: Vec<(String, String)> =
        seeder.database.schema.tables().iter().map(|table| (table.name.clone(), table.label.clone())).collect();
    let missing = wanted.saturating_sub(existing.len());
    for (name, label) in existing {
        seeder.add("sys_db_object", &[("name", &name), ("label", &label), ("sys_name", &label), ("is_extendable", "true")]);
    }
    for number in 1..=missing {
        let (name, label) = (format!("x_demo_table_{number:04}"), format!("Demo table {number}"));
        seeder.add("sys_db_object", &[("name", &name), ("label", &label), ("sys_name", &label)]);
    }
}

/// What the tables that a connector writes look like: columns, labels, sizes.
fn dictionary(seeder: &mut Seeder<'_>) {
    for table in ["task", "incident", "change_request", "problem", "cmdb_ci", "em_event", "em_alert"] {
        let Some(definition) = seeder.database.schema.id(table).and_then(|id| seeder.database.schema.table(id)).cloned() else {
            continue;
        };
        for column in &definition.columns {
            let kind = match &column.kind {
                Kind::Text => "string",
                Kind::Integer => "integer",
                Kind::Boolean => "boolean",
                Kind::DateTime => "glide_date_time",
                Kind::Reference(_) => "reference",
                Kind::Journal => "journal_input",
                Kind::Duration => "glide_duration",
            };
            let (size, reference) = (column.size.to_string(), column.target().unwrap_or_default());
            let values = [
                ("name", table),
                ("element", &column.name),
                ("column_label", &column.label),
                ("internal_type", kind),
                ("max_length", &size),
                ("reference", reference),
                ("active", "true"),
            ];
            seeder.add("sys_dictionary", &values);
        }
    }
}

/// Work items changed at even distances over the last days, oldest first.
fn spread(seeder: &mut Seeder<'_>, table: &str, count: usize, now: i64) {
    let Ok(total) = i64::try_from(count) else { return };
    let mut patterns: HashMap<(&str, i64), Pattern> = HashMap::new();
    for number in 0..total {
        let at = now - DAYS * 86_400 + number * DAYS * 86_400 / total.max(1);
        let state = match (table, number % 10) {
            ("incident", 0 | 1) => "6",
            ("incident", 2) => "7",
            ("incident", 3 | 4) => "2",
            ("incident", _) => "1",
            (_, 0..=3) => "-5",
            (_, 4) => "3",
            _ => "-2",
        };
        let text = format!("Seeded {} {number}", table.replace('_', " "));
        let changed = stamp(at, 0);
        let impact = ((number % 3) + 1).to_string();
        let mut values =
            vec![("short_description", text.as_str()), ("state", state), ("impact", &impact), ("sys_updated_on", &changed)];
        if matches!(state, "6" | "7") {
            values.extend([("close_code", "Solution provided"), ("close_notes", "Solved")]);
        }
        // Records of one state and impact differ in little; the rules are gone through for the first of them only.
        match patterns.entry((state, number % 3)) {
            Entry::Occupied(pattern) => pattern.get().copy(seeder.database, &text, &changed),
            Entry::Vacant(place) => {
                let sys_id = seeder.add_at(table, &values, at);
                if let Some(pattern) = Pattern::of(seeder.database, table, &sys_id) {
                    place.insert(pattern);
                }
            }
        }
    }
}

/// A seeded record that others are copied from.
struct Pattern {
    table: TableId,
    values: Vec<(ColumnId, Part)>,
}

/// A value of a pattern: its own, or what every copy has anew.
enum Part {
    Id,
    Number,
    Text,
    Stamp,
    Same(String),
}

impl Pattern {
    fn of(database: &Database, table: &str, sys_id: &str) -> Option<Self> {
        let table = database.schema.id(table)?;
        let definition = database.schema.table(table)?;
        let row = database.row(database.find(table, sys_id)?)?;
        let changed = row.get(definition.column_id("sys_updated_on")?);
        let part = |(column, value): (ColumnId, &str)| {
            let part = match definition.column(column).map(|column| column.name.as_str()) {
                Some("sys_id") => Part::Id,
                Some("number" | "task_effective_number") => Part::Number,
                Some("short_description") => Part::Text,
                // Everything that happened to it happened at once.
                _ if value == changed => Part::Stamp,
                _ => Part::Same(value.to_owned()),
            };
            (column, part)
        };
        Some(Self { table, values: row.values().map(part).collect() })
    }

    fn copy(&self, database: &mut Database, text: &str, changed: &str) {
        let sys_id = database.new_sys_id();
        let number = database.next_number(self.table).unwrap_or_default();
        let values = self.values.iter().map(|(column, part)| {
            let value = match part {
                Part::Id => &sys_id,
                Part::Number => &number,
                Part::Text => text,
                Part::Stamp => changed,
                Part::Same(value) => value,
            };
            (*column, value)
        });
        database.insert(self.table, Row::pack(values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servicenow::{options::Seed, schema::Schema, seed::fill};

    #[test]
    fn a_copied_record_is_what_the_rules_would_have_made_of_it() {
        let now = 1_788_256_800;
        let seeded = |count| {
            let mut database = Database::new(Schema::base(true), 1);
            let seed = Seed { incidents: count, change_requests: 0, problems: 0, servers: 0, tables: 0 };
            fill(&mut database, &Options { seed, ..Options::default() }, now);
            database
        };
        // Of 30 each is the first of its kind, so the 31st is the first copy: of the first.
        let database = seeded(31);
        let table = database.schema.id("incident").unwrap();
        let rows: Vec<&Row> = database.rows(table).unwrap().iter().map(|(_, row)| row).collect();
        let column = |name: &str| database.schema.table(table).unwrap().column_id(name).unwrap();
        let (first, copy) = (rows[0], rows[30]);
        for name in ["state", "impact", "priority", "close_code", "active", "opened_by", "incident_state", "sys_class_name"] {
            assert_eq!(first.get(column(name)), copy.get(column(name)), "{name}");
        }
        for name in ["sys_created_on", "opened_at", "resolved_at", "sys_updated_on"] {
            assert_eq!(copy.get(column(name)), copy.get(column("sys_created_on")), "{name}");
            assert_ne!(copy.get(column(name)), first.get(column(name)), "{name}");
        }
        assert_eq!(copy.get(column("short_description")), "Seeded incident 30");
        assert_ne!(copy.get(column("sys_id")), first.get(column("sys_id")));
        assert_ne!(copy.get(column("number")), first.get(column("number")));
    }
}
