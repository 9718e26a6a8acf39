//! A stateful Cireson Portal in front of Service Manager: the calls of its API V3 that a connector needs. The API's own documentation is
//! behind a login, so this follows what published clients send and expect; where they are silent, the choice is noted at the code or
//! is an [`Options`] field. Not emulated: grids, the configuration item pick list, console groups (their answers are not described
//! anywhere that was read), the `OData` of newer releases, and the Windows handshake.

mod access;
mod answers;
mod api;
mod changes;
mod criteria;
mod desk;
pub mod faults;
mod instants;
pub mod options;
mod portal;
mod render;

#[cfg(test)]
mod tests;

use std::{io, path::Path, sync::Arc, time::Duration};

pub use crate::log::Request;
pub use faults::{Effect, Fault, FaultId, Faults};
pub use options::{Account, InstantTexts, Missing, NewBaseId, Options, TakenId, Time};

use super::model::ManagementGroup;
use crate::{
    authority::Authority,
    clock::EmulatorClock,
    http::{Server, Service},
};
use portal::Portal;

/// A running portal; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Cireson {
    portal: Arc<Portal>,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

impl Cireson {
    /// A demo portal on a free port of this machine; `CONTOSO\svc-itsm` with password `p` may do what an integration needs,
    /// `CONTOSO\scsm.admin` with `admin` may change closed work items too.
    ///
    /// # Panics
    /// When no port can be bound: nothing that needs this emulator can go on then.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A portal as chosen.
    ///
    /// # Panics
    /// When the address cannot be bound or the certificates cannot be written.
    #[expect(clippy::panic, reason = "without its emulator a test, bench or demo cannot go on; try_start is for everybody else")]
    pub async fn start_with(options: Options) -> Self {
        match Self::try_start(options).await {
            Ok(started) => started,
            Err(error) => panic!("the Cireson emulator cannot start: {error}; choose another address"),
        }
    }

    /// A portal as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let authority = options.tls.as_deref().map(Authority::create).transpose()?;
        let protocol = if authority.is_some() { "https" } else { "http" };
        let clock = match options.time {
            Time::Real => EmulatorClock::real(),
            Time::Manual(seconds) => EmulatorClock::manual(seconds),
        };
        let portal = Arc::new(Portal::new(options, format!("{protocol}://{address}"), clock));
        let service: Arc<dyn Service> = Arc::clone(&portal) as Arc<dyn Service>;
        let acceptor = authority.as_ref().map(Authority::acceptor).transpose()?;
        let server = Server::start(listener, acceptor, service)?;
        Ok(Self { portal, certificate: authority.map(|authority| authority.certificate_file), _server: server })
    }

    /// Scheme, address and port, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.portal.url.clone()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// The last requests, oldest first. Passwords are not in it.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.portal.log.kept()
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.portal.faults
    }

    /// The portal's time.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.portal.clock
    }

    /// Moves the portal's time forward.
    pub fn advance(&self, by: Duration) {
        self.portal.clock.advance(by);
    }

    /// Looks into the management group, as an administrator with PowerShell.
    pub fn look<R>(&self, at: impl FnOnce(&ManagementGroup) -> R) -> R {
        at(&self.portal.read())
    }

    /// Changes the management group, as an administrator or a workflow; the time is milliseconds since 1970.
    pub fn administer<R>(&self, with: impl FnOnce(&mut ManagementGroup, i64) -> R) -> R {
        with(&mut self.portal.write(), self.portal.now())
    }
}
