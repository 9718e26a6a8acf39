//! What an emulated Relay namespace is made of.

use std::{net::SocketAddr, time::Duration};

pub use crate::servicenow::{Time, Tls};

/// Key of the rule `listen`, which may only listen.
pub const LISTEN_KEY: &str = "bGlzdGVuLWxpc3Rlbi1saXN0ZW4tbGlzdGVuLWxpc3Q=";
/// Key of the rule `send`, which may only send.
pub const SEND_KEY: &str = "c2VuZC1zZW5kLXNlbmQtc2VuZC1zZW5kLXNlbmQtc2U=";

/// What a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To take requests.
    Listen,
    /// To send requests.
    Send,
}

/// A shared access policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `skn`
    pub name: String,
    /// The key as text, as it is shown in the portal.
    pub key: String,
    /// What it allows.
    pub rights: Vec<Right>,
    /// The hybrid connection it belongs to; `None` for the whole namespace.
    pub path: Option<String>,
}

/// An entity of the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HybridConnection {
    /// Its path, such as `scsm`.
    pub path: String,
    /// *Requires Client Authorization*: senders need a token.
    pub sender_authorization: bool,
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS and WSS, as at Azure, instead of HTTP and WS.
    pub tls: Option<Tls>,
    /// Host name of the namespace, for `Via` and for tokens; those for `127.0.0.1` and `localhost` are taken too.
    pub namespace: String,
    /// Hybrid connections.
    pub hybrid_connections: Vec<HybridConnection>,
    /// Shared access policies.
    pub rules: Vec<Rule>,
    /// How the clock runs by which tokens expire.
    pub time: Time,
    /// How long a listener may take to answer, in the machine's time: 60 seconds at Azure.
    pub answer_within: Duration,
    /// What a sender is told when nobody listens. The text of the documentation says 502, its table 503.
    pub no_listener_status: u16,
    /// Start of the generator that chooses listeners and ids.
    pub chance: u64,
    /// How many requests the log keeps.
    pub request_log: usize,
}

impl Default for Options {
    fn default() -> Self {
        let rule =
            |name: &str, key: &str, right| Rule { name: name.to_owned(), key: key.to_owned(), rights: vec![right], path: None };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            namespace: "contoso-relay.servicebus.windows.net".to_owned(),
            hybrid_connections: vec![HybridConnection { path: "scsm".to_owned(), sender_authorization: true }],
            rules: vec![rule("listen", LISTEN_KEY, Right::Listen), rule("send", SEND_KEY, Right::Send)],
            time: Time::Real,
            answer_within: Duration::from_secs(60),
            no_listener_status: 502,
            chance: 1,
            request_log: 10_000,
        }
    }
}
