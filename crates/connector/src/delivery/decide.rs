//! What a notification means for its work item: pure, so that every order of events can be tried.

use jiff::Timestamp;

use crate::alert::AlertState;
use crate::clock::between;
use crate::settings::{OnResolve, Policy};
use crate::work_item::{Phase, WorkItem};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing; it is remembered.
    Nothing,
    /// Create the first work item, or the next one that names the old.
    Create,
    /// Append a work note about a repeat (or a further member) and count.
    Repeat,
    /// Bring it back to work.
    Reopen,
    /// Resolve it.
    Resolve,
    /// Append a work note that it is over.
    NoteResolved,
}

/// What is known when deciding.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the notification says.
    pub state: AlertState,
    /// The episode it speaks of.
    pub episode: Timestamp,
    /// Whether anything of this correlation still fires, this notification included.
    pub open: bool,
    /// The record as it is now; nothing when there is none.
    pub item: Option<&'a WorkItem>,
}

/// Decides.
#[must_use]
pub fn decide(situation: Situation<'_>, policy: &Policy) -> Step {
    let Situation { state, episode, open, item } = situation;
    match (state, item) {
        // A firing that is over already still gets its record; it is resolved in the next step.
        (AlertState::Fired, None) => Step::Create,
        (AlertState::Fired, Some(item)) => match item.phase {
            // A firing that came late had its record created and died before it could resolve it.
            Phase::Open if !open && policy.on_resolve == OnResolve::Resolve => Step::Resolve,
            Phase::Open => Step::Repeat,
            // An old firing that comes late does not raise the dead.
            Phase::Resolved | Phase::Closed if !open => Step::Nothing,
            Phase::Closed => Step::Create,
            Phase::Resolved => {
                let since = item.resolved_at.map_or_else(Default::default, |resolved| between(resolved, episode));
                if since <= policy.reopen_window.get() && policy.reopen_window.get() > std::time::Duration::ZERO {
                    Step::Reopen
                } else {
                    Step::Create
                }
            }
        },
        (AlertState::Resolved, Some(item)) if item.phase == Phase::Open && !open => match policy.on_resolve {
            OnResolve::Resolve => Step::Resolve,
            OnResolve::Note => Step::NoteResolved,
            OnResolve::Ignore => Step::Nothing,
        },
        // Others still fire, or a person was faster, or there is nothing to resolve: should the firing come later, it will find
        // that it is over.
        (AlertState::Resolved, _) => Step::Nothing,
    }
}
