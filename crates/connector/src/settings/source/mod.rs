//! Where `connector.toml` comes from: a file, as in the package, or an address in blob storage, so that settings change without a
//! new package. It is read once, at the start. No copy is kept: when the address does not answer, the connector does not start, and
//! the Functions host tries again; running on settings of yesterday would be harder to notice than not running.

mod answer;
mod blob;
mod identity;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::problem::Problem;
use super::read::Document;
use crate::clock::Clock;
use crate::secret::Variables;

/// Where the settings are. Shown without what may be a signature.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// An address, `https://ACCOUNT.blob.core.windows.net/CONTAINER/connector.toml`, with or without a shared access signature; not
    /// checked yet.
    Address(String),
}

impl Source {
    /// Reads the text. `variables` choose who the connector is towards storage (see `ITSM_CREDENTIAL` in the operations guide);
    /// `clock` tells when to try again.
    ///
    /// # Errors
    ///
    /// One problem that says why it cannot be read and what to do. It holds no signature.
    pub async fn read(&self, variables: &Variables, clock: &dyn Clock) -> Result<Document, Vec<Problem>> {
        if let Self::File(path) = self {
            return Document::open(path);
        }
        let read = match self.url() {
            Ok(url) => blob::read(&url, variables, clock).await,
            Err(unreadable) => Err(unreadable),
        };
        let name = self.to_string();
        match read {
            Ok(text) => Ok(Document { name, text }),
            Err(Unreadable { message, remedy }) => Err(vec![Problem { file: name, ..Problem::new("", message, remedy) }]),
        }
    }

    fn url(&self) -> Result<Url, Unreadable> {
        let Self::Address(text) = self else { return Err(Unreadable::new("is a file", "read it as one")) };
        Url::parse(text).map_err(|error| {
            Unreadable::new(
                format!("is not a URL: {error}"),
                "write https://ACCOUNT.blob.core.windows.net/CONTAINER/connector.toml",
            )
        })
    }
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        let is = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        if is("https://") || is("http://") { Self::Address(text.to_owned()) } else { Self::File(PathBuf::from(text)) }
    }
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.url()) {
            (Self::File(path), _) => path.display().fmt(f),
            (Self::Address(_), Ok(url)) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
            (Self::Address(_), Err(_)) => f.write_str("the address of the settings"),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why the settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unreadable {
    message: String,
    remedy: String,
}

impl Unreadable {
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: remedy.into() }
    }
}
