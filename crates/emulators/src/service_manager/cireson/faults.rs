//! What goes wrong at a portal, for the shared switches of [`crate::faults`]. The path that a fault is matched with ends in `#create` or
//! `#update` for commits, so that one can be told from the other.

use std::time::Duration;

pub use crate::faults::FaultId;

/// A fault of a portal.
pub type Fault = crate::faults::Fault<Effect>;
/// The faults of a portal.
pub type Faults = crate::faults::Faults<Effect>;

/// Matches the commits that make new objects.
pub const CREATE: &str = "#create";
/// Matches the commits that change objects.
pub const UPDATE: &str = "#update";

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This answer, and nothing is done.
    Status {
        /// HTTP status.
        code: u16,
        /// As sent; HTML when it begins with `<`, else text.
        body: String,
    },
    /// 503 with the web server's page.
    Down,
    /// 200 with the sign-in page.
    LoginPage,
    /// 401, as for an expired token.
    Unauthorized,
    /// 200 with `success: false` and this text; nothing is done.
    NotDone(String),
    /// 200 with the good answer cut in the middle.
    HalfAnswer,
    /// The good answer, later.
    Slow(Duration),
    /// The connection is closed before anything is done.
    LostBefore,
    /// The connection is closed after everything is done.
    LostAfter,
    /// A workflow touches the committed object right after: its `LastModified` moves, and the next commit of what the client holds is
    /// stale.
    WorkflowTouches,
}
