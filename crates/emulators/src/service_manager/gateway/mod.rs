//! A stateful SM gateway: `docs/sm-gateway-protocol.md` over the management group, with the failures of gateway, management server and
//! network. It is written from that page, not from any client.

mod about;
mod authentication;
mod changing;
mod creating;
mod desk;
pub mod faults;
mod idempotency;
mod instants;
mod lists;
pub mod options;
mod problem;
mod render;
mod request;
mod service;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

pub use faults::{Effect, Fault, FaultId, Faults};
pub use options::{ADMINISTRATOR_SECRET, EntraTrust, Options, SECRET, Time, Tls};

pub use crate::log::Request;
use crate::{
    door::{Door, starts},
    http::{Server, Service},
    service_manager::model::ManagementGroup,
};
use service::{BODY_LIMIT, State};

/// A running gateway; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Gateway {
    state: Arc<State>,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

starts!(
    Gateway,
    "gateway",
    "address",
    /// A demo gateway on a free port of this machine; [`SECRET`] acts as `CONTOSO\svc-itsm`, an *Advanced operator*, and
    /// [`ADMINISTRATOR_SECRET`] as an administrator.
);

impl Gateway {
    /// A gateway as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_ref().map(|tls| tls.directory.as_path())).await?;
        let clock = options.time.clock();
        let state = Arc::new(State::new(options, door.url("http"), clock));
        let (server, certificate) = door.serve(Arc::clone(&state) as Arc<dyn Service>)?;
        Ok(Self { state, certificate, _server: server })
    }

    /// Scheme, address and port, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.state.url.clone()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&std::path::Path> {
        self.certificate.as_deref()
    }

    /// The gateway without its port, for a listener at Azure Relay.
    #[must_use]
    pub fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.state) as Arc<dyn Service>
    }

    /// Works on the management group, at the gateway's time in milliseconds since 1970: what an administrator does, or a look inside.
    pub fn with_group<R>(&self, work: impl FnOnce(&mut ManagementGroup, i64) -> R) -> R {
        let now = self.state.clock.milliseconds();
        work(&mut self.state.kept().group, now)
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// Moves the gateway's time forward.
    pub fn advance(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// The gateway's time, milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.state.clock.milliseconds()
    }

    /// The last requests, oldest first; never headers, so never secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.log.kept()
    }
}
