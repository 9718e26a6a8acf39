//! Azure Relay Hybrid Connections in HTTP mode: a namespace that senders and listeners meet at, and a listener of our own. Not
//! emulated: sockets from senders (`connect` and `accept`), Entra tokens, and keeping a rendezvous socket for the next request of the same sender.

mod control;
mod door;
mod listener;
mod namespace;
pub mod options;
mod sas;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use std::{io, path::Path, sync::Arc, time::Duration};

pub use listener::Listener;
pub use options::{HybridConnection, LISTEN_KEY, Options, Right, Rule, SEND_KEY, Time, Tls};
pub use sas::token;

pub use crate::log::Request;
use crate::{
    door::{Door, starts},
    http::{Server, Service},
};
use namespace::Namespace;

/// A running namespace; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Relay {
    namespace: Arc<Namespace>,
    url: String,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

starts!(
    Relay,
    "Relay",
    "address",
    /// A namespace on a free port of this machine with the hybrid connection `scsm`; rules `listen` with [`LISTEN_KEY`] and `send` with
    /// [`SEND_KEY`].
);

impl Relay {
    /// A namespace as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_ref().map(|tls| tls.directory.as_path())).await?;
        let clock = options.time.clock();
        let namespace = Arc::new(Namespace::new(options, clock, door.url("ws")));
        let url = door.url("http");
        let (server, certificate) = door.serve(Arc::clone(&namespace))?;
        Ok(Self { namespace, url, certificate, _server: server })
    }

    /// Scheme, address and port; a sender's address is this, `/` and the path of a hybrid connection.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// A token of the rule `send` for a hybrid connection, good for an hour.
    #[must_use]
    pub fn send_token(&self, path: &str) -> String {
        self.token(path, "send", SEND_KEY, 3600)
    }

    /// A token of any rule for a hybrid connection, good for so many seconds.
    #[must_use]
    pub fn token(&self, path: &str, rule: &str, key: &str, seconds: i64) -> String {
        let address = format!("http://{}/{path}", self.namespace.options.namespace);
        token(&address, rule, key, self.namespace.clock.seconds() + seconds)
    }

    /// Where a listener with this token connects.
    #[must_use]
    pub fn listen_address(&self, path: &str, token: &str) -> String {
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        format!("{}/$hc/{path}?sb-hc-action=listen&sb-hc-token={token}", self.namespace.socket_url)
    }

    /// Lets a service of this process listen on a hybrid connection, with a token of the rule `listen` that is good for a day.
    /// When the service breaks a connection, the sender waits in vain, as with a gateway that dies: 504 after [`Options::answer_within`].
    pub async fn listen(&self, path: &str, service: Arc<dyn Service>) -> io::Result<Listener> {
        let token = self.token(path, "listen", LISTEN_KEY, 86_400);
        Listener::connect(&self.listen_address(path, &token), self.certificate.clone(), service).await
    }

    /// Control channels that are open on a hybrid connection.
    #[must_use]
    pub fn listeners(&self, path: &str) -> usize {
        self.namespace.listeners(path)
    }

    /// Rendezvous sockets that were opened since the start.
    #[must_use]
    pub fn rendezvous(&self) -> u64 {
        self.namespace.rendezvous()
    }

    /// Moves the time forward by which tokens expire; control channels of expired ones are closed.
    pub fn advance(&self, by: Duration) {
        self.namespace.clock.advance(by);
        self.namespace.stir();
    }

    /// Deletes a hybrid connection, as an administrator does; its listeners are closed with 1001.
    pub fn delete(&self, path: &str) {
        self.namespace.delete(path);
    }

    /// Closes every control channel with 1011, as a fault of the service does; listeners may come back at once.
    pub fn cut(&self) {
        self.namespace.cut();
    }

    /// The last requests, senders' and listeners', oldest first; never tokens or bodies.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.namespace.log.kept()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Control channels run on their own and end by this; the server ends with its owner.
        self.namespace.cut();
    }
}
