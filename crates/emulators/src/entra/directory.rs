//! Who a tenant knows: applications with their secrets and certificates, people with their passwords, and the resources for which tokens
//! are given. Nothing here signs or checks.

use base64::{Engine, prelude::BASE64_STANDARD};

/// A client secret of an application.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// In clear; this is an emulator.
    pub value: String,
    /// Seconds since 1970; `None` never expires.
    pub expires: Option<i64>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Secret").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A certificate of an application; the private key stays with the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// `-----BEGIN CERTIFICATE-----`, an RSA key.
    pub pem: String,
    /// `x5t`, the SHA-1 thumbprint as base64url; empty when clients name it by `x5t#S256` only.
    pub x5t: String,
}

impl Certificate {
    /// The certificate itself, DER.
    pub(super) fn der(&self) -> Vec<u8> {
        let body: String = self.pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        BASE64_STANDARD.decode(body).unwrap_or_default()
    }
}

/// An app registration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// *Application (client) ID*
    pub id: String,
    /// Client secrets.
    pub secrets: Vec<Secret>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// *Allow public client flows*: the password grant without a secret.
    pub public_client: bool,
    /// Whether somebody consented to it; without, people cannot sign in through it.
    pub consented: bool,
}

impl Application {
    /// A confidential application with one secret that does not expire.
    #[must_use]
    pub fn confidential(id: &str, secret: &str) -> Self {
        let secrets = vec![Secret { value: secret.to_owned(), expires: None }];
        Self { id: id.to_owned(), secrets, consented: true, ..Self::default() }
    }

    /// A public application, as the old connector wanted one.
    #[must_use]
    pub fn public(id: &str) -> Self {
        Self { id: id.to_owned(), public_client: true, consented: true, ..Self::default() }
    }
}

/// Somebody with a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// User principal name.
    pub name: String,
    /// In clear; this is an emulator.
    pub password: String,
    /// Whether a second factor is asked for; the password grant cannot give one.
    pub multifactor: bool,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Person").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A tenant's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Tenant id.
    pub tenant: String,
    /// App registrations.
    pub applications: Vec<Application>,
    /// People.
    pub people: Vec<Person>,
    /// Resources (`https://org.crm4.dynamics.com`) for which tokens are given.
    pub resources: Vec<String>,
    /// Seconds a token lives; Entra gives 60 to 90 minutes.
    pub token_life: i64,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            tenant: super::TENANT.to_owned(),
            applications: Vec::new(),
            people: Vec::new(),
            resources: Vec::new(),
            token_life: 3599,
        }
    }
}
