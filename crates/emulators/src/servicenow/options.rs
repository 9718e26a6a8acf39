//! What an emulated instance is made of: who may come in, what is installed, how its clock runs. The defaults are those of a small demo instance.

use std::{net::SocketAddr, path::PathBuf};

use crate::clock::EmulatorClock;

/// A person or an integration that may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `sys_user.user_name`
    pub name: String,
    /// In clear; this is an emulator.
    pub password: String,
    /// Names of roles; `admin` may do everything.
    pub roles: Vec<String>,
}

impl User {
    /// A user with these roles.
    #[must_use]
    pub fn new(name: &str, password: &str, roles: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        }
    }
}

/// An entry of the instance's Application Registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: String,
    /// Seconds an access token lives.
    pub access_life: i64,
    /// Seconds a refresh token lives.
    pub refresh_life: i64,
    /// The *OAuth Application User* that a client-credentials token acts as.
    pub application_user: Option<String>,
}

/// A staging table of the Import Set API with one transform map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staging {
    /// The staging table.
    pub table: String,
    /// Name of the transform map.
    pub map: String,
    /// The table it writes.
    pub target: String,
    /// Staging columns that are not called like the target's: (staging, target).
    pub aliases: Vec<(String, String)>,
    /// Target column by which an existing record is recognised and updated.
    pub coalesce: Option<String>,
}

/// A rule that limits requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests each user may make in an hour of the clock.
    pub requests_per_hour: u64,
}

/// How the instance's clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Like the machine's.
    Real,
    /// Standing at these seconds since 1970 until it is advanced.
    Manual(i64),
}

impl Time {
    /// A clock that runs so.
    pub(crate) fn clock(self) -> EmulatorClock {
        match self {
            Self::Real => EmulatorClock::real(),
            Self::Manual(seconds) => EmulatorClock::manual(seconds),
        }
    }
}

/// How much is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// Incidents, spread over the last 120 days.
    pub incidents: usize,
    /// Change requests, spread over the last 120 days.
    pub change_requests: usize,
    /// Problems.
    pub problems: usize,
    /// Further servers, `srv-00001` and so on.
    pub servers: usize,
    /// Rows of `sys_db_object`, the tables that exist being among them.
    pub tables: usize,
}

impl Default for Seed {
    fn default() -> Self {
        Self { incidents: 0, change_requests: 0, problems: 12, servers: 20, tables: 650 }
    }
}

/// TLS with a certificate authority made at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where `ca.pem` is written.
    pub directory: PathBuf,
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Who may sign in.
    pub users: Vec<User>,
    /// OAuth clients.
    pub oauth_clients: Vec<OAuthClient>,
    /// API keys with the user each acts as.
    pub api_keys: Vec<(String, String)>,
    /// How the clock runs.
    pub time: Time,
    /// Whether the Event Management plugin is installed.
    pub event_management: bool,
    /// Staging tables.
    pub staging: Vec<Staging>,
    /// Columns of the customer's own: (table, column in catalogue notation such as `u_resource:255`).
    pub columns: Vec<(String, String)>,
    /// System properties that differ from the defaults.
    pub properties: Vec<(String, String)>,
    /// A limit on requests.
    pub rate_limit: Option<RateLimit>,
    /// How much is there at the start.
    pub seed: Seed,
    /// Start of the generator of `sys_id`s, tokens and faults' chance.
    pub chance: u64,
    /// Zone of display values, seconds east of UTC; Pacific daylight time as on demo instances.
    pub display_zone: i64,
    /// How many requests the log keeps.
    pub request_log: usize,
}

/// Roles that an integration user needs for everything this connector does.
pub const INTEGRATION_ROLES: [&str; 8] = [
    "itil",
    "personalize_choices",
    "template_editor",
    "import_transformer",
    "view_changer",
    "evt_mgmt_integration",
    "evt_mgmt_operator",
    "rest_service",
];

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            users: vec![User::new("admin", "admin", &["admin"]), User::new("itsm", "p", &INTEGRATION_ROLES)],
            oauth_clients: vec![OAuthClient {
                id: "itsm-client".to_owned(),
                secret: "itsm-secret".to_owned(),
                access_life: 1800,
                refresh_life: 8_640_000,
                application_user: Some("itsm".to_owned()),
            }],
            api_keys: vec![("itsm-api-key".to_owned(), "itsm".to_owned())],
            time: Time::Real,
            event_management: true,
            staging: vec![Staging {
                table: "x_mioms_microsoft_oms_incident".to_owned(),
                map: "OMS Incident".to_owned(),
                target: "incident".to_owned(),
                aliases: vec![
                    ("title".to_owned(), "short_description".to_owned()),
                    ("details".to_owned(), "description".to_owned()),
                ],
                coalesce: None,
            }],
            columns: Vec::new(),
            properties: Vec::new(),
            rate_limit: None,
            seed: Seed::default(),
            chance: 1,
            display_zone: -7 * 3600,
            request_log: 10_000,
        }
    }
}
