//! What can go wrong at a gateway: at the management server behind it, in itself, or on the way.

use std::time::Duration;

pub use crate::faults::FaultId;

/// Which requests fail, how often, and how. The path of a fault is looked for in `OPERATION PATH`, such as `create /v1/incidents`;
/// operations are `health`, `metadata`, `computers`, `create_computer`, `list`, `read`, `create`, `update`, `comments`, `comment`.
pub type Fault = crate::faults::Fault<Effect>;

/// The faults of one gateway; may be changed at any time.
pub type Faults = crate::faults::Faults<Effect>;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// 503 `sdk_unavailable`; nothing is done.
    SdkUnavailable,
    /// 503 `sdk_timeout`.
    SdkTimeout {
        /// Whether the server did the write all the same.
        done: bool,
    },
    /// 429 `busy`.
    Busy {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 403 `access_denied`.
    AccessDenied,
    /// 500 `internal`; nothing is done.
    Internal,
    /// A workflow touches the work item just before it is written: its `etag` is another then.
    WorkflowTouch,
    /// 412 `conflict` though the `etag` was right: the server calls the object stale.
    Stale,
    /// 422 `rejected` with this text: the server refuses the commit.
    Rejected(String),
    /// The commit is done, its comment is not.
    CommentFails,
    /// The commit is done, and no computer can be linked.
    LinksFail,
    /// The gateway dies between the commit of a create and everything that follows: no links, no comment, no memory of the key; the
    /// connection breaks.
    CrashAfterCommit,
    /// The gateway dies after it reserved the key of a create; the connection breaks.
    CrashBeforeCommit,
    /// The connection closes before anything is done.
    ResetBeforeCommit,
    /// Everything is done, then the connection closes without an answer.
    ResetAfterCommit,
    /// 409 `in_progress`: another request with this key is under way.
    InProgress,
    /// The good answer of a list, cut in the middle.
    HalfPage,
    /// 200 with a sign-in page: a proxy stands between.
    LoginPage,
    /// The good answer, later.
    Slow(Duration),
}
