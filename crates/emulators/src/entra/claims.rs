//! What a token says.

use serde_json::{Value, json};

/// Application id of the caller in every tenant of the public cloud.
pub const ACTION_GROUP_APPLICATION: &str = "461e8683-5575-4561-ac7f-899cc907d62a";
/// The application role that the set-up of a secure webhook makes.
pub const ACTION_GROUP_ROLE: &str = "ActionGroupsSecureWebhook";
/// A tenant for tests.
pub const TENANT: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

/// Which endpoint's form a token has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenVersion {
    /// `iss` at `sts.windows.net`, caller in `appid`.
    One,
    /// `iss` at `login.microsoftonline.com`, caller in `azp`.
    Two,
}

impl TokenVersion {
    /// The `iss` of a tenant.
    #[must_use]
    pub fn issuer(self, tenant: &str) -> String {
        match self {
            Self::One => format!("https://sts.windows.net/{tenant}/"),
            Self::Two => format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        }
    }
}

/// What to put into a token; begins as what an action group sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Form of the token.
    pub version: TokenVersion,
    /// `tid`, and part of `iss`.
    pub tenant: String,
    /// `iss` when it is not the tenant's own.
    pub issuer: Option<String>,
    /// `aud`
    pub audience: String,
    /// `appid` or `azp`.
    pub application: String,
    /// `roles`; absent when empty.
    pub roles: Vec<String>,
    /// Seconds from now to `exp`; below zero for an expired token.
    pub expires_in: i64,
    /// Seconds from now to `nbf` and `iat`.
    pub begins_in: i64,
}

impl Claims {
    /// What the action group sends to a receiver of this audience.
    #[must_use]
    pub fn action_group(version: TokenVersion, audience: &str) -> Self {
        Self {
            version,
            tenant: TENANT.to_owned(),
            issuer: None,
            audience: audience.to_owned(),
            application: ACTION_GROUP_APPLICATION.to_owned(),
            roles: vec![ACTION_GROUP_ROLE.to_owned()],
            expires_in: 3600,
            begins_in: -5,
        }
    }

    /// The token's body at `now`, seconds since 1970.
    #[must_use]
    pub fn payload(&self, now: i64) -> Value {
        let issuer = self.issuer.clone().unwrap_or_else(|| self.version.issuer(&self.tenant));
        let (version, caller) = match self.version {
            TokenVersion::One => ("1.0", "appid"),
            TokenVersion::Two => ("2.0", "azp"),
        };
        let begins = now + self.begins_in;
        let mut payload = json!({
            "aud": self.audience,
            "iss": issuer,
            "iat": begins,
            "nbf": begins,
            "exp": now + self.expires_in,
            "tid": self.tenant,
            "sub": "9a1f6d9e-0000-4000-8000-000000000001",
            "oid": "9a1f6d9e-0000-4000-8000-000000000001",
            "ver": version,
            caller: self.application,
        });
        if let Some(fields) = payload.as_object_mut()
            && !self.roles.is_empty()
        {
            fields.insert("roles".to_owned(), self.roles.clone().into());
        }
        payload
    }
}
