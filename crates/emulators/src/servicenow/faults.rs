//! What can go wrong on an instance: before the work, after it, or inside it.

use std::time::Duration;

pub use crate::faults::FaultId;

/// Which requests fail, how often, and how.
pub type Fault = crate::faults::Fault<Effect>;

/// The faults of one instance; may be changed at any time.
pub type Faults = crate::faults::Faults<Effect>;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This answer, and nothing is done: a 502 with HTML, say.
    Status {
        /// HTTP status.
        code: u16,
        /// As sent.
        body: String,
        /// Further headers; `Content-Type` defaults to HTML when the body begins with `<`, else to JSON.
        headers: Vec<(String, String)>,
    },
    /// 429 with the headers of a rate limit rule.
    RateLimit {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 401, as for an expired token.
    Unauthorized,
    /// 200 with the page of a sleeping developer instance.
    Hibernating,
    /// 200 with a sign-in page.
    LoginPage,
    /// 200 with a list cut off by the transaction quota.
    PartialPage(Partial),
    /// 200 with the good answer cut in the middle.
    BrokenJson,
    /// The good answer, later.
    Slow(Duration),
    /// The connection is closed before anything is done.
    ResetBeforeCommit,
    /// The connection is closed after everything is done.
    ResetAfterCommit,
    /// A column that is silently not written.
    IgnoreField {
        /// Table as in the path, or a parent of it.
        table: String,
        /// Column.
        field: String,
    },
    /// A business rule that refuses every write.
    BusinessRuleAbort {
        /// `NAME^sys_id` as in the text.
        name: String,
    },
    /// A write ACL: on the table (403) or on one column (silently dropped).
    WriteDenied {
        /// Table.
        table: String,
        /// Column; `None` for the whole table.
        field: Option<String>,
    },
    /// A read ACL: rows filtered away, or one column missing.
    ReadDenied {
        /// Table.
        table: String,
        /// Column; `None` for the whole table.
        field: Option<String>,
    },
    /// A read ACL with a condition: records that match are taken off a page after the limit has cut it, and counted all the same.
    ReadHidden {
        /// Table.
        table: String,
        /// Which records, as an encoded query.
        query: String,
    },
    /// A data policy: columns that a written record has to fill.
    DataPolicy {
        /// Table.
        table: String,
        /// Columns.
        fields: Vec<String>,
    },
    /// A list misses this many rows at its end, as when a read ACL filters after the limit.
    ShortPage {
        /// Rows left out.
        rows: usize,
    },
}

/// How a list looks after its transaction was cancelled in mid-stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// `{"result":[…],"error":{…},"status":"failure"}`
    Valid,
    /// The array is not closed before `,"error"`.
    ArrayOpen,
    /// A `]` too many.
    StrayBracket,
    /// The sentence stands as a text where the next record would.
    Sentence,
}
