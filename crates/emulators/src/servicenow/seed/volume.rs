//! Quantity: enough tables, servers and work items to page through.

use super::Seeder;
use crate::{
    clock::stamp,
    servicenow::{options::Options, schema::Kind},
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
        seeder.add_at(table, &values, at);
    }
}
