//! What an emulated service knows before the first call: its data collection rules, its tokens, its limits.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// The immutable id of the rule that [`Options::default`] declares.
pub const RULE: &str = "dcr-00000000000000000000000000000001";
/// The stream that [`Options::default`] declares.
pub const STREAM: &str = "Custom-ServiceDesk";
/// A token that the service takes and whose holder has the role *Monitoring Metrics Publisher*.
pub const TOKEN: &str = "ingestion-token";
/// A token that the service takes, of somebody without the role.
pub const TOKEN_WITHOUT_ROLE: &str = "ingestion-token-without-role";

/// What a column holds, named as stream declarations name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    String,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `real`
    Real,
    /// `boolean`
    Boolean,
    /// `datetime`
    DateTime,
    /// `dynamic`
    Dynamic,
}

impl Kind {
    /// From its name in a stream declaration; capitals do not matter, pages disagree about them.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "string" => Self::String,
            "int" => Self::Int,
            "long" => Self::Long,
            "real" => Self::Real,
            "boolean" => Self::Boolean,
            "datetime" => Self::DateTime,
            "dynamic" => Self::Dynamic,
            _ => return None,
        })
    }
}

/// The columns of one stream, by name.
pub type Columns = BTreeMap<String, Kind>;

/// What the service is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Serve HTTPS and write the test authority to `ca.pem` in this directory.
    pub tls: Option<PathBuf>,
    /// Declared streams, by immutable id and name of the stream.
    pub streams: BTreeMap<(String, String), Columns>,
    /// Accepted tokens; true when the holder has the role on the rules.
    pub tokens: BTreeMap<String, bool>,
    /// Most bytes of one call, as sent and inflated. The service says "1 MB" and not which; this is the smaller reading.
    pub call_limit: usize,
    /// Whether rows are kept; without, only counted, for runs that measure.
    pub keep_rows: bool,
}

impl Options {
    /// Declares one stream more.
    #[must_use]
    pub fn stream(mut self, rule: &str, stream: &str, columns: &[(&str, Kind)]) -> Self {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        self.streams.insert((rule.to_owned(), stream.to_owned()), columns);
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        let empty = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            streams: BTreeMap::new(),
            tokens: BTreeMap::from([(TOKEN.to_owned(), true), (TOKEN_WITHOUT_ROLE.to_owned(), false)]),
            call_limit: 1_000_000,
            keep_rows: true,
        };
        let columns = [
            ("TimeGenerated", Kind::DateTime),
            ("Title_s", Kind::String),
            ("ServiceDeskId_s", Kind::String),
            ("Count_d", Kind::Real),
            ("Extra", Kind::Dynamic),
        ];
        empty.stream(RULE, STREAM, &columns)
    }
}
