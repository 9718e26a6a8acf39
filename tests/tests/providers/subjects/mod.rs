//! Every provider and adapter, one file each.

mod service_manager_cireson;
mod servicenow;

use crate::subject::Subject;

/// All of them, in the order of the table.
pub(crate) const ALL: &[&Subject] = &[&servicenow::SUBJECT, &service_manager_cireson::SUBJECT];
