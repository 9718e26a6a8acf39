//! What an emulated portal is made of: who may sign in and how, how long a token lives, and the points where nobody has written down
//! what a real portal does. The defaults are those of a demo portal with its own sign-in page.

use std::{net::SocketAddr, path::PathBuf};

pub use crate::servicenow::Time;

use crate::service_manager::model::Settings;

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `DOMAIN\user`; a person of the management group.
    pub name: String,
    /// In clear; this is an emulator.
    pub password: String,
}

/// Which texts of instants a criterion takes. Not documented, so a client has to live with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstantTexts {
    /// ISO 8601 and `2026-09-01 10:00:00`, the latter meaning UTC.
    All,
    /// `2026-09-01 10:00:00` and `9/1/2026 10:00:00 AM` alone; ISO 8601 with `T` is answered 500.
    WithoutIso,
}

/// What a template's projection has as `BaseId`. The published client of the portal can only work with a GUID there, while other
/// descriptions show `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewBaseId {
    /// A GUID, which the committed object keeps.
    Reserved,
    /// `null`; the GUID comes with the answer of the commit.
    Null,
}

/// What a commit of a new projection does whose `Id` is taken, as when an answer was lost and the commit is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenId {
    /// 200 with `success: false`.
    Refused,
    /// The existing object is written over.
    Overwritten,
}

/// What `GetProjection` answers when there is no such object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// 200 with `null`.
    Null,
    /// 500 with a text.
    Error,
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS with a certificate authority made at the start, whose `ca.pem` is written to this directory.
    pub tls: Option<PathBuf>,
    /// How the clock runs.
    pub time: Time,
    /// Who may sign in. By default the integration user `CONTOSO\svc-itsm` with password `p` (*Advanced operator*: cannot write closed
    /// work items) and the administrator `CONTOSO\scsm.admin` with password `admin`.
    pub accounts: Vec<Account>,
    /// The domain of a user name without one.
    pub default_domain: String,
    /// Seconds a token lives. Not documented; the published client reckons with 300.
    pub token_life: i64,
    /// Tokens made in the portal of newer releases, `{hex}-{hex}`, with the account each acts as: `Authorization: Bearer`. None by
    /// default.
    pub bearer_tokens: Vec<(String, String)>,
    /// Status of refused credentials: 401, or 403 on some releases.
    pub refused_status: u16,
    /// The site runs Windows authentication: every call is answered 401 with `WWW-Authenticate: Negotiate` and `NTLM`. The handshake
    /// itself is not emulated, so nobody comes in.
    pub windows_authentication: bool,
    /// Texts of instants in criteria.
    pub instants: InstantTexts,
    /// `BaseId` of a projection made from a template.
    pub new_base_id: NewBaseId,
    /// A second commit of the same new `Id`.
    pub taken_id: TakenId,
    /// `GetProjection` of nothing.
    pub missing: Missing,
    /// Whether the projections have the alias `AboutConfigItem` (affected items) beside `RelatesToConfigItem` (related items). Without
    /// it, what a client sends under that name is silently not written.
    pub about_config_item: bool,
    /// Whether reading shows objects that are marked as deleted.
    pub shows_deleted: bool,
    /// Most objects that one `GetProjectionByCriteria` can answer before the database times out (500). None by default.
    pub row_limit: Option<usize>,
    /// The management group behind the portal.
    pub group: Settings,
    /// Start of the generator of tokens and of the faults' chance.
    pub chance: u64,
    /// How many requests the log keeps.
    pub request_log: usize,
}

impl Default for Options {
    fn default() -> Self {
        let account = |name: &str, password: &str| Account { name: name.to_owned(), password: password.to_owned() };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            time: Time::Real,
            accounts: vec![account("CONTOSO\\svc-itsm", "p"), account("CONTOSO\\scsm.admin", "admin")],
            default_domain: "CONTOSO".to_owned(),
            token_life: 300,
            bearer_tokens: Vec::new(),
            refused_status: 401,
            windows_authentication: false,
            instants: InstantTexts::All,
            new_base_id: NewBaseId::Reserved,
            taken_id: TakenId::Refused,
            missing: Missing::Null,
            about_config_item: true,
            shows_deleted: true,
            row_limit: None,
            group: Settings::default(),
            chance: 1,
            request_log: 10_000,
        }
    }
}
