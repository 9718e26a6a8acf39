//! Why an answer is not what was asked for, before it is known what the caller can do about it: refused credentials may be
//! renewed and a missing record may be no mistake at all. Everything else is a [`ProviderError`] already.

use super::{ProviderError, WaitReason};

/// Why an answer is not what was asked for. Texts name the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The credentials were not accepted (401); nothing was done. The call's ladder renews them and tries again.
    Unauthorised(String),
    /// The record does not exist, or is hidden from us.
    NotFound(String),
    /// Anything else.
    Error(ProviderError),
}

impl Trouble {
    /// The whole connection waits.
    #[must_use]
    pub fn wait(reason: WaitReason, cause: String, remedy: impl Into<String>) -> Self {
        Self::Error(ProviderError::Wait { reason, after: None, cause, remedy: remedy.into() })
    }

    /// The tool refused; trying again changes nothing.
    #[must_use]
    pub fn refused(cause: String, remedy: impl Into<String>) -> Self {
        Self::Error(ProviderError::Refused { cause, remedy: remedy.into() })
    }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        Self::Error(error)
    }
}

/// What the caller of a provider is told.
impl From<Trouble> for ProviderError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Error(error) => error,
            Trouble::NotFound(cause) => Self::Refused {
                cause,
                remedy: "the record was deleted, or the integration user may not see it: check the read rights".to_owned(),
            },
            Trouble::Unauthorised(cause) => Self::Wait {
                reason: WaitReason::Credentials,
                after: None,
                cause,
                remedy: "check the connection's credentials".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_credentials_make_the_connection_wait_and_a_missing_record_only_the_delivery_fail() {
        let told = ProviderError::from(Trouble::Unauthorised("x".to_owned()));
        assert!(matches!(told, ProviderError::Wait { reason: WaitReason::Credentials, .. }));
        assert!(matches!(ProviderError::from(Trouble::NotFound("x".to_owned())), ProviderError::Refused { .. }));
        let error = ProviderError::Retry { after: None, cause: "x".to_owned() };
        assert_eq!(ProviderError::from(Trouble::from(error.clone())), error);
    }
}
