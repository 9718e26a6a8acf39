//! What goes wrong in an environment: before the work, after it, or inside it.

use std::time::Duration;

pub use crate::faults::FaultId;

/// Which requests fail, how often, and how.
pub type Fault = crate::faults::Fault<Effect>;

/// The faults of one environment.
pub type Faults = crate::faults::Faults<Effect>;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This answer, and nothing is done.
    Status {
        /// HTTP status.
        code: u16,
        /// As sent; HTML when it begins with `<`, else JSON.
        body: String,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// 429 of the service protection limits.
    Throttled {
        /// Which limit.
        limit: Limit,
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 401, as for an expired token.
    Unauthorized,
    /// 200 with a page for people.
    LoginPage,
    /// 200 with the good answer cut in the middle.
    BrokenJson,
    /// The good answer, later.
    Slow(Duration),
    /// The connection is closed before anything is done.
    ResetBeforeCommit,
    /// The connection is closed after everything is done.
    ResetAfterCommit,
    /// A plug-in of a solution refuses writes to a table: `0x80040265` with the solution's own text.
    Plugin {
        /// Logical name of the table.
        table: String,
        /// What the plug-in says.
        message: String,
    },
    /// The privilege is there, the access check fails all the same: `0x80048306`.
    AccessDenied {
        /// Logical name of the table.
        table: String,
    },
}

/// A service protection limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests in five minutes: `0x80072322`.
    Requests,
    /// Execution time in five minutes: `0x80072321`.
    Time,
    /// Requests at the same time: `0x80072326`.
    Concurrency,
}

impl Limit {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Requests => "0x80072322",
            Self::Time => "0x80072321",
            Self::Concurrency => "0x80072326",
        }
    }

    pub(super) fn message(self, requests: usize, window: i64) -> String {
        match self {
            Self::Requests => {
                format!("Number of requests exceeded the limit of {requests} over time window of {window} seconds.")
            }
            Self::Time => format!(
                "Combined execution time of incoming requests exceeded limit of 1200000 milliseconds over time window of {window} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."
            ),
            Self::Concurrency => "Number of concurrent requests exceeded the limit of 52.".to_owned(),
        }
    }
}
