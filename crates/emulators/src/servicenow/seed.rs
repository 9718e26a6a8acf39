//! The demo data of a fresh instance: people, groups, servers, choice lists, templates, and as many work items as are asked for.

mod choices;
mod people;
mod volume;

use super::{
    database::Database,
    options::Options,
    restrictions::UNRESTRICTED,
    writing::{self, Hand},
};

/// Writes records as the administrator.
pub(super) struct Seeder<'a> {
    database: &'a mut Database,
    now: i64,
}

/// `sys_id` of the administrator on every instance.
pub(super) const ADMIN: &str = "6816f79cc0a8016401c5a33be04be441";

impl Seeder<'_> {
    fn add(&mut self, table: &str, values: &[(&str, &str)]) -> String {
        self.add_at(table, values, self.now)
    }

    fn add_at(&mut self, table: &str, values: &[(&str, &str)], now: i64) -> String {
        let Some(id) = self.database.schema.id(table) else { return String::new() };
        let values: Vec<(String, String)> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let hand =
            Hand { name: "admin", user: ADMIN, now, zone: 0, display: false, administrator: true, restrictions: &UNRESTRICTED };
        let place = writing::insert(self.database, id, &values, &hand).ok();
        place.map(|place| self.database.value(place, "sys_id").to_owned()).unwrap_or_default()
    }
}

/// Fills a fresh instance.
pub(super) fn fill(database: &mut Database, options: &Options, now: i64) {
    // Demo data was there long before today.
    let mut seeder = Seeder { database, now: now - 200 * 86_400 };
    choices::fill(&mut seeder);
    people::fill(&mut seeder, options);
    volume::fill(&mut seeder, options, now);
    seeder.database.refresh_choices();
}
