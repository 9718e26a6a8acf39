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
    clock::EmulatorClock,
    door::{Door, starts},
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

starts!(
    Cireson,
    "Cireson",
    "address",
    /// A demo portal on a free port of this machine; `CONTOSO\svc-itsm` with password `p` may do what an integration needs,
    /// `CONTOSO\scsm.admin` with `admin` may change closed work items too.
);

impl Cireson {
    /// A portal as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_deref()).await?;
        let clock = options.time.clock();
        let portal = Arc::new(Portal::new(options, door.url("http"), clock));
        let service: Arc<dyn Service> = Arc::clone(&portal) as Arc<dyn Service>;
        let (server, certificate) = door.serve(service)?;
        Ok(Self { portal, certificate, _server: server })
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
