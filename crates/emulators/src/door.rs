//! The front door of an emulator: where it listens, with or without TLS, and what everybody does who starts one. What stands behind it is
//! the tool's own.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    authority::Authority,
    http::{Connected, Server},
};

/// A door that nobody answers yet.
pub(crate) struct Door {
    listener: TcpListener,
    pub(crate) acceptor: Option<TlsAcceptor>,
    /// The file with the certificate authority to trust, when TLS is on.
    certificate: Option<PathBuf>,
    address: SocketAddr,
}

impl Door {
    /// At an address, of which port 0 takes a free one; HTTPS with a directory for the authority's certificate.
    pub(crate) async fn open(address: SocketAddr, tls: Option<&Path>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let authority = tls.map(Authority::create).transpose()?;
        let acceptor = authority.as_ref().map(Authority::acceptor).transpose()?;
        Ok(Self { listener, acceptor, certificate: authority.map(|authority| authority.certificate_file), address })
    }

    /// Scheme, address and port: `http` or `ws`, with an `s` behind it when TLS is on.
    pub(crate) fn url(&self, scheme: &str) -> String {
        let secure = if self.acceptor.is_some() { "s" } else { "" };
        format!("{scheme}{secure}://{}", self.address)
    }

    /// Somebody answers. The file with the authority to trust comes along.
    pub(crate) fn serve(self, connected: impl Connected) -> io::Result<(Server, Option<PathBuf>)> {
        Ok((Server::start_any(self.listener, self.acceptor, connected)?, self.certificate))
    }
}

/// Ends a test, bench or demo that has no emulator.
#[expect(clippy::panic, reason = "without its emulator a test, bench or demo cannot go on; try_start is for everybody else")]
pub(crate) fn cannot_start(name: &str, error: &io::Error, remedy: &str) -> ! {
    panic!("the {name} emulator cannot start: {error}; choose another {remedy}")
}

/// `start` and `start_with`, for tests, benches and the demo, around a tool's own `try_start`. The words name the emulator in the panic, and
/// say what `start` gives.
macro_rules! starts {
    ($tool:ident, $name:literal, $remedy:literal, $(#[$about:meta])*) => {
        impl $tool {
            $(#[$about])*
            ///
            /// # Panics
            /// When no port can be bound: nothing that needs this emulator can go on then.
            pub async fn start() -> Self {
                Self::start_with(Options::default()).await
            }

            /// One as chosen.
            ///
            /// # Panics
            /// Where `try_start` says why not.
            pub async fn start_with(options: Options) -> Self {
                match Self::try_start(options).await {
                    Ok(started) => started,
                    Err(error) => crate::door::cannot_start($name, &error, $remedy),
                }
            }
        }
    };
}
pub(crate) use starts;
