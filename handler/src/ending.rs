//! How a command ends, as an exit code: 0 good, 1 something failed, 2 wrong usage or settings.

use std::fmt;
use std::io;
use std::process::ExitCode;

use connector::store::StoreError;

/// How a command that said all it had to say ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All is well.
    Good,
    /// Something failed, and the output says what.
    Failed,
    /// The settings are wrong, and the output says how.
    Wrong,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Good => 0,
            Ending::Failed => 1,
            Ending::Wrong => 2,
        })
    }
}

/// Why a command could not do its work; printed to standard error.
#[derive(Debug)]
pub enum Failure {
    /// Something failed.
    Failed(anyhow::Error),
    /// The arguments or the settings are wrong: whole sentences with the remedy.
    Wrong(String),
}

impl Failure {
    /// What the process ends with.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        match self {
            Self::Failed(_) => Ending::Failed,
            Self::Wrong(_) => Ending::Wrong,
        }
    }

    /// Whether the reader of our output went away, as `head` does: no failure of ours.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "{error:#}"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}
