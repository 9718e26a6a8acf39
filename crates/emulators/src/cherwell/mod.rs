//! A stateful Cherwell Service Management: token endpoint with rotating refresh tokens and licence seats, business objects by opaque ids,
//! searches with their odd rules, dates without zone or seconds. It follows the vendor's documentation and published clients; where
//! neither speaks, the choice is one of [`Options`]. Not emulated: attachments, one-step actions, quick search, deleting in batches.

mod access;
mod api;
mod content;
mod database;
mod dates;
mod desk;
mod faults;
mod instance;
mod lifecycle;
mod options;
mod render;
mod reply;
mod saving;
mod search;
mod seed;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, io, path::Path, sync::Arc, time::Duration};

pub use faults::{Effect, Fault, FaultId, Faults};
pub use options::{
    ApiClient, AuthMode, CLIENT_ID, FieldIds, Grant, Lifecycle, Options, PageNumber, Seed, Time, Tls, UnknownField, User,
};

pub use crate::log::Request;
use crate::{
    clock::EmulatorClock,
    door::{Door, starts},
    http::{Server, Service},
};
use content::Content;
use database::Database;
use dates::Wall;
use instance::Instance;

/// A running system; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Cherwell {
    instance: Arc<Instance>,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

starts!(
    Cherwell,
    "Cherwell",
    "address or zone",
    /// A demo system on a free port of this machine. API client [`CLIENT_ID`] without a secret; user `itsm` with password `p` (and
    /// `CONTOSO\itsm`/`p` with `auth_mode=Windows`) may do what an integration needs; `CSDAdmin`/`CSDAdmin` may do all.
);

impl Cherwell {
    /// A system as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let wall = Wall::new(&options.zone)
            .ok_or_else(|| io::Error::other(format!("`{}` is no zone; use an IANA name", options.zone)))?;
        let door = Door::open(options.address, options.tls.as_ref().map(|tls| tls.directory.as_path())).await?;
        let clock = options.time.clock();
        let mut database = Database::new(Content::new(&options), options.chance);
        seed::fill(&mut database, &options, clock.seconds());
        let instance = Arc::new(Instance::new(options, door.url("http"), wall, clock, database));
        let service: Arc<dyn Service> = Arc::clone(&instance) as Arc<dyn Service>;
        let (server, certificate) = door.serve(service)?;
        Ok(Self { instance, certificate, _server: server })
    }

    /// With the base path, for example `http://127.0.0.1:40123/CherwellAPI`: what a connection is given.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.instance.origin, self.instance.options.base_path)
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// The last requests, oldest first; of the token call only method, path and status.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.instance.log.kept()
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.instance.faults
    }

    /// The system's clock.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.instance.clock
    }

    /// Moves the system's time forward.
    pub fn advance(&self, by: Duration) {
        self.instance.clock.advance(by);
    }

    /// Licence seats that are taken.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.instance.access.seats(self.instance.clock.seconds())
    }

    /// Every record of a business object or group, by its stock name: fields by the customer's names, dates as the server shows them.
    #[must_use]
    pub fn records(&self, object: &str) -> Vec<BTreeMap<String, String>> {
        let database = self.instance.read();
        let Some(place) = database.content.by_name(object) else { return Vec::new() };
        let reading = self.instance.reading();
        let records = database.rows(place).iter().filter(|(_, record)| database.is_of(record, place));
        let fields = |record: &database::Record| {
            let definition = database.content.objects.get(record.object);
            let fields = definition.into_iter().flat_map(|object| object.fields.iter().zip(&record.values));
            let shown = fields.map(|(field, kept)| {
                let date = field.kind == content::Kind::DateTime;
                (field.name.clone(), if date { reading.show(kept) } else { kept.to_string() })
            });
            shown.collect()
        };
        records.map(|(_, record)| fields(record)).collect()
    }

    /// Adds a record as an administrator, by stock names; dates in seconds since 1970. Its `RecID`, empty when there is no such object.
    #[expect(clippy::must_use_candidate, reason = "seeding often does not need the id")]
    pub fn insert(&self, object: &str, values: &[(&str, &str)]) -> String {
        seed::add(&mut self.instance.write(), object, values, &self.instance.hand("Cherwell Admin"))
    }
}
