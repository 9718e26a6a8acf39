//! A stateful Dataverse environment, on which Provance ITSM and other solutions run: the Web API with metadata, tables from descriptions,
//! change tracking, service protection limits, and a token endpoint of its own. It follows the vendor's documentation; where that is
//! silent or at odds with live servers, the choice is an option or noted at the code.

mod access;
mod api;
mod database;
mod desk;
mod environment;
pub mod faults;
mod guid;
pub mod options;
mod people;
mod prefer;
mod protection;
mod query;
mod refusal;
pub mod schema;
mod seed;
mod writing;

#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, sync::Arc};

pub use faults::{Effect, Fault, FaultId, Faults, Limit};
pub use options::{Options, Privileges, Seed, ServiceProtection, Time, Tls, User};
pub use schema::Description;

use crate::{
    clock::EmulatorClock,
    door::{Door, starts},
    entra::{Directory, Entra},
    http::{Server, Service},
    log::Request,
};
use access::Access;
use database::Database;
use environment::Environment;
use schema::Schema;

/// A running environment with its token endpoint; dropping it closes both ports and every connection.
#[derive(Debug)]
pub struct Dataverse {
    environment: Arc<Environment>,
    certificate: Option<PathBuf>,
    _server: Server,
}

starts!(
    Dataverse,
    "Dataverse",
    "address",
    /// An environment with the stock tables. The app registration [`options::APPLICATION`] with [`options::SECRET`] is an application user
    /// with the least privileges that the connector needs, [`options::ADMINISTRATOR_APPLICATION`] one that may do all; for the password
    /// grant there are [`options::PUBLIC_APPLICATION`] and [`options::USER`] with [`options::PASSWORD`].
);

impl Dataverse {
    /// An environment as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_ref().map(|tls| tls.directory.as_path())).await?;
        let url = door.url("http");
        let clock = Arc::new(options.time.clock());
        let directory = Directory {
            applications: options.applications.clone(),
            people: options.people.clone(),
            resources: vec![url.clone()],
            token_life: options.token_life,
            ..Directory::default()
        };
        let tenant = directory.tenant.clone();
        let entra = Entra::try_start_in(Arc::clone(&clock), directory, door.acceptor.clone()).await?;
        let mut descriptions = vec![Description::stock()];
        descriptions.extend(options.itsm.as_deref().map(Description::itsm));
        descriptions.extend(options.descriptions.iter().cloned());
        let mut database = Database::new(Schema::new(&descriptions), options.chance);
        let users = seed::fill(&mut database, &options, clock.seconds());
        let asked = options.challenge.then(|| format!("{}/{tenant}", entra.url()));
        let access = Access::new(users, &database.schema, &url, asked.as_deref());
        let environment = Arc::new(Environment::new(url, options, entra, access, database));
        let service: Arc<dyn Service> = Arc::clone(&environment) as Arc<dyn Service>;
        let (server, certificate) = door.serve(service)?;
        Ok(Self { environment, certificate, _server: server })
    }

    /// Scheme, address and port; the resource that tokens are asked for.
    #[must_use]
    pub fn url(&self) -> String {
        self.environment.url.clone()
    }

    /// Stands for `https://login.microsoftonline.com`.
    #[must_use]
    pub fn authority_url(&self) -> String {
        self.environment.entra.url()
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> String {
        crate::entra::TENANT.to_owned()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&std::path::Path> {
        self.certificate.as_deref()
    }

    /// The token endpoint, for outages and counts.
    #[must_use]
    pub fn entra(&self) -> &Entra {
        &self.environment.entra
    }

    /// The last requests to the environment, oldest first; those to the token endpoint are not among them.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.environment.log.kept()
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.environment.faults
    }

    /// The environment's time.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.environment.clock
    }

    /// Moves the environment's and the token endpoint's time forward.
    pub fn advance(&self, by: std::time::Duration) {
        self.environment.clock.advance(by);
    }

    /// Makes every token given so far worthless.
    pub fn forget_tokens(&self) {
        self.environment.access.forget_tokens(self.environment.entra.given());
    }

    /// Gives the user of an application (by its id), or of a principal name, other security roles.
    pub fn set_privileges(&self, user: &str, privileges: &Privileges) {
        self.environment.access.set_privileges(user, privileges);
    }

    /// Sets or lifts the service protection limits; counting starts anew.
    pub fn set_protection(&self, protection: Option<ServiceProtection>) {
        self.environment.protection.set(protection);
    }

    /// How many records a table holds, by logical name.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        let database = self.environment.read();
        database.schema.id(table).and_then(|table| database.shelf(table)).map_or(0, |shelf| shelf.rows.len())
    }
}
