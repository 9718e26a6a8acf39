//! Every provider and adapter, one file each.

mod cherwell;
mod cherwell_9;
mod servicenow;

use crate::subject::Subject;

/// All of them, in the order of the table.
pub(crate) const ALL: &[&Subject] = &[&servicenow::SUBJECT, &cherwell::SUBJECT, &cherwell_9::SUBJECT];
