//! What can be counted and charted of an entry: the members of the column `Details_s`. The structs here are the one source of their
//! names; `infra/tables/details.json`, which the queries are checked against, and the list in `docs/OPERATIONS.md` are made from them.

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::alert::AlertState;
use crate::rows::RecordKind;
use crate::work_item::WorkItemType;

/// One member of `Details_s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it means, with its unit.
    pub description: &'static str,
}

/// The details of one kind of entry. Members without a value are left out.
pub trait Details: Serialize {
    /// The entry's `Operation_s`.
    const OPERATION: &'static str;
    /// The entry's `Message_s`.
    const MESSAGE: &'static str;
    /// The members.
    const MEMBERS: &'static [Member];

    /// As in the column.
    fn text(&self) -> String {
        // Numbers and texts only: this cannot fail, and a row without details is better than none.
        serde_json::to_string(self).unwrap_or_default()
    }
}

macro_rules! details {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $operation:literal saying $message:literal {
            $( #[doc = $about:literal] $(#[$attribute:meta])* $field:ident: $kind:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Serialize)]
        pub struct $name {
            $( #[doc = $about] $(#[$attribute])* pub $field: $kind, )*
        }

        impl Details for $name {
            const OPERATION: &'static str = $operation;
            const MESSAGE: &'static str = $message;
            const MEMBERS: &'static [Member] = &[$(
                Member { name: stringify!($field), description: $about.trim_ascii() },
            )*];
        }
    };
}

details! {
    /// A delivery came to its end. When its outcome could not be stored it is done again and told again, with the same
    /// `CorrelationId_s`.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Delivered in "deliver" saying "the delivery is done" {
        /// Name of the alert rule, which `AlertName_s` only begins with; left out when the alert has none.
        #[serde(skip_serializing_if = "String::is_empty")]
        rule: String,
        /// `fired` or `resolved`.
        state: AlertState,
        /// Type of the work item: `incident`, `event`, `alert`.
        work_item_type: WorkItemType,
        /// Work items created.
        created: u32,
        /// Work items changed: noted, resolved, reopened.
        updated: u32,
        /// Parts of the alert that another delivery had brought before, so that nothing was done.
        duplicates: u32,
        /// Attempts that counted, with this one.
        attempts: u32,
        /// Milliseconds from the 202 that Azure got to this row.
        latency_ms: u64,
    }
}

details! {
    /// How a connection stands, told every ten minutes while the connector runs. That it is not told means that it does not run.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Standing in "status" saying "how the connection stands" {
        /// Deliveries that are not finished.
        backlog: u64,
        /// Seconds since the oldest of them was accepted.
        oldest_seconds: u64,
        /// Dead letters that wait for a person.
        dead_letters: u64,
        /// Seconds that incidents in the workspace lag behind the ITSM tool; left out until the first sync is done.
        #[serde(skip_serializing_if = "Option::is_none")]
        incidents_lag_seconds: Option<u64>,
        /// The same of change requests.
        #[serde(skip_serializing_if = "Option::is_none")]
        change_requests_lag_seconds: Option<u64>,
        /// Seconds since templates, choices and groups were read; left out when they never were.
        #[serde(skip_serializing_if = "Option::is_none")]
        configuration_age_seconds: Option<u64>,
    }
}

impl Standing {
    /// Where the lag of one kind of record goes.
    pub const fn lag_mut(&mut self, kind: RecordKind) -> &mut Option<u64> {
        match kind {
            RecordKind::Incident => &mut self.incidents_lag_seconds,
            RecordKind::ChangeRequest => &mut self.change_requests_lag_seconds,
        }
    }
}

/// All kinds of entries that have details: `Operation_s`, `Message_s`, members.
#[must_use]
pub fn all() -> [(&'static str, &'static str, &'static [Member]); 2] {
    [of::<Delivered>(), of::<Standing>()]
}

const fn of<D: Details>() -> (&'static str, &'static str, &'static [Member]) {
    (D::OPERATION, D::MESSAGE, D::MEMBERS)
}

/// The same as JSON: a list of `{members: [{description, name}], message, operation}`.
#[must_use]
pub fn listed() -> Value {
    // Names in alphabetical order: see `rows::definitions::streams`.
    let member = |member: &Member| serde_json::json!({ "description": member.description, "name": member.name });
    let kind = |(operation, message, members): (&str, &str, &[Member])| {
        let members: Vec<Value> = members.iter().map(member).collect();
        serde_json::json!({ "members": members, "message": message, "operation": operation })
    };
    Value::Array(all().into_iter().map(kind).collect())
}
