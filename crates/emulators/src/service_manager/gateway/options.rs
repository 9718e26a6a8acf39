//! What an emulated gateway is made of. The defaults are a demo gateway that takes a shared secret.

use std::net::SocketAddr;

use serde_json::Value;

use crate::service_manager::model::{Language, Settings};
pub use crate::servicenow::{Time, Tls};

/// The shared secret of the integration, whose account is an *Advanced operator*.
pub const SECRET: &str = "gateway-secret-of-thirty-two-characters";
/// The shared secret of an administrator, who may change closed incidents.
pub const ADMINISTRATOR_SECRET: &str = "gateway-secret-of-an-administrator-";

/// Which tokens of Microsoft Entra ID are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntraTrust {
    /// The tenant's published keys (a JWKS), as [`crate::Entra`] answers at `/{tenant}/discovery/v2.0/keys`.
    pub keys: Value,
    /// The gateway's own audience.
    pub audience: String,
    /// `iss` values that are taken.
    pub issuers: Vec<String>,
    /// `appid` or `azp` values that are taken.
    pub applications: Vec<String>,
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Shared secrets of the integration; two while one is replaced.
    pub secrets: Vec<String>,
    /// Shared secrets of an administrator.
    pub administrator_secrets: Vec<String>,
    /// Tokens of Entra besides.
    pub entra: Option<EntraTrust>,
    /// How the clock runs.
    pub time: Time,
    /// The management group behind it.
    pub group: Settings,
    /// In which language labels are.
    pub language: Language,
    /// Largest page.
    pub page: usize,
    /// The switch for `POST /v1/computers` and `createMissingComputers`.
    pub create_computers: bool,
    /// Whether deleted items can be told from those that never were. Whether the SDK shows them to a plain operator is inferred.
    pub tells_deleted: bool,
    /// Whether `remaining` is told.
    pub counts: bool,
    /// How far the watermark stays behind the clock, in seconds.
    pub settle_seconds: u32,
    /// How many requests the log keeps.
    pub request_log: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            secrets: vec![SECRET.to_owned()],
            administrator_secrets: vec![ADMINISTRATOR_SECRET.to_owned()],
            entra: None,
            time: Time::Real,
            group: Settings::default(),
            language: Language::English,
            page: 200,
            create_computers: false,
            tells_deleted: true,
            counts: true,
            settle_seconds: 5,
            request_log: 10_000,
        }
    }
}
