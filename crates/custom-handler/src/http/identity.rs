//! Who the caller is, as the host found out. Only the envelope tells; what a forwarded request claims is for the function to judge.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::Value;

use crate::value::{member, truth};

/// Claim with the access level that the caller's key gave: `Anonymous`, `Function`, `Admin`.
pub const ACCESS_LEVEL_CLAIM: &str = "http://schemas.microsoft.com/2017/07/functions/claims/authlevel";

/// `AuthenticationType` of the identity that a key gives.
const KEYS: &str = "WebJobsAuthLevel";

/// All identities of the caller; an extractor. Empty when the request was not in an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities(pub Vec<Identity>);

/// One identity: by a key, or by App Service authentication (Entra).
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// How it was found, such as `WebJobsAuthLevel` (a key) or `aad` (Entra).
    pub authentication_type: Option<String>,
    /// Whether it was proved.
    pub authenticated: bool,
    /// What is known of it.
    pub claims: Vec<Claim>,
}

/// One thing known of an identity.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// What it is, most often a URI.
    pub kind: String,
    /// The value.
    pub value: String,
}

impl Identities {
    /// The access level that the host granted by key. The caller cannot write this, but look at it only in the envelope shape.
    #[must_use]
    pub fn access_level(&self) -> Option<&str> {
        self.0
            .iter()
            .filter(|identity| identity.authenticated && identity.authentication_type.as_deref() == Some(KEYS))
            .find_map(|identity| identity.claim(ACCESS_LEVEL_CLAIM))
    }

    pub(crate) fn from_value(value: Option<&Value>) -> Self {
        let identities = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self(identities.iter().filter_map(Identity::from_value).collect())
    }
}

impl Identity {
    /// The first value of a claim.
    #[must_use]
    pub fn claim(&self, kind: &str) -> Option<&str> {
        self.claims.iter().find(|claim| claim.kind == kind).map(|claim| claim.value.as_str())
    }

    fn from_value(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let claims = member(members, "Claims").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let plain = |name| member(members, name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            authentication_type: plain("AuthenticationType"),
            authenticated: member(members, "IsAuthenticated").and_then(truth).unwrap_or(false),
            claims: claims.iter().filter_map(Claim::from_value).collect(),
        })
    }
}

impl Claim {
    fn from_value(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let said = |name| member(members, name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { kind: said("Type")?, value: said("Value")? })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("authentication_type", &self.authentication_type)
            .field("authenticated", &self.authenticated)
            .field("claims", &self.claims.len())
            .finish()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Identities {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
