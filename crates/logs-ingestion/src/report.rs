//! What became of an upload: what the service took, what was cut, what was refused and handed back, and why it ended early.

use std::{fmt, time::Duration};

/// What became of the records of one upload.
#[derive(Debug, Default)]
pub struct Report {
    /// Records for which the service answered 204. Rows can be queried some minutes later.
    pub accepted: u64,
    /// Texts that were cut because they were over the limit of a field.
    pub cut_fields: u64,
    /// Records that cannot be taken, handed back; in no particular order.
    pub refused: Vec<Refused>,
    /// Calls that the service answered with 204.
    pub calls: u64,
    /// Calls that were repeated: after a wait, or with a fresh token.
    pub retries: u64,
    /// Accepted records that may be in the table twice: an earlier call with them ended without an answer or with a 5xx.
    pub maybe_twice: u64,
    /// Records of an upload that failed that were neither accepted nor refused and may be in the table all the same: a call with them
    /// ended without an answer or with a 5xx.
    pub maybe_there: u64,
    /// Bytes of the accepted calls before compression.
    pub bytes: u64,
    /// Bytes of the accepted calls as sent.
    pub sent_bytes: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.cut_fields += other.cut_fields;
        self.refused.extend(other.refused);
        self.calls += other.calls;
        self.retries += other.retries;
        self.maybe_twice += other.maybe_twice;
        self.maybe_there += other.maybe_there;
        self.bytes += other.bytes;
        self.sent_bytes += other.sent_bytes;
    }
}

/// A record that was not stored and never will be.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which record of the upload it was; the first is 0.
    pub position: u64,
    /// The record as it was sent or would have been, JSON; empty when it could not be serialised.
    pub record: Vec<u8>,
    /// Why.
    pub because: RefusedBecause,
}

impl fmt::Debug for Refused {
    /// Without the record: it may hold what does not belong in a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Refused")
            .field("position", &self.position)
            .field("because", &self.because)
            .finish_non_exhaustive()
    }
}

/// Why a record cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedBecause {
    /// Over the limit of a call all alone.
    #[error("the record alone makes a call of {bytes} bytes, over the limit; send less of it")]
    TooLarge {
        /// Of the call that it would make.
        bytes: usize,
    },
    /// A row has columns.
    #[error("the record is not a JSON object; send a struct or a map")]
    NotAnObject,
    /// Its `Serialize` failed.
    #[error("the record cannot be serialised: {0}")]
    NotSerialisable(String),
    /// 400 or 413 to a call with nothing but this record.
    #[error("the service refused the record with {status}: {said}; compare it with the columns of the stream")]
    Service {
        /// HTTP status.
        status: u16,
        /// Code and message, at most 1 KB.
        said: String,
    },
}

/// Why an upload ended early. Display is one line for an operator, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The credential gave no token.
    #[error("no token for {scope}: {said}; check the identity that this program runs as")]
    NoToken {
        /// What was asked for.
        scope: String,
        /// By the credential.
        said: String,
    },
    /// 401, also with a fresh token.
    #[error(
        "401, the service does not take the token: {said}; check the tenant, and that the scope {scope} is that of the endpoint's cloud"
    )]
    Unauthorised {
        /// What was asked for.
        scope: String,
        /// By the service.
        said: String,
    },
    /// 403.
    #[error(
        "403, the identity may not send to this data collection rule: {said}; give it the role Monitoring Metrics Publisher on the \
         rule (takes effect within 30 minutes), or allow public access on the data collection endpoint"
    )]
    Forbidden {
        /// By the service.
        said: String,
    },
    /// 404.
    #[error(
        "404, the service does not know the target: {said}; check the rule's immutable id, the stream (a name from \
         streamDeclarations, with Custom-) and that the endpoint is in the rule's region"
    )]
    NotFound {
        /// By the service.
        said: String,
    },
    /// 429, 5xx or no answer, as often as was tried, or the service asked for a longer wait than is allowed.
    #[error(
        "the service cannot take records now: {said}; send them again later, and if it lasts look at the rule's limits per minute"
    )]
    Busy {
        /// HTTP status and text of the last answer, or what broke the connection.
        said: String,
        /// What the service asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// More records were refused than is plausible.
    #[error("the service refused {count} records, the last with: {said}; compare the records with the columns of the stream")]
    TooManyRefused {
        /// So far.
        count: usize,
        /// About the last one.
        said: String,
    },
    /// An answer that no documentation speaks of, such as a proxy's.
    #[error("unexpected answer {status}: {said}; check what stands between this machine and the endpoint")]
    Unexpected {
        /// HTTP status.
        status: u16,
        /// By whoever answered.
        said: String,
    },
    /// A sending task was ended from outside, or the runtime is going down.
    #[error("a call was ended before its answer; send the records again")]
    Ended,
}

/// An upload that ended early. What `report` does not count as accepted or refused has to be sent again.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// What was done before.
    pub report: Report,
}
