//! Labels and what they can say: words of the program, and names of the settings. A value has no other way in.

use std::sync::Arc;

use opentelemetry::Value;

use crate::provider::WaitReason;
use crate::rows::RecordKind;
use crate::work_item::WorkItemType;

/// What a label can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// Something else that is bounded, in words for people.
    Told(&'static str),
}

/// A label's type.
pub trait Said {
    /// All that it can say.
    const VALUES: Values;

    /// What it says.
    fn said(self) -> Value;
}

/// Makes an enumeration whose members are words.
macro_rules! words {
    ($( $(#[$about:meta])* $name:ident { $( $(#[$member_about:meta])* $member:ident = $word:literal, )+ } )*) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[$member_about])* $member, )+ }

        impl Said for $name {
            const VALUES: Values = Values::Words(&[$($word),+]);

            fn said(self) -> Value {
                match self { $( Self::$member => $word, )+ }.into()
            }
        }
    )* };
}

words! {
    /// A function with an HTTP trigger.
    Function {
        /// `alert_intake`.
        AlertIntake = "alert_intake",
        /// `work_item_create`.
        WorkItemCreate = "work_item_create",
        /// `sync_now`.
        SyncNow = "sync_now",
        /// `status`.
        Status = "status",
        /// A path or method that no function has, or a defect.
        None = "none",
    }

    /// How a request was answered.
    Answer {
        /// Taken.
        Good = "2xx",
        /// Sent elsewhere.
        Elsewhere = "3xx",
        /// The caller's fault.
        Refused = "4xx",
        /// Ours; Azure repeats 503.
        Failed = "5xx",
    }

    /// What a delivery came from.
    Origin {
        /// A body that Azure posted.
        Alert = "alert",
        /// A work item asked for by hand.
        Request = "request",
    }

    /// How a delivery ended.
    Ending {
        /// The work item says what the alert says.
        Done = "done",
        /// It needs a person.
        DeadLetter = "dead_letter",
    }

    /// What became of an attempt.
    Attempt {
        /// The work item says what the alert says.
        Done = "done",
        /// It failed and is tried again.
        PutOff = "put_off",
        /// It was not this delivery's turn: the connection waits, or another delivery has the work item in hand.
        Waits = "waits",
        /// It needs a person.
        DeadLetter = "dead_letter",
    }

    /// What was done to a work item.
    Done {
        /// A new one.
        Created = "created",
        /// Noted, resolved or reopened.
        Updated = "updated",
        /// It said so already.
        Duplicate = "duplicate",
    }

    /// What a provider was asked for.
    Operation {
        /// The work item with a key.
        Find = "find",
        /// The newest work item of a correlation.
        Newest = "newest",
        /// A work item by its id.
        Read = "read",
        /// Whether a note is there.
        HasNote = "has_note",
        /// A new work item.
        Create = "create",
        /// A change.
        Update = "update",
        /// A configuration item.
        FindConfigurationItem = "find_configuration_item",
        /// A page of records.
        Page = "page",
        /// Records that went.
        Gone = "gone",
        /// What the tool offers.
        Configuration = "configuration",
    }

    /// What a provider answered.
    Outcome {
        /// What was asked for.
        Ok = "ok",
        /// Nothing was written; try again.
        Retry = "retry",
        /// A rate limit.
        RateLimit = "rate_limit",
        /// The tool is down or unreachable.
        Outage = "outage",
        /// A developer instance sleeps.
        Hibernating = "hibernating",
        /// The credentials are not taken.
        Credentials = "credentials",
        /// A write that may or may not have been done.
        Ambiguous = "ambiguous",
        /// The tool refused.
        Refused = "refused",
        /// It took so long that nobody waited for the answer.
        GivenUp = "given_up",
    }

    /// Who waits for a rate limit of the tool.
    Waiting {
        /// Deliveries of the connection.
        Deliveries = "deliveries",
        /// The sync of its records.
        Sync = "sync",
    }

    /// How a run of the sync ended.
    Run {
        /// Nothing was left.
        Done = "done",
        /// Its time was over; the next one goes on.
        More = "more",
        /// Another run was at work.
        Busy = "busy",
        /// It ended early.
        Failed = "failed",
    }

    /// How a refresh of the configuration ended.
    Refresh {
        /// Everything was read.
        Done = "done",
        /// Parts could not be read.
        Gaps = "gaps",
        /// Nothing could be read.
        Failed = "failed",
    }

    /// A table.
    Table {
        /// `ServiceDesk_CL`.
        Records = "records",
        /// `ServiceDeskLog_CL`.
        Log = "log",
    }

    /// How a write of rows ended.
    Write {
        /// Everything was taken or named as refused.
        Ok = "ok",
        /// It has to be done again.
        Failed = "failed",
    }

    /// What became of a row.
    Row {
        /// It is there.
        Accepted = "accepted",
        /// It can never be taken.
        Refused = "refused",
    }
}

/// A connection, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection(Option<Arc<str>>);

impl Connection {
    /// Those that are not in the settings.
    const OTHER: &'static str = "(other)";

    pub(super) const fn known(name: Arc<str>) -> Self {
        Self(Some(name))
    }

    pub(super) const fn other() -> Self {
        Self(None)
    }
}

impl Said for Connection {
    const VALUES: Values = Values::Told("a name of `[connections]`; `(other)` for one that is not in the settings any more");

    fn said(self) -> Value {
        self.0.map_or_else(|| Self::OTHER.into(), Into::into)
    }
}

/// The kind of a problem document; empty when the answer was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem(pub &'static str);

impl Said for Problem {
    const VALUES: Values =
        Values::Told("last part of the `type` of the problem document answered; empty when there was no problem");

    fn said(self) -> Value {
        self.0.into()
    }
}

/// The version of the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub &'static str);

impl Said for Version {
    const VALUES: Values = Values::Told("version of the connector");

    fn said(self) -> Value {
        self.0.into()
    }
}

impl Said for RecordKind {
    const VALUES: Values = Values::Words(&[Self::Incident.key(), Self::ChangeRequest.key()]);

    fn said(self) -> Value {
        self.key().into()
    }
}

impl Said for WorkItemType {
    const VALUES: Values = Values::Words(&[Self::Incident.name(), Self::Event.name(), Self::Alert.name()]);

    fn said(self) -> Value {
        self.name().into()
    }
}

impl Said for WaitReason {
    const VALUES: Values =
        Values::Words(&[Self::RateLimit.word(), Self::Outage.word(), Self::Hibernating.word(), Self::Credentials.word()]);

    fn said(self) -> Value {
        self.word().into()
    }
}
