//! Who may call: keys, and App Service authentication. The host decides both before the handler hears of the request.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::function::Level;

/// The app's keys. A key of one function opens that one only.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Opens everything.
    pub admin: String,
    /// Opens every function.
    pub host: String,
    /// By function.
    pub functions: BTreeMap<String, String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { admin: "the-admin-key".to_owned(), host: "the-host-key".to_owned(), functions: BTreeMap::new() }
    }
}

impl Keys {
    /// The level that the given key has for this function.
    pub(super) fn level(&self, function: &str, given: Option<&str>) -> Level {
        match given {
            Some(key) if key == self.admin => Level::Admin,
            Some(key) if key == self.host || self.functions.get(function).is_some_and(|own| own == key) => Level::Function,
            _ => Level::Anonymous,
        }
    }
}

/// The key in a request: the header wins over the query.
pub(super) fn key(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Option<String> {
    let header = headers.get("x-functions-key").and_then(|key| key.to_str().ok());
    header.or_else(|| query.get("code").map(String::as_str)).map(str::to_owned)
}

/// The identity that a key gives; nothing for an anonymous caller.
pub(super) fn key_identity(level: Level) -> Option<Value> {
    let told = match level {
        Level::Anonymous => return None,
        Level::Function => "Function",
        Level::Admin => "Admin",
    };
    Some(identity("WebJobsAuthLevel", &[("http://schemas.microsoft.com/2017/07/functions/claims/authlevel", told)]))
}

fn identity(kind: &str, claims: &[(&str, &str)]) -> Value {
    let claims: Vec<Value> = claims
        .iter()
        .map(|(claim, value)| {
            json!({
                "Issuer": "LOCAL AUTHORITY", "OriginalIssuer": "LOCAL AUTHORITY", "Properties": {}, "Type": claim, "Value": value,
                "ValueType": "http://www.w3.org/2001/XMLSchema#string"
            })
        })
        .collect();
    json!({
        "AuthenticationType": kind, "IsAuthenticated": true, "Actor": null, "BootstrapContext": null, "Claims": claims,
        "Label": null, "Name": null, "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    })
}

/// Where the platform looks for a session of its own.
const SESSION: HeaderName = HeaderName::from_static("x-zumo-auth");

/// App Service authentication ("Easy Auth") in front of the host.
#[derive(Clone, Default)]
pub struct Authentication {
    /// The tokens that it knows to be good, and whose they are: of Entra in `Authorization: Bearer`, which go on to the handler, too,
    /// or its own of a session in `X-ZUMO-AUTH`.
    pub tokens: BTreeMap<String, Principal>,
    /// Whether a request without a token is turned away.
    pub required: bool,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authentication").field("required", &self.required).finish_non_exhaustive()
    }
}

/// A caller that Entra knows.
#[derive(Debug, Clone, Default)]
pub struct Principal {
    /// Claims by type, such as `appid`, `aud`, `roles`, `tid`, `iss`.
    pub claims: Vec<(String, String)>,
}

impl Authentication {
    /// Lets the request in and says whose it is; an error is a 401. What the caller says of himself in `X-MS-*` is dropped.
    pub(super) fn admit(&self, headers: &mut HeaderMap) -> Result<Option<&Principal>, ()> {
        let claimed: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with("x-ms-")).cloned().collect();
        for name in claimed {
            headers.remove(name);
        }
        let told = |name: &HeaderName| headers.get(name).and_then(|told| told.to_str().ok());
        let bearer = told(&header::AUTHORIZATION).and_then(|told| told.strip_prefix("Bearer "));
        let Some(token) = bearer.or_else(|| told(&SESSION)) else {
            return if self.required { Err(()) } else { Ok(None) };
        };
        let principal = self.tokens.get(token).ok_or(())?;
        for (name, value) in principal.headers() {
            headers.insert(name, value);
        }
        Ok(Some(principal))
    }
}

impl Principal {
    /// The identity in the envelope.
    pub(super) fn identity(&self) -> Value {
        let claims: Vec<(&str, &str)> = self.claims.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        identity("aad", &claims)
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let claims: Vec<Value> = self.claims.iter().map(|(name, value)| json!({ "typ": name, "val": value })).collect();
        let principal = json!({
            "auth_typ": "aad", "claims": claims, "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
        });
        let id = self.claims.iter().find(|(name, _)| name == "oid" || name == "appid").map_or("", |(_, value)| value);
        let all = [
            ("x-ms-client-principal", BASE64_STANDARD.encode(principal.to_string())),
            ("x-ms-client-principal-id", id.to_owned()),
            ("x-ms-client-principal-name", id.to_owned()),
            ("x-ms-client-principal-idp", "aad".to_owned()),
        ];
        let valid = |(name, value): (&'static str, String)| Some((HeaderName::from_static(name), value.parse().ok()?));
        all.into_iter().filter_map(valid).collect()
    }
}
