//! A stateful ServiceNow: Table API, encoded queries, OAuth, import sets, events, batches, and every failure a client has to live with.
//! It follows the vendor's documentation and what was seen on live instances; where neither speaks, the choice is noted at the code.

mod access;
mod api;
pub mod database;
mod desk;
pub mod errors;
mod events;
pub mod faults;
mod instance;
pub mod options;
mod pages;
pub mod query;
pub mod restrictions;
mod roles;
pub mod schema;
mod seed;
pub mod writing;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

pub use crate::log::Request;
pub use faults::{Effect, Fault, FaultId, Faults, Partial};
pub use options::{OAuthClient, Options, RateLimit, Seed, Staging, Time, Tls, User};

use crate::{
    door::{Door, starts},
    http::{Server, Service},
};
use database::{Database, Place};
use instance::Instance;
use restrictions::UNRESTRICTED;
use schema::Schema;
use writing::Hand;

/// One record with all its columns, actual values, as an administrator sees it; columns that hold nothing are empty texts.
pub type Record = BTreeMap<String, String>;

/// A running instance; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct ServiceNow {
    instance: Arc<Instance>,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

/// Who changes records through [`ServiceNow::update`].
const PERSON: &str = "beth.anglin";

starts!(
    ServiceNow,
    "ServiceNow",
    "address",
    /// A demo instance on a free port of this machine; user `itsm` with password `p` has all roles an integration needs, `admin`/`admin` may do all.
);

impl ServiceNow {
    /// An instance as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_ref().map(|tls| tls.directory.as_path())).await?;
        let clock = options.time.clock();
        let mut schema = Schema::base(options.event_management);
        for staging in &options.staging {
            schema.add_staging(&staging.table, &staging.target, &staging.aliases);
        }
        for (table, column) in &options.columns {
            schema.add_column(table, column);
        }
        let mut database = Database::new(schema, options.chance);
        seed::fill(&mut database, &options, clock.seconds());
        let instance = Arc::new(Instance::new(&options, door.url("http"), clock, database));
        let service: Arc<dyn Service> = Arc::clone(&instance) as Arc<dyn Service>;
        let (server, certificate) = door.serve(service)?;
        Ok(Self { instance, certificate, _server: server })
    }

    /// Scheme, address and port, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.instance.url().to_owned()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&std::path::Path> {
        self.certificate.as_deref()
    }

    /// Every record of a table and of those that extend it, in order of insertion; empty when there is no such table.
    #[must_use]
    pub fn records(&self, table: &str) -> Vec<Record> {
        let database = self.instance.read();
        let Some(family) = database.schema.id(table).and_then(|id| database.schema.table(id)).map(|table| table.family.clone())
        else {
            return Vec::new();
        };
        let places = family.into_iter().flat_map(|table| {
            let rows = database.rows(table).into_iter().flat_map(database::Rows::iter);
            rows.map(move |(slot, _)| Place { table, slot })
        });
        places.map(|place| record(&database, place)).collect()
    }

    /// One record.
    #[must_use]
    pub fn record(&self, table: &str, sys_id: &str) -> Option<Record> {
        let database = self.instance.read();
        let place = database.find(database.schema.id(table)?, sys_id)?;
        Some(record(&database, place))
    }

    /// How many records a table and those that extend it hold.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        let database = self.instance.read();
        let family = database
            .schema
            .id(table)
            .and_then(|id| database.schema.table(id))
            .map(|table| table.family.clone())
            .unwrap_or_default();
        family.into_iter().filter_map(|table| database.rows(table)).map(database::Rows::len).sum()
    }

    /// Adds a record as an administrator, system columns included; its `sys_id`, empty when there is no such table.
    #[expect(clippy::must_use_candidate, reason = "seeding often does not need the sys_id")]
    pub fn insert(&self, table: &str, fields: &[(&str, &str)]) -> String {
        let mut database = self.instance.write();
        let Some(id) = database.schema.id(table) else { return String::new() };
        let place = writing::insert(&mut database, id, &owned(fields), &self.hand("admin", seed::ADMIN)).ok();
        database.refresh_choices();
        place.map(|place| database.value(place, "sys_id").to_owned()).unwrap_or_default()
    }

    /// Changes a record as a person in the user interface does; `sys_updated_by` becomes `beth.anglin`. Policies do not hold her back.
    pub fn update(&self, table: &str, sys_id: &str, fields: &[(&str, &str)]) {
        let mut database = self.instance.write();
        let person = database.find_by("sys_user", "user_name", PERSON).first().copied();
        let person = person.map(|place| database.value(place, "sys_id").to_owned()).unwrap_or_default();
        if let Some(place) = database.schema.id(table).and_then(|id| database.find(id, sys_id)) {
            // An administrator's write is not refused.
            writing::update(&mut database, place, &owned(fields), &self.hand(PERSON, &person)).ok();
        }
        database.refresh_choices();
    }

    /// Takes a record out, as an administrator.
    pub fn delete(&self, table: &str, sys_id: &str) {
        let mut database = self.instance.write();
        if let Some(place) = database.schema.id(table).and_then(|id| database.find(id, sys_id)) {
            writing::delete(&mut database, place, &self.hand("admin", seed::ADMIN)).ok();
        }
        database.refresh_choices();
    }

    /// Moves a record to the archive, as the archiver does.
    pub fn archive(&self, table: &str, sys_id: &str) {
        let mut database = self.instance.write();
        if let Some(place) = database.schema.id(table).and_then(|id| database.find(id, sys_id)) {
            writing::archive(&mut database, place, &self.hand("admin", seed::ADMIN));
        }
    }

    /// The work notes of a record, oldest first.
    #[must_use]
    pub fn notes(&self, sys_id: &str) -> Vec<String> {
        let database = self.instance.read();
        let entries = database.find_by("sys_journal_field", "element_id", sys_id).into_iter();
        entries
            .filter(|entry| database.value(*entry, "element") == "work_notes")
            .map(|entry| database.value(entry, "value").to_owned())
            .collect()
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.instance.faults
    }

    /// Moves the instance's time forward.
    pub fn advance(&self, by: Duration) {
        self.instance.clock.advance(by);
    }

    /// The instance's time, seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.instance.now()
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.instance.log.kept()
    }

    /// All requests since the start.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.instance.log.count()
    }

    /// Sets a system property such as `glide.invalid_query.returns_no_rows`.
    pub fn set_property(&self, name: &str, value: &str) {
        self.instance.set_property(name, value);
    }

    /// Sets or lifts the limit on requests; counting starts anew.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.instance.set_rate_limit(limit);
    }

    /// Makes every access token worthless, as a revocation does; the refresh tokens too when asked.
    pub fn forget_tokens(&self, refresh_too: bool) {
        self.instance.access.forget_tokens(refresh_too);
    }

    fn hand<'a>(&self, name: &'a str, user: &'a str) -> Hand<'a> {
        Hand { name, user, now: self.instance.now(), zone: 0, display: false, administrator: true, restrictions: &UNRESTRICTED }
    }
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn record(database: &Database, place: Place) -> Record {
    let (Some(table), Some(row)) = (database.schema.table(place.table), database.row(place)) else { return Record::new() };
    let mut record: Record = table.columns.iter().map(|column| (column.name.clone(), String::new())).collect();
    for (column, value) in row.values() {
        if let Some(column) = table.column(column) {
            record.insert(column.name.clone(), value.to_owned());
        }
    }
    record
}
