//! What an emulated environment is made of: who may come in, which tables there are, how its clock runs. Points on which the documentation
//! is silent or at odds with live servers are options; their defaults follow the documentation.

use std::net::SocketAddr;

use super::schema::Description;
use crate::entra::{Application, Person};

pub use crate::servicenow::{Time, Tls};

/// The integration's app registration; its secret is [`SECRET`].
pub const APPLICATION: &str = "5a1e0f34-0000-4000-8000-00000000c0de";
/// Secret of [`APPLICATION`] and of every other application here that has one.
pub const SECRET: &str = "dataverse-secret";
/// The administrator's app registration.
pub const ADMINISTRATOR_APPLICATION: &str = "5a1e0f34-0000-4000-8000-00000000ad31";
/// An app registration that nobody added as an application user.
pub const STRANGER_APPLICATION: &str = "5a1e0f34-0000-4000-8000-0000000005da";
/// A public app registration for the password grant.
pub const PUBLIC_APPLICATION: &str = "5a1e0f34-0000-4000-8000-000000009b1c";
/// The integration's user account, with password [`PASSWORD`].
pub const USER: &str = "itsm@contoso.com";
/// Password of [`USER`] and of `admin@contoso.com`.
pub const PASSWORD: &str = "p";

/// What a user's security roles allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Privileges {
    /// *System Administrator*
    Administrator,
    /// What the connector needs and no more: reads everything, creates, changes and assigns incidents, leaves notes and resolutions.
    Integration,
    /// Exactly these, for example `prvReadIncident`.
    Only(Vec<String>),
}

/// A row of `systemusers` that may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `fullname`
    pub name: String,
    /// `domainname`, the user principal name; empty for an application user.
    pub principal: String,
    /// `applicationid` of an application user.
    pub application: Option<String>,
    /// Its security roles.
    pub privileges: Privileges,
    /// `isdisabled`
    pub disabled: bool,
}

impl User {
    /// An application user.
    #[must_use]
    pub fn application(name: &str, application: &str, privileges: Privileges) -> Self {
        let application = Some(application.to_owned());
        Self { name: name.to_owned(), principal: String::new(), application, privileges, disabled: false }
    }

    /// Somebody with an account.
    #[must_use]
    pub fn person(name: &str, principal: &str, privileges: Privileges) -> Self {
        Self { name: name.to_owned(), principal: principal.to_owned(), application: None, privileges, disabled: false }
    }
}

/// How many records there are at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seed {
    /// Incidents, spread over the last 120 days.
    pub incidents: usize,
    /// Change requests, spread over the last 120 days; where there is a table for them.
    pub change_requests: usize,
    /// Further computers, `srv-00001` and so on; where there is a table for them.
    pub computers: usize,
}

/// Service protection limits, of one user on the one web server that this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceProtection {
    /// Requests in the sliding window.
    pub requests: usize,
    /// Seconds of the sliding window.
    pub window: i64,
}

impl Default for ServiceProtection {
    fn default() -> Self {
        Self { requests: 6000, window: 300 }
    }
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS instead of HTTP, for the environment and its token endpoint.
    pub tls: Option<Tls>,
    /// How the clock runs.
    pub time: Time,
    /// Serves the made-up ITSM solution of [`Description::itsm`] with this publisher prefix beside the stock tables.
    pub itsm: Option<String>,
    /// Further tables, or further columns and keys of those that are there.
    pub descriptions: Vec<Description>,
    /// Column where [`crate::desk::Seen::key`] is read; `None`: what the description says. The stock table has no such column.
    pub key_column: Option<String>,
    /// App registrations of the tenant.
    pub applications: Vec<Application>,
    /// People of the tenant, with passwords.
    pub people: Vec<Person>,
    /// Who is a user of the environment.
    pub users: Vec<User>,
    /// How many records there are at the start.
    pub seed: Seed,
    /// Service protection limits; `None` switches them off.
    pub protection: Option<ServiceProtection>,
    /// Whether refusals of conditional requests (412, and 404 of `If-Match: *`) have an empty error code, as the documentation prints
    /// them. Live servers are expected to send hex codes.
    pub empty_conditional_codes: bool,
    /// Status of a plain create whose primary or alternate key exists: 412; versions before sent 400 or 500.
    pub duplicate_status: u16,
    /// Status of a plug-in's error: 400; it can be 500.
    pub plugin_status: u16,
    /// Whether a 401 has the `WWW-Authenticate` header that names the tenant.
    pub challenge: bool,
    /// Whether a next link is refused when other query options were changed beside its token. The documentation only forbids it.
    pub strict_links: bool,
    /// Days a delta token is good for.
    pub delta_days: i64,
    /// Seconds an access token lives.
    pub token_life: i64,
    /// Whether the stock `incident` refuses to be created without a customer.
    pub customer_required: bool,
    /// Start of the generator of ids and numbers.
    pub chance: u64,
    /// How many requests the log keeps.
    pub request_log: usize,
}

impl Default for Options {
    fn default() -> Self {
        let person = |name: &str| Person { name: name.to_owned(), password: PASSWORD.to_owned(), multifactor: false };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            time: Time::Real,
            itsm: None,
            descriptions: Vec::new(),
            key_column: None,
            applications: vec![
                Application::confidential(APPLICATION, SECRET),
                Application::confidential(ADMINISTRATOR_APPLICATION, SECRET),
                Application::confidential(STRANGER_APPLICATION, SECRET),
                Application::public(PUBLIC_APPLICATION),
            ],
            people: vec![person(USER), person("admin@contoso.com")],
            users: vec![
                User::application("# Azure ITSM Connector", APPLICATION, Privileges::Integration),
                User::application("# Administration", ADMINISTRATOR_APPLICATION, Privileges::Administrator),
                User::person("ITSM Integration", USER, Privileges::Integration),
                User::person("System Administrator", "admin@contoso.com", Privileges::Administrator),
            ],
            seed: Seed::default(),
            protection: Some(ServiceProtection::default()),
            empty_conditional_codes: true,
            duplicate_status: 412,
            plugin_status: 400,
            challenge: true,
            strict_links: true,
            delta_days: 7,
            token_life: 3599,
            customer_required: true,
            chance: 1,
            request_log: 10_000,
        }
    }
}
